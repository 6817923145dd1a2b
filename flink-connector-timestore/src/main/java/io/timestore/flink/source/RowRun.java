package io.timestore.flink.source;

import io.timestore.format.Batch;
import io.timestore.store.LaneRange;
import java.util.OptionalLong;

/**
 * Rows of a batch that follow one another in their store too.
 *
 * @param store index of their store among those of the split
 * @param rows where they are
 * @param firstRow index in the store's sequence of the first one; {@link RowsPart#UNKNOWN_ROW} if
 *     it is not known
 * @param previousKey key of the row that the scan read before it in the store, or that lies before
 *     it; empty if there is none
 * @param isPassedOver whether the rows were read, and are not in the batch: the source is not asked
 *     for them
 * @param lastKeyPassedOver the last one's key, if they are not in the batch
 */
record RowRun(
    int store,
    LaneRange rows,
    long firstRow,
    OptionalLong previousKey,
    boolean isPassedOver,
    long lastKeyPassedOver) {

  RowRun(int store, LaneRange rows, long firstRow, OptionalLong previousKey) {
    this(store, rows, firstRow, previousKey, false, 0);
  }

  int rowCount() {
    return (int) rows.rowCount();
  }

  /**
   * Rows {@code from} to {@code to} of this run.
   *
   * @param batch which has the rows of the run
   * @param start index of the first of these
   */
  RowRun part(int from, int to, Batch batch, int start) {
    OptionalLong keyBefore = from == 0 ? previousKey : OptionalLong.of(batch.key(start + from - 1));
    return new RowRun(store, partRows(from, to), partFirstRow(from), keyBefore);
  }

  /** Those rows, which are not in the batch. */
  RowRun passedOver(int from, int to, long lastKey) {
    return new RowRun(
        store, partRows(from, to), partFirstRow(from), OptionalLong.empty(), true, lastKey);
  }

  private LaneRange partRows(int from, int to) {
    return new LaneRange(rows.lane(), rows.start() + from, rows.start() + to);
  }

  private long partFirstRow(int from) {
    return firstRow == RowsPart.UNKNOWN_ROW ? RowsPart.UNKNOWN_ROW : firstRow + from;
  }
}
