package io.timestore.flink.table;

import io.timestore.flink.source.ScanPosition;
import io.timestore.flink.source.ScanSettings;
import io.timestore.flink.table.TimestoreOptions.BoundedMode;
import io.timestore.flink.table.TimestoreOptions.StartupMode;
import io.timestore.format.CellType;
import io.timestore.format.Key;
import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.api.config.TableConfigOptions;
import org.jspecify.annotations.Nullable;

/** Which rows a table's options say that a scan reads, and how. */
final class ScanOptions {
  private static final BigInteger KEY_END = BigInteger.ONE.shiftLeft(Long.SIZE);
  private static final Pattern DIGITS = Pattern.compile("[0-9]+");

  private final ReadableConfig options;
  private final ReadableConfig session;
  private final Key key;
  private final boolean isBatch;

  /**
   * The options of a table with this key.
   *
   * @param session what the job is configured with
   */
  ScanOptions(ReadableConfig options, ReadableConfig session, Key key) {
    this.options = options;
    this.session = session;
    this.key = key;
    isBatch = SessionMode.of(session).isBatch();
  }

  /**
   * What they say.
   *
   * @throws ValidationException if one of them has a wrong value, or they contradict one another
   */
  ScanSettings settings() {
    ScanPosition start = start();
    ScanPosition stop = stop();
    checkOrder(start, stop);
    ScanSettings settings =
        ScanSettings.DEFAULT
            .withStart(start)
            .withSplitSizeBytes(options.get(TimestoreOptions.SCAN_SPLIT_SIZE).getBytes())
            .withVerifyChecksums(options.get(TimestoreOptions.SCAN_VERIFY_CHECKSUMS));
    Duration interval = monitorInterval();
    return interval == null || stop.kind() == ScanPosition.Kind.LATEST
        ? settings.withStop(stop)
        : settings.withMonitorInterval(interval, stop);
  }

  /** How often to look for new rows; null: never. */
  private @Nullable Duration monitorInterval() {
    Optional<Duration> interval = options.getOptional(TimestoreOptions.SOURCE_MONITOR_INTERVAL);
    if (interval.isPresent() && (interval.get().isNegative() || interval.get().isZero())) {
      throw new ValidationException(
          "option 'source.monitor-interval' = '"
              + interval.get().toMillis()
              + " ms', expected more than 0, such as '1 s'");
    }
    return isBatch ? null : interval.orElse(null);
  }

  private ScanPosition start() {
    StartupMode mode = options.get(TimestoreOptions.SCAN_STARTUP_MODE);
    for (Value value :
        List.of(
            new Value(TimestoreOptions.SCAN_STARTUP_TIMESTAMP, StartupMode.TIMESTAMP),
            new Value(TimestoreOptions.SCAN_STARTUP_KEY, StartupMode.KEY),
            new Value(TimestoreOptions.SCAN_STARTUP_ROW, StartupMode.ROW))) {
      value.check(options, TimestoreOptions.SCAN_STARTUP_MODE, mode);
    }
    return switch (mode) {
      case EARLIEST -> ScanPosition.earliest();
      case LATEST -> ScanPosition.latest();
      case TIMESTAMP -> atTimestamp(TimestoreOptions.SCAN_STARTUP_TIMESTAMP);
      case KEY ->
          ScanPosition.atKey(number(TimestoreOptions.SCAN_STARTUP_KEY, KEY_END, "2^64 - 1"));
      case ROW -> atRow(TimestoreOptions.SCAN_STARTUP_ROW);
    };
  }

  private ScanPosition stop() {
    Optional<BoundedMode> declared = options.getOptional(TimestoreOptions.SCAN_BOUNDED_MODE);
    BoundedMode mode =
        declared.orElse(monitorInterval() == null ? BoundedMode.LATEST : BoundedMode.UNBOUNDED);
    for (Value value :
        List.of(
            new Value(TimestoreOptions.SCAN_BOUNDED_TIMESTAMP, BoundedMode.TIMESTAMP),
            new Value(TimestoreOptions.SCAN_BOUNDED_KEY, BoundedMode.KEY),
            new Value(TimestoreOptions.SCAN_BOUNDED_ROW, BoundedMode.ROW))) {
      value.check(options, TimestoreOptions.SCAN_BOUNDED_MODE, mode);
    }
    return switch (mode) {
      case LATEST -> ScanPosition.latest();
      case UNBOUNDED -> never();
      case TIMESTAMP -> atTimestamp(TimestoreOptions.SCAN_BOUNDED_TIMESTAMP);
      case KEY ->
          ScanPosition.atKey(number(TimestoreOptions.SCAN_BOUNDED_KEY, KEY_END, "2^64 - 1"));
      case ROW -> atRow(TimestoreOptions.SCAN_BOUNDED_ROW);
    };
  }

  private ScanPosition never() {
    if (isBatch) {
      throw new ValidationException(
          "option 'scan.bounded.mode' = 'unbounded': a batch job reads what is there and ends, leave"
              + " the option out or run the job in streaming mode");
    }
    if (monitorInterval() == null) {
      throw new ValidationException(
          "option 'scan.bounded.mode' = 'unbounded': a scan that never ends looks for new rows, set"
              + " 'source.monitor-interval' to how often, such as '1 s'");
    }
    return ScanPosition.never();
  }

