package io.timestore.flink.source;

import io.timestore.store.LaneRange;

/**
 * Rows of a batch that follow one another in their store too.
 *
 * @param store index of their store among those of the split
 * @param rows where they are
 * @param firstRow index in the store's sequence of the first one; {@link RowsPart#UNKNOWN_ROW} if
 *     it is not known
 * @param isPassedOver whether the rows were read, and are not in the batch: the source is not asked
 *     for them
 * @param lastKeyPassedOver the last one's key, if they are not in the batch
 */
record RowRun(
    int store, LaneRange rows, long firstRow, boolean isPassedOver, long lastKeyPassedOver) {

  RowRun(int store, LaneRange rows, long firstRow) {
    this(store, rows, firstRow, false, 0);
  }

  int rowCount() {
    return (int) rows.rowCount();
  }

  /** Rows {@code from} to {@code to} of this run. */
  RowRun part(int from, int to) {
    return new RowRun(store, partRows(from, to), partFirstRow(from));
  }

  /** Those rows, which are not in the batch. */
  RowRun passedOver(int from, int to, long lastKey) {
    return new RowRun(store, partRows(from, to), partFirstRow(from), true, lastKey);
  }

  private LaneRange partRows(int from, int to) {
    return new LaneRange(rows.lane(), rows.start() + from, rows.start() + to);
  }

  private long partFirstRow(int from) {
    return firstRow == RowsPart.UNKNOWN_ROW ? RowsPart.UNKNOWN_ROW : firstRow + from;
  }
}
