package io.timestore.flink.types;

import io.timestore.format.TimeUnit;
import org.apache.flink.table.data.TimestampData;

/** Timestamps as signed counts of a unit's steps since 1970-01-01T00:00:00, and back. */
enum TimestampSteps {
  SECONDS {
    @Override
    long of(TimestampData timestamp) {
      return Math.floorDiv(timestamp.getMillisecond(), 1000L);
    }

    @Override
    boolean fit(TimestampData timestamp) {
      return timestamp.getNanoOfMillisecond() == 0 && timestamp.getMillisecond() % 1000 == 0;
    }

    @Override
    TimestampData timestamp(long steps) {
      return TimestampData.fromEpochMillis(steps * 1000);
    }
  },
  MILLIS {
    @Override
    long of(TimestampData timestamp) {
      return timestamp.getMillisecond();
    }

    @Override
    boolean fit(TimestampData timestamp) {
      return timestamp.getNanoOfMillisecond() == 0;
    }

    @Override
    TimestampData timestamp(long steps) {
      return TimestampData.fromEpochMillis(steps);
    }
  },
  MICROS {
    @Override
    long of(TimestampData timestamp) {
      return steps(timestamp.getMillisecond(), 1000, timestamp.getNanoOfMillisecond() / 1000);
    }

    @Override
    boolean fit(TimestampData timestamp) {
      return timestamp.getNanoOfMillisecond() % 1000 == 0;
    }

    @Override
    TimestampData timestamp(long steps) {
      return TimestampData.fromEpochMillis(
          Math.floorDiv(steps, 1000L), Math.floorMod(steps, 1000) * 1000);
    }
  },
  NANOS {
    @Override
    long of(TimestampData timestamp) {
      return steps(timestamp.getMillisecond(), 1_000_000, timestamp.getNanoOfMillisecond());
    }

    @Override
    boolean fit(TimestampData timestamp) {
      return true;
    }

    @Override
    TimestampData timestamp(long steps) {
      return TimestampData.fromEpochMillis(
          Math.floorDiv(steps, 1_000_000L), Math.floorMod(steps, 1_000_000));
    }
  };

  /** The largest count of seconds whose milliseconds, as Flink holds them, fit into 64 bits. */
  static final long SECONDS_MAX = Long.MAX_VALUE / 1000;

  static TimestampSteps in(TimeUnit unit) {
    return switch (unit) {
      case SECONDS -> SECONDS;
      case MILLIS -> MILLIS;
      case MICROS -> MICROS;
      case NANOS -> NANOS;
    };
  }

  /**
   * The steps up to a timestamp, which must {@link #fit}.
   *
   * @throws ArithmeticException if 64 bits can't hold them
   */
  abstract long of(TimestampData timestamp);

  /** Whether the unit keeps all digits of the timestamp. */
  abstract boolean fit(TimestampData timestamp);

  abstract TimestampData timestamp(long steps);

  private static long steps(long millis, long stepsPerMilli, long rest) {
    // From the millisecond that is nearer to 0, so that the smallest long is reached without
    // overflow.
    return millis < 0
        ? Math.addExact(Math.multiplyExact(millis + 1, stepsPerMilli), rest - stepsPerMilli)
        : Math.addExact(Math.multiplyExact(millis, stepsPerMilli), rest);
  }
}
