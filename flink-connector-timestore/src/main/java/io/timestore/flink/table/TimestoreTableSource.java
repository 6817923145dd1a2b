package io.timestore.flink.table;

import io.timestore.flink.source.KeyAggregate;
import io.timestore.flink.source.KeyAggregation;
import io.timestore.flink.source.KeySummary;
import io.timestore.flink.source.RowMetadata;
import io.timestore.flink.source.ScanSettings;
import io.timestore.flink.source.StoreLookup;
import io.timestore.flink.source.TimestoreSource;
import io.timestore.flink.types.FormatDecoder;
import io.timestore.flink.types.TableLayout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.LookupTableSource;
import org.apache.flink.table.connector.source.ScanTableSource;
import org.apache.flink.table.connector.source.SourceProvider;
import org.apache.flink.table.connector.source.abilities.SupportsAggregatePushDown;
import org.apache.flink.table.connector.source.abilities.SupportsFilterPushDown;
import org.apache.flink.table.connector.source.abilities.SupportsLimitPushDown;
import org.apache.flink.table.connector.source.abilities.SupportsProjectionPushDown;
import org.apache.flink.table.connector.source.abilities.SupportsReadingMetadata;
import org.apache.flink.table.connector.source.abilities.SupportsSourceWatermark;
import org.apache.flink.table.connector.source.abilities.SupportsStatisticReport;
import org.apache.flink.table.connector.source.abilities.SupportsWatermarkPushDown;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.expressions.AggregateExpression;
import org.apache.flink.table.expressions.ResolvedExpression;
import org.apache.flink.table.plan.stats.TableStats;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;
import org.jspecify.annotations.Nullable;

/** A store as a table of insertions that queries scan, or look keys up in. */
final class TimestoreTableSource
    implements ScanTableSource,
        LookupTableSource,
        SupportsProjectionPushDown,
        SupportsReadingMetadata,
        SupportsFilterPushDown,
        SupportsLimitPushDown,
        SupportsAggregatePushDown,
        SupportsStatisticReport,
        SupportsWatermarkPushDown,
        SupportsSourceWatermark {
  private final TableLayout layout;
  private final Map<DataTypes.Field, DecodingFormat<DeserializationSchema<RowData>>> formats;
  private final @Nullable Integer parallelism;
  private final SessionMode session;
  private final LookupSettings lookup;
  private final DataType keyType;

  private ScanSettings settings;
  private KeySet keys = KeySet.all();
  private int[] projection;
  private List<RowMetadata> metadata = List.of();
  private DataType producedType;
  private @Nullable WatermarkStrategy<RowData> watermarks;
  private @Nullable List<KeyAggregate> aggregates;

  TimestoreTableSource(
      TableLayout layout,
      Map<DataTypes.Field, DecodingFormat<DeserializationSchema<RowData>>> formats,
      ScanSettings settings,
      @Nullable Integer parallelism,
      SessionMode session,
      LookupSettings lookup,
      DataType physicalType) {
    this.layout = layout;
    this.formats = formats;
    this.settings = settings;
    this.parallelism = parallelism;
    this.session = session;
    this.lookup = lookup;
    keyType = DataType.getFieldDataTypes(physicalType).get(layout.keyIndex());
    projection = IntStream.range(0, layout.fieldCount()).toArray();
    producedType = physicalType;
  }

  private TimestoreTableSource(TimestoreTableSource other) {
    layout = other.layout;
    formats = other.formats;
    parallelism = other.parallelism;
    session = other.session;
    lookup = other.lookup;
    keyType = other.keyType;
    settings = other.settings;
    keys = other.keys;
    projection = other.projection;
    metadata = other.metadata;
    producedType = other.producedType;
    watermarks = other.watermarks;
    aggregates = other.aggregates;
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
  public Map<String, DataType> listReadableMetadata() {
    Map<String, DataType> types = new LinkedHashMap<>();
    for (RowMetadata each : RowMetadata.values()) {
      types.put(
          each.key(),
          switch (each) {
            case ROW -> DataTypes.BIGINT().notNull();
            case LANE -> DataTypes.INT().notNull();
            case PREVIOUS_KEY -> keyType.nullable();
            case PATH -> DataTypes.STRING().notNull();
          });
    }
    return types;
  }

  @Override
  public void applyReadableMetadata(List<String> metadataKeys, DataType producedDataType) {
    metadata = metadataKeys.stream().map(key -> RowMetadata.ofKey(key).orElseThrow()).toList();
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
  public boolean applyAggregates(
      List<int[]> groupingSets,
      List<AggregateExpression> aggregateExpressions,
      DataType producedDataType) {
    boolean isOfAllRows = groupingSets.stream().allMatch(grouping -> grouping.length == 0);
    Optional<List<KeyAggregate>> answers =
        KeyAggregates.of(aggregateExpressions, layout.key().name());
    if (!isOfAllRows || answers.isEmpty() || settings.limitRows() != ScanSettings.NO_LIMIT) {
      return false;
    }
    aggregates = answers.get();
    producedType = producedDataType;
    return true;
  }

  @Override
  public TableStats reportStatistics() {
    try {
      return new KeyStatistics(layout.key()).of(KeySummary.of(layout, settings));
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  @Override
  public void applyWatermark(WatermarkStrategy<RowData> watermarkStrategy) {
    watermarks = watermarkStrategy;
  }

  @Override
  public void applySourceWatermark() {
    settings = settings.emittingWatermarks();
  }

  @Override
  public ScanRuntimeProvider getScanRuntimeProvider(ScanContext context) {
    if (aggregates != null) {
      TypeInformation<RowData> type = context.createTypeInformation(producedType);
      return new AggregationProvider(
          new KeyAggregation(layout, settings, aggregates), asSummaryString(), type);
    }
    boolean hasWatermarks = watermarks != null || settings.emitsWatermarks();
    TimestoreSource<RowData> source =
        TimestoreSource.ofTable(
            decodingLayout(context),
            projection,
            metadata,
            session.isBatch() || !hasWatermarks ? settings.askingAhead() : settings,
            session.rowsAreCopied(),
            (RowType) producedType.getLogicalType());
    return watermarks == null
        ? SourceProvider.of(source, parallelism)
        : new WatermarkedProvider(source, watermarks, asSummaryString(), parallelism);
  }

  @Override
  public LookupRuntimeProvider getLookupRuntimeProvider(LookupContext context) {
    StoreLookup function =
        new StoreLookup(
            decodingLayout(context),
            projection,
            metadata,
            (RowType) producedType.getLogicalType(),
            LookupSettings.fields(context.getKeys(), producedType, layout.key().name()),
            keys.ranges(),
            lookup.retriesMax());
    return lookup.provider(function);
  }

  private TableLayout decodingLayout(DynamicTableSource.Context context) {
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
    return new TimestoreTableSource(this);
  }

  @Override
  public String asSummaryString() {
    return "timestore " + layout.path();
  }
}
