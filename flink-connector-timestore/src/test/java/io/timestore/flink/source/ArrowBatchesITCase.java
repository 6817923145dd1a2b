package io.timestore.flink.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.arrow.ArrowMemory;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.TimeStampMilliTZVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.util.Collector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class ArrowBatchesITCase {
  @RegisterExtension
  private static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder()
              .setNumberTaskManagers(1)
              .setNumberSlotsPerTaskManager(2)
              .build());

  @TempDir private Path temporary;

  @Test
  void eachRowOfTheBatchesArrivesOnceOverFailures() throws Exception {
    FailingAfterCheckpoints.EARLY_FAILURES.set(0);
    FailingAfterCheckpoints.LATE_FAILURES.set(0);
    RowsSeen.atEnd = List.of("the job did not end");
    TimestoreSource<byte[]> source =
        ArrowBatches.ipcBuilder()
            .path(GoldenTicks.copyTo(temporary.resolve("ticks")))
            .key("ts", DataTypes.TIMESTAMP_LTZ(3))
            .column("sym", DataTypes.STRING().notNull())
            .column("price", DataTypes.DOUBLE().notNull())
            .column("size", DataTypes.BIGINT().notNull())
            .splitSize(new MemorySize(1000))
            .build();

    StreamExecutionEnvironment env = environment();
    env.fromSource(source, WatermarkStrategy.forMonotonousTimestamps(), "ticks")
        .process(new RowsOfStreams())
        .map(new FailingAfterCheckpoints())
        .transform("seen", Types.STRING, new RowsSeen())
        .setParallelism(1)
        .sinkTo(new DiscardingSink<>());
    env.execute();

    assertThat(FailingAfterCheckpoints.EARLY_FAILURES).hasValue(1);
    assertThat(FailingAfterCheckpoints.LATE_FAILURES).hasValueGreaterThanOrEqualTo(3);
    assertThat(RowsSeen.atEnd).containsExactlyInAnyOrderElementsOf(GoldenTicks.rows());
  }

  private static StreamExecutionEnvironment environment() {
    Configuration configuration = new Configuration();
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 20);
    configuration.set(
        RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY,
        FailingAfterCheckpoints.RESTART_DELAY);
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    env.setParallelism(2);
    env.enableCheckpointing(10);
    return env;
  }

  /** Spells rows as the {@code .rows} file does; refuses those that the watermark has passed. */
  private static final class RowsOfStreams extends ProcessFunction<byte[], String> {
    private static final long serialVersionUID = 1L;

    @Override
    public void processElement(byte[] stream, Context context, Collector<String> rows)
        throws IOException {
      try (BufferAllocator allocator = ArrowMemory.newAllocator();
          ArrowStreamReader reader =
              new ArrowStreamReader(new ByteArrayInputStream(stream), allocator)) {
        assertThat(reader.loadNextBatch()).isTrue();
        VectorSchemaRoot root = reader.getVectorSchemaRoot();
        TimeStampMilliTZVector times = (TimeStampMilliTZVector) root.getVector("ts");
        assertThat(context.timestamp()).isEqualTo(times.get(0));
        assertThat(context.timerService().currentWatermark()).isLessThan(times.get(0));
        for (int row = 0; row < root.getRowCount(); row++) {
          rows.collect(text(root, row));
        }
        assertThat(reader.loadNextBatch()).isFalse();
      }
    }

    private static String text(VectorSchemaRoot root, int row) {
      HexFormat hex = HexFormat.of();
      ByteBuffer number = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      double price = ((Float8Vector) root.getVector("price")).get(row);
      long size = ((BigIntVector) root.getVector("size")).get(row);
      return ((TimeStampMilliTZVector) root.getVector("ts")).get(row)
          + " "
          + hex.formatHex(((VarCharVector) root.getVector("sym")).get(row))
          + " "
          + hex.formatHex(number.putDouble(0, price).array())
          + " "
          + hex.formatHex(number.putLong(0, size).array());
    }
  }
}
