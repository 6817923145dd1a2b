package io.timestore.flink.sink;

import io.timestore.format.Batch;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Some rows of a {@link ReorderBuffer}, and their order by key. */
final class Page {
  /** A row's index in a page has so many bits. */
  static final int INDEX_BITS = Character.SIZE;

  /** Sorted as signed longs, so that one bit is left free. */
  private static final int KEY_BITS = Long.SIZE - 1 - INDEX_BITS;

  private final Batch rows;
  private boolean isOrdered = true;

  /** Row indexes by key, rows of equal keys as they came; null: the rows are in order. */
  private char @Nullable [] order;

  /** How many rows were taken, in the order of their keys. */
  private int taken;

  Page(Batch rows) {
    this.rows = rows;
  }

  Batch rows() {
    return rows;
  }

  /** Takes note of the row that was appended to {@link #rows}. */
  void rowAppended() {
    if (order != null) {
      order = null;
    }
    int last = rows.rowCount() - 1;
    isOrdered =
        isOrdered && (last == 0 || Long.compareUnsigned(rows.key(last - 1), rows.key(last)) <= 0);
  }

  /** Whether no row of either comes before one that came earlier. */
  boolean isFollowedInOrderBy(Page next) {
    return isOrdered && next.isOrdered && Long.compareUnsigned(lastCame(), next.rows.key(0)) <= 0;
  }

  /** The key of the row that came last. */
  long lastCame() {
    return rows.key(rows.rowCount() - 1);
  }

  long memoryBytes() {
    return rows.memoryBytes() + (isOrdered ? 0 : (long) rows.rowCount() * Character.BYTES);
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

  /** The smallest key that was not taken; after {@link #sort}. */
  long nextKey() {
    return rows.key(rowAt(taken));
  }

  /** The largest key; after {@link #sort}. */
  long lastKey() {
    return rows.key(rowAt(rows.rowCount() - 1));
  }

  /** Takes the row of the smallest key, and of these the first that came. */
  int take() {
    return rowAt(taken++);
  }

  /** Takes all rows that are left; the index of the first in their order. */
  int takeAll() {
    int first = taken;
    taken = rows.rowCount();
    return first;
  }

  private int rowAt(int i) {
    return order == null ? i : order[i];
  }

  /**
   * Finds the order of rows that have none. Key and index are sorted in one long, the index last,
   * which keeps equal keys as they came. Keys too far apart for that are sorted by their upper
   * bits, and then each group of equal upper bits by the lower ones.
   *
   * @param packed room for a long a row
   */
  void sort(long[] packed) {
    if (isOrdered || order != null) {
      return;
    }
    int rowCount = rows.rowCount();
    long smallest = rows.key(0);
    long largest = rows.key(0);
    for (int row = 1; row < rowCount; row++) {
      long key = rows.key(row);
      smallest = Long.compareUnsigned(key, smallest) < 0 ? key : smallest;
      largest = Long.compareUnsigned(key, largest) > 0 ? key : largest;
    }
    int keyBits = Long.SIZE - Long.numberOfLeadingZeros(largest - smallest);
    int lowerBits = Math.max(0, keyBits - KEY_BITS);
    for (int row = 0; row < rowCount; row++) {
      packed[row] = (rows.key(row) - smallest) >>> lowerBits << INDEX_BITS | row;
    }
    Arrays.sort(packed, 0, rowCount);
    if (lowerBits > 0) {
      sortGroups(packed, smallest, (1L << lowerBits) - 1);
    }
    char[] sorted = new char[rowCount];
    for (int i = 0; i < rowCount; i++) {
      sorted[i] = (char) packed[i];
    }
    order = sorted;
  }

  private void sortGroups(long[] packed, long smallest, long lowerMask) {
    int rowCount = rows.rowCount();
    int start = 0;
    while (start < rowCount) {
      long upper = packed[start] >>> INDEX_BITS;
      int end = start;
      while (end < rowCount && packed[end] >>> INDEX_BITS == upper) {
        int row = (char) packed[end];
        packed[end++] = ((rows.key(row) - smallest) & lowerMask) << INDEX_BITS | row;
      }
      Arrays.sort(packed, start, end);
      start = end;
    }
  }
}
