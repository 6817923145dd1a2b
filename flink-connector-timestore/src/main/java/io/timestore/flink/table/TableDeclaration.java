package io.timestore.flink.table;

import io.timestore.flink.types.CellTypes;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Endianness;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.format.TimeUnit;
import io.timestore.store.Holder;
import io.timestore.store.Store;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.catalog.ResolvedCatalogTable;
import org.apache.flink.table.catalog.ResolvedSchema;
import org.apache.flink.table.catalog.WatermarkSpec;
import org.apache.flink.table.factories.DynamicTableFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.types.logical.RowType;
import org.jspecify.annotations.Nullable;

/** A {@code CREATE TABLE} as its author wrote it, checked as far as that goes without the store. */
final class TableDeclaration {
  private final ReadableConfig options;
  private final Map<String, String> rawOptions;
  private final Path directory;
  private final List<RowType.RowField> fields;
  private final int keyIndex;
  private final Key key;
  private final List<Cells> cells;

  /** What the cells of a field are, as a {@link Column} says it. */
  private record Cells(CellType type, Endianness endianness, Column.@Nullable Format format) {}

  /**
   * The declaration of a table.
   *
   * @param formats those of its columns
   */
  TableDeclaration(
      DynamicTableFactory factory, DynamicTableFactory.Context context, ColumnFormats<?> formats) {
    ResolvedCatalogTable table = context.getCatalogTable();
    options = FactoryUtil.createTableFactoryHelper(factory, context).getOptions();
    rawOptions = table.getOptions();
    fields = ((RowType) context.getPhysicalRowDataType().getLogicalType()).getFields();
    checkClauses(table);
    keyIndex = keyIndex(table.getResolvedSchema());
    checkOptions(factory, formats);
    cells = fields.stream().map(this::cells).toList();
    key = key(names().get(keyIndex), cells.get(keyIndex).type());
    checkSourceWatermark(table.getResolvedSchema());
    directory = StorePath.of(options.get(TimestoreOptions.PATH));
  }

  ReadableConfig options() {
    return options;
  }

  Key key() {
    return key;
  }

  Path directory() {
    return directory;
  }

  private static void checkClauses(ResolvedCatalogTable table) {
    ResolvedSchema schema = table.getResolvedSchema();
    schema
        .getPrimaryKey()
        .ifPresent(
            key -> {
              throw new ValidationException(
                  "PRIMARY KEY ("
                      + String.join(", ", key.getColumns())
                      + ") is not supported: equal keys are legal in a store, which only ever"
                      + " grows; leave it out, the option 'key.field' names the key column");
            });
    if (table.isPartitioned()) {
      throw new ValidationException(
          "PARTITIONED BY ("
              + String.join(", ", table.getPartitionKeys())
              + ") is not supported: a store is one run of rows in the order of their keys;"
              + " leave it out");
    }
  }

  private void checkOptions(DynamicTableFactory factory, ColumnFormats<?> formats) {
    List<String> columns = new ArrayList<>(names());
    String key = columns.remove(keyIndex);
    refuseOfKey(key, TimestoreOptions.tableOption(key));
    refuseOfKey(key, TimestoreOptions.endiannessOption(key));
    refuseOfKey(key, TimestoreOptions.formatOption(key));
    new OptionNames(columns, formats.optionNames()).check(rawOptions.keySet());
    new OptionValues(options).check();
    FactoryUtil.validateFactoryOptions(factory, options);
    FactoryUtil.checkWatermarkOptions(options)
        .ifPresent(
            fault -> {
              throw new ValidationException("options 'scan.watermark.*': " + fault);
            });
    requireLanes();
    requirePositive(TimestoreOptions.SCAN_SPLIT_SIZE);
    requirePositive(TimestoreOptions.SINK_REORDER_BUFFER);
    requirePositive(TimestoreOptions.SINK_BUFFER_MEMORY);
  }

  private void refuseOfKey(String key, String option) {
    if (rawOptions.containsKey(option)) {
      throw new ValidationException(
          "option '"
              + option
              + "': "
              + key
              + " is the key column, whose values are in the store's file 'keys', u64 in big-endian"
              + " bytes; leave it out");
    }
  }

  private void requirePositive(ConfigOption<MemorySize> option) {
    if (options.get(option).getBytes() <= 0) {
      throw new ValidationException(
          "option '"
              + option.key()
              + "' = '"
              + rawOptions.get(option.key())
              + "', expected a size above 0, such as '"
              + option.defaultValue()
              + "'");
    }
  }

  private void requireLanes() {
    if (options.get(TimestoreOptions.SINK_LANES_MAX) < 1) {
      throw new ValidationException(
          "option '"
              + TimestoreOptions.SINK_LANES_MAX.key()
              + "' = '"
              + rawOptions.get(TimestoreOptions.SINK_LANES_MAX.key())
              + "', expected 1 or more");
    }
  }

