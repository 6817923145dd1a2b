package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.timestore.store.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that go on from a savepoint, as a new submission. */
class RestoreITCase {
  private static final int ROWS = 120_000;
  private static final int ROWS_PER_CHECKPOINT = 1_000;

  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder().setNumberSlotsPerTaskManager(2).build());

  @TempDir Path directory;
  private Path store;

  @BeforeEach
  void nameStore() {
    store = directory.resolve("store");
  }

  private JobClient submit(@Nullable String savepoint) throws Exception {
    Configuration configuration = new Configuration();
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "disable");
    if (savepoint != null) {
      configuration.set(StateRecoveryOptions.SAVEPOINT_PATH, savepoint);
    }
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    environment.setParallelism(1);
    environment.enableCheckpointing(50);
    environment
        .fromSource(
            IndexedRows.source(ROWS, ROWS_PER_CHECKPOINT), WatermarkStrategy.noWatermarks(), "rows")
        .uid("rows")
        .sinkTo(IndexedRows.sink(store))
        .uid("store");
    return environment.executeAsync();
  }

  private void awaitRows(long rowCount) {
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> Store.exists(store) && visibleRows() >= rowCount);
  }

  private long visibleRows() throws IOException {
    return Store.open(store).snapshot().rowCount();
  }

  private static void awaitEnd(JobClient job) throws Exception {
    job.getJobExecutionResult().get(60, TimeUnit.SECONDS);
  }

  private String savepointDirectory() {
    return directory.resolve("savepoints").toUri().toString();
  }

  @Test
  void aJobStoppedWithASavepointGoesOnFromItWithEachRowOnce() throws Exception {
    JobClient first = submit(null);
    awaitRows(10_000);
    String savepoint =
        first
            .stopWithSavepoint(false, savepointDirectory(), SavepointFormatType.CANONICAL)
            .get(60, TimeUnit.SECONDS);
    long stoppedAt = visibleRows();
    assertThat(stoppedAt).isLessThan(ROWS);

    awaitEnd(submit(savepoint));

    IndexedRows.assertExactlyOnce(store, ROWS, "stopped at row " + stoppedAt);
  }

  @Test
  void aSavepointThatIsOlderThanTheStoreIsRefusedAndNothingIsWritten() throws Exception {
    JobClient first = submit(null);
    awaitRows(10_000);
    String savepoint =
        first
            .triggerSavepoint(savepointDirectory(), SavepointFormatType.CANONICAL)
            .get(60, TimeUnit.SECONDS);
    awaitRows(visibleRows() + 10_000);
    first.cancel().get(60, TimeUnit.SECONDS);
    await().until(() -> first.getJobStatus().get().isGloballyTerminalState());
    long rowsBefore = visibleRows();

    assertThatThrownBy(() -> awaitEnd(submit(savepoint)))
        .hasStackTraceContaining("the state is of checkpoint")
        .hasStackTraceContaining("of its lineage are in the store");
    assertThat(visibleRows()).isEqualTo(rowsBefore);
  }
}
