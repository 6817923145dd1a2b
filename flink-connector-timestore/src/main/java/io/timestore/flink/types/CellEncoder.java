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

/**
 * Appends one column's values to its cells. One class with a switch, not one for each type: so the
 * JVM can compile all of a row's columns into one piece of code.
 */
final class CellEncoder {
  static final int MILLIS_PER_DAY = 86_400_000;

  private static final Int128 NO_BOUND = Int128.ofNines(1);

  private final Column column;
  private final int field;
  private final CellType.Kind kind;
  private final boolean nullable;

  /** Characters, bytes or digits at most. */
  private final int length;

  private final int scale;
  private final Int128 bound;
  private final @Nullable TimestampSteps steps;
  private final @Nullable FormatEncoder format;
  private final RowData.@Nullable FieldGetter getter;

  /**
   * The encoder of a column.
   *
   * @param field the column's index in the rows
   * @param format what makes the cells; null if the column is plain
   */
  CellEncoder(Column column, int field, @Nullable FormatEncoder format) {
    CellType type = column.type();
    this.column = column;
    this.field = field;
    this.format = format;
    getter = format == null ? null : RowData.createFieldGetter(format.type(), field);
    kind = type.kind();
    nullable = column.nullable();
    length = type.length();
    scale = type.scale();
    bound = kind == CellType.Kind.DECIMAL ? Int128.ofNines(length) : NO_BOUND;
    boolean isTimestamp = kind == CellType.Kind.TIMESTAMP || kind == CellType.Kind.TIMESTAMP_LTZ;
    steps = isTimestamp ? TimestampSteps.in(type.timeUnit()) : null;
  }

  /**
   * Appends the row's value.
   *
   * @throws IllegalArgumentException if the column can't have it
   */
  void append(RowData row, ColumnData cells) {
    if (row.isNullAt(field)) {
      appendNull(cells);
    } else if (format != null) {
      appendFormatted(row, cells);
    } else {
      appendValue(row, cells);
    }
  }

  private void appendNull(ColumnData cells) {
    if (!nullable) {
      throw refused("found NULL");
    }
    cells.appendEmpty();
  }

  private void appendValue(RowData row, ColumnData cells) {
    switch (kind) {
      case BOOLEAN -> cells.appendByte((byte) (row.getBoolean(field) ? 1 : 0));
      case TINYINT -> cells.appendByte(row.getByte(field));
      case SMALLINT -> cells.appendShort(row.getShort(field));
      case INT, DATE, INTERVAL_YEAR_MONTH -> cells.appendInt(row.getInt(field));
      case BIGINT, INTERVAL_DAY_TIME -> cells.appendLong(row.getLong(field));
      case FLOAT -> cells.appendFloat(row.getFloat(field));
      case DOUBLE -> cells.appendDouble(row.getDouble(field));
      case TIME -> appendTime(row.getInt(field), cells);
      case TIMESTAMP, TIMESTAMP_LTZ -> appendTimestamp(row.getTimestamp(field, length), cells);
      case DECIMAL -> appendDecimal(row.getDecimal(field, length, scale), cells);
      case CHAR, VARCHAR -> appendString((BinaryStringData) row.getString(field), cells);
      case BINARY, VARBINARY -> appendBinary(row.getBinary(field), cells);
    }
  }

  private void appendTime(int millis, ColumnData cells) {
    if (millis < 0 || millis >= MILLIS_PER_DAY) {
      throw refused(millis + " ms since midnight, expected 0 to " + (MILLIS_PER_DAY - 1));
    }
    cells.appendInt(millis);
  }

  private void appendTimestamp(TimestampData timestamp, ColumnData cells) {
    if (!steps.fit(timestamp)) {
      throw refused(
          timestamp
              + " has digits finer than its unit, '"
              + column.type().timeUnit().symbol()
              + "'");
    }
    long value;
    try {
      value = steps.of(timestamp);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          fault(
              timestamp
                  + " is outside "
                  + steps.timestamp(Long.MIN_VALUE)
                  + " to "
                  + steps.timestamp(Long.MAX_VALUE)),
          e);
    }
    cells.appendLong(value);
  }

  private void appendDecimal(DecimalData decimal, ColumnData cells) {
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
      throw refused(decimal + " is no value of its type");
    }
    cells.appendInt128(high, low);
  }

  private void appendString(BinaryStringData string, ColumnData cells) {
    int sizeBytes = string.getSizeInBytes();
    // A character has a byte or more, so that most values need no counting.
    if (sizeBytes > length && string.numChars() > length) {
      throw refused("'" + string + "' has " + string.numChars() + " characters");
    }
    MemorySegment[] segments = string.getSegments();
    if (segments.length == 1 && !segments[0].isOffHeap()) {
      appendBytes(cells, segments[0].getArray(), string.getOffset(), sizeBytes);
    } else {
      appendBytes(cells, string.toBytes(), 0, sizeBytes);
    }
  }

  private void appendBinary(byte[] bytes, ColumnData cells) {
    if (bytes.length > length) {
      throw refused("a value of " + bytes.length + " bytes");
    }
    appendBytes(cells, bytes, 0, bytes.length);
  }

  private void appendFormatted(RowData row, ColumnData cells) {
    Object value = Objects.requireNonNull(getter.getFieldOrNull(row));
    byte[] bytes;
    try {
      bytes = format.encode(value);
    } catch (RuntimeException e) {
      String fault = "can't be written as '" + column.encoding() + "': ";
      throw new IllegalArgumentException(fault(fault + FormatDecoder.reason(e)), e);
    }
    if (bytes == null) {
      throw refused("'" + column.encoding() + "' made no bytes of a value");
    }
    appendBytes(cells, bytes, 0, bytes.length);
  }

  private void appendBytes(ColumnData cells, byte[] bytes, int offset, int sizeBytes) {
    if (nullable) {
      cells.appendNullableBytes(bytes, offset, sizeBytes);
    } else {
      cells.appendBytes(bytes, offset, sizeBytes);
    }
  }

  private IllegalArgumentException refused(String found) {
    return new IllegalArgumentException(fault(found));
  }

  private String fault(String found) {
    return "column " + column.name() + ", " + column.sqlType() + ": " + found;
  }
}
