package io.timestore.flink.source;

import io.timestore.flink.source.StoreRows.LaneRead;
import io.timestore.format.Batch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A batch that was read.
 *
 * @param before where the split was before it
 * @param runs where its rows are, in their order, and between them those that were passed over
 * @param paths directories of the split's stores, by their index
 * @param watermark what may be said behind the last row, in ms; {@link #NO_WATERMARK}: nothing
 * @param rowsLeft rows behind it that are known of
 * @param then what comes behind it
 * @param passedOver the last row that was passed over and lies behind all keys that the source is
 *     asked for, in a batch of its own; null: there was none
 */
record FilledBatch(
    Batch batch,
    TimestoreSplit before,
    List<RowRun> runs,
    List<String> paths,
    long watermark,
    long rowsLeft,
    Then then,
    @Nullable FilledBatch passedOver) {
  static final long NO_WATERMARK = Long.MIN_VALUE;

  /** What comes behind a batch. */
  enum Then {
    /** More rows, which can be read at once. */
    MORE,
    /** Nothing: the split ends. */
    LAST,
    /** The rows of a later look at the stores. */
    LATER,
    /** The same; this look has found nothing new. */
    IDLE
  }

  int rowCount() {
    return batch.rowCount();
  }

  /** The split behind all rows. */
  TimestoreSplit after() {
    return positionAt(rowCount());
  }

  /** The split behind the batch's row before that index. */
  TimestoreSplit positionAt(int index) {
    if (index == 0 && rowCount() > 0) {
      return before;
    }
    Map<Integer, Map<Integer, LaneRead>> reads = new HashMap<>();
    Map<Integer, Long> lastKeys = new HashMap<>();
    int end = 0;
    for (RowRun run : runs) {
      int start = end;
      if (start == index && index < rowCount()) {
        break;
      }
      long next;
      long lastKey;
      if (run.isPassedOver()) {
        next = run.rows().end();
        lastKey = run.lastKeyPassedOver();
      } else {
        end = Math.min(index, start + run.rowCount());
        next = run.rows().start() + end - start;
        lastKey = batch.key(end - 1);
      }
      reads
          .computeIfAbsent(run.store(), store -> new HashMap<>())
          .put(run.rows().lane(), new LaneRead(next, lastKey));
      lastKeys.put(run.store(), lastKey);
    }
    List<StoreRows> stores = new ArrayList<>(before.stores());
    reads.forEach(
        (store, lanes) ->
            stores.set(store, stores.get(store).advanced(lanes, lastKeys.get(store))));
    return before.withStores(stores);
  }

  /** Where a row is, for errors. */
  String place(int row) {
    long left = row;
    for (RowRun run : runs) {
      if (!run.isPassedOver()) {
        if (left < run.rowCount()) {
          String lane = run.rows().lane() == 0 ? "" : ", lane " + run.rows().lane();
          return paths.get(run.store()) + lane + ", row " + (run.rows().start() + left);
        }
        left -= run.rowCount();
      }
    }
    throw new IllegalArgumentException("row " + row + " of " + rowCount());
  }
}
