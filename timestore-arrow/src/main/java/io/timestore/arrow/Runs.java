package io.timestore.arrow;

import java.util.Arrays;

/** Where the rows of a batch are: runs of rows that follow one another in their lane. */
final class Runs {
  private int[] lanes = new int[16];
  private long[] starts = new long[16];
  private int[] rowCounts = new int[16];
  private int count;
  private int rowCount;

  void clear() {
    count = 0;
    rowCount = 0;
  }

  int count() {
    return count;
  }

  /** Rows of all runs. */
  int rowCount() {
    return rowCount;
  }

  int lane(int run) {
    return lanes[run];
  }

  long start(int run) {
    return starts[run];
  }

  int rowCount(int run) {
    return rowCounts[run];
  }

  /** Whether rows that begin there go on with the last run. */
  boolean isContinuedBy(int lane, long start) {
    int last = count - 1;
    return last >= 0 && lanes[last] == lane && starts[last] + rowCounts[last] == start;
  }

  void add(int lane, long start, int addedRowCount) {
    rowCount += addedRowCount;
    if (isContinuedBy(lane, start)) {
      rowCounts[count - 1] += addedRowCount;
      return;
    }
    if (count == lanes.length) {
      lanes = Arrays.copyOf(lanes, count * 2);
      starts = Arrays.copyOf(starts, count * 2);
      rowCounts = Arrays.copyOf(rowCounts, count * 2);
    }
    lanes[count] = lane;
    starts[count] = start;
    rowCounts[count++] = addedRowCount;
  }

  /** A row of the batch as errors name it; the last run's next rows may be meant, too. */
  String place(int row) {
    int first = 0;
    int run = 0;
    while (run < count - 1 && first + rowCounts[run] <= row) {
      first += rowCounts[run++];
    }
    return "lane " + lanes[run] + ", row " + (starts[run] + row - first);
  }
}
