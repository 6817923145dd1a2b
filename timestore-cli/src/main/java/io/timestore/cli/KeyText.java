package io.timestore.cli;

import io.timestore.format.CellType;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.format.TimeUnit;
import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Keys for people: times where the store's keys are times, else unsigned numbers.
 *
 * @param key what the schema says; null where there is none
 */
record KeyText(@Nullable Key key) {

  static KeyText of(Optional<Schema> schema) {
    return new KeyText(schema.map(Schema::key).orElse(null));
  }

  /** The unit of a key that is a time; null for numbers. */
  @Nullable TimeUnit unit() {
    return key == null ? null : key.unit();
  }

  /** Whether a time is written with a zone. */
  private boolean isInstant() {
    return key != null && key.type().kind() == CellType.Kind.TIMESTAMP_LTZ;
  }

  /** The number. */
  static String number(long stored) {
    return Long.toUnsignedString(stored);
  }

  /** The time, if it is one that has a name. */
  Optional<String> time(long stored) {
    TimeUnit unit = unit();
    if (unit == null || stored < 0) {
      return Optional.empty();
    }
    long steps = unit.stepsPerSecond();
    try {
      String text =
          Instant.ofEpochSecond(stored / steps, stored % steps * unit.nanosPerStep()).toString();
      return Optional.of(isInstant() ? text : text.substring(0, text.length() - 1));
    } catch (DateTimeException e) {
      return Optional.empty(); // Beyond the year 10^9, in seconds.
    }
  }

  String text(long stored) {
    return time(stored).orElse(number(stored));
  }

  /** How long it is from one key to a later one. */
  String distance(long from, long to) {
    TimeUnit unit = unit();
    long difference = to - from;
    if (unit == null || difference < 0) {
      return Long.toUnsignedString(difference);
    }
    long steps = unit.stepsPerSecond();
    return text(Duration.ofSeconds(difference / steps, difference % steps * unit.nanosPerStep()));
  }

  /** {@code 3 d 4 h}, {@code 4 h 5 min}, {@code 5 min 6 s}, {@code 6.25 s}. */
  static String text(Duration duration) {
    if (duration.isNegative()) {
      return "-" + text(duration.negated());
    }
    if (duration.toDays() > 0) {
      return duration.toDays() + " d " + duration.toHoursPart() + " h";
    }
    if (duration.toHours() > 0) {
      return duration.toHours() + " h " + duration.toMinutesPart() + " min";
    }
    if (duration.toMinutes() > 0) {
      return duration.toMinutes() + " min " + duration.toSecondsPart() + " s";
    }
    String seconds = Long.toString(duration.toSeconds());
    if (duration.toNanosPart() != 0) {
      String fraction = String.format(Locale.ROOT, "%09d", duration.toNanosPart());
      seconds += "." + fraction.replaceFirst("0+$", "");
    }
    return seconds + " s";
  }

  /**
   * A key as somebody typed it: a number as it is stored, or where keys are times, a time.
   *
   * @throws IllegalArgumentException if it is neither, or finer than the keys' unit
   */
  long parse(String text) {
    if (text.matches("\\d+")) {
      BigInteger number = new BigInteger(text);
      if (number.bitLength() > Long.SIZE) {
        throw new IllegalArgumentException("key " + text + " is above 2^64 - 1");
      }
      return number.longValue();
    }
    TimeUnit unit = unit();
    if (unit == null) {
      throw new IllegalArgumentException(
          "'" + text + "' is no key, expected a number from 0 to 2^64 - 1");
    }
    return stored(instant(text), unit, text);
  }

  /**
   * The key of a time.
   *
   * @param text for errors
   */
  static long stored(Instant instant, TimeUnit unit, String text) {
    if (instant.getEpochSecond() < 0) {
      throw new IllegalArgumentException(text + " lies before 1970, where no key is");
    }
    if (instant.getNano() % unit.nanosPerStep() != 0) {
      throw new IllegalArgumentException(
          text + " is finer than the keys, which count " + unit.symbol());
    }
    try {
      return Math.addExact(
          Math.multiplyExact(instant.getEpochSecond(), unit.stepsPerSecond()),
          instant.getNano() / unit.nanosPerStep());
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(text + " is beyond what a key can be", e);
    }
  }

  private Instant instant(String text) {
    String expected =
        isInstant()
            ? "2026-01-31T12:00:00Z, with its zone, or"
            : "2026-01-31T12:00:00, without a zone, or";
    try {
      String withTime = text.replace(' ', 'T');
      if (isInstant()) {
        return OffsetDateTime.parse(withTime).toInstant();
      }
      return withTime.contains("T")
          ? LocalDateTime.parse(withTime).toInstant(ZoneOffset.UTC)
          : LocalDate.parse(withTime).atStartOfDay().toInstant(ZoneOffset.UTC);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException(
          "'"
              + text
              + "' is no key, expected a time as "
              + expected
              + " a number of the unit "
              + unit(),
          e);
    }
  }
}