  /** An option with the place of a position, and the mode in which it has a meaning. */
  private record Value(ConfigOption<String> option, Enum<?> mode) {
    void check(ReadableConfig options, ConfigOption<?> modeOption, Enum<?> found) {
      Optional<String> value = options.getOptional(option);
      if (value.isPresent() && found != mode) {
        throw new ValidationException(
            "option '"
                + option.key()
                + "' = '"
                + value.get()
                + "' means nothing where '"
                + modeOption.key()
                + "' is '"
                + found
                + "': set it to '"
                + mode
                + "', or leave the former out");
      }
      if (value.isEmpty() && found == mode) {
        throw new ValidationException(
            "option '"
                + modeOption.key()
                + "' = '"
                + mode
                + "' needs the option '"
                + option.key()
                + "'");
      }
    }
  }

  private ScanPosition atRow(ConfigOption<String> option) {
    return ScanPosition.atRow(
        number(option, BigInteger.valueOf(Long.MAX_VALUE).add(BigInteger.ONE), "2^63 - 1"));
  }

  private long number(ConfigOption<String> option, BigInteger end, String last) {
    String text = options.get(option);
    if (DIGITS.matcher(text).matches()) {
      BigInteger number = new BigInteger(text);
      if (number.compareTo(end) < 0) {
        return number.longValue();
      }
    }
    throw new ValidationException(
        "option '"
            + option.key()
            + "' = '"
            + text
            + "', expected a whole number from 0 to "
            + last);
  }

  private ScanPosition atTimestamp(ConfigOption<String> option) {
    String text = options.get(option);
    if (key.unit() == null) {
      throw new ValidationException(
          "option '"
              + option.key()
              + "' = '"
              + text
              + "': the key "
              + key.name()
              + " is "
              + key.type()
              + ", no time; use the mode 'key' and '"
              + option.key().replace("timestamp", "key")
              + "'");
    }
    BigInteger ceiling = KeySteps.of(key).ceiling(instant(option, text));
    if (ceiling.signum() < 0 || ceiling.compareTo(KEY_END) >= 0) {
      throw new ValidationException(
          "option '"
              + option.key()
              + "' = '"
              + text
              + "': keys in "
              + key.unit().symbol()
              + " begin at 1970-01-01T00:00:00"
              + (ceiling.signum() < 0 ? "" : ", and end before that"));
    }
    return ScanPosition.atKey(ceiling.longValue());
  }

  private Instant instant(ConfigOption<String> option, String text) {
    boolean isLocal = key.type().kind() == CellType.Kind.TIMESTAMP;
    try {
      if (DIGITS.matcher(text).matches()) {
        return Instant.ofEpochMilli(Long.parseLong(text));
      }
      Object time =
          DateTimeFormatter.ISO_DATE_TIME.parseBest(
              text.replace(' ', 'T'), OffsetDateTime::from, LocalDateTime::from);
      if (time instanceof LocalDateTime local) {
        ZoneId zone = isLocal ? ZoneOffset.UTC : sessionZone();
        return local.atZone(zone).toInstant();
      }
      if (!isLocal) {
        return ((OffsetDateTime) time).toInstant();
      }
    } catch (DateTimeException | NumberFormatException e) {
      throw Refusal.of(notATime(option, text, isLocal), e);
    }
    throw new ValidationException(notATime(option, text, isLocal));
  }

  private String notATime(ConfigOption<String> option, String text, boolean isLocal) {
    return "option '"
        + option.key()
        + "' = '"
        + text
        + "', expected a time such as '2026-01-31T12:00:00.000"
        + (isLocal ? "' (without a zone, since " + key.name() + " is " + key.type() + ")" : "Z'")
        + ", or milliseconds since 1970";
  }

  private ZoneId sessionZone() {
    String zone = session.get(TableConfigOptions.LOCAL_TIME_ZONE);
    return zone.equals(TableConfigOptions.LOCAL_TIME_ZONE.defaultValue())
        ? ZoneId.systemDefault()
        : ZoneId.of(zone);
  }

  private void checkOrder(ScanPosition start, ScanPosition stop) {
    boolean hasNewRows = monitorInterval() != null && stop.kind() != ScanPosition.Kind.LATEST;
    if (start.kind() == ScanPosition.Kind.LATEST && !hasNewRows) {
      throw new ValidationException(
          "option 'scan.startup.mode' = 'latest': no row is left, since the scan ends with those"
              + " that are there; "
              + (isBatch
                  ? "run the job in streaming mode with 'source.monitor-interval'"
                  : "set 'source.monitor-interval', and 'scan.bounded.mode' to another mode than"
                      + " 'latest'"));
    }
    if (start.kind() == stop.kind() && Long.compareUnsigned(start.value(), stop.value()) >= 0) {
      throw new ValidationException(
          "option 'scan.bounded.mode' = '"
              + options.getOptional(TimestoreOptions.SCAN_BOUNDED_MODE).orElseThrow()
              + "': no row is left, since the scan ends where 'scan.startup.mode' = '"
              + options.get(TimestoreOptions.SCAN_STARTUP_MODE)
              + "' lets it begin, or before that");
    }
  }
}
