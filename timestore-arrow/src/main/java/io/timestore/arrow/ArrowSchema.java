package io.timestore.arrow;

import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.TimeUnit;
import io.timestore.store.Store;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.IntervalUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * A store's schema beside Arrow's. The key comes first, then the columns in their order. The
 * metadata keeps what Arrow's types don't tell, so that a file of Arrow's makes the same store
 * again: {@code timestore.key} of the schema names the key, {@code timestore.type} of a field is
 * its SQL type, and {@code timestore.format} the format that its values are in.
 *
 * @param store the store's, with the columns that {@code arrow} has
 * @param arrow the key and the columns as fields
 */
public record ArrowSchema(io.timestore.format.Schema store, Schema arrow) {
  /** What {@link #fieldColumns} says of the key. */
  static final int KEY_FIELD = -1;

  private static final String KEY = "timestore.key";
  private static final String TYPE = "timestore.type";
  private static final String FORMAT = "timestore.format";
  private static final String UTC = "UTC";

  /** That of a store; without a schema its keys are u64, and its tables bytes. */
  public static ArrowSchema of(Store store) throws IOException {
    Optional<io.timestore.format.Schema> schema = store.schema();
    return of(
        schema.isPresent() ? schema.get() : io.timestore.format.Schema.ofTables(store.tables()));
  }

  /** That of a store with this schema. */
  public static ArrowSchema of(io.timestore.format.Schema store) {
    List<Field> fields = new ArrayList<>();
    fields.add(field(store.key()));
    store.columns().forEach(column -> fields.add(field(column)));
    return new ArrowSchema(store, new Schema(fields, Map.of(KEY, store.key().name())));
  }

  private static Field field(Key key) {
    CellType type = key.type();
    ArrowType arrowType =
        key.type().equals(Key.WHOLE_RANGE)
            ? new ArrowType.Int(Long.SIZE, false)
            : arrowType(type, key.unit());
    return field(key.name(), arrowType, false, Map.of(TYPE, type.toString()));
  }

  private static Field field(Column column) {
    CellType type = column.type();
    boolean isTime =
        type.kind() == CellType.Kind.TIMESTAMP || type.kind() == CellType.Kind.TIMESTAMP_LTZ;
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put(TYPE, column.typeText());
    if (column.format() != null) {
      metadata.put(FORMAT, column.format().name());
    }
    return field(
        column.name(),
        arrowType(type, isTime ? type.timeUnit() : null),
        column.nullable(),
        metadata);
  }

  private static Field field(
      String name, ArrowType type, boolean nullable, Map<String, String> metadata) {
    return new Field(name, new FieldType(nullable, type, null, metadata), List.of());
  }

