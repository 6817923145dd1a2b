package io.timestore.flink.types;

import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.ColumnData;
import io.timestore.format.Int128;
import java.math.BigInteger;
import java.util.Objects;
import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.data.binary.BinaryStringData;
import org.jspecify.annotations.Nullable;

/** Appends one column's values to its cells; throws IllegalArgumentException for what is none. */
@FunctionalInterface
interface CellEncoder {
  int MILLIS_PER_DAY = 86_400_000;

  /** Appends the value at this encoder's field, which isn't NULL. */
  void append(RowData row, ColumnData cells);

  /**
   * The encoder of a column.
   *
   * @param field the column's index in the rows
   * @param format what makes the cells; null if the column is plain
   */
  static CellEncoder of(Column column, int field, @Nullable FormatEncoder format) {
    if (format != null) {
      return formatted(column, field, format);
    }
    CellType type = column.type();
    return switch (type.kind()) {
      case BOOLEAN -> (row, cells) -> cells.appendByte((byte) (row.getBoolean(field) ? 1 : 0));
      case TINYINT -> (row, cells) -> cells.appendByte(row.getByte(field));
      case SMALLINT -> (row, cells) -> cells.appendShort(row.getShort(field));
      case INT, DATE, INTERVAL_YEAR_MONTH -> (row, cells) -> cells.appendInt(row.getInt(field));
      case BIGINT, INTERVAL_DAY_TIME -> (row, cells) -> cells.appendLong(row.getLong(field));
      case FLOAT -> (row, cells) -> cells.appendInt(Float.floatToRawIntBits(row.getFloat(field)));
      case DOUBLE ->
          (row, cells) -> cells.appendLong(Double.doubleToRawLongBits(row.getDouble(field)));
      case TIME -> (row, cells) -> cells.appendInt(timeOfDay(column, row.getInt(field)));
      case TIMESTAMP, TIMESTAMP_LTZ -> timestamps(column, field);
      case DECIMAL -> decimals(column, field);
      case CHAR, VARCHAR -> strings(column, field);
      case BINARY, VARBINARY -> binaries(column, field);
    };
  }

  private static int timeOfDay(Column column, int millis) {
    if (millis < 0 || millis >= MILLIS_PER_DAY) {
      throw refused(column, millis + " ms since midnight, expected 0 to " + (MILLIS_PER_DAY - 1));
    }
    return millis;
  }

  private static CellEncoder timestamps(Column column, int field) {
    int precision = column.type().length();
    TimestampSteps steps = TimestampSteps.in(column.type().timeUnit());
    return (row, cells) -> {
      TimestampData timestamp = row.getTimestamp(field, precision);
      if (!steps.fit(timestamp)) {
        throw refused(
            column,
            timestamp
                + " has digits finer than its unit, '"
                + column.type().timeUnit().symbol()
                + "'");
      }
      try {
        cells.appendLong(steps.of(timestamp));
      } catch (ArithmeticException e) {
        throw new IllegalArgumentException(
            fault(
                column,
                timestamp
                    + " is outside "
                    + steps.timestamp(Long.MIN_VALUE)
                    + " to "
                    + steps.timestamp(Long.MAX_VALUE)),
            e);
      }
    };
  }

  private static CellEncoder decimals(Column column, int field) {
    int precision = column.type().length();
    int scale = column.type().scale();
    Int128 bound = Int128.ofNines(precision);
    return (row, cells) -> {
      DecimalData decimal = row.getDecimal(field, precision, scale);
      long high;
      long low;
      boolean fits = decimal.scale() == scale;
      if (decimal.isCompact()) {
        low = decimal.toUnscaledLong();
        high = low >> (Long.SIZE - 1);
      } else {
        BigInteger unscaled = decimal.toBigDecimal().unscaledValue();
        low = unscaled.longValue();
        high = unscaled.shiftRight(Long.SIZE).longValue();
      }
      if (!fits || !bound.isBoundOf(high, low)) {
        throw refused(column, decimal + " is no value of its type");
      }
      cells.appendInt128(high, low);
    };
  }

  private static CellEncoder strings(Column column, int field) {
    int charsMax = column.type().length();
    boolean nullable = column.nullable();
    return (row, cells) -> {
      BinaryStringData string = (BinaryStringData) row.getString(field);
      int sizeBytes = string.getSizeInBytes();
      // A character has a byte or more, so that most values need no counting.
      if (sizeBytes > charsMax && string.numChars() > charsMax) {
        throw refused(column, "'" + string + "' has " + string.numChars() + " characters");
      }
      MemorySegment[] segments = string.getSegments();
      if (segments.length == 1 && !segments[0].isOffHeap()) {
        appendBytes(cells, segments[0].getArray(), string.getOffset(), sizeBytes, nullable);
      } else {
        appendBytes(cells, string.toBytes(), 0, sizeBytes, nullable);
      }
    };
  }

  private static CellEncoder binaries(Column column, int field) {
    int bytesMax = column.type().length();
    boolean nullable = column.nullable();
    return (row, cells) -> {
      byte[] bytes = row.getBinary(field);
      if (bytes.length > bytesMax) {
        throw refused(column, "a value of " + bytes.length + " bytes");
      }
      appendBytes(cells, bytes, 0, bytes.length, nullable);
    };
  }

  private static CellEncoder formatted(Column column, int field, FormatEncoder format) {
    RowData.FieldGetter getter = RowData.createFieldGetter(format.type(), field);
    boolean nullable = column.nullable();
    return (row, cells) -> {
      Object value = Objects.requireNonNull(getter.getFieldOrNull(row));
      byte[] bytes;
      try {
        bytes = format.encode(value);
      } catch (RuntimeException e) {
        String fault = "can't be written as '" + column.encoding() + "': ";
        throw new IllegalArgumentException(fault(column, fault + FormatDecoder.reason(e)), e);
      }
      if (bytes == null) {
        throw refused(column, "'" + column.encoding() + "' made no bytes of a value");
      }
      appendBytes(cells, bytes, 0, bytes.length, nullable);
    };
  }

  private static void appendBytes(
      ColumnData cells, byte[] bytes, int offset, int sizeBytes, boolean nullable) {
    if (nullable) {
      cells.appendNullableBytes(bytes, offset, sizeBytes);
    } else {
      cells.appendBytes(bytes, offset, sizeBytes);
    }
  }

  private static IllegalArgumentException refused(Column column, String found) {
    return new IllegalArgumentException(fault(column, found));
  }

  private static String fault(Column column, String found) {
    return "column " + column.name() + ", " + column.sqlType() + ": " + found;
  }
}
