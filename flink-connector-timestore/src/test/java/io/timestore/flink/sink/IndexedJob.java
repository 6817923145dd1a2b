package io.timestore.flink.sink;

import java.nio.file.Path;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.DeploymentOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.data.RowData;

/**
 * A job that writes {@link IndexedRows}, so many with each checkpoint if nothing else is said, as
 * it is to be submitted.
 */
final class IndexedJob {
  /** A job of that many rows goes on until it is stopped. */
  static final int ENDLESS = 100_000_000;

  private final String name;
  private final Path store;
  private final Configuration configuration = new Configuration();
  private final int rowCount;
  private int firstRow;
  private int rate = 500;
  private boolean isSteady;
  private int parallelism = 1;
  private Duration checkpointInterval = Duration.ofMillis(20);
  private UnaryOperator<DataStream<RowData>> through = rows -> rows;
  private UnaryOperator<TimestoreSinkBuilder<RowData>> sink = builder -> builder;

  /**
   * A job without restarts.
   *
   * @param name for {@link RowCounts}
   */
  IndexedJob(String name, Path store, int rowCount) {
    this.name = name;
    this.store = store;
    this.rowCount = rowCount;
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "disable");
  }

  IndexedJob from(String savepoint) {
    return with(StateRecoveryOptions.SAVEPOINT_PATH, savepoint);
  }

  /** Its rows begin with this one. */
  IndexedJob firstRow(int index) {
    firstRow = index;
    return this;
  }

  IndexedJob rowsPerCheckpoint(int count) {
    rate = count;
    return this;
  }

  /** Its rows come whether it takes checkpoints or not. */
  IndexedJob rowsPerSecond(int count) {
    rate = count;
    isSteady = true;
    return this;
  }

  /** Of the sink; a source is one task. */
  IndexedJob parallelism(int writers) {
    parallelism = writers;
    return this;
  }

  IndexedJob checkpointInterval(Duration interval) {
    checkpointInterval = interval;
    return this;
  }

  IndexedJob restarts(int count) {
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, count);
    configuration.set(
        RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(1));
    return with(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
  }

  <T> IndexedJob with(ConfigOption<T> option, T value) {
    configuration.set(option, value);
    return this;
  }

  /** What the rows go through before the sink. */
  IndexedJob through(UnaryOperator<DataStream<RowData>> steps) {
    through = steps;
    return this;
  }

  IndexedJob sink(UnaryOperator<TimestoreSinkBuilder<RowData>> settings) {
    sink = settings;
    return this;
  }

  RunningJob submit() throws Exception {
    return submit(StreamExecutionEnvironment.getExecutionEnvironment(configuration));
  }

  /** On a cluster of its own, which ends with it. */
  RunningJob submitApart() throws Exception {
    configuration.set(DeploymentOptions.TARGET, "local");
    configuration.set(DeploymentOptions.ATTACHED, true);
    return submit(new StreamExecutionEnvironment(configuration));
  }

  private RunningJob submit(StreamExecutionEnvironment environment) throws Exception {
    environment.setParallelism(1);
    environment.enableCheckpointing(checkpointInterval.toMillis());
    DataStream<RowData> rows =
        environment
            .fromSource(
                isSteady
                    ? IndexedRows.steadySource(firstRow, rowCount, rate)
                    : IndexedRows.source(firstRow, rowCount, rate),
                WatermarkStrategy.noWatermarks(),
                "rows")
            .uid("rows")
            .map(new RowCounts(name))
            .returns(IndexedRows.TYPE)
            .uid("counts");
    through
        .apply(rows)
        .sinkTo(sink.apply(IndexedRows.builder(store)).build())
        .uid("store")
        .setParallelism(parallelism);
    return new RunningJob(name, store, environment.executeAsync(name));
  }
}
