package io.timestore.flink.source;

import static java.util.Objects.requireNonNull;

import io.timestore.flink.types.EventTime;
import io.timestore.flink.types.PojoColumns;
import io.timestore.flink.types.SchemaFacet;
import io.timestore.flink.types.TableLayout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.annotation.Internal;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.DynamicParallelismInference;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.connector.source.SupportsSplitReassignmentOnRecovery;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiter;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.streaming.api.lineage.DefaultLineageDataset;
import org.apache.flink.streaming.api.lineage.LineageDataset;
import org.apache.flink.streaming.api.lineage.LineageVertexProvider;
import org.apache.flink.streaming.api.lineage.SourceLineageVertex;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.jspecify.annotations.Nullable;

/**
 * Reads the rows of a store in key order: those that it has when the job starts, and, if it is told
 * to look for them, those that come later. Each exactly once, over failures, savepoints and changes
 * of the parallelism. The order holds within each reader, and between readers as far as their
 * watermarks tell.
 */
public final class TimestoreSource<T>
    implements Source<T, TimestoreSplit, ScanState>,
        ResultTypeQueryable<T>,
        DynamicParallelismInference,
        SupportsSplitReassignmentOnRecovery,
        LineageVertexProvider {
  private static final long serialVersionUID = 1L;

  private final StoreAccess access;
  private final ElementFormat<T> format;
  private final ScanSettings settings;
  private final TypeInformation<T> producedType;
  private final @Nullable WatermarkStrategy<T> watermarkStrategy;
  private final @Nullable RateLimiterStrategy<?> rateLimiter;

  private TimestoreSource(
      StoreAccess access,
      ElementFormat<T> format,
      ScanSettings settings,
      TypeInformation<T> producedType,
      @Nullable WatermarkStrategy<T> watermarkStrategy,
      @Nullable RateLimiterStrategy<?> rateLimiter) {
    this.access = access;
    this.format = format;
    this.settings = settings;
    this.producedType = producedType;
    this.watermarkStrategy = watermarkStrategy;
    this.rateLimiter = rateLimiter;
  }

  /** Builds a source of elements that are made of a key and of columns. */
  public static <T> TimestoreSourceBuilder<T> builder() {
    return new TimestoreSourceBuilder<>();
  }

  /**
   * Builds a source of Flink's internal rows. The row that it emits is a view that moves on: keep
   * copies.
   *
   * @param rowType a ROW
   * @param keyField the name of the field that is the key
   */
  public static TimestoreSourceBuilder<RowData> forRowData(DataType rowType, String keyField) {
    requireNonNull(rowType, "the row type is null, expected a ROW");
    if (!(rowType.getLogicalType() instanceof RowType type)) {
      throw new IllegalArgumentException("found the type " + rowType + ", expected a ROW");
    }
    Map<String, DataType> fields = new LinkedHashMap<>();
    for (DataTypes.Field field : DataType.getFields(rowType)) {
      fields.put(field.getName(), field.getDataType());
    }
    return new TimestoreSourceBuilder<>(
        RowReader::new, InternalTypeInfo.of(type), fields, keyField);
  }

  /**
   * Builds a source of objects whose fields are the columns, as {@code TimestoreSink.forPojo}
   * writes them.
   *
   * @param type a record, or a POJO in Flink's sense
   * @param keyField the name of the field that is the key
   */
  public static <T> TimestoreSourceBuilder<T> forPojo(Class<T> type, String keyField) {
    return forPojo(type, keyField, Map.of());
  }

  /**
   * As {@link #forPojo(Class, String)}.
   *
   * @param types of fields that are not to have their own; a BigDecimal needs one, a long may be
   *     the milliseconds of a TIMESTAMP_LTZ
   */
  public static <T> TimestoreSourceBuilder<T> forPojo(
      Class<T> type, String keyField, Map<String, DataType> types) {
    requireNonNull(type, "the class is null, expected a POJO's");
    requireNonNull(types, "the types are null, expected a map from fields to types");
    PojoColumns<T> columns = new PojoColumns<>(type);
    Map<String, DataType> fields = columns.columns(types);
    List<LogicalType> logical = fields.values().stream().map(DataType::getLogicalType).toList();
    return new TimestoreSourceBuilder<>(
        (layout, projection) ->
            new PojoReader<>(
                new RowReader(layout, projection), columns, logical.toArray(LogicalType[]::new)),
        columns.pojo(),
        fields,
        keyField);
  }

  static <T> TimestoreSource<T> of(
      TableLayout layout,
      int[] projection,
      ElementFormat<T> format,
      ScanSettings settings,
      TypeInformation<T> producedType,
      @Nullable RateLimiterStrategy<?> rateLimiter) {
    StoreAccess access = new StoreAccess(layout, projection, settings.verifyChecksums());
    if (settings.emitsWatermarks() && !EventTime.isOf(layout.key())) {
      throw new ValidationException(
          "a source emits watermarks of its own where its keys are times, but "
              + layout.key().name()
              + " is "
              + layout.key().type());
    }
    if (access.isPattern() && settings.countsRows()) {
      throw new ValidationException(
          "path '"
              + layout.path()
              + "' stands for several stores, and a scan that starts or stops at a row reads one:"
              + " start and stop at a key or a timestamp");
    }
    return new TimestoreSource<>(access, format, settings, producedType, null, rateLimiter);
  }

  /**
   * A scan of some columns of a table.
   *
   * @param projection indexes of the DDL's physical columns, one for each field of the rows
   * @param metadata what else is told of each row, in fields behind these
   * @param rowsAreCopied whether Flink copies each row on its way to the next operator
   * @param rowType the type of the rows
   */
  @Internal
  public static TimestoreSource<RowData> ofTable(
      TableLayout layout,
      int[] projection,
      List<RowMetadata> metadata,
      ScanSettings settings,
      boolean rowsAreCopied,
      RowType rowType) {
    List<RowMetadata> told = List.copyOf(metadata);
    ElementFormat<RowData> rows =
        told.isEmpty()
            ? RowReader::new
            : (table, columns) -> new OriginReader(table, columns, told);
    ElementFormat<RowData> format =
        rowsAreCopied
            ? (table, columns) -> new BinaryRowReader(rows.reader(table, columns), rowType)
            : rows;
    return of(layout, projection, format, settings, InternalTypeInfo.of(rowType), null);
  }

  /**
   * This source, whose rows get these watermarks. It is still for {@code fromSource} to make them;
   * the source needs them for rows that it reads behind the keys that it is asked for, and does not
   * emit: they advance the watermark all the same.
   */
  @Internal
  public TimestoreSource<T> withWatermarkStrategy(WatermarkStrategy<T> strategy) {
    return new TimestoreSource<>(access, format, settings, producedType, strategy, rateLimiter);
  }

  @Override
  public Boundedness getBoundedness() {
    return settings.isEndless() ? Boundedness.CONTINUOUS_UNBOUNDED : Boundedness.BOUNDED;
  }

  @Override
  public int inferParallelism(Context context) {
    try {
      return new SplitCutter(access, settings)
          .parallelism(context.getParallelismInferenceUpperBound(), context.getDataVolumePerTask());
    } catch (IOException e) {
      throw new UncheckedIOException(
          "can't tell how many readers " + access.path() + " needs: " + e.getMessage(), e);
    }
  }

  @Override
  public SplitEnumerator<TimestoreSplit, ScanState> createEnumerator(
      SplitEnumeratorContext<TimestoreSplit> context) {
    return restoreEnumerator(context, ScanState.FRESH);
  }

  @Override
  public SplitEnumerator<TimestoreSplit, ScanState> restoreEnumerator(
      SplitEnumeratorContext<TimestoreSplit> context, ScanState state) {
    return new TimestoreEnumerator(context, access, settings, state);
  }

  @Override
  public SourceReader<T, TimestoreSplit> createReader(SourceReaderContext context)
      throws IOException {
    access.openFormats(context);
    TimestoreReader<T> reader =
        new TimestoreReader<>(
            context, new ReaderSetup<>(access, settings, format, watermarkStrategy));
    return rateLimiter == null ? reader : limited(reader, rateLimiter, context);
  }

  /** Flink's own strategies take any splits, and say so by raw types. */
  @SuppressWarnings("unchecked")
  private static <T> SourceReader<T, TimestoreSplit> limited(
      TimestoreReader<T> reader, RateLimiterStrategy<?> strategy, SourceReaderContext context) {
    return new LimitedReader<>(
        reader,
        (RateLimiter<TimestoreSplit>) strategy.createRateLimiter(context.currentParallelism()));
  }

  /** The path in the name space of local files, and a facet with the columns. */
  @Override
  public SourceLineageVertex getLineageVertex() {
    TableLayout layout = access.layout();
    LineageDataset store =
        new DefaultLineageDataset(
            layout.path(), "file", Map.of(SchemaFacet.NAME, SchemaFacet.of(layout)));
    return new Lineage(getBoundedness(), List.of(store));
  }

  private record Lineage(Boundedness boundedness, List<LineageDataset> datasets)
      implements SourceLineageVertex {}

  @Override
  public SimpleVersionedSerializer<TimestoreSplit> getSplitSerializer() {
    return new TimestoreSplitSerializer();
  }

  @Override
  public SimpleVersionedSerializer<ScanState> getEnumeratorCheckpointSerializer() {
    return new ScanStateSerializer();
  }

  @Override
  public TypeInformation<T> getProducedType() {
    return producedType;
  }
}
