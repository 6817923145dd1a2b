package io.timestore.flink.sink;

import io.timestore.format.Batch;

/** Some rows of a {@link ReorderBuffer}. */
final class Page {
  /** A page of small rows is weighed only when so many came. */
  private static final int UNWEIGHED_ROWS_MAX = 16;

  private final Batch rows;
  private boolean isOrdered = true;
  private long newest;
  private int nextWeighing;

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
    long key = lastKey();
    isOrdered = isOrdered && Long.compareUnsigned(newest, key) <= 0;
    newest = key;
  }

  /** Whether it has so many bytes, or some rows more. */
  boolean isFull(int bytes) {
    int rowCount = rows.rowCount();
    if (rowCount < nextWeighing) {
      return false;
    }
    long sizeBytes = rows.sizeBytes();
    if (sizeBytes >= bytes) {
      return true;
    }
    // Far less than would fit, if rows stay as large as they are.
    long fitting = (bytes - sizeBytes) * rowCount / Math.max(1, sizeBytes);
    nextWeighing = rowCount + (int) Math.max(1, Math.min(UNWEIGHED_ROWS_MAX, fitting / 4));
    return false;
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
