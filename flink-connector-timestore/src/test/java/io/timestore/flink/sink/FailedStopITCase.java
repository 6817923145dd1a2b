package io.timestore.flink.sink;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.timestore.store.Store;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.data.RowData;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A job that fails while it is stopped with a savepoint. */
class FailedStopITCase {
  private static final int ROWS = 20_000;
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
    return submit(configuration, Duration.ofMillis(50));
  }

  private JobClient submit(Configuration configuration, Duration checkpointInterval)
      throws Exception {
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    environment.setParallelism(1);
    environment.enableCheckpointing(checkpointInterval.toMillis());
    environment
        .fromSource(
            IndexedRows.source(ROWS, ROWS_PER_CHECKPOINT), WatermarkStrategy.noWatermarks(), "rows")
        .uid("rows")
        .map(new FailingWhenPublished(store))
        .returns(IndexedRows.TYPE)
        .uid("map")
        .sinkTo(IndexedRows.sink(store))
        .uid("store");
    return environment.executeAsync();
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

  /** Flink publishes what the savepoint has, and restarts the job from the checkpoint before. */
  @Test
  void noRowIsWrittenTwiceAndTheJobGoesOnFromTheSavepoint(@InjectMiniCluster MiniCluster cluster)
      throws Exception {
    Configuration configuration = new Configuration();
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 2);
    configuration.set(
        RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(1));
    JobClient job = submit(configuration, Duration.ofDays(1));
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> isCheckpointed(cluster, job) && Store.exists(store) && visibleRows() > 0);
    await().atMost(Duration.ofSeconds(60)).until(FailingWhenPublished::hasNewRows);
    FailingWhenPublished.arm(newestCheckpointId(cluster, job));

    assertThatThrownBy(
            () ->
                job.stopWithSavepoint(false, savepointDirectory(), SavepointFormatType.CANONICAL)
                    .get(60, TimeUnit.SECONDS))
        .hasStackTraceContaining("A savepoint has been created at");
    // Where Flink hears of the failure before the end of the savepoint, it restarts nothing.
    assertThatThrownBy(() -> awaitEnd(job))
        .satisfiesAnyOf(
            e -> assertThat(e).hasStackTraceContaining("submit it anew from that savepoint"),
            e -> assertThat(e).hasStackTraceContaining("The failure is not recoverable"));
    IndexedRows.assertExactlyOnce(store, (int) visibleRows(), "stopped by a savepoint");

    String savepoint;
    try (Stream<Path> savepoints = Files.list(directory.resolve("savepoints"))) {
      savepoint = savepoints.findFirst().orElseThrow().toUri().toString();
    }
    awaitEnd(submit(savepoint));
    IndexedRows.assertExactlyOnce(store, ROWS, "gone on from the savepoint");
  }

  /** Takes a checkpoint, as soon as all tasks run. */
  private static boolean isCheckpointed(MiniCluster cluster, JobClient job)
      throws InterruptedException {
    try {
      String unused = cluster.triggerCheckpoint(job.getJobID()).get();
      return true;
    } catch (ExecutionException e) {
      return false; // Not all tasks run yet.
    }
  }

  private static long newestCheckpointId(MiniCluster cluster, JobClient job) throws Exception {
    return requireNonNull(
            cluster
                .getExecutionGraph(job.getJobID())
                .get()
                .getCheckpointStatsSnapshot()
                .getHistory()
                .getLatestCompletedCheckpoint())
        .getCheckpointId();
  }

  /** Fails when the rows of the next checkpoint are visible. */
  private static final class FailingWhenPublished
      implements MapFunction<RowData, RowData>, CheckpointedFunction, CheckpointListener {
    private static final long serialVersionUID = 1L;
    private static final long NEVER = Long.MAX_VALUE;

    /** What the test and the attempts share; they run in one JVM. */
    private static final AtomicLong NEWEST_BEFORE = new AtomicLong(NEVER);

    private static final AtomicLong ROWS_SINCE_CHECKPOINT = new AtomicLong();

    private final String store;

    FailingWhenPublished(Path store) {
      this.store = store.toString();
    }

    static void arm(long newestCheckpointId) {
      NEWEST_BEFORE.set(newestCheckpointId);
    }

    /** Whether the next checkpoint brings rows. */
    static boolean hasNewRows() {
      return ROWS_SINCE_CHECKPOINT.get() > 0;
    }

    @Override
    public RowData map(RowData row) {
      ROWS_SINCE_CHECKPOINT.incrementAndGet();
      return row;
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) {
      ROWS_SINCE_CHECKPOINT.set(0);
    }

    @Override
    public void initializeState(FunctionInitializationContext context) {}

    @Override
    public void notifyCheckpointComplete(long checkpointId) {
      if (checkpointId > NEWEST_BEFORE.get()) {
        NEWEST_BEFORE.set(NEVER);
        await()
            .atMost(Duration.ofSeconds(60))
            .until(() -> publishedCheckpointId(Path.of(store)) == checkpointId);
        throw new IllegalStateException("failure on purpose");
      }
    }
  }

  private static long publishedCheckpointId(Path store) throws IOException {
    return Store.open(store).snapshot().record().lineages().get(0).publishedCheckpointId();
  }
}
