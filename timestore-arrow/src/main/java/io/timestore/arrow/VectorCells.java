package io.timestore.arrow;

import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.ColumnData;
import io.timestore.format.Int128;
import io.timestore.format.TimeUnit;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import org.apache.arrow.memory.util.ArrowBufPointer;
import org.apache.arrow.vector.BaseIntVector;
import org.apache.arrow.vector.BaseLargeVariableWidthVector;
import org.apache.arrow.vector.BaseVariableWidthVector;
import org.apache.arrow.vector.BaseVariableWidthViewVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.DateMilliVector;
import org.apache.arrow.vector.Decimal256Vector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.DurationVector;
import org.apache.arrow.vector.ElementAddressableVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.FixedSizeBinaryVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntervalYearVector;
import org.apache.arrow.vector.TimeMicroVector;
import org.apache.arrow.vector.TimeMilliVector;
import org.apache.arrow.vector.TimeNanoVector;
import org.apache.arrow.vector.TimeSecVector;
import org.apache.arrow.vector.TimeStampVector;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.jspecify.annotations.Nullable;

/** Appends a vector's values to a column; throws IllegalArgumentException for what is none. */
final class VectorCells {
  private static final long MILLIS_PER_DAY = 86_400_000;

  private final Column column;
  private final String what;
  private final FieldVector vector;
  private final Values values;

  /** Appends a value that isn't NULL. */
  @FunctionalInterface
  private interface Values {
    void append(int row, ColumnData cells);
  }

  /** A number of a vector. */
  @FunctionalInterface
  private interface Numbers {
    long at(int row);
  }

  private VectorCells(Column column, FieldVector vector) {
    this.column = column;
    this.what = "column " + column.name() + ", " + column.sqlType();
    this.vector = vector;
    this.values = values();
  }

  /** Those of a vector that must have a type for the column. */
  static VectorCells of(Column column, FieldVector vector) {
    return new VectorCells(column, vector);
  }

  void append(int rowCount, ColumnData cells) {
    if (vector.getValueCount() != rowCount) {
      throw new IllegalArgumentException(
          what + ": " + vector.getValueCount() + " values in a batch of " + rowCount + " rows");
    }
    for (int row = 0; row < rowCount; row++) {
      if (!vector.isNull(row)) {
        values.append(row, cells);
      } else if (column.nullable()) {
        cells.appendEmpty();
      } else {
        throw refused(row, "NULL");
      }
    }
  }

  private IllegalArgumentException refused(int row, String fault) {
    return new IllegalArgumentException(fault(row, fault));
  }

  private String fault(int row, String fault) {
    return what + ": " + fault + " at row " + row + " of the batch";
  }

  static IllegalArgumentException wrongType(String what, FieldVector vector) {
    return new IllegalArgumentException(
        what + ": can't be made of Arrow's " + vector.getField().getType());
  }

  static void checkZone(String what, CellType type, TimeStampVector vector) {
    ArrowType.Timestamp found = (ArrowType.Timestamp) vector.getField().getType();
    boolean isInstant = type.kind() == CellType.Kind.TIMESTAMP_LTZ;
    if (isInstant != (found.getTimezone() != null)) {
      throw new IllegalArgumentException(
          what
              + ": can't be made of Arrow's "
              + found
              + ", expected one "
              + (isInstant ? "with" : "without")
              + " a time zone");
    }
  }

  private Values values() {
    CellType type = column.type();
    Values found =
        switch (type.kind()) {
          case BOOLEAN ->
              vector instanceof BitVector bits
                  ? (row, cells) -> cells.appendBoolean(bits.get(row) != 0)
                  : null;
          case TINYINT -> integers(Byte.MIN_VALUE, Byte.MAX_VALUE);
          case SMALLINT -> integers(Short.MIN_VALUE, Short.MAX_VALUE);
          case INT -> integers(Integer.MIN_VALUE, Integer.MAX_VALUE);
          case BIGINT -> integers(Long.MIN_VALUE, Long.MAX_VALUE);
          case FLOAT ->
              vector instanceof Float4Vector floats
                  ? (row, cells) -> cells.appendFloat(floats.get(row))
                  : null;
          case DOUBLE -> doubles();
          case DATE -> dates();
          case TIME -> times();
          case TIMESTAMP, TIMESTAMP_LTZ -> timestamps();
          case INTERVAL_YEAR_MONTH ->
              vector instanceof IntervalYearVector months
                  ? (row, cells) -> cells.appendInt(months.get(row))
                  : null;
          case INTERVAL_DAY_TIME -> durations();
          case DECIMAL -> decimals();
          case CHAR, VARCHAR -> texts();
          case BINARY, VARBINARY -> binaries();
        };
    if (found == null) {
      throw wrongType(what, vector);
    }
    return found;
  }

