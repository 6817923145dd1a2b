package io.timestore.flink.source;

import io.timestore.flink.types.TableLayout;
import io.timestore.store.KeyRange;
import io.timestore.store.SequencePart;
import io.timestore.store.Snapshot;
import java.io.IOException;
import java.util.OptionalLong;

/**
 * What the keys alone tell of the rows that a scan reads.
 *
 * @param smallestKey unsigned; empty if there are no rows
 * @param largestKey likewise
 */
public record KeySummary(long rowCount, OptionalLong smallestKey, OptionalLong largestKey) {
  private static final KeySummary NO_ROWS =
      new KeySummary(0, OptionalLong.empty(), OptionalLong.empty());

  /** Of a scan that began now, and read what is there. Searches on disk, and reads a few keys. */
  public static KeySummary of(TableLayout layout, ScanSettings settings) throws IOException {
    StoreAccess access = new StoreAccess(layout, new int[0], settings.verifyChecksums());
    KeySummary all = NO_ROWS;
    for (String path : access.storePaths()) {
      Snapshot snapshot = access.open(path).snapshot();
      long start = SplitCutter.row(snapshot, settings.start(), true);
      long stop = SplitCutter.row(snapshot, settings.stop(), false);
      for (KeyRange range : settings.wantedKeys()) {
        SequencePart rows = snapshot.part(range);
        long from = Math.max(rows.start(), start);
        long to = Math.min(rows.end(), stop);
        if (from < to) {
          all =
              all.and(
                  new KeySummary(
                      to - from,
                      OptionalLong.of(snapshot.key(from)),
                      OptionalLong.of(snapshot.key(to - 1))));
        }
      }
    }
    return all;
  }

  private KeySummary and(KeySummary other) {
    if (rowCount == 0) {
      return other;
    }
    long otherSmallest = other.smallestKey.orElseThrow();
    long otherLargest = other.largestKey.orElseThrow();
    return new KeySummary(
        rowCount + other.rowCount,
        Long.compareUnsigned(smallestKey.orElseThrow(), otherSmallest) <= 0
            ? smallestKey
            : other.smallestKey,
        Long.compareUnsigned(largestKey.orElseThrow(), otherLargest) >= 0
            ? largestKey
            : other.largestKey);
  }
}
