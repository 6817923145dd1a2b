package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.DirectIo;
import io.timestore.disk.LocalDisk;
import io.timestore.store.Store;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.Metric;
import org.apache.flink.runtime.testutils.InMemoryReporter;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.testutils.logging.LoggerAuditingExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.event.Level;

/** What the metrics of a job's writer and committer say when it has ended. */
class SinkMetricsITCase {
  private static final int ROWS = 70_000;

  private static final InMemoryReporter REPORTER = InMemoryReporter.createWithRetainedMetrics();

  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder()
              .setNumberSlotsPerTaskManager(1)
              .setConfiguration(REPORTER.addToConfiguration(new Configuration()))
              .build());

  /** The class that merges is the store's own affair. */
  @RegisterExtension
  static final LoggerAuditingExtension MERGES =
      new LoggerAuditingExtension("io.timestore.store.RunLanes", Level.INFO);

  @TempDir Path directory;

  private static TimestoreSink<Long> sink(Path store, LateRows lateRows) {
    return builder(store, lateRows).build();
  }

  private static TimestoreSinkBuilder<Long> builder(Path store, LateRows lateRows) {
    return TimestoreSink.<Long>builder()
        .path(store)
        .key("k", DataTypes.BIGINT(), value -> value)
        .column("v", DataTypes.BIGINT(), (value, cells) -> cells.appendLong(value))
        .lateRows(lateRows);
  }

  private JobID write(Path store, LateRows lateRows, long from, long to) throws Exception {
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    environment.setParallelism(1);
    environment.fromSequence(from, to).sinkTo(sink(store, lateRows));
    return environment.execute().getJobID();
  }

  private static Object value(JobID job, String name) {
    Map<String, Metric> found = REPORTER.findMetrics(job, name);
    assertThat(found).as(name).hasSize(1);
    Metric metric = found.values().iterator().next();
    return metric instanceof Counter counter ? counter.getCount() : ((Gauge<?>) metric).getValue();
  }

  @Test
  void rowsBytesLanesAndTheLastCommitAreTold() throws Exception {
    Path store = directory.resolve("store");

    long beganNanos = System.nanoTime();
    JobID job = write(store, LateRows.KEEP, 1, ROWS);
    long jobMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beganNanos);

    assertThat(value(job, "Writer.*\\.numRecordsSend$")).isEqualTo((long) ROWS);
    assertThat(value(job, "Writer.*\\.numBytesSend$")).isEqualTo(24L * ROWS);
    assertThat((Long) value(job, "Writer.*\\.currentSendTime$")).isBetween(0L, jobMillis);
    assertThat(value(job, "Writer.*\\.lanes$")).isEqualTo(1);
    assertThat(value(job, "Writer.*\\.lateRows$")).isEqualTo(0L);
    boolean isDirect = new LocalDisk().probe(store, DirectIo.AUTO).direct();
    assertThat(value(job, "Writer.*\\.directIo$")).isEqualTo(isDirect ? 1 : 0);
    assertThat(value(job, "Committer.*\\.lastCommitRows$")).isEqualTo((long) ROWS);
    assertThat(value(job, "Committer.*\\.lastCommitBytes$")).isEqualTo(24L * ROWS);
    assertThat((Long) value(job, "Committer.*\\.lastCommitDurationMillis$"))
        .isBetween(0L, jobMillis);
    assertThat(Files.size(store.resolve("keys"))).isGreaterThanOrEqualTo(8L * ROWS);
  }

  @Test
  void rowsHeldAreThoseThatWaitForACheckpointAndARefusedRowIsAnError() throws Exception {
    Path store = directory.resolve("store");
    try (SinkHarness<Long> writer = SinkHarness.start(store, sink(store, LateRows.KEEP))) {
      for (long key = 0; key < 10; key++) {
        assertThat(writer.metric("rowsHeld")).isEqualTo(key);
        writer.write(key, key);
      }
      writer.checkpoint();
      assertThat(writer.metric("rowsHeld")).isEqualTo(0L);
      assertThat(writer.metric("numRecordsSendErrors")).isEqualTo(0L);

      assertThatThrownBy(() -> writer.write(-1L, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(store + ": ");
      assertThat(writer.metric("numRecordsSendErrors")).isEqualTo(1L);
      assertThat(writer.metric("numRecordsSend")).isEqualTo(10L);
    }
  }

  @Test
  void rowsThatWereMergedAreCountedAndMergesAreInTheLog() throws Exception {
    Path store = directory.resolve("store");
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(
            new Configuration().set(ExecutionOptions.RUNTIME_MODE, RuntimeExecutionMode.BATCH));
    environment.setParallelism(1);
    environment
        .fromSequence(1, ROWS)
        .map(value -> value * 7919 % (ROWS + 1))
        .sinkTo(
            builder(store, LateRows.KEEP)
                .reorderBuffer(MemorySize.parse("64 kb"))
                .lanesMax(2)
                .build());
    JobID job = environment.execute().getJobID();

    assertThat((Long) value(job, "Writer.*\\.rowsMerged$")).isGreaterThanOrEqualTo(ROWS);
    assertThat(value(job, "Writer.*\\.lanes$")).isIn(1, 2);
    assertThat(MERGES.getMessages())
        .anyMatch(line -> line.startsWith(store + ": merging 2 lanes with "));
  }

  @Test
  void lateRowsAreCounted() throws Exception {
    Path store = directory.resolve("store");
    write(store, LateRows.FAIL, 100, 200);

    JobID dropping = write(store, LateRows.DROP, 51, 210);
    assertThat(value(dropping, "Writer.*\\.lateRows$")).isEqualTo(149L);
    assertThat(value(dropping, "Writer.*\\.numRecordsSend$")).isEqualTo(11L);
    JobID keeping = write(store, LateRows.KEEP, 51, 211);
    assertThat(value(keeping, "Writer.*\\.lateRows$")).isEqualTo(159L);

    assertThat(Store.open(store).snapshot().rowCount()).isEqualTo(101 + 11 + 161);
  }
}
