package io.timestore.flink.source;

import io.timestore.format.Batch;
import io.timestore.store.LaneRange;
import io.timestore.store.Scan;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** The rows that are left of one store of a split: those in memory, and the others on disk. */
final class StoreScan implements Comparable<StoreScan>, Closeable {
  private final int store;
  private final Scan scan;
  private final Deque<RowsPart> parts;
  private final Batch block;
  private final Deque<RowRun> blockRuns = new ArrayDeque<>();
  private long nextRow;
  private long partRowsLeft;
  private OptionalLong previousKey = OptionalLong.empty();
  private int index;

  /** The next row's key; while no row is in memory, one that is not above it. */
  private long key;

  /**
   * Rows of a store.
   *
   * @param store its index among those of the split
   * @param scan of the rows of the parts
   * @param lowestKey one that is not above the first row's
   * @param block for the rows in memory
   */
  StoreScan(int store, Scan scan, List<RowsPart> parts, long lowestKey, Batch block) {
    this.store = store;
    this.scan = scan;
    this.parts = new ArrayDeque<>(parts);
    this.block = block;
    key = lowestKey;
  }

  boolean hasRows() {
    return index < block.rowCount();
  }

  @Override
  public int compareTo(StoreScan other) {
    int order = Long.compareUnsigned(key, other.key);
    return order != 0 ? order : Integer.compare(store, other.store);
  }

  /**
   * Fills a batch from disk.
   *
   * @param runs where its rows are is added there
   */
  boolean read(Batch batch, List<RowRun> runs) throws IOException {
    if (!scan.next(batch)) {
      return false;
    }
    int row = 0;
    for (LaneRange range : scan.rows()) {
      number(range, batch, row, runs);
      row += (int) range.rowCount();
    }
    return true;
  }

  /** Parts follow one another, and so do their rows. */
  private void number(LaneRange range, Batch batch, int firstRow, List<RowRun> runs) {
    long start = range.start();
    while (start < range.end()) {
      if (partRowsLeft == 0) {
        RowsPart part = parts.remove();
        nextRow = part.nextRow();
        partRowsLeft = part.rowsLeft();
        previousKey = part.previousKey();
        continue;
      }
      long count = Math.min(partRowsLeft, range.end() - start);
      LaneRange rows =
          count == range.rowCount() ? range : new LaneRange(range.lane(), start, start + count);
      runs.add(new RowRun(store, rows, nextRow, previousKey));
      nextRow = nextRow == RowsPart.UNKNOWN_ROW ? nextRow : nextRow + count;
      partRowsLeft -= count;
      start += count;
      previousKey = OptionalLong.of(batch.key(firstRow + (int) (start - range.start()) - 1));
    }
  }

  /** Reads rows into memory; false where there are no more. */
  boolean load() throws IOException {
    List<RowRun> runs = new ArrayList<>();
    boolean hasMore = read(block, runs);
    blockRuns.clear();
    blockRuns.addAll(runs);
    index = 0;
    if (hasMore) {
      key = block.key(0);
    }
    return hasMore;
  }

  /**
   * Moves the rows in memory that come before those of another store into a batch.
   *
   * @param next null: all
   * @param rowCountMax how many at most
   */
  void moveRows(@Nullable StoreScan next, Batch batch, List<RowRun> runs, int rowCountMax) {
    int rowsBefore = next == null ? block.rowCount() - index : rowsBefore(next);
    int count = Math.min(rowsBefore, rowCountMax);
    if (count == block.rowCount() && batch.rowCount() == 0) {
      batch.swap(block);
    } else {
      batch.appendRows(block, index, index + count);
    }
    noteRuns(count, runs);
    index += count;
    key = hasRows() ? block.key(index) : batch.key(batch.rowCount() - 1);
  }

  private void noteRuns(int count, List<RowRun> runs) {
    int left = count;
    int row = index;
    while (left > 0) {
      RowRun run = blockRuns.remove();
      if (run.rowCount() > left) {
        blockRuns.addFirst(run.part(left, run.rowCount(), block, row));
        run = run.part(0, left, block, row);
      }
      runs.add(run);
      left -= run.rowCount();
      row += run.rowCount();
    }
  }

  /** Looks near the first row first: runs are short where stores interleave. */
  private int rowsBefore(StoreScan next) {
    int rowCount = block.rowCount();
    if (isBefore(rowCount - 1, next)) {
      return rowCount - index;
    }
    int low = index; // is before it
    int step = 1;
    while (low + step < rowCount && isBefore(low + step, next)) {
      low += step;
      step *= 2;
    }
    int high = Math.min(low + step, rowCount - 1); // is not
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      if (isBefore(middle, next)) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return high - index;
  }

  private boolean isBefore(int row, StoreScan next) {
    int order = Long.compareUnsigned(block.key(row), next.key);
    return order < 0 || (order == 0 && store < next.store);
  }

  @Override
  public void close() throws IOException {
    scan.close();
  }
}
