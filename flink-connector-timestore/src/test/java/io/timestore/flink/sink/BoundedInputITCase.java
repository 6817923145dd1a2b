package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.flink.StoreJudge;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource.NumberSequenceSplit;
import org.apache.flink.api.connector.source.util.ratelimit.GatedRateLimiter;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiter;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.StatementSet;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.data.RowData;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.util.function.ThrowingConsumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Inputs that end: in batch mode, in streaming mode with checkpoints and without. */
class BoundedInputITCase {
  private static final int ROWS = 12_000;

  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder().setNumberSlotsPerTaskManager(4).build());

  @TempDir Path directory;
  private Path store;
  private String name;

  @BeforeEach
  void nameStore() {
    store = directory.resolve("store");
    name = "job in " + directory;
  }

  private StoreJudge judge() {
    return new StoreJudge(store);
  }

  @Test
  void oneInputMayEndManyCheckpointsBeforeTheOther() throws Exception {
    int few = 100;
    new IndexedJob(name, store, ROWS - few)
        .firstRow(few)
        .parallelism(2)
        .through(
            rows ->
                rows.union(
                    rows.getExecutionEnvironment()
                        .fromSource(
                            IndexedRows.source(few, few),
                            WatermarkStrategy.noWatermarks(),
                            "few rows")))
        .submit()
        .awaitEnd();

    assertThat(RowCounts.complete(name)).hasSizeGreaterThan(10);
    IndexedRows.assertEachOnce(store, ROWS, "union");
  }

  /** Of two readers the first reads without a limit, so that its writer ends first. */
  private static final class Uneven implements RateLimiterStrategy<NumberSequenceSplit> {
    private static final long serialVersionUID = 1L;
    static final AtomicInteger READERS = new AtomicInteger();

    @Override
    public RateLimiter<NumberSequenceSplit> createRateLimiter(int parallelism) {
      return new GatedRateLimiter<>(READERS.getAndIncrement() == 0 ? 2 * ROWS : 250);
    }
  }

  @Test
  void oneWriterMayEndManyCheckpointsBeforeTheOtherAlsoWithAFailureInBetween() throws Exception {
    Uneven.READERS.set(0);
    FailOnce.arm(name, ROWS / 2 + 3_000); // of the second reader, 12 checkpoints after the first
    Configuration configuration = new Configuration();
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 1);
    configuration.set(
        RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(1));
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    environment.setParallelism(2);
    environment.enableCheckpointing(20);
    environment
        .fromSource(
            new DataGeneratorSource<>(IndexedRows::row, ROWS, new Uneven(), IndexedRows.TYPE),
            WatermarkStrategy.noWatermarks(),
            "rows")
        .map(new FailOnce(name))
        .returns(IndexedRows.TYPE)
        .sinkTo(IndexedRows.sink(store));
    RunningJob job = new RunningJob(name, store, environment.executeAsync());
    job.awaitEnd();

    assertThat(FailOnce.isArmed(name)).isFalse();
    IndexedRows.assertEachOnce(store, ROWS, "uneven");
  }

  @ParameterizedTest
  @EnumSource(
      value = RuntimeExecutionMode.class,
      names = {"BATCH", "STREAMING"})
  void aJobThatFailsAnywhereInItsEndCountsNothingTwice(RuntimeExecutionMode mode) throws Exception {
    for (EndFailure failure : EndFailure.values()) {
      store = directory.resolve(failure.name());
      runThroughAFailure(mode, failure, IndexedRows.sink(store));
      IndexedRows.assertEachOnce(store, 1_000, failure + ", " + mode);
    }
  }

  private void runThroughAFailure(
      RuntimeExecutionMode mode, EndFailure failure, TimestoreSink<RowData> sink) throws Exception {
    EndFailingOperator.arm(failure);
    FailingCommits.arm(failure);
    runOnceMore(mode, sink);
    assertThat(EndFailingOperator.isArmed() && FailingCommits.isArmed()).isFalse();
  }

  /** 1,000 rows, with one restart. */
  private void runOnceMore(RuntimeExecutionMode mode, TimestoreSink<RowData> sink)
      throws Exception {
    Configuration configuration = new Configuration();
    configuration.set(ExecutionOptions.RUNTIME_MODE, mode);
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 1);
    configuration.set(
        RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(1));
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    environment.setParallelism(2);
    environment
        .fromSource(IndexedRows.source(1_000, 10_000), WatermarkStrategy.noWatermarks(), "rows")
        .map(new FailOnce(name))
        .returns(IndexedRows.TYPE)
        .transform("fails at its end", IndexedRows.TYPE, new EndFailingOperator())
        .sinkTo(new FailingCommits(sink));
    environment.execute();
  }

  @ParameterizedTest
  @EnumSource(EndFailure.class)
  void anOverwriteThatFailsAtItsEndShowsTheOldRowsOrTheNew(EndFailure failure) throws Exception {
    overwrite(sink -> runThroughAFailure(RuntimeExecutionMode.BATCH, failure, sink));
  }

  @Test
  void anOverwriteThatFailsInTheMiddleShowsTheOldRowsOrTheNew() throws Exception {
    FailOnce.arm(name, 700);
    overwrite(sink -> runOnceMore(RuntimeExecutionMode.BATCH, sink));

    assertThat(FailOnce.isArmed(name)).isFalse();
  }

  private void overwrite(ThrowingConsumer<TimestoreSink<RowData>, Exception> run) throws Exception {
    int old = 300;
    new IndexedJob("old rows in " + directory, store, old).firstRow(ROWS).submit().awaitEnd();

    boolean unused =
        StoreWatch.during(
            () -> assertThat(judge().rowCount()).isIn((long) old, 1_000L),
            () -> {
              run.accept(IndexedRows.overwritingSink(store));
              return true;
            });

    IndexedRows.assertEachOnce(store, 1_000, "overwritten");
  }

  @ParameterizedTest
  @EnumSource(
      value = RuntimeExecutionMode.class,
      names = {"BATCH", "STREAMING"})
  void twoInsertsOfOneStatementSetGoIntoOneTable(RuntimeExecutionMode mode) throws Exception {
    TableEnvironment tables =
        TableEnvironment.create(
            mode == RuntimeExecutionMode.BATCH
                ? EnvironmentSettings.inBatchMode()
                : EnvironmentSettings.inStreamingMode());
    tables.getConfig().set("parallelism.default", "2");
    tables.getConfig().set("execution.checkpointing.interval", "20 ms");
    tables.executeSql(
        "CREATE TABLE store (k BIGINT, v BIGINT) WITH ('connector' = 'timestore', 'path' = '"
            + store
            + "')");
    for (String source : List.of("a", "b")) {
      tables.executeSql(
          "CREATE TABLE "
              + source
              + " (v BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '2000',"
              + " 'fields.v.kind' = 'sequence', 'fields.v.start' = '0', 'fields.v.end' = '1999')");
    }
    StatementSet both = tables.createStatementSet();
    both.addInsertSql("INSERT INTO store SELECT v, 2 * v FROM a");
    both.addInsertSql("INSERT INTO store SELECT v, 2 * v + 1 FROM b");
    both.execute().await();

    assertThat(judge().rows("v").stream().map(row -> row.int64(0)).sorted())
        .containsExactlyElementsOf(LongStream.range(0, 4_000).boxed().toList());
  }

  @Test
  void aBackfillIsWrittenIntoAStoreWhileAStreamingJobWritesIt() throws Exception {
    int backfilled = 6_000;
    RunningJob live =
        new IndexedJob(name, store, IndexedJob.ENDLESS)
            .firstRow(backfilled)
            .rowsPerCheckpoint(100)
            .submit();
    for (int from = 0; from < backfilled; from += backfilled / 3) {
      live.awaitCheckpoints(1);
      new IndexedJob("backfill in " + directory, store, backfilled / 3)
          .firstRow(from)
          .rowsPerCheckpoint(backfilled)
          .with(ExecutionOptions.RUNTIME_MODE, RuntimeExecutionMode.BATCH)
          .submit()
          .awaitEnd();
    }
    live.awaitCheckpoints(1);
    live.stop();

    int rowCount = (int) judge().rowCount();
    assertThat(rowCount).isGreaterThan(backfilled);
    IndexedRows.assertEachOnce(store, rowCount, "backfilled");
    assertThat(judge().laneCount()).as("one of the live job, one of all backfills").isEqualTo(2);
  }
}
