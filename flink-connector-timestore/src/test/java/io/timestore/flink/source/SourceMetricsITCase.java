package io.timestore.flink.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.LongStream;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.Metric;
import org.apache.flink.runtime.testutils.InMemoryReporter;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What the metrics of a job's readers and enumerator say when it has ended. */
class SourceMetricsITCase {
  private static final int ROWS = 5000;

  private static final InMemoryReporter REPORTER = InMemoryReporter.createWithRetainedMetrics();

  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder()
              .setNumberSlotsPerTaskManager(1)
              .setConfiguration(REPORTER.addToConfiguration(new Configuration()))
              .build());

  @TempDir Path directory;

  private JobClient read() throws Exception {
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    environment.setParallelism(1);
    environment
        .fromSource(
            TimestoreSource.<Long>builder()
                .path(directory)
                .key("ts", DataTypes.TIMESTAMP_LTZ(3))
                .column("n", DataTypes.BIGINT().notNull())
                .deserializer((key, cells) -> cells.getLong(0), Types.LONG)
                .splitSize(MemorySize.parse("20kb"))
                .build(),
            WatermarkStrategy.forGenerator(context -> new WatermarkOfEachRow()),
            "ticks")
        .sinkTo(new DiscardingSink<>());
    return environment.executeAsync();
  }

  /** Not of each interval, in which the job may have ended. */
  private static final class WatermarkOfEachRow implements WatermarkGenerator<Long> {
    @Override
    public void onEvent(Long element, long timestamp, WatermarkOutput output) {
      output.emitWatermark(new Watermark(timestamp - 1));
    }

    @Override
    public void onPeriodicEmit(WatermarkOutput output) {}
  }

  private static Object value(JobID job, String name) {
    Map<String, Metric> found = REPORTER.findMetrics(job, name);
    assertThat(found).as(name).hasSize(1);
    Metric metric = found.values().iterator().next();
    return metric instanceof Counter counter ? counter.getCount() : ((Gauge<?>) metric).getValue();
  }

  @Test
  void rowsBytesAndWhatIsLeftAreTold() throws Exception {
    TickStore.create(directory).append(LongStream.range(0, ROWS).toArray());
    JobClient client = read();
    client.getJobExecutionResult().get();
    JobID job = client.getJobID();
    String reader = "Source: ticks\\.0";
    assertThat(value(job, reader + "\\.numRecordsIn$")).isEqualTo((long) ROWS);
    assertThat((Long) value(job, reader + "\\.numBytesIn$")).isGreaterThan(16L * ROWS);
    assertThat(value(job, reader + "\\.pendingRecords$")).isEqualTo(0L);
    assertThat(value(job, reader + "\\.pendingBytes$")).isEqualTo(0L);
    assertThat(value(job, reader + "\\.numRecordsInErrors$")).isEqualTo(0L);
    assertThat((Long) value(job, reader + "\\.currentEmitEventTimeLag$")).isPositive();
    assertThat((Long) value(job, reader + "\\.watermarkLag$")).isPositive();
    assertThat(value(job, ".*\\.unassignedSplits$")).isEqualTo(0L);
  }

  @Test
  void aRowThatCannotBeReadIsCounted() throws Exception {
    TickStore.create(directory).append(LongStream.range(0, ROWS).toArray());
    try (RandomAccessFile data = new RandomAccessFile(directory.resolve("n/data").toFile(), "rw")) {
      data.seek(100);
      data.write(7);
    }
    JobClient client = read();
    assertThatThrownBy(() -> client.getJobExecutionResult().get())
        .hasStackTraceContaining("n/data");
    assertThat(value(client.getJobID(), "Source: ticks\\.0\\.numRecordsInErrors$")).isEqualTo(1L);
  }
}
