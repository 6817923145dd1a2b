package io.timestore.flink.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.CorruptStoreException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TimestoreSourceITCase {
  @RegisterExtension
  private static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder()
              .setNumberTaskManagers(1)
              .setNumberSlotsPerTaskManager(2)
              .build());

  private static final long SPLIT_BYTES = 1000;

  @TempDir private Path temporary;
  private Path directory;

  @BeforeEach
  void copyTicks() throws IOException {
    directory = GoldenTicks.copyTo(temporary.resolve("ticks"));
  }

  @Test
  void eachRowArrivesOnceOverFailuresBetweenCheckpoints() throws Exception {
    FailingAfterCheckpoints.EARLY_FAILURES.set(0);
    FailingAfterCheckpoints.LATE_FAILURES.set(0);
    StreamExecutionEnvironment env = environment("fixed-delay", 2);
    env.enableCheckpointing(10);

    List<String> rows = read(env, rows(env, directory).map(new FailingAfterCheckpoints()));

    assertThat(FailingAfterCheckpoints.EARLY_FAILURES).hasValue(1);
    assertThat(FailingAfterCheckpoints.LATE_FAILURES).hasValueGreaterThanOrEqualTo(3);
    assertThat(rows).containsExactlyInAnyOrderElementsOf(GoldenTicks.rows());
  }

  @Test
  void oneReaderKeepsTheOrderOfTheStore() throws Exception {
    StreamExecutionEnvironment env = environment("none", 1);
    assertThat(read(env, rows(env, directory))).isEqualTo(GoldenTicks.rows());
  }

  @Test
  void rowsAreTheSameWithObjectReuse() throws Exception {
    StreamExecutionEnvironment env = environment("none", 1);
    env.getConfig().enableObjectReuse();
    assertThat(read(env, rows(env, directory))).isEqualTo(GoldenTicks.rows());
  }

  @Test
  void aStoreWithoutRowsEndsTheJob() throws Exception {
    Files.write(directory.resolve("length"), new byte[Long.BYTES]);
    StreamExecutionEnvironment env = environment("none", 2);
    assertThat(read(env, rows(env, directory))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "keys",
        "sym/offsets",
        "sym/data",
        "price/offsets",
        "price/data",
        "size/offsets",
        "size/data"
      })
  void aTruncatedFileFailsTheJobWithItsName(String file) throws Exception {
    Path path = directory.resolve(file);
    try (RandomAccessFile bytes = new RandomAccessFile(path.toFile(), "rw")) {
      bytes.setLength(GoldenTicks.ROWS);
    }
    assertThatTheJobFailsNaming(path);
  }

  @ParameterizedTest
  @ValueSource(strings = {"keys", "sym/offsets", "price/offsets"})
  void aFallingNumberFailsTheJobWithItsFileAndRow(String file) throws Exception {
    Path path = directory.resolve(file);
    try (RandomAccessFile bytes = new RandomAccessFile(path.toFile(), "rw")) {
      bytes.seek(500 * Long.BYTES);
      bytes.writeLong(1);
    }
    assertThatTheJobFailsNaming(path).hasStackTraceContaining("at row 500 is below the previous");
  }

  private AbstractThrowableAssert<?, ?> assertThatTheJobFailsNaming(Path path) {
    StreamExecutionEnvironment env = environment("none", 2);
    return assertThatThrownBy(() -> read(env, rows(env, directory)))
        .rootCause()
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining(path.toString());
  }

  private static StreamExecutionEnvironment environment(String restarts, int parallelism) {
    Configuration configuration = new Configuration();
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY, restarts);
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 20);
    configuration.set(
        RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY,
        FailingAfterCheckpoints.RESTART_DELAY);
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    env.setParallelism(parallelism);
    return env;
  }

  private static DataStream<String> rows(StreamExecutionEnvironment env, Path directory) {
    return env.fromSource(
            GoldenTicks.source(directory, SPLIT_BYTES), WatermarkStrategy.noWatermarks(), "ticks")
        .map(GoldenTicks::textOf)
        .returns(Types.STRING);
  }

  private static List<String> read(StreamExecutionEnvironment env, DataStream<String> stream)
      throws Exception {
    RowsSeen.atEnd = List.of("the job did not end");
    stream
        .transform("seen", Types.STRING, new RowsSeen())
        .setParallelism(1)
        .sinkTo(new DiscardingSink<>());
    env.execute();
    return RowsSeen.atEnd;
  }
}
