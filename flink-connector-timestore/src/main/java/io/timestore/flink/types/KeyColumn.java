package io.timestore.flink.types;

import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.Key;
import io.timestore.format.TimeUnit;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.IntFunction;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.TimestampData;
import org.jspecify.annotations.Nullable;

/** The key column: SQL values to the store's unsigned 64-bit keys, and back. */
public final class KeyColumn {
  private static final BigInteger KEYS = BigInteger.ONE.shiftLeft(Long.SIZE);
  private static final long LAST_SECOND = 253_402_300_799L;
  private static final long LAST_MILLI = LAST_SECOND * 1000 + 999;
  private static final String LAST_TIMESTAMP = "9999-12-31T23:59:59.999999999";
  private static final long NANOS_PER_MILLI = 1_000_000;

  private final Key key;
  private final int field;
  private final KeyEncoder encoder;

  @FunctionalInterface
  private interface KeyEncoder {
    long key(RowData row, int field);
  }

  public KeyColumn(TableLayout layout) {
    key = layout.key();
    field = layout.keyIndex();
    encoder = encoder();
  }

  private KeyEncoder encoder() {
    TimeUnit unit = key.unit();
    if (unit != null) {
      return (row, pos) -> timestampKey(row.getTimestamp(pos, key.type().length()), unit);
    }
    if (key.type().kind() == CellType.Kind.BIGINT) {
      return (row, pos) -> notNegative(row.getLong(pos));
    }
    return (row, pos) ->
        decimalKey(row.getDecimal(pos, key.type().length(), key.type().scale()).toBigDecimal());
  }

  /**
   * The key of a row of the table's physical columns.
   *
   * @throws IllegalArgumentException if its key is NULL, negative or outside of what the type or
   *     the unit can hold
   */
  public long keyOf(RowData row) {
    if (row.isNullAt(field)) {
      throw refused("NULL", "every row needs a key");
    }
    return encoder.key(row, field);
  }

