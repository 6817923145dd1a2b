package io.timestore.flink.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that follow a store which grows, over failures and savepoints. */
class FollowingITCase {
  @RegisterExtension
  private static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder()
              .setNumberTaskManagers(1)
              .setNumberSlotsPerTaskManager(4)
              .build());

  @TempDir private Path directory;

  private Path path() {
    return directory.resolve("ticks");
  }

  private static StreamExecutionEnvironment environment(int parallelism, Configuration options) {
    options.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
    options.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 20);
    options.set(
        RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY,
        FailingAfterCheckpoints.RESTART_DELAY);
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(options);
    environment.setParallelism(parallelism);
    environment.enableCheckpointing(20);
    return environment;
  }

  /** The job: numbers of rows up to that one, kept in a state that is as exact as the source. */
  private JobClient start(StreamExecutionEnvironment environment, long stopRow, boolean fails)
      throws Exception {
    RowsSeen.atEnd = List.of("the job did not end");
    var numbers =
        environment
            .fromSource(
                TimestoreSource.<String>builder()
                    .path(path())
                    .key("ts", DataTypes.TIMESTAMP_LTZ(3))
                    .column("n", DataTypes.BIGINT().notNull())
                    .deserializer((key, cells) -> "" + cells.getLong(0), Types.STRING)
                    .monitorInterval(Duration.ofMillis(10))
                    .stopAt(ScanPosition.atRow(stopRow))
                    .splitSize(MemorySize.parse("1kb"))
                    .build(),
                WatermarkStrategy.noWatermarks(),
                "ticks")
            .uid("ticks");
    var rows = fails ? numbers.map(new FailingAfterCheckpoints()).uid("failing") : numbers;
    rows.transform("seen", Types.STRING, new RowsSeen())
        .setParallelism(1)
        .uid("seen")
        .sinkTo(new DiscardingSink<>());
    return environment.executeAsync();
  }

  private static List<String> numbers(long count) {
    return LongStream.range(0, count).mapToObj(Long::toString).toList();
  }

  @Test
  void followsAWriterInAnotherProcessOverFailures() throws Exception {
    FailingAfterCheckpoints.EARLY_FAILURES.set(0);
    FailingAfterCheckpoints.LATE_FAILURES.set(0);
    int commits = 60;
    long rows = (long) commits * TickWriter.ROWS_OF_COMMIT;
    JobClient job = start(environment(2, new Configuration()), rows, true);
    Process writer = write(System.nanoTime(), commits);
    try {
      assertThat(writer.waitFor(2, TimeUnit.MINUTES)).isTrue();
      assertThat(writer.exitValue()).as(Files.readString(log())).isZero();
      job.getJobExecutionResult().get(2, TimeUnit.MINUTES);
    } finally {
      writer.destroyForcibly();
    }
    assertThat(FailingAfterCheckpoints.LATE_FAILURES).hasValueGreaterThanOrEqualTo(3);
    assertThat(RowsSeen.atEnd).containsExactlyInAnyOrderElementsOf(numbers(rows));
  }

  private Path log() {
    return directory.resolve("writer.log");
  }

  private Process write(long seed, int commits) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            TickWriter.class.getName(),
            path().toString(),
            Long.toString(seed),
            Integer.toString(commits),
            "20")
        .redirectErrorStream(true)
        .redirectOutput(log().toFile())
        .start();
  }

  @Test
  void noRowIsLostOrDoubledOverSavepointsAtOtherParallelisms() throws Exception {
    TickStore store = TickStore.create(path());
    for (int i = 0; i < 10; i++) {
      store.append(1000L * i, 1000L * i + 500, Math.max(0, 1000L * i - 3000));
    }
    String savepoint = null;
    long rows = 60;
    for (int parallelism : new int[] {1, 4, 2}) {
      Configuration options = new Configuration();
      if (savepoint != null) {
        options.set(StateRecoveryOptions.SAVEPOINT_PATH, savepoint);
      }
      JobClient job = start(environment(parallelism, options), rows, false);
      if (parallelism == 2) {
        store.append(1, 100_000);
        store.append(rest(rows - store.ticks().size()));
        job.getJobExecutionResult().get(1, TimeUnit.MINUTES);
      } else {
        store.append(7_000L * parallelism, 50_000, 200);
        int seen = store.ticks().size();
        Awaitility.await()
            .atMost(Duration.ofMinutes(1))
            .until(() -> RowsSeen.atCheckpoint.size() == seen);
        store.append(60_000, 3);
        savepoint =
            job.stopWithSavepoint(
                    false, directory.toUri().toString(), SavepointFormatType.CANONICAL)
                .get(1, TimeUnit.MINUTES);
      }
    }
    assertThat(RowsSeen.atEnd).containsExactlyInAnyOrderElementsOf(numbers(rows));
  }

  private static long[] rest(long count) {
    return LongStream.range(200_000, 200_000 + count).toArray();
  }
}