  private @Nullable Values integers(long min, long max) {
    if (!(vector instanceof BaseIntVector integers)) {
      return null;
    }
    boolean isUnsigned = vector instanceof UInt8Vector;
    return (row, cells) -> {
      long value = integers.getValueAsLong(row);
      if (value < min || value > max || (isUnsigned && value < 0)) {
        throw refused(row, isUnsigned ? Long.toUnsignedString(value) : Long.toString(value));
      }
      switch (column.type().widthBytes().orElseThrow()) {
        case 1 -> cells.appendByte((byte) value);
        case 2 -> cells.appendShort((short) value);
        case 4 -> cells.appendInt((int) value);
        default -> cells.appendLong(value);
      }
    };
  }

  private @Nullable Values doubles() {
    if (vector instanceof Float8Vector doubles) {
      return (row, cells) -> cells.appendDouble(doubles.get(row));
    }
    return vector instanceof Float4Vector floats
        ? (row, cells) -> cells.appendDouble(floats.get(row))
        : null;
  }

  private @Nullable Values dates() {
    if (vector instanceof DateDayVector days) {
      return (row, cells) -> cells.appendInt(days.get(row));
    }
    if (!(vector instanceof DateMilliVector millis)) {
      return null;
    }
    return (row, cells) -> {
      long value = millis.get(row);
      long days = value / MILLIS_PER_DAY;
      if (value % MILLIS_PER_DAY != 0 || (int) days != days) {
        throw refused(row, value + " ms, which are no days,");
      }
      cells.appendInt((int) days);
    };
  }

  private @Nullable Values times() {
    Numbers numbers;
    TimeUnit unit;
    if (vector instanceof TimeMilliVector times) {
      numbers = times::get;
      unit = TimeUnit.MILLIS;
    } else if (vector instanceof TimeSecVector times) {
      numbers = times::get;
      unit = TimeUnit.SECONDS;
    } else if (vector instanceof TimeMicroVector times) {
      numbers = times::get;
      unit = TimeUnit.MICROS;
    } else if (vector instanceof TimeNanoVector times) {
      numbers = times::get;
      unit = TimeUnit.NANOS;
    } else {
      return null;
    }
    TimeSteps steps = TimeSteps.of(what, unit, TimeUnit.MILLIS);
    return (row, cells) -> {
      long millis = steps.of(numbers.at(row), row);
      if (millis < 0 || millis >= MILLIS_PER_DAY) {
        throw refused(row, millis + " ms since midnight");
      }
      cells.appendInt((int) millis);
    };
  }

  private @Nullable Values timestamps() {
    if (!(vector instanceof TimeStampVector timestamps)) {
      return null;
    }
    checkZone(what, column.type(), timestamps);
    ArrowType.Timestamp type = (ArrowType.Timestamp) vector.getField().getType();
    TimeSteps steps =
        TimeSteps.of(what, ArrowSchema.unit(type.getUnit()), column.type().timeUnit());
    return (row, cells) -> cells.appendLong(steps.of(timestamps.get(row), row));
  }

  private @Nullable Values durations() {
    if (!(vector instanceof DurationVector durations)) {
      return null;
    }
    ArrowType.Duration type = (ArrowType.Duration) vector.getField().getType();
    TimeSteps steps = TimeSteps.of(what, ArrowSchema.unit(type.getUnit()), TimeUnit.MILLIS);
    return (row, cells) ->
        cells.appendLong(steps.of(DurationVector.get(durations.getDataBuffer(), row), row));
  }