  /**
   * The key that a field of any row asks for; empty if no row of a store can have it.
   *
   * @param pos the field, of the key's type
   */
  public OptionalLong findKey(RowData row, int pos) {
    if (row.isNullAt(pos)) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(encoder.key(row, pos));
    } catch (IllegalArgumentException e) {
      return OptionalLong.empty(); // It would be refused by a writer, too.
    }
  }

  /**
   * A key that was read, as rows hold it.
   *
   * @param place of its row, named in the error
   * @throws ValidationException if the declared type can't show it
   */
  public Object valueOf(long keyValue, String place) {
    Batch one = new Batch(0);
    one.appendKey(keyValue);
    check(one, row -> place);
    if (key.unit() != null) {
      return timestampOf(keyValue);
    }
    return key.type().kind() == CellType.Kind.BIGINT
        ? (Object) keyValue
        : Objects.requireNonNull(decimalOf(keyValue));
  }

  /**
   * A key that did not come out of a row, if the column's type can show it.
   *
   * @throws IllegalArgumentException if it is negative, or after the type's last time; in a
   *     DECIMAL(20, 0), any bits are a key
   */
  public long checked(long keyValue) {
    if (key.type().equals(Key.WHOLE_RANGE)) {
      return keyValue;
    }
    TimeUnit unit = key.unit();
    if (unit != null && keyValue >= 0 && isAfter(keyValue, lastKey(unit))) {
      throw refused(textOf(keyValue), "the last " + key.type() + " is " + LAST_TIMESTAMP);
    }
    return notNegative(keyValue);
  }

  /** A key as SQL shows it, for errors. */
  public String textOf(long keyValue) {
    TimeUnit unit = key.unit();
    if (unit == null || isAfter(keyValue, lastKey(unit))) {
      return Long.toUnsignedString(keyValue) + (unit == null ? "" : " " + unit.symbol());
    }
    return text(timestamp(keyValue, unit));
  }

  private String text(TimestampData timestamp) {
    long seconds = Math.floorDiv(timestamp.getMillisecond(), 1000L);
    long nanos =
        Math.floorMod(timestamp.getMillisecond(), 1000) * NANOS_PER_MILLI
            + timestamp.getNanoOfMillisecond();
    if (Math.abs(seconds) > LAST_SECOND) {
      return timestamp.getMillisecond() + " ms since 1970";
    }
    String utc = Instant.ofEpochSecond(seconds, nanos).toString();
    boolean isLocal = key.type().kind() == CellType.Kind.TIMESTAMP;
    return isLocal ? utc.substring(0, utc.length() - 1) : utc;
  }

  private long timestampKey(TimestampData timestamp, TimeUnit unit) {
    long millis = timestamp.getMillisecond();
    if (millis < 0) {
      throw refused(text(timestamp), "keys begin at 1970-01-01T00:00:00");
    }
    if (millis > LAST_MILLI) {
      throw refused(text(timestamp), "the last " + key.type() + " is " + LAST_TIMESTAMP);
    }
    if (!TimestampSteps.in(key.type().timeUnit()).fit(timestamp)) {
      throw refused(
          text(timestamp),
          "it has digits that " + key.type() + " in steps of 1 " + typeUnit() + " would lose");
    }
    if (unit != TimeUnit.NANOS) {
      return TimestampSteps.in(unit).of(timestamp);
    }
    // Nanoseconds pass 2^63 in 2262 and end in 2554.
    long wholeMillis = millis * NANOS_PER_MILLI;
    long nanos = wholeMillis + timestamp.getNanoOfMillisecond();
    if (millis > Long.divideUnsigned(-1L, NANOS_PER_MILLI)
        || Long.compareUnsigned(nanos, wholeMillis) < 0) {
      throw refused(text(timestamp), "keys in ns end at " + text(timestamp(-1L, TimeUnit.NANOS)));
    }
    return nanos;
  }

  private long notNegative(long value) {
    if (value < 0) {
      throw refused(Long.toString(value), "keys are not negative");
    }
    return value;
  }

  private long decimalKey(BigDecimal value) {
    if (value.signum() < 0) {
      throw refused(value.toPlainString(), "keys are not negative");
    }
    BigInteger unscaled = value.unscaledValue();
    if (value.scale() != 0 || unscaled.bitLength() > Long.SIZE) {
      throw refused(value.toPlainString(), "keys are whole numbers up to 2^64 - 1");
    }
    return unscaled.longValue();
  }

  private IllegalArgumentException refused(String found, String expected) {
    return new IllegalArgumentException(
        "key column " + key.name() + ": found " + found + ", but " + expected);
  }

  /** A key as a TIMESTAMP or TIMESTAMP_LTZ; {@link #check} passed it. */
  TimestampData timestampOf(long keyValue) {
    TimeUnit unit = key.unit();
    if (unit == null) {
      throw new UnsupportedOperationException("column " + key.name() + " is " + key.type());
    }
    return timestamp(keyValue, unit);
  }

  private static TimestampData timestamp(long keyValue, TimeUnit unit) {
    if (unit != TimeUnit.NANOS) {
      return TimestampSteps.in(unit).timestamp(keyValue);
    }
    long millis = Long.divideUnsigned(keyValue, NANOS_PER_MILLI);
    return TimestampData.fromEpochMillis(millis, (int) (keyValue - millis * NANOS_PER_MILLI));
  }

  /** A key as a DECIMAL(20, 0). */
  @Nullable DecimalData decimalOf(long keyValue) {
    BigInteger unsigned = BigInteger.valueOf(keyValue);
    return DecimalData.fromBigDecimal(
        new BigDecimal(keyValue < 0 ? unsigned.add(KEYS) : unsigned),
        Key.WHOLE_RANGE.length(),
        Key.WHOLE_RANGE.scale());
  }

  /**
   * Refuses keys that the declared type can't show.
   *
   * @param places where the rows are, named in the error
   */
  void check(Batch batch, IntFunction<String> places) {
    int rowCount = batch.rowCount();
    TimeUnit unit = key.unit();
    if (unit == null && key.type().kind() != CellType.Kind.BIGINT) {
      return;
    }
    long last = unit == null ? Long.MAX_VALUE : lastKey(unit);
    long step = unit == null ? 1 : unitsPerTypeUnit(unit);
    for (int row = 0; row < rowCount; row++) {
      long keyValue = batch.key(row);
      if (isAfter(keyValue, last)) {
        throw unreadable(keyValue, places.apply(row), tooLarge(), "DECIMAL(20, 0)");
      }
      if (unit != null && step != 1 && Long.remainderUnsigned(keyValue, step) != 0) {
        throw unreadable(
            keyValue,
            places.apply(row),
            "has digits that " + key.type() + " would lose",
            key.type().kind() + "(" + unit.digits() + ")");
      }
    }
  }

  private String tooLarge() {
    return key.unit() == null
        ? "is above " + Long.MAX_VALUE + ", the largest BIGINT"
        : "is after " + LAST_TIMESTAMP + ", the last " + key.type();
  }

  private ValidationException unreadable(long keyValue, String place, String fault, String type) {
    return new ValidationException(
        "key column "
            + key.name()
            + ": the key "
            + textOf(keyValue)
            + " of "
            + place
            + ", "
            + fault
            + "; declare the column as "
            + type);
  }

  private static boolean isAfter(long keyValue, long last) {
    return Long.compareUnsigned(keyValue, last) > 0;
  }

  private static long lastKey(TimeUnit unit) {
    return unit == TimeUnit.NANOS ? -1L : (LAST_SECOND + 1) * unit.stepsPerSecond() - 1;
  }

  private long unitsPerTypeUnit(TimeUnit unit) {
    return unit.stepsPerSecond() / key.type().timeUnit().stepsPerSecond();
  }

  private String typeUnit() {
    return key.type().timeUnit().symbol();
  }
}