  private void checkSourceWatermark(ResolvedSchema schema) {
    for (WatermarkSpec watermark : schema.getWatermarkSpecs()) {
      // Of SQL it is a class of the planner, so its text is all there is.
      boolean isOfSource =
          watermark
              .getWatermarkExpression()
              .asSummaryString()
              .toUpperCase(Locale.ROOT)
              .contains("SOURCE_WATERMARK");
      if (isOfSource && !watermark.getRowtimeAttribute().equals(key.name())) {
        throw new ValidationException(
            "WATERMARK FOR "
                + watermark.getRowtimeAttribute()
                + " AS SOURCE_WATERMARK(): the source knows the event time of the key column, "
                + key.name()
                + ", only; give "
                + watermark.getRowtimeAttribute()
                + " an expression, such as "
                + watermark.getRowtimeAttribute()
                + " - INTERVAL '5' SECOND");
      }
    }
  }

  private List<String> names() {
    return fields.stream().map(RowType.RowField::getName).toList();
  }

  private int keyIndex(ResolvedSchema schema) {
    Optional<String> declared = options.getOptional(TimestoreOptions.KEY_FIELD);
    if (declared.isPresent()) {
      int index = names().indexOf(declared.get());
      if (index < 0) {
        throw new ValidationException(
            "option 'key.field' = '"
                + declared.get()
                + "' names no physical column, expected one of "
                + String.join(", ", names()));
      }
      return index;
    }
    if (fields.isEmpty()) {
      throw new ValidationException("a timestore table needs a physical column, its key");
    }
    return schema.getWatermarkSpecs().stream()
        .map(WatermarkSpec::getRowtimeAttribute)
        .mapToInt(names()::indexOf)
        .filter(index -> index >= 0)
        .findFirst()
        .orElse(0);
  }

  /**
   * The table's layout.
   *
   * @param store the store at the table's path, or null where there is none yet
   * @throws ValidationException if a column can't be one of a store
   */
  TableLayout layout(@Nullable Store store) {
    Optional<Schema> schema = store == null ? Optional.empty() : store.schema();
    List<Column> columns = new ArrayList<>();
    for (int i = 0; i < fields.size(); i++) {
      if (i != keyIndex) {
        columns.add(column(fields.get(i), cells.get(i), schema));
      }
    }
    TableLayout layout =
        new TableLayout(
            directory.toString(),
            schema.map(Schema::storeId).orElse(null),
            Holder.host(),
            key,
            keyIndex,
            columns);
    checkTogether(layout);
    return layout;
  }

  private static void checkTogether(TableLayout layout) {
    try {
      layout.newSchema();
    } catch (IllegalArgumentException e) {
      throw Refusal.of(
          e.getMessage() + "; every column needs a table of its own, see 'fields.COL.table'", e);
    }
  }

  private Key key(String name, CellType type) {
    Optional<String> unit = options.getOptional(TimestoreOptions.KEY_UNIT);
    try {
      return unit.isPresent()
          ? new Key(name, type, TimeUnit.ofSymbol(unit.get()))
          : Key.of(name, type);
    } catch (IllegalArgumentException e) {
      throw Refusal.of(
          unit.map(symbol -> "option 'key.unit' = '" + symbol + "': " + e.getMessage())
              .orElse(e.getMessage() + "; the option 'key.field' names the key column"),
          e);
    }
  }

  private Column column(RowType.RowField field, Cells of, Optional<Schema> schema) {
    String name = field.getName();
    String option = TimestoreOptions.tableOption(name);
    String table =
        Optional.ofNullable(rawOptions.get(option))
            .or(() -> schema.flatMap(known -> tableOf(name, known)))
            .orElse(name);
    try {
      return new Column(
          name, table, of.type(), field.getType().isNullable(), of.endianness(), of.format());
    } catch (IllegalArgumentException e) {
      throw Refusal.of(
          "column "
              + name
              + ": "
              + e.getMessage()
              + "; give its table another name with '"
              + option
              + "'",
          e);
    }
  }

  private Cells cells(RowType.RowField field) {
    String option = TimestoreOptions.formatOption(field.getName());
    String format = rawOptions.get(option);
    CellType type =
        format == null ? CellTypes.of(field.getName(), field.getType()) : CellType.bytes();
    return new Cells(
        type,
        endianness(field, type),
        format == null ? null : CellTypes.format(option, format, field.getType()));
  }

  private Endianness endianness(RowType.RowField field, CellType type) {
    String option = TimestoreOptions.endiannessOption(field.getName());
    String value = rawOptions.get(option);
    if (value == null) {
      return Endianness.LITTLE;
    }
    if (type.widthBytes().isEmpty()) {
      throw new ValidationException(
          "option '"
              + option
              + "' = '"
              + value
              + "': values of "
              + field.getType().asSummaryString()
              + " have no order of bytes, expected a column of fixed width; leave it out");
    }
    return switch (value) {
      case "little-endian" -> Endianness.LITTLE;
      case "big-endian" -> Endianness.BIG;
      default ->
          throw new ValidationException(
              "option '"
                  + option
                  + "' = '"
                  + value
                  + "', expected 'little-endian' or 'big-endian'");
    };
  }

  private static Optional<String> tableOf(String column, Schema schema) {
    return schema.columns().stream()
        .filter(known -> known.name().equals(column))
        .map(Column::table)
        .findAny();
  }
}
