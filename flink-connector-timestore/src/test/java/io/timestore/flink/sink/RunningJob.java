package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.timestore.flink.StoreJudge;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.JobID;
import org.apache.flink.core.execution.CheckpointType;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.checkpoint.Checkpoints;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.Assertions;

/** An {@link IndexedJob} that was submitted. */
final class RunningJob {
  private static final Duration WAIT_MAX = Duration.ofSeconds(60);

  private final String name;
  private final Path store;
  private final JobClient client;

  RunningJob(String name, Path store, JobClient client) {
    this.name = name;
    this.store = store;
    this.client = client;
  }

  JobID id() {
    return client.getJobID();
  }

  /** Waits until the store shows that many rows, whosesoever they are. */
  void awaitRows(long rowCount) {
    await()
        .atMost(WAIT_MAX)
        .until(
            () ->
                Files.exists(store.resolve("length"))
                    && new StoreJudge(store).rowCount() >= rowCount);
  }

  /** Waits for that many more checkpoints to be complete. */
  void awaitCheckpoints(int count) {
    int before = RowCounts.complete(name).size();
    await().atMost(WAIT_MAX).until(() -> RowCounts.complete(name).size() >= before + count);
  }

  /**
   * Takes checkpoints, as soon as all tasks run; returns the rows of the first one above, visible.
   */
  long checkpointOfMoreThan(long rowCount, MiniCluster cluster) {
    long visible =
        await()
            .atMost(WAIT_MAX)
            .ignoreExceptions()
            .until(
                () -> {
                  long id = cluster.triggerCheckpoint(id(), CheckpointType.CONFIGURED).get();
                  return RowCounts.taken(name).get(id);
                },
                rows -> rows > rowCount);
    awaitRows(visible);
    return visible;
  }

  /** Takes savepoints until one has more rows than that. */
  String savepointOfMoreThan(long rowCount) {
    return await()
        .atMost(WAIT_MAX)
        .ignoreExceptions()
        .until(this::savepoint, savepoint -> rowsBefore(savepoint) > rowCount);
  }

  /** The rows that had come before a savepoint of this job. */
  long rowsBefore(String savepoint) {
    return RowCounts.taken(name).get(checkpointId(savepoint));
  }

  String savepoint() throws Exception {
    return client
        .triggerSavepoint(savepoints(), SavepointFormatType.CANONICAL)
        .get(WAIT_MAX.toSeconds(), TimeUnit.SECONDS);
  }

  /** Stops it with a savepoint that is committed. */
  String stop() throws Exception {
    return client
        .stopWithSavepoint(false, savepoints(), SavepointFormatType.CANONICAL)
        .get(WAIT_MAX.toSeconds(), TimeUnit.SECONDS);
  }

  /** The checkpoint that a savepoint is. */
  static long checkpointId(String savepoint) {
    Path metadata = Path.of(URI.create(savepoint)).resolve("_metadata");
    try (DataInputStream in = new DataInputStream(Files.newInputStream(metadata))) {
      return Checkpoints.loadCheckpointMetadata(
              in, RunningJob.class.getClassLoader(), metadata.toString())
          .getCheckpointId();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Lets it commit that many further rows, stops it, and looks whether the store has each row once
   * that it has to have.
   */
  void goOnAndHaveEachRowOnce(int more) throws Exception {
    awaitRows(new StoreJudge(store).rowCount() + more);
    stop();
    IndexedRows.assertEachOnce(store, (int) new StoreJudge(store).rowCount(), name);
  }

  private String savepoints() {
    return store.resolveSibling("savepoints").toUri().toString();
  }

  void cancel() throws Exception {
    client.cancel().get(WAIT_MAX.toSeconds(), TimeUnit.SECONDS);
    await().atMost(WAIT_MAX).until(this::hasEnded);
  }

  boolean hasEnded() throws Exception {
    return client
        .getJobStatus()
        .get(WAIT_MAX.toSeconds(), TimeUnit.SECONDS)
        .isGloballyTerminalState();
  }

  void awaitEnd() throws Exception {
    client.getJobExecutionResult().get(WAIT_MAX.toSeconds(), TimeUnit.SECONDS);
  }

  /** Waits until it fails since another job went on from its state, at a commit or a row. */
  void awaitSuccession() {
    failure()
        .satisfiesAnyOf(
            e ->
                Assertions.assertThat(e)
                    .hasStackTraceContaining("a job that went back to an older checkpoint"),
            e ->
                Assertions.assertThat(e)
                    .hasStackTraceContaining("must not be published: submission"),
            e -> Assertions.assertThat(e).hasStackTraceContaining("and is closed"));
  }

  /** The error that it ends with. */
  AbstractThrowableAssert<?, ?> failure() {
    return Assertions.assertThat(catchThrowable(this::awaitEnd)).as(name);
  }
}
