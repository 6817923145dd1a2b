package io.timestore.flink.table;

import io.timestore.flink.source.KeySummary;
import io.timestore.format.Key;
import io.timestore.format.TimeUnit;
import java.math.BigDecimal;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.Map;
import org.apache.flink.table.plan.stats.ColumnStats;
import org.apache.flink.table.plan.stats.TableStats;

/** What the planner is told of a scan: how many rows it has, and the range of their keys. */
record KeyStatistics(Key key) {
  private static final long LAST_SECOND = 253_402_300_799L; // of the year 9999

  TableStats of(KeySummary summary) {
    if (summary.rowCount() == 0) {
      return new TableStats(0);
    }
    long smallest = summary.smallestKey().orElseThrow();
    long largest = summary.largestKey().orElseThrow();
    if (!isShown(largest)) {
      return new TableStats(summary.rowCount()); // the scan tells what is wrong
    }
    ColumnStats ofKey =
        ColumnStats.Builder.builder()
            .setNullCount(0L)
            .setMin(shown(smallest))
            .setMax(shown(largest))
            .build();
    return new TableStats(summary.rowCount(), Map.of(key.name(), ofKey));
  }

  private boolean isShown(long keyValue) {
    TimeUnit unit = key.unit();
    return unit == null || Long.divideUnsigned(keyValue, unit.stepsPerSecond()) <= LAST_SECOND;
  }

  /** A key as the planner compares it with literals. */
  private Comparable<?> shown(long keyValue) {
    TimeUnit unit = key.unit();
    if (unit == null) {
      return new BigDecimal(Long.toUnsignedString(keyValue));
    }
    long steps = Long.remainderUnsigned(keyValue, unit.stepsPerSecond());
    return Timestamp.from(
        Instant.ofEpochSecond(
            Long.divideUnsigned(keyValue, unit.stepsPerSecond()), steps * unit.nanosPerStep()));
  }
}
