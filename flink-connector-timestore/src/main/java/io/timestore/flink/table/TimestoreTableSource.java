package io.timestore.flink.table;

import io.timestore.flink.source.TimestoreSource;
import io.timestore.flink.types.TableLayout;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.ScanTableSource;
import org.apache.flink.table.connector.source.SourceProvider;
import org.apache.flink.table.connector.source.abilities.SupportsProjectionPushDown;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.DataType;
import org.jspecify.annotations.Nullable;

/** A store as a bounded table of insertions. */
final class TimestoreTableSource implements ScanTableSource, SupportsProjectionPushDown {
  private final TableLayout layout;
  private final long splitSizeBytes;
  private final boolean verifyChecksums;
  private final @Nullable Integer parallelism;
  private int[] projection;
  private DataType producedType;

  TimestoreTableSource(
      TableLayout layout,
      long splitSizeBytes,
      boolean verifyChecksums,
      @Nullable Integer parallelism,
      DataType physicalType) {
    this.layout = layout;
    this.splitSizeBytes = splitSizeBytes;
    this.verifyChecksums = verifyChecksums;
    this.parallelism = parallelism;
    projection = IntStream.range(0, layout.fieldCount()).toArray();
    producedType = physicalType;
  }

  @Override
  public ChangelogMode getChangelogMode() {
    return ChangelogMode.insertOnly();
  }

  @Override
  public boolean supportsNestedProjection() {
    return false;
  }

  @Override
  public void applyProjection(int[][] projectedFields, DataType producedDataType) {
    projection = Arrays.stream(projectedFields).mapToInt(path -> path[0]).toArray();
    producedType = producedDataType;
  }

  @Override
  public ScanRuntimeProvider getScanRuntimeProvider(ScanContext context) {
    TypeInformation<RowData> type = context.createTypeInformation(producedType);
    return SourceProvider.of(
        new TimestoreSource(layout, projection, splitSizeBytes, verifyChecksums, type),
        parallelism);
  }

  @Override
  public DynamicTableSource copy() {
    TimestoreTableSource copy =
        new TimestoreTableSource(
            layout, splitSizeBytes, verifyChecksums, parallelism, producedType);
    copy.projection = projection;
    return copy;
  }

  @Override
  public String asSummaryString() {
    return "timestore " + layout.path();
  }
}
