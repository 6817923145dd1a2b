package io.timestore.flink.table;

import io.timestore.flink.source.TimestoreSource;
import java.util.Optional;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamSource;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.connector.ProviderContext;
import org.apache.flink.table.connector.source.DataStreamScanProvider;
import org.apache.flink.table.data.RowData;
import org.jspecify.annotations.Nullable;

/** A source whose splits have watermarks of their own, which a SourceProvider can't be told. */
record WatermarkedProvider(
    TimestoreSource<RowData> source,
    WatermarkStrategy<RowData> watermarks,
    String name,
    @Nullable Integer parallelism)
    implements DataStreamScanProvider {

  @Override
  public DataStream<RowData> produceDataStream(
      ProviderContext context, StreamExecutionEnvironment environment) {
    DataStreamSource<RowData> rows =
        environment.fromSource(source.withWatermarkStrategy(watermarks), watermarks, name);
    context.generateUid("source").ifPresent(rows::uid);
    return rows;
  }

  @Override
  public boolean isBounded() {
    return source.getBoundedness() == Boundedness.BOUNDED;
  }

  @Override
  public Optional<Integer> getParallelism() {
    return Optional.ofNullable(parallelism);
  }
}