  private @Nullable Values decimals() {
    CellType type = column.type();
    Int128 bound = Int128.ofNines(type.length());
    if (vector instanceof DecimalVector decimals && decimals.getScale() == type.scale()) {
      return (row, cells) -> {
        long index = (long) row * DecimalVector.TYPE_WIDTH;
        long low = decimals.getDataBuffer().getLong(index);
        long high = decimals.getDataBuffer().getLong(index + Long.BYTES);
        if (!bound.isBoundOf(high, low)) {
          throw refused(row, decimals.getObject(row).toPlainString());
        }
        cells.appendInt128(high, low);
      };
    }
    if (!(vector instanceof DecimalVector) && !(vector instanceof Decimal256Vector)) {
      return null;
    }
    return (row, cells) -> {
      BigDecimal value = (BigDecimal) vector.getObject(row);
      BigInteger unscaled;
      try {
        unscaled = value.setScale(type.scale()).unscaledValue();
      } catch (ArithmeticException e) {
        throw new IllegalArgumentException(fault(row, value.toPlainString()), e);
      }
      if (unscaled.bitLength() > 2 * Long.SIZE - 1) {
        throw refused(row, value.toPlainString());
      }
      Int128 parts = Int128.of(unscaled);
      if (!bound.isBoundOf(parts.high(), parts.low())) {
        throw refused(row, value.toPlainString());
      }
      cells.appendInt128(parts.high(), parts.low());
    };
  }

  private @Nullable Values texts() {
    return isText(vector) ? bytes(new Utf8Text()) : null;
  }

  private @Nullable Values binaries() {
    boolean isText = column.format() != null && isText(vector); // json is text
    boolean isBinary =
        vector instanceof FixedSizeBinaryVector || (isVariable(vector) && !isText(vector));
    if (!isText && !isBinary) {
      return null;
    }
    int lengthMax = column.type().length();
    return bytes(
        (row, bytes, length) -> {
          if (length > lengthMax) {
            throw refused(row, length + " bytes");
          }
        });
  }

  private static boolean isVariable(FieldVector vector) {
    return vector instanceof BaseVariableWidthVector
        || vector instanceof BaseLargeVariableWidthVector
        || vector instanceof BaseVariableWidthViewVector;
  }

  private static boolean isText(FieldVector vector) {
    ArrowType type = vector.getField().getType();
    return type instanceof ArrowType.Utf8
        || type instanceof ArrowType.LargeUtf8
        || type instanceof ArrowType.Utf8View;
  }

  /** Looks at the bytes of a value. */
  @FunctionalInterface
  private interface BytesCheck {
    void check(int row, byte[] bytes, int length);
  }

  private Values bytes(BytesCheck check) {
    ElementAddressableVector addressable = (ElementAddressableVector) vector;
    ArrowBufPointer pointer = new ArrowBufPointer();
    return new Values() {
      private byte[] bytes = new byte[256];

      @Override
      public void append(int row, ColumnData cells) {
        addressable.getDataPointer(row, pointer);
        int length = Math.toIntExact(pointer.getLength());
        if (bytes.length < length) {
          bytes = new byte[Math.max(length, 2 * bytes.length)];
        }
        if (length > 0) {
          pointer.getBuf().getBytes(pointer.getOffset(), bytes, 0, length);
        }
        check.check(row, bytes, length);
        if (column.nullable()) {
          cells.appendNullableBytes(bytes, 0, length);
        } else {
          cells.appendBytes(bytes, 0, length);
        }
      }
    };
  }

  /** Well-formed UTF-8 of no more characters than the column has. */
  private final class Utf8Text implements BytesCheck {
    private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();

    @Override
    public void check(int row, byte[] bytes, int length) {
      int characters = 0;
      boolean isAscii = true;
      for (int i = 0; i < length; i++) {
        isAscii &= bytes[i] >= 0;
        characters += (bytes[i] & 0xC0) == 0x80 ? 0 : 1;
      }
      if (!isAscii) {
        try {
          decoder.decode(ByteBuffer.wrap(bytes, 0, length));
        } catch (CharacterCodingException e) {
          throw new IllegalArgumentException(fault(row, "bytes that are no UTF-8"), e);
        }
      }
      if (characters > column.type().length()) {
        throw refused(row, characters + " characters");
      }
    }
  }
}
