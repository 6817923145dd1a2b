package io.timestore.flink.source;

import io.timestore.format.Batch;
import io.timestore.store.KeyRange;
import java.util.List;

/** Which of the rows that come the source is asked for, by their keys and their places. */
final class RowFilter {
  private final List<KeyRange> keys;
  private final long firstRow;
  private final long endRow;

  RowFilter(ScanSettings settings) {
    keys = settings.wantedKeys();
    firstRow = settings.start().kind() == ScanPosition.Kind.ROW ? settings.start().value() : 0;
    endRow =
        settings.stop().kind() == ScanPosition.Kind.ROW ? settings.stop().value() : Long.MAX_VALUE;
  }

  /** Whether no row comes that the source is asked for, from that one on. */
  boolean isEnd(long row) {
    return row >= endRow;
  }

  /** Whether a key lies behind all that the source is asked for. */
  boolean isBehind(long key) {
    return keys.isEmpty() || Long.compareUnsigned(key, keys.get(keys.size() - 1).to()) > 0;
  }

  private boolean wants(long key, long row) {
    if (row < firstRow || row >= endRow) {
      return false;
    }
    int low = 0; // ranges below end before the key
    int high = keys.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (Long.compareUnsigned(keys.get(middle).to(), key) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < keys.size() && Long.compareUnsigned(keys.get(low).from(), key) <= 0;
  }

  /** Whether all rows of a batch are wanted. */
  boolean wantsAll(Batch batch, List<RowRun> runs) {
    int row = 0;
    for (RowRun run : runs) {
      for (int i = 0; i < run.rowCount(); i++) {
        if (!wants(batch.key(row++), run.firstRow() + i)) {
          return false;
        }
      }
    }
    return true;
  }

  /**
   * Copies the wanted rows.
   *
   * @param to an empty batch
   * @param newRuns gets where these rows are, and the others, as passed over
   */
  void select(Batch from, List<RowRun> runs, Batch to, List<RowRun> newRuns) {
    int runStart = 0;
    for (RowRun run : runs) {
      int start = 0;
      while (start < run.rowCount()) {
        boolean isWanted = wants(from.key(runStart + start), run.firstRow() + start);
        int end = start + 1;
        while (end < run.rowCount()
            && wants(from.key(runStart + end), run.firstRow() + end) == isWanted) {
          end++;
        }
        if (isWanted) {
          to.appendRows(from, runStart + start, runStart + end);
          newRuns.add(run.part(start, end, from, runStart));
        } else {
          newRuns.add(run.passedOver(start, end, from.key(runStart + end - 1)));
        }
        start = end;
      }
      runStart += run.rowCount();
    }
  }
}
