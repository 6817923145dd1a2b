package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.store.Store;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.flink.api.common.JobID;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.Metric;
import org.apache.flink.runtime.testutils.InMemoryReporter;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

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

  @TempDir Path directory;

  private TimestoreSink<Long> sink(Path store, LateRows lateRows) {
    return TimestoreSink.<Long>builder()
        .path(store)
        .key("k", DataTypes.BIGINT(), value -> value)
        .column("v", DataTypes.BIGINT(), (value, cells) -> cells.appendLong(value))
        .lateRows(lateRows)
        .build();
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

    JobID job = write(store, LateRows.KEEP, 1, ROWS);

    assertThat(value(job, "Writer.*\\.numRecordsSend$")).isEqualTo((long) ROWS);
    assertThat(value(job, "Writer.*\\.numBytesSend$")).isEqualTo(24L * ROWS);
    assertThat(value(job, "Writer.*\\.currentSendTime$")).isInstanceOf(Long.class);
    assertThat(value(job, "Writer.*\\.rowsHeld$")).isEqualTo(0L);
    assertThat(value(job, "Writer.*\\.lanes$")).isEqualTo(1);
    assertThat(value(job, "Writer.*\\.lateRows$")).isEqualTo(0L);
    assertThat(value(job, "Writer.*\\.directIo$")).isIn(0, 1);
    assertThat(value(job, "Committer.*\\.lastCommitRows$")).isEqualTo((long) ROWS);
    assertThat(value(job, "Committer.*\\.lastCommitBytes$")).isEqualTo(24L * ROWS);
    assertThat((Long) value(job, "Committer.*\\.lastCommitDurationMillis$")).isNotNegative();
    assertThat(Files.size(store.resolve("keys"))).isGreaterThanOrEqualTo(8L * ROWS);
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
