package io.timestore.flink.sink;

import io.timestore.disk.IoThreads;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.Commit;
import io.timestore.format.Lineage;
import io.timestore.store.Holder;
import io.timestore.store.Publisher;
import io.timestore.store.Publisher.Outcome;
import io.timestore.store.Publisher.RestoreMode;
import io.timestore.store.Publisher.Restored;
import io.timestore.store.Store;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import org.apache.flink.api.connector.sink2.Committer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes what writers prepared: all commits of a checkpoint in one rename. A commit that can't
 * be published fails the job; it is never dropped.
 */
final class TimestoreCommitter implements Committer<Commit> {
  private static final Logger LOG = LoggerFactory.getLogger(TimestoreCommitter.class);

  private final TableLayout layout;
  private final RestoreMode restoreMode;
  private final UUID submission;
  private final OptionalLong restoredCheckpointId;
  private final CommitMetrics metrics;
  private final IoThreads thread = new IoThreads("timestore-committer", 1);
  private boolean registered;

  /** The newest checkpoint that this attempt knows to be published. */
  private long knownCheckpointId;

  private volatile boolean closed;

  /** Set on the I/O thread, closed on the task's. */
  private volatile @Nullable Publisher publisher;

  TimestoreCommitter(
      TableLayout layout,
      RestoreMode restoreMode,
      UUID submission,
      OptionalLong restoredCheckpointId,
      CommitMetrics metrics) {
    this.metrics = metrics;
    this.layout = layout;
    this.restoreMode = restoreMode;
    this.submission = submission;
    this.restoredCheckpointId = restoredCheckpointId;
    this.knownCheckpointId = restoredCheckpointId.orElse(Lineage.NO_CHECKPOINT);
  }

  @Override
  public void commit(Collection<CommitRequest<Commit>> requests) throws IOException {
    if (requests.isEmpty()) {
      return;
    }
    List<CommitRequest<Commit>> ordered = new ArrayList<>(requests);
    List<Commit> commits = ordered.stream().map(CommitRequest::getCommittable).toList();
    long beganNanos = System.nanoTime();
    List<Outcome> outcomes = thread.call(() -> publish(commits));
    metrics.committed(commits, System.nanoTime() - beganNanos);
    for (int i = 0; i < outcomes.size(); i++) {
      if (outcomes.get(i) == Outcome.ALREADY_PUBLISHED) {
        ordered.get(i).signalAlreadyCommitted();
      }
    }
  }

  private List<Outcome> publish(List<Commit> commits) throws IOException {
    Publisher open = openPublisher(commits.get(0));
    Commit first = commits.get(0);
    boolean isRestored =
        restoredCheckpointId.isPresent()
            && first.checkpointId() <= restoredCheckpointId.getAsLong();
    if (isRestored && !first.stateless() && !registered) {
      open.register(
          new Restored(
              first.lineage(),
              first.submission(),
              submission,
              restoredCheckpointId.getAsLong(),
              restoreMode));
      registered = true;
    }
    List<Outcome> outcomes = open.publish(commits, isRestored, knownCheckpointId);
    knownCheckpointId = Math.max(knownCheckpointId, first.checkpointId());
    LOG.info(
        "Checkpoint {} of {}: {} rows, {}",
        first.checkpointId(),
        layout.path(),
        commits.stream().mapToLong(Commit::rowCount).sum(),
        outcomes);
    if (first.overwrite()) {
      removeHidden(open);
    }
    return outcomes;
  }

  /** The commit stands; what can't be removed now means nothing, and goes with the next removal. */
  private void removeHidden(Publisher open) {
    try {
      LOG.info("Removed {} bytes of rows that were overwritten", open.removeHidden());
    } catch (IOException e) {
      LOG.warn("{}: rows that were overwritten could not be removed", layout.path(), e);
    }
  }

  private Publisher openPublisher(Commit commit) throws IOException {
    Publisher open = publisher;
    if (open == null) {
      if (!Store.exists(layout.directory())) {
        throw new IOException(
            layout.path()
                + ": no store as seen from host "
                + Holder.host()
                + ", but a commit for it was written on host "
                + commit.host()
                + "; expected one directory that all hosts share");
      }
      open = Store.open(layout.directory()).publisher();
      publisher = open;
      if (closed) {
        open.close();
      }
    }
    return open;
  }

  @Override
  public void close() {
    closed = true;
    Publisher open = publisher;
    if (open != null) {
      open.close();
    }
    thread.close();
  }
}
