package io.timestore.flink.sink;

import io.timestore.format.Batch;
import java.util.Arrays;

/**
 * Sorts the rows of a page by key; rows of equal keys stay as they came. The rows are moved: a page
 * fits into the cache of a core, and is then read from its beginning to its end, which all pages
 * together are too large to be read in another way at that speed.
 *
 * <p>Key and index are sorted in one long, the index last, which keeps equal keys as they came.
 * Keys too far apart for that are sorted by their upper bits, and then each group of equal upper
 * bits by the lower ones.
 */
final class PageSort {
  /** A row's index in a page has so many bits. */
  private static final int INDEX_BITS = Character.SIZE;

  /** Sorted as signed longs, so that one bit is left free. */
  private static final int KEY_BITS = Long.SIZE - 1 - INDEX_BITS;

  private final long[] packed;
  private final int[] order;

  /**
   * @param rowCountMax of a page
   */
  PageSort(int rowCountMax) {
    packed = new long[rowCountMax];
    order = new int[rowCountMax];
  }

  /**
   * Appends all rows in their order.
   *
   * @param target an empty batch
   */
  void sort(Batch rows, Batch target) {
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
      sortGroups(rows, smallest, (1L << lowerBits) - 1);
    }
    for (int i = 0; i < rowCount; i++) {
      order[i] = (char) packed[i];
    }
    target.appendRows(rows, order, rowCount);
  }

  private void sortGroups(Batch rows, long smallest, long lowerMask) {
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
