package io.timestore.flink.types;

import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.ColumnData;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Int128;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Finds cells that hold no value of their column's type, so that the getters need not look. */
final class CellCheck {
  private final Column column;
  private final int widthBytes;
  private final @Nullable ValueCheck valueCheck;

  @FunctionalInterface
  private interface ValueCheck {
    /** What is wrong with a cell that isn't NULL and has the right width, or null. */
    @Nullable String fault(ColumnData cells, int row);
  }

  CellCheck(Column column) {
    this.column = column;
    widthBytes = column.type().widthBytes().orElse(-1);
    valueCheck = valueCheck(column);
  }

  private static @Nullable ValueCheck valueCheck(Column column) {
    CellType type = column.type();
    return switch (type.kind()) {
      case BOOLEAN -> CellCheck::booleanFault;
      case TIME -> CellCheck::timeFault;
      case TIMESTAMP, TIMESTAMP_LTZ ->
          switch (type.timeUnit()) {
            case SECONDS -> CellCheck::secondsFault;
            case MILLIS, MICROS, NANOS -> null;
          };
      case DECIMAL -> {
        Int128 bound = Int128.ofNines(type.length());
        yield (cells, row) -> decimalFault(cells, row, bound);
      }
      case CHAR, VARCHAR ->
          type.length() == CellType.MAX_LENGTH
              ? null
              : (cells, row) -> charsFault(cells, row, column);
      case BINARY, VARBINARY ->
          type.length() == CellType.MAX_LENGTH
              ? null
              : (cells, row) -> bytesFault(cells, row, column);
      case TINYINT,
          SMALLINT,
          INT,
          BIGINT,
          FLOAT,
          DOUBLE,
          DATE,
          INTERVAL_YEAR_MONTH,
          INTERVAL_DAY_TIME ->
          null;
    };
  }

  /**
   * Checks all cells.
   *
   * @param places where the rows are, named in the error
   */
  void check(ColumnData cells, IntFunction<String> places) throws CorruptStoreException {
    if (widthBytes >= 0) {
      checkWidths(cells, places);
    }
    if (valueCheck != null) {
      checkValues(valueCheck, cells, places);
    }
  }

  private void checkWidths(ColumnData cells, IntFunction<String> places)
      throws CorruptStoreException {
    if (cells.cellBytes() == widthBytes) {
      return;
    }
    int start = 0;
    int rowCount = cells.rowCount();
    for (int row = 0; row < rowCount; row++) {
      int end = cells.end(row);
      int sizeBytes = end - start;
      if (sizeBytes != widthBytes && (sizeBytes != 0 || !column.nullable())) {
        throw corrupt(
            places.apply(row),
            "found "
                + sizeBytes
                + " bytes, expected "
                + widthBytes
                + (column.nullable() ? ", or none for NULL" : ""));
      }
      start = end;
    }
  }

  private void checkValues(ValueCheck check, ColumnData cells, IntFunction<String> places)
      throws CorruptStoreException {
    int rowCount = cells.rowCount();
    for (int row = 0; row < rowCount; row++) {
      if (column.nullable() && cells.start(row) == cells.end(row)) {
        continue;
      }
      String fault = check.fault(cells, row);
      if (fault != null) {
        throw corrupt(places.apply(row), fault);
      }
    }
  }

  private CorruptStoreException corrupt(String place, String fault) {
    return new CorruptStoreException(
        "column "
            + column.name()
            + ", "
            + column.sqlType()
            + ": table '"
            + column.table()
            + "' of "
            + place
            + ": "
            + fault);
  }

  private static @Nullable String booleanFault(ColumnData cells, int row) {
    byte value = cells.byteAt(row);
    return value == 0 || value == 1 ? null : "found the byte " + value + ", expected 0 or 1";
  }

  private static @Nullable String timeFault(ColumnData cells, int row) {
    int millis = cells.intAt(row);
    return 0 <= millis && millis < CellEncoder.MILLIS_PER_DAY
        ? null
        : "found " + millis + " ms, expected 0 to " + (CellEncoder.MILLIS_PER_DAY - 1);
  }

  private static @Nullable String secondsFault(ColumnData cells, int row) {
    long seconds = cells.longAt(row);
    return Math.abs(seconds) <= TimestampSteps.SECONDS_MAX && seconds != Long.MIN_VALUE
        ? null
        : "found " + seconds + " s, expected at most " + TimestampSteps.SECONDS_MAX;
  }

  private static @Nullable String decimalFault(ColumnData cells, int row, Int128 bound) {
    long high = cells.highLongAt(row);
    long low = cells.lowLongAt(row);
    return bound.isBoundOf(high, low)
        ? null
        : "found the unscaled value "
            + Int128.toBigInteger(high, low)
            + ", expected at most "
            + Int128.toBigInteger(bound.high(), bound.low());
  }

  private static @Nullable String charsFault(ColumnData cells, int row, Column column) {
    int start = cells.start(row);
    int sizeBytes = sizeBytes(cells, row, column);
    if (sizeBytes <= column.type().length()) {
      return null;
    }
    int chars = 0;
    for (int i = start; i < start + sizeBytes; i++) {
      boolean continues = (cells.data()[i] & 0xC0) == 0x80;
      chars += continues ? 0 : 1;
    }
    return chars <= column.type().length()
        ? null
        : "found " + chars + " characters, expected at most " + column.type().length();
  }

  private static @Nullable String bytesFault(ColumnData cells, int row, Column column) {
    int sizeBytes = sizeBytes(cells, row, column);
    return sizeBytes <= column.type().length()
        ? null
        : "found " + sizeBytes + " bytes, expected at most " + column.type().length();
  }

  private static int sizeBytes(ColumnData cells, int row, Column column) {
    return column.nullable() ? cells.nullableLength(row) : cells.end(row) - cells.start(row);
  }
}
