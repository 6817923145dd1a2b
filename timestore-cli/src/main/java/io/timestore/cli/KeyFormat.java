package io.timestore.cli;

import io.timestore.format.CellType;
import io.timestore.format.Key;
import io.timestore.format.TimeUnit;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalQueries;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How keys are written in a file of rows. */
@FunctionalInterface
interface KeyFormat {
  /**
   * The key of a text.
   *
   * @throws IllegalArgumentException if it is none
   */
  long parse(String text);

  /**
   * How keys of a store are written.
   *
   * @param format s, ms, us or ns: numbers of that unit; a pattern of {@link DateTimeFormatter};
   *     null: as they are stored, or times as ISO writes them
   * @param zone of times that have none, where keys are instants
   */
  static KeyFormat of(Key key, @Nullable String format, @Nullable ZoneId zone) {
    KeyText keys = new KeyText(key);
    if (format == null) {
      return text -> checked(key, keys.parse(text), text);
    }
    TimeUnit unit = key.unit();
    if (unit == null) {
      throw new IllegalArgumentException(
          "--key-format: keys of " + key.name() + " are numbers, not times");
    }
    Optional<TimeUnit> stepsUnit = unit(format);
    if (stepsUnit.isPresent()) {
      return text -> steps(text, stepsUnit.get(), unit);
    }
    DateTimeFormatter formatter = DateTimeFormatter.ofPattern(format, Locale.ROOT);
    boolean isInstant = key.type().kind() == CellType.Kind.TIMESTAMP_LTZ;
    return text -> KeyText.stored(instant(text, formatter, isInstant, zone), unit, text);
  }

  /** BIGINT and times have half of the keys. */
  private static long checked(Key key, long parsed, String text) {
    if (parsed < 0 && !key.type().equals(Key.WHOLE_RANGE)) {
      throw new IllegalArgumentException(
          "key "
              + text
              + " is above "
              + Long.MAX_VALUE
              + ", which is all that "
              + key.type()
              + " has");
    }
    return parsed;
  }

  private static Optional<TimeUnit> unit(String format) {
    return switch (format) {
      case "s", "ms", "us", "ns" -> Optional.of(TimeUnit.ofSymbol(format));
      default -> Optional.empty();
    };
  }

  private static long steps(String text, TimeUnit from, TimeUnit to) {
    try {
      long key =
          new BigDecimal(text)
              .multiply(BigDecimal.valueOf(to.stepsPerSecond()))
              .divide(BigDecimal.valueOf(from.stepsPerSecond()))
              .longValueExact();
      if (key < 0) {
        throw new IllegalArgumentException(text + " lies before 1970, where no key is");
      }
      return key;
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'" + text + "' is no number of " + from.symbol(), e);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          text
              + " "
              + from.symbol()
              + " is too large, or finer than the keys, which count "
              + to.symbol(),
          e);
    }
  }

  private static Instant instant(
      String text, DateTimeFormatter formatter, boolean isInstant, @Nullable ZoneId zone) {
    try {
      TemporalAccessor time = formatter.parse(text);
      boolean hasZone =
          time.isSupported(ChronoField.OFFSET_SECONDS)
              || time.isSupported(ChronoField.INSTANT_SECONDS);
      if (isInstant && hasZone) {
        return Instant.from(time);
      }
      LocalDate date = LocalDate.from(time);
      LocalTime ofDay = time.query(TemporalQueries.localTime());
      LocalDateTime local = date.atTime(ofDay == null ? LocalTime.MIDNIGHT : ofDay);
      if (isInstant && zone == null) {
        throw new IllegalArgumentException(
            "'" + text + "' has no zone, and the keys are instants: give the zone with --zone");
      }
      return isInstant
          ? local.atZone(zone == null ? ZoneOffset.UTC : zone).toInstant()
          : local.toInstant(ZoneOffset.UTC);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException("'" + text + "' is no time of the --key-format", e);
    }
  }
}
