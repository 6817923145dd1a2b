package io.timestore.flink.sink;

import io.timestore.format.Batch;

/** Some rows of a {@link ReorderBuffer}. */
final class Page {
  private final Batch rows;
  private boolean isOrdered = true;

  /** How many rows were taken, from the first on. */
  private int taken;

  Page(Batch rows) {
    this.rows = rows;
  }

  Batch rows() {
    return rows;
  }

  /** Takes note of the row that was appended to {@link #rows}. */
  void rowAppended() {
    int last = rows.rowCount() - 1;
    isOrdered =
        isOrdered && (last == 0 || Long.compareUnsigned(rows.key(last - 1), rows.key(last)) <= 0);
  }

  /** Whether all rows of the next page come behind those of this one; both are in order. */
  boolean isFollowedInOrderBy(Page next) {
    return Long.compareUnsigned(lastKey(), next.rows.key(0)) <= 0;
  }

  /** Whether the rows are in order as they stand. */
  boolean isOrdered() {
    return isOrdered;
  }

  /** Rows that were not taken. */
  int left() {
    return rows.rowCount() - taken;
  }

  boolean hasNext() {
    return taken < rows.rowCount();
  }

  boolean isUntouched() {
    return taken == 0;
  }

  /** The key of the first row that was not taken. */
  long nextKey() {
    return rows.key(taken);
  }

  /** The key of the last row. */
  long lastKey() {
    return rows.key(rows.rowCount() - 1);
  }

  /** Takes the next row; its index. */
  int take() {
    return taken++;
  }

  /** Takes all rows that are left; the index of the first. */
  int takeAll() {
    int first = taken;
    taken = rows.rowCount();
    return first;
  }

  long memoryBytes() {
    return rows.memoryBytes();
  }
}
