package io.timestore.flink.table;

import io.timestore.flink.source.KeyAggregation;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.connector.ProviderContext;
import org.apache.flink.table.connector.source.DataStreamScanProvider;
import org.apache.flink.table.data.RowData;

/** The one row of an aggregation, made when the job runs. */
record AggregationProvider(KeyAggregation aggregation, String name, TypeInformation<RowData> type)
    implements DataStreamScanProvider {

  @Override
  public DataStream<RowData> produceDataStream(
      ProviderContext context, StreamExecutionEnvironment environment) {
    SingleOutputStreamOperator<Long> once =
        environment
            .fromSource(new NumberSequenceSource(0, 0), WatermarkStrategy.noWatermarks(), name)
            .setParallelism(1);
    SingleOutputStreamOperator<RowData> row =
        once.map(aggregation).returns(type).name(name).setParallelism(1);
    context.generateUid("once").ifPresent(once::uid);
    context.generateUid("aggregation").ifPresent(row::uid);
    return row;
  }

  @Override
  public boolean isBounded() {
    return true;
  }
}
