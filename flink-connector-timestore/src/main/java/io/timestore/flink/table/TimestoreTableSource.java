package io.timestore.flink.table;

import io.timestore.flink.source.ScanSettings;
import io.timestore.flink.source.TimestoreSource;
import io.timestore.flink.types.FormatDecoder;
import io.timestore.flink.types.TableLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.ScanTableSource;
import org.apache.flink.table.connector.source.SourceProvider;
import org.apache.flink.table.connector.source.abilities.SupportsFilterPushDown;
import org.apache.flink.table.connector.source.abilities.SupportsLimitPushDown;
import org.apache.flink.table.connector.source.abilities.SupportsProjectionPushDown;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.expressions.ResolvedExpression;
import org.apache.flink.table.types.DataType;
import org.jspecify.annotations.Nullable;

/** A store as a bounded table of insertions. */
final class TimestoreTableSource
    implements ScanTableSource,
        SupportsProjectionPushDown,
        SupportsFilterPushDown,
        SupportsLimitPushDown {
  private final TableLayout layout;
  private final Map<DataTypes.Field, DecodingFormat<DeserializationSchema<RowData>>> formats;
  private final @Nullable Integer parallelism;
  private ScanSettings settings;
  private KeySet keys = KeySet.all();
  private int[] projection;
  private DataType producedType;

  TimestoreTableSource(
      TableLayout layout,
      Map<DataTypes.Field, DecodingFormat<DeserializationSchema<RowData>>> formats,
      ScanSettings settings,
      @Nullable Integer parallelism,
      DataType physicalType) {
    this.layout = layout;
    this.formats = formats;
    this.settings = settings;
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

  /**
   * What narrows the keys and is not exact is accepted too, and remains: what a plan says of two
   * scans differs where their rows do, else Flink would take one for the other.
   */
  @Override
  public Result applyFilters(List<ResolvedExpression> filters) {
    List<ResolvedExpression> accepted = new ArrayList<>();
    List<ResolvedExpression> remaining = new ArrayList<>();
    for (ResolvedExpression filter : filters) {
      KeyPredicate predicate = KeyPredicate.of(filter, layout.key());
      if (predicate.isExact() || predicate.isNarrow()) {
        accepted.add(filter);
        keys = keys.and(predicate.keys());
      }
      if (!predicate.isExact()) {
        remaining.add(filter);
      }
    }
    settings = settings.withKeyRanges(keys.ranges());
    return Result.of(accepted, remaining);
  }

  @Override
  public void applyLimit(long limit) {
    settings = settings.withLimitRows(limit);
  }

  @Override
  public ScanRuntimeProvider getScanRuntimeProvider(ScanContext context) {
    TypeInformation<RowData> type = context.createTypeInformation(producedType);
    return SourceProvider.of(
        TimestoreSource.ofTable(decodingLayout(context), projection, settings, type), parallelism);
  }

  private TableLayout decodingLayout(ScanContext context) {
    List<String> projected = DataType.getFieldNames(producedType);
    Map<String, FormatDecoder> decoders = new HashMap<>();
    formats.forEach(
        (column, format) -> {
          if (projected.contains(column.getName())) {
            decoders.put(
                column.getName(),
                new FormatDecoder(
                    column.getDataType().getLogicalType(),
                    format.createRuntimeDecoder(context, FormatDecoder.rootType(column))));
          }
        });
    return layout.withDecoders(decoders);
  }

  @Override
  public DynamicTableSource copy() {
    TimestoreTableSource copy =
        new TimestoreTableSource(layout, formats, settings, parallelism, producedType);
    copy.projection = projection;
    copy.keys = keys;
    return copy;
  }

  @Override
  public String asSummaryString() {
    return "timestore " + layout.path();
  }
}
