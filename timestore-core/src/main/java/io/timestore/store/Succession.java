package io.timestore.store;

import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lineage;
import io.timestore.format.Lineage.Submission;
import io.timestore.store.Publisher.Restored;
import java.io.IOException;
import java.util.Optional;
import java.util.UUID;

/** Rule 7: which submission of a lineage may write, and what of the others may still come. */
final class Succession {
  private final StoreFiles files;
  private final Rollback rollback;

  Succession(StoreFiles files, Rollback rollback) {
    this.files = files;
    this.rollback = rollback;
  }

  /** The record in which the restored submission is the current one; empty: it is already. */
  Optional<CommitRecord> register(CommitRecord record, Restored restored) throws IOException {
    Optional<Lineage> known = lineage(record, restored.lineage(), restored.stateSubmission());
    if (known.isPresent() && known.get().current().equals(restored.submission())) {
      checkNewest(restored, known.get());
      return Optional.empty();
    }
    Lineage lineage =
        known.orElseGet(() -> Lineage.begin(restored.lineage(), restored.stateSubmission()));
    checkSuccession(restored, lineage);
    CommitRecord next = record;
    if (lineage.publishedCheckpointId() > restored.checkpointId()) {
      next = withoutNewer(record, restored, lineage);
      lineage = lineage.backTo(restored.checkpointId());
    }
    return Optional.of(
        next.withLineage(
            lineage.succeededBy(
                restored.submission(), restored.stateSubmission(), restored.checkpointId())));
  }

  /**
   * The family that a submission belongs to, as the record tells. A writer that a rescale left
   * without state does not know it, and names another.
   */
  private static Optional<Lineage> lineage(CommitRecord record, UUID id, UUID submission) {
    return record.lineages().stream()
        .filter(lineage -> lineage.submission(submission).isPresent())
        .findFirst()
        .or(() -> record.lineage(id));
  }

  /** The commit with the lineage that its submission is registered in. */
  static Commit ofKnownLineage(Commit commit, CommitRecord record) {
    if (isWithoutLineage(commit)) {
      return commit;
    }
    return lineage(record, commit.lineage(), commit.submission())
        .map(lineage -> commit.ofLineage(lineage.id()))
        .orElse(commit);
  }

  /** The state is older than the store: {@code sink.restore.mode}. */
  private CommitRecord withoutNewer(CommitRecord record, Restored restored, Lineage lineage)
      throws IOException {
    long published = lineage.publishedCheckpointId();
    return switch (restored.mode()) {
      case TRUNCATE -> rollback.hideAfter(record, lineage.id(), restored.checkpointId());
      case FAIL ->
          throw new ConflictException(
              files.root()
                  + ": the state is of checkpoint "
                  + restored.checkpointId()
                  + ", but checkpoints up to "
                  + published
                  + " of its lineage are in the store, "
                  + rollback
                      .rowsAfter(record, lineage.id(), restored.checkpointId())
                      .map(rows -> rows + " rows more")
                      .orElse("how many rows more is not known")
                  + ": going on would write their rows twice. Restore from checkpoint "
                  + published
                  + " or a later one. 'sink.restore.mode' is 'fail'; 'truncate' would let these"
                  + " rows go");
    };
  }

  /**
   * Refuses a restart from a checkpoint before the newest published one. So does Flink where a job
   * fails while it is stopped with a savepoint: it publishes the savepoint's rows, and restarts
   * from the checkpoint before. The attempt may as well be one that was given up, and comes late:
   * nothing is hidden, in no mode.
   */
  private void checkNewest(Restored restored, Lineage lineage) throws ConflictException {
    if (lineage.publishedCheckpointId() > restored.checkpointId()) {
      throw new ConflictException(
          files.root()
              + ": submission "
              + restored.submission()
              + " was restarted from checkpoint "
              + restored.checkpointId()
              + ", but has published checkpoints up to "
              + lineage.publishedCheckpointId()
              + ": going on would write their rows twice. If the job failed while it was stopped"
              + " with a savepoint, submit it anew from that savepoint");
    }
  }

  /**
   * Refuses a commit if another attempt of its submission has published since.
   *
   * @param knownCheckpointId the newest checkpoint that the caller published, or was restored from
   */
  void checkOvertaken(Commit commit, CommitRecord record, long knownCheckpointId)
      throws ConflictException {
    long published =
        record
            .lineage(commit.lineage())
            .map(Lineage::publishedCheckpointId)
            .orElse(Lineage.NO_CHECKPOINT);
    if (!isWithoutLineage(commit)
        && published > knownCheckpointId
        && published != commit.checkpointId()) {
      throw new ConflictException(
          files.root()
              + ": checkpoint "
              + commit.checkpointId()
              + " of submission "
              + commit.submission()
              + " must not be published: another attempt has published checkpoint "
              + published
              + ", this one knows of "
              + knownCheckpointId);
    }
  }

  private void checkSuccession(Restored restored, Lineage lineage) throws ConflictException {
    for (Submission other : lineage.submissions()) {
      if (compareUnsigned(other.id(), restored.submission()) > 0) {
        throw new ConflictException(
            files.root()
                + ": submission "
                + restored.submission()
                + " was restored from checkpoint "
                + restored.checkpointId()
                + ", but the newer submission "
                + other.id()
                + " of the same lineage is registered already");
      }
    }
    Optional<Submission> state = lineage.submission(restored.stateSubmission());
    if (state.isPresent()
        && !restored.stateSubmission().equals(restored.submission())
        && state.get().fence() < restored.checkpointId()) {
      throw new ConflictException(
          files.root()
              + ": the state of checkpoint "
              + restored.checkpointId()
              + " is of submission "
              + restored.stateSubmission()
              + ", from which submission "
              + lineage.current()
              + " took over at checkpoint "
              + state.get().fence());
    }
  }

  private static int compareUnsigned(UUID left, UUID right) {
    int high = Long.compareUnsigned(left.getMostSignificantBits(), right.getMostSignificantBits());
    return high != 0
        ? high
        : Long.compareUnsigned(left.getLeastSignificantBits(), right.getLeastSignificantBits());
  }

  /** Refuses a start without state of a submission that has published. */
  void checkStart(CommitRecord record, UUID submission) throws ConflictException {
    for (Lineage lineage : record.lineages()) {
      if (lineage.submission(submission).isPresent()
          && lineage.publishedCheckpointId() != Lineage.NO_CHECKPOINT) {
        throw new ConflictException(
            files.root()
                + ": submission "
                + submission
                + " starts without state, but has published checkpoints up to "
                + lineage.publishedCheckpointId()
                + ": going on would write their rows twice");
      }
    }
  }

  /** Refuses a commit that a successor has fenced off. */
  void checkFence(Commit commit, CommitRecord record) throws ConflictException {
    Optional<Lineage> lineage = record.lineage(commit.lineage());
    if (isWithoutLineage(commit) || lineage.isEmpty()) {
      return;
    }
    Optional<Submission> submission = lineage.get().submission(commit.submission());
    if (submission.isEmpty() || submission.get().fence() < commit.checkpointId()) {
      throw new ConflictException(
          files.root()
              + ": checkpoint "
              + commit.checkpointId()
              + " of submission "
              + commit.submission()
              + " must not be published: submission "
              + lineage.get().current()
              + " took over"
              + submission.map(s -> " from checkpoint " + s.fence()).orElse(""));
    }
  }

  /** Whether a commit's submission takes no part in all this. */
  static boolean isWithoutLineage(Commit commit) {
    return commit.stateless() || commit.lineage().equals(Commit.NO_ID);
  }
}
