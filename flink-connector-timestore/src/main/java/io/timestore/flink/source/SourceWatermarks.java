package io.timestore.flink.source;

import io.timestore.flink.types.EventTime;
import io.timestore.format.Commit;
import io.timestore.format.JournalEntry;
import io.timestore.store.Snapshot;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/** What a source says of the event time of rows that are still to come, in ms. */
final class SourceWatermarks {
  private final EventTime time;

  SourceWatermarks(EventTime time) {
    this.time = time;
  }

  /** Where no row comes before that key. */
  long before(long key) {
    return time.millisOf(key) - 1;
  }

  /**
   * What the writers said with their last commits: the smallest, since each may be behind the
   * others. Those that have ended, and those that know none, say nothing.
   *
   * @return {@link FilledBatch#NO_WATERMARK} if none said anything
   */
  long recorded(Snapshot snapshot) {
    Map<UUID, Long> last = new HashMap<>();
    for (JournalEntry entry : snapshot.record().journal()) {
      if (!entry.lineage().equals(Commit.NO_ID)) {
        last.put(entry.lineage(), entry.watermark());
      }
    }
    return last.values().stream()
        .filter(watermark -> watermark != Long.MIN_VALUE && watermark != Long.MAX_VALUE)
        .mapToLong(watermark -> watermark)
        .min()
        .orElse(FilledBatch.NO_WATERMARK);
  }
}