  private static ArrowType arrowType(CellType type, @Nullable TimeUnit unit) {
    return switch (type.kind()) {
      case BOOLEAN -> new ArrowType.Bool();
      case TINYINT -> new ArrowType.Int(Byte.SIZE, true);
      case SMALLINT -> new ArrowType.Int(Short.SIZE, true);
      case INT -> new ArrowType.Int(Integer.SIZE, true);
      case BIGINT -> new ArrowType.Int(Long.SIZE, true);
      case FLOAT -> new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE);
      case DOUBLE -> new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE);
      case DATE -> new ArrowType.Date(DateUnit.DAY);
      case TIME ->
          new ArrowType.Time(org.apache.arrow.vector.types.TimeUnit.MILLISECOND, Integer.SIZE);
      case TIMESTAMP -> new ArrowType.Timestamp(arrowUnit(unit), null);
      case TIMESTAMP_LTZ -> new ArrowType.Timestamp(arrowUnit(unit), UTC);
      case INTERVAL_YEAR_MONTH -> new ArrowType.Interval(IntervalUnit.YEAR_MONTH);
      // Arrow's interval of days and time is a pair of int32; a cell is one int64.
      case INTERVAL_DAY_TIME ->
          new ArrowType.Duration(org.apache.arrow.vector.types.TimeUnit.MILLISECOND);
      case DECIMAL -> new ArrowType.Decimal(type.length(), type.scale(), 128);
      case CHAR, VARCHAR -> new ArrowType.Utf8();
      case BINARY, VARBINARY -> new ArrowType.Binary();
    };
  }

  private static org.apache.arrow.vector.types.TimeUnit arrowUnit(@Nullable TimeUnit unit) {
    if (unit == null) {
      throw new IllegalArgumentException("a timestamp without a unit");
    }
    return switch (unit) {
      case SECONDS -> org.apache.arrow.vector.types.TimeUnit.SECOND;
      case MILLIS -> org.apache.arrow.vector.types.TimeUnit.MILLISECOND;
      case MICROS -> org.apache.arrow.vector.types.TimeUnit.MICROSECOND;
      case NANOS -> org.apache.arrow.vector.types.TimeUnit.NANOSECOND;
    };
  }

  static TimeUnit unit(org.apache.arrow.vector.types.TimeUnit unit) {
    return switch (unit) {
      case SECOND -> TimeUnit.SECONDS;
      case MILLISECOND -> TimeUnit.MILLIS;
      case MICROSECOND -> TimeUnit.MICROS;
      case NANOSECOND -> TimeUnit.NANOS;
    };
  }

  /**
   * The schema of a new store for rows of Arrow's.
   *
   * @param keyName the field that is the key; empty: the one that the metadata names, else the
   *     first one
   * @throws IllegalArgumentException if there is no such field, or one has a type that cells don't
   *     have
   */
  public static io.timestore.format.Schema toStore(Schema arrow, Optional<String> keyName) {
    if (arrow.getFields().isEmpty()) {
      throw new IllegalArgumentException("a schema of no fields, expected a key");
    }
    String named =
        keyName.orElseGet(
            () -> arrow.getCustomMetadata().getOrDefault(KEY, arrow.getFields().get(0).getName()));
    Key key = null;
    List<Column> columns = new ArrayList<>();
    for (Field field : arrow.getFields()) {
      if (field.getName().equals(named)) {
        key = key(field);
      } else {
        columns.add(column(field));
      }
    }
    if (key == null) {
      throw new IllegalArgumentException(
          "no field '"
              + named
              + "' to be the key, found "
              + arrow.getFields().stream().map(Field::getName).toList());
    }
    return io.timestore.format.Schema.create(key, columns);
  }

  private static Key key(Field field) {
    if (field.getType() instanceof ArrowType.Timestamp timestamp) {
      TimeUnit unit = unit(timestamp.getUnit());
      return new Key(
          field.getName(), declared(field).orElseGet(() -> timestampType(timestamp)), unit);
    }
    if (field.getType() instanceof ArrowType.Int type && type.getBitWidth() == Long.SIZE) {
      return Key.of(
          field.getName(),
          type.getIsSigned() ? CellType.of(CellType.Kind.BIGINT) : Key.WHOLE_RANGE);
    }
    return Key.of(field.getName(), cellType(field));
  }

  private static Column column(Field field) {
    String name = field.getName();
    String format = field.getMetadata().get(FORMAT);
    if (format != null) {
      String type = field.getMetadata().getOrDefault(TYPE, CellType.bytes().toString());
      return new Column(name, name, new Column.Format(format, type), field.isNullable());
    }
    return new Column(name, name, cellType(field), field.isNullable());
  }

  private static Optional<CellType> declared(Field field) {
    return Optional.ofNullable(field.getMetadata().get(TYPE)).map(CellType::parse);
  }

  private static CellType cellType(Field field) {
    Optional<CellType> declared = declared(field);
    if (declared.isPresent()) {
      return declared.get();
    }
    ArrowType type = field.getType();
    if (type instanceof ArrowType.Bool) {
      return CellType.of(CellType.Kind.BOOLEAN);
    } else if (type instanceof ArrowType.Int integer) {
      return integerType(integer);
    } else if (type instanceof ArrowType.FloatingPoint floating) {
      return switch (floating.getPrecision()) {
        case HALF, SINGLE -> CellType.of(CellType.Kind.FLOAT);
        case DOUBLE -> CellType.of(CellType.Kind.DOUBLE);
      };
    } else if (type instanceof ArrowType.Date) {
      return CellType.of(CellType.Kind.DATE);
    } else if (type instanceof ArrowType.Time) {
      return CellType.of(CellType.Kind.TIME, 3);
    } else if (type instanceof ArrowType.Timestamp timestamp) {
      return timestampType(timestamp);
    } else if (type instanceof ArrowType.Duration) {
      return CellType.of(CellType.Kind.INTERVAL_DAY_TIME);
    } else if (type instanceof ArrowType.Interval interval
        && interval.getUnit() == IntervalUnit.YEAR_MONTH) {
      return CellType.of(CellType.Kind.INTERVAL_YEAR_MONTH);
    } else if (type instanceof ArrowType.Decimal decimal && decimal.getPrecision() <= 38) {
      return CellType.decimal(decimal.getPrecision(), decimal.getScale());
    } else if (type instanceof ArrowType.Utf8
        || type instanceof ArrowType.LargeUtf8
        || type instanceof ArrowType.Utf8View) {
      return CellType.string();
    } else if (type instanceof ArrowType.Binary
        || type instanceof ArrowType.LargeBinary
        || type instanceof ArrowType.BinaryView) {
      return CellType.bytes();
    } else if (type instanceof ArrowType.FixedSizeBinary binary) {
      return CellType.of(CellType.Kind.BINARY, binary.getByteWidth());
    }
    throw new IllegalArgumentException(
        "field " + field.getName() + ": cells have no type for Arrow's " + type);
  }

  /** The smallest that holds all values. */
  private static CellType integerType(ArrowType.Int type) {
    int bits = type.getIsSigned() ? type.getBitWidth() : type.getBitWidth() + 1;
    if (bits <= Byte.SIZE) {
      return CellType.of(CellType.Kind.TINYINT);
    } else if (bits <= Short.SIZE) {
      return CellType.of(CellType.Kind.SMALLINT);
    } else if (bits <= Integer.SIZE) {
      return CellType.of(CellType.Kind.INT);
    } else if (bits <= Long.SIZE) {
      return CellType.of(CellType.Kind.BIGINT);
    }
    return CellType.decimal(20, 0);
  }

  private static CellType timestampType(ArrowType.Timestamp type) {
    return CellType.of(
        type.getTimezone() == null ? CellType.Kind.TIMESTAMP : CellType.Kind.TIMESTAMP_LTZ,
        unit(type.getUnit()).digits());
  }

  /** For each field which of the store's columns it is. */
  int[] fieldColumns() {
    List<String> names = store.columns().stream().map(Column::name).toList();
    return arrow.getFields().stream()
        .map(Field::getName)
        .mapToInt(name -> name.equals(store.key().name()) ? KEY_FIELD : names.indexOf(name))
        .toArray();
  }

  /**
   * Some of its columns, in the order given.
   *
   * @param names of the columns; that of the key is one of them or not
   * @throws IllegalArgumentException if there is no such column, or one is named twice
   */
  public ArrowSchema select(List<String> names) {
    List<Field> fields = new ArrayList<>();
    List<Column> columns = new ArrayList<>();
    for (String name : names) {
      Field field =
          arrow.getFields().stream()
              .filter(f -> f.getName().equals(name))
              .findFirst()
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "no column '"
                              + name
                              + "', found "
                              + arrow.getFields().stream().map(Field::getName).toList()));
      if (fields.contains(field)) {
        throw new IllegalArgumentException("column '" + name + "' is named twice");
      }
      fields.add(field);
      store.columns().stream().filter(c -> c.name().equals(name)).forEach(columns::add);
    }
    return new ArrowSchema(
        new io.timestore.format.Schema(store.storeId(), store.key(), columns, store.flink()),
        new Schema(fields, arrow.getCustomMetadata()));
  }
}
