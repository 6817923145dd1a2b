package io.timestore.flink.source;

import io.timestore.flink.types.PojoColumns;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.Arrays;
import java.util.List;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.table.types.logical.utils.LogicalTypeChecks;
import org.jspecify.annotations.Nullable;

/** Makes a new object of each row: its fields are the columns. */
final class PojoReader<T> implements ElementReader<T> {
  private static final long NANOS_PER_MILLI = 1_000_000;

  private final RowReader rows;
  private final Field[] fields;
  private final LogicalType[] types;
  private final Constructor<T> constructor;

  /** For a record, each field's place among the constructor's arguments. */
  private final int @Nullable [] argumentOf;

  PojoReader(RowReader rows, PojoColumns<T> columns, LogicalType[] types) {
    this.rows = rows;
    this.types = types;
    fields = columns.fields();
    Class<T> type = columns.type();
    try {
      if (type.isRecord()) {
        RecordComponent[] components = type.getRecordComponents();
        constructor =
            type.getDeclaredConstructor(
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
        List<String> names = Arrays.stream(components).map(RecordComponent::getName).toList();
        argumentOf = Arrays.stream(fields).mapToInt(f -> names.indexOf(f.getName())).toArray();
      } else {
        constructor = type.getDeclaredConstructor();
        argumentOf = null;
        for (Field field : fields) {
          field.setAccessible(true);
        }
      }
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException(type + " was found to be a POJO and has no constructor", e);
    }
    constructor.setAccessible(true);
  }

  @Override
  public void check(FilledBatch batch) throws IOException {
    rows.check(batch);
  }

  @Override
  public void bind(FilledBatch batch) {
    rows.bind(batch);
  }

  @Override
  public T read(int index) {
    RowData row = rows.read(index);
    try {
      return argumentOf == null ? pojo(row) : record(row, argumentOf);
    } catch (InstantiationException | IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException(
          "can't make a " + constructor.getDeclaringClass().getName() + " of a row", e);
    }
  }

  private T pojo(RowData row)
      throws InstantiationException, IllegalAccessException, InvocationTargetException {
    T pojo = constructor.newInstance();
    for (int i = 0; i < fields.length; i++) {
      fields[i].set(pojo, value(row, i));
    }
    return pojo;
  }

  private T record(RowData row, int[] argumentOf)
      throws InstantiationException, IllegalAccessException, InvocationTargetException {
    Object[] arguments = new Object[fields.length];
    for (int i = 0; i < fields.length; i++) {
      arguments[argumentOf[i]] = value(row, i);
    }
    return constructor.newInstance(arguments);
  }

  private @Nullable Object value(RowData row, int field) {
    if (row.isNullAt(field)) {
      return null;
    }
    Class<?> type = fields[field].getType();
    LogicalTypeRoot root = types[field].getTypeRoot();
    return switch (root) {
      case BOOLEAN -> row.getBoolean(field);
      case TINYINT -> row.getByte(field);
      case SMALLINT -> row.getShort(field);
      case INTEGER, INTERVAL_YEAR_MONTH -> row.getInt(field);
      case BIGINT, INTERVAL_DAY_TIME -> row.getLong(field);
      case FLOAT -> row.getFloat(field);
      case DOUBLE -> row.getDouble(field);
      case CHAR, VARCHAR -> row.getString(field).toString();
      case BINARY, VARBINARY -> row.getBinary(field);
      case DECIMAL -> decimal(row, field, (DecimalType) types[field]);
      case DATE -> LocalDate.ofEpochDay(row.getInt(field));
      case TIME_WITHOUT_TIME_ZONE -> LocalTime.ofNanoOfDay(row.getInt(field) * NANOS_PER_MILLI);
      case TIMESTAMP_WITHOUT_TIME_ZONE, TIMESTAMP_WITH_LOCAL_TIME_ZONE ->
          time(row.getTimestamp(field, LogicalTypeChecks.getPrecision(types[field])), field, type);
      default -> throw new IllegalStateException("no field is a " + types[field]);
    };
  }

  private static BigDecimal decimal(RowData row, int field, DecimalType type) {
    return row.getDecimal(field, type.getPrecision(), type.getScale()).toBigDecimal();
  }

  private Object time(TimestampData timestamp, int field, Class<?> type) {
    if (type == LocalDateTime.class) {
      return timestamp.toLocalDateTime();
    }
    if (type == Instant.class) {
      return timestamp.toInstant();
    }
    if (timestamp.getNanoOfMillisecond() != 0) {
      throw new IllegalArgumentException(
          "field "
              + fields[field].getName()
              + " has whole milliseconds, but the store has "
              + timestamp.toInstant());
    }
    return timestamp.getMillisecond();
  }
}
