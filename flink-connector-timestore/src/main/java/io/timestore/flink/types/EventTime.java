package io.timestore.flink.types;

import io.timestore.format.Key;
import io.timestore.format.TimeUnit;
import java.util.OptionalLong;
import org.apache.flink.table.api.ValidationException;
import org.jspecify.annotations.Nullable;

/** Keys as what timestamps and watermarks are: whole milliseconds since 1970. */
public final class EventTime {
  private final TimeUnit unit;

  /** The event time of these keys, which {@link #check} passed. */
  public EventTime(Key key) {
    unit = unitOf(key);
  }

  private static TimeUnit unitOf(Key key) {
    TimeUnit known = key.unit();
    if (known == null) {
      throw new ValidationException(
          "the ordering 'watermark' holds rows until the watermark passes their keys, but "
              + key.name()
              + ", "
              + key.type()
              + ", is no time: declare the key as TIMESTAMP or TIMESTAMP_LTZ, or use the ordering"
              + " 'checkpoint'");
    }
    return known;
  }

  /**
   * Refuses keys that no watermark passes.
   *
   * @throws ValidationException if keys are numbers
   */
  public static void check(Key key) {
    unitOf(key);
  }

  /** Whether the keys are times. */
  public static boolean isOf(Key key) {
    return key.unit() != null;
  }

  /** The millisecond that a key lies in. */
  public long millisOf(long key) {
    return switch (unit) {
      case SECONDS -> key * 1000;
      case MILLIS -> key;
      case MICROS -> Long.divideUnsigned(key, 1000L);
      case NANOS -> Long.divideUnsigned(key, 1_000_000L);
    };
  }

  /** The largest key that a watermark passes; empty if it passes none. */
  public OptionalLong lastKeyAt(long watermark) {
    if (watermark < 0) {
      return OptionalLong.empty();
    }
    if (watermark == Long.MAX_VALUE) {
      return OptionalLong.of(-1L);
    }
    return OptionalLong.of(
        switch (unit) {
          case SECONDS -> watermark / 1000;
          case MILLIS -> watermark;
          case MICROS, NANOS -> lastStepIn(watermark);
        });
  }

  private long lastStepIn(long milli) {
    long steps = stepsPerMilli();
    boolean isAfterAll = milli >= Long.divideUnsigned(-1L, steps);
    return isAfterAll ? -1L : (milli + 1) * steps - 1;
  }

  private long stepsPerMilli() {
    return unit.stepsPerSecond() / 1000;
  }

  /** Whether a record of this timestamp may have this key; one without timestamp may. */
  public boolean agrees(long key, @Nullable Long timestamp) {
    return timestamp == null || timestamp == millisOf(key);
  }
}
