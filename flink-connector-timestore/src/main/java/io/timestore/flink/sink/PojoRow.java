package io.timestore.flink.sink;

import java.lang.reflect.Field;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.MapData;
import org.apache.flink.table.data.RawValueData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.types.RowKind;
import org.apache.flink.types.variant.Variant;

/**
 * A POJO as a row of its fields; one object serves all. Fields are read as Flink's own serializer
 * reads them.
 */
final class PojoRow implements RowData {
  private static final long NANOS_PER_MILLI = 1_000_000;

  private final Field[] fields;
  private final boolean[] primitive;
  private Object pojo = this;

  PojoRow(Field[] fields) {
    this.fields = fields;
    this.primitive = new boolean[fields.length];
    for (int i = 0; i < fields.length; i++) {
      fields[i].setAccessible(true);
      primitive[i] = fields[i].getType().isPrimitive();
    }
  }

  /** This row, of another object. */
  PojoRow of(Object newPojo) {
    pojo = newPojo;
    return this;
  }

  private Object value(int field) {
    try {
      return fields[field].get(pojo);
    } catch (IllegalAccessException e) {
      throw inaccessible(e);
    }
  }

  private static IllegalStateException inaccessible(IllegalAccessException e) {
    return new IllegalStateException("a field that was made accessible is not", e);
  }

  @Override
  public int getArity() {
    return fields.length;
  }

  @Override
  public RowKind getRowKind() {
    return RowKind.INSERT;
  }

  @Override
  public void setRowKind(RowKind kind) {
    throw new UnsupportedOperationException("an object is an insertion");
  }

  @Override
  public boolean isNullAt(int field) {
    return !primitive[field] && value(field) == null;
  }

  @Override
  public boolean getBoolean(int field) {
    try {
      return primitive[field] ? fields[field].getBoolean(pojo) : (Boolean) value(field);
    } catch (IllegalAccessException e) {
      throw inaccessible(e);
    }
  }

  @Override
  public byte getByte(int field) {
    try {
      return primitive[field] ? fields[field].getByte(pojo) : (Byte) value(field);
    } catch (IllegalAccessException e) {
      throw inaccessible(e);
    }
  }

  @Override
  public short getShort(int field) {
    try {
      return primitive[field] ? fields[field].getShort(pojo) : (Short) value(field);
    } catch (IllegalAccessException e) {
      throw inaccessible(e);
    }
  }

  @Override
  public int getInt(int field) {
    try {
      return primitive[field] ? fields[field].getInt(pojo) : intOf(field, value(field));
    } catch (IllegalAccessException e) {
      throw inaccessible(e);
    }
  }

  private int intOf(int field, Object value) {
    if (value instanceof LocalDate date) {
      return Math.toIntExact(date.toEpochDay());
    }
    if (value instanceof LocalTime time) {
      if (time.toNanoOfDay() % NANOS_PER_MILLI != 0) {
        throw refused(field, time + " has digits finer than a millisecond");
      }
      return (int) (time.toNanoOfDay() / NANOS_PER_MILLI);
    }
    return (Integer) value;
  }

  @Override
  public long getLong(int field) {
    try {
      return primitive[field] ? fields[field].getLong(pojo) : (Long) value(field);
    } catch (IllegalAccessException e) {
      throw inaccessible(e);
    }
  }

  @Override
  public float getFloat(int field) {
    try {
      return primitive[field] ? fields[field].getFloat(pojo) : (Float) value(field);
    } catch (IllegalAccessException e) {
      throw inaccessible(e);
    }
  }

  @Override
  public double getDouble(int field) {
    try {
      return primitive[field] ? fields[field].getDouble(pojo) : (Double) value(field);
    } catch (IllegalAccessException e) {
      throw inaccessible(e);
    }
  }

  @Override
  public StringData getString(int field) {
    return StringData.fromString((String) value(field));
  }

  @Override
  public byte[] getBinary(int field) {
    return (byte[]) value(field);
  }

  @Override
  public DecimalData getDecimal(int field, int precision, int scale) {
    BigDecimal value = (BigDecimal) value(field);
    DecimalData decimal = null;
    if (value.stripTrailingZeros().scale() <= scale) {
      BigDecimal scaled = value.setScale(scale, RoundingMode.UNNECESSARY);
      decimal = DecimalData.fromBigDecimal(scaled, precision, scale);
    }
    if (decimal == null) {
      throw refused(field, value + " does not fit DECIMAL(" + precision + ", " + scale + ")");
    }
    return decimal;
  }

  @Override
  public TimestampData getTimestamp(int field, int precision) {
    if (fields[field].getType() == LocalDateTime.class) {
      return TimestampData.fromLocalDateTime((LocalDateTime) value(field));
    }
    if (fields[field].getType() == Instant.class) {
      return TimestampData.fromInstant((Instant) value(field));
    }
    return TimestampData.fromEpochMillis(getLong(field));
  }

  private IllegalArgumentException refused(int field, String found) {
    return new IllegalArgumentException("field " + fields[field].getName() + ": " + found);
  }

  @Override
  public <T> RawValueData<T> getRawValue(int field) {
    throw noColumn(field);
  }

  @Override
  public ArrayData getArray(int field) {
    throw noColumn(field);
  }

  @Override
  public MapData getMap(int field) {
    throw noColumn(field);
  }

  @Override
  public RowData getRow(int field, int fieldCount) {
    throw noColumn(field);
  }

  @Override
  public Variant getVariant(int field) {
    throw noColumn(field);
  }

  private UnsupportedOperationException noColumn(int field) {
    return new UnsupportedOperationException(fields[field] + " is no column");
  }
}
