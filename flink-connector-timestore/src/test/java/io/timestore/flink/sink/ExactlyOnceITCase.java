package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.flink.StoreJudge;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A job that fails again and again ends with each row exactly once. */
class ExactlyOnceITCase {
  private static final int ROWS = 1_000_000;
  private static final int ROWS_PER_CHECKPOINT = 15_000;
  private static final int FAILURES = 12;

  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder()
              .setNumberTaskManagers(2)
              .setNumberSlotsPerTaskManager(2)
              .build());

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(longs = {1, 20261123})
  void eachRowIsThereExactlyOnceAfterFailuresAtRandomPoints(long seed) throws Exception {
    FailingMap.arm(FAILURES, seed);
    Configuration configuration = new Configuration();
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 2 * FAILURES);
    configuration.set(
        RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(1));
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    environment.setParallelism(1);
    environment.enableCheckpointing(50);
    Path store = directory.resolve("store");

    environment
        .fromSource(
            IndexedRows.source(ROWS, ROWS_PER_CHECKPOINT), WatermarkStrategy.noWatermarks(), "rows")
        .map(new FailingMap())
        .returns(IndexedRows.TYPE)
        .sinkTo(IndexedRows.sink(store));
    environment.execute();

    assertThat(FailingMap.failures()).as("failures, seed %s", seed).isGreaterThan(FAILURES / 2);
    IndexedRows.assertExactlyOnce(store, ROWS, "seed " + seed);
    assertThat(new StoreJudge(store).laneCount()).isBetween(2, FAILURES + 1);
  }
}
