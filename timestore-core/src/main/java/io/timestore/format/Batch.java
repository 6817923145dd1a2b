package io.timestore.format;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Some rows, column by column: a key and one cell of each column a row. Writers fill batches and
 * append them, scans hand them out. Not thread-safe.
 */
public final class Batch {
  private final ColumnData[] columns;
  private long[] keys = new long[16];
  private int rowCount;

  /** An empty batch with so many columns, little-endian ones. */
  public Batch(int columnCount) {
    columns = Stream.generate(ColumnData::new).limit(columnCount).toArray(ColumnData[]::new);
  }

  /** An empty batch for cells of these columns. */
  public Batch(List<Column> columns) {
    this.columns =
        columns.stream().map(c -> new ColumnData(c.endianness())).toArray(ColumnData[]::new);
  }

  /** Rows held: those whose key was added. */
  public int rowCount() {
    return rowCount;
  }

  /** A row's key, an unsigned 64-bit number. */
  public long key(int row) {
    return keys[row];
  }

  /** All keys; valid up to {@link #rowCount} and until the next change. */
  public long[] keys() {
    return keys;
  }

  /** A column's cells. */
  public ColumnData column(int index) {
    return columns[index];
  }

  /** Cells of a row. */
  public int columnCount() {
    return columns.length;
  }

  /** Ends a row whose cells were appended to all columns, or begins one: the order is free. */
  public void appendKey(long key) {
    if (rowCount == keys.length) {
      keys = Arrays.copyOf(keys, keys.length * 2);
    }
    keys[rowCount++] = key;
  }

  /** Appends a copy of another batch's row, cell by cell. */
  public void appendRow(Batch other, int row) {
    for (int i = 0; i < columns.length; i++) {
      columns[i].appendCell(other.columns[i], row);
    }
    appendKey(other.key(row));
  }

  /** Appends a copy of another batch's rows {@code from} to {@code to}, column by column. */
  public void appendRows(Batch other, int from, int to) {
    for (int i = 0; i < columns.length; i++) {
      columns[i].appendCells(other.columns[i], from, to);
    }
    int newRowCount = rowCount + to - from;
    if (newRowCount > keys.length) {
      keys = Arrays.copyOf(keys, Math.max(newRowCount, keys.length * 2));
    }
    System.arraycopy(other.keys, from, keys, rowCount, to - from);
    rowCount = newRowCount;
  }

  /** Appends copies of another batch's rows in that order, column by column. */
  public void appendRows(Batch other, int[] order, int count) {
    for (int i = 0; i < columns.length; i++) {
      columns[i].appendCells(other.columns[i], order, count);
    }
    if (rowCount + count > keys.length) {
      keys = Arrays.copyOf(keys, Math.max(rowCount + count, keys.length * 2));
    }
    for (int i = 0; i < count; i++) {
      keys[rowCount++] = other.keys[order[i]];
    }
  }

  /** Gives this batch the rows of another one, and that one those of this; copies none. */
  public void swap(Batch other) {
    long[] otherKeys = other.keys;
    other.keys = keys;
    keys = otherKeys;
    int otherRowCount = other.rowCount;
    other.rowCount = rowCount;
    rowCount = otherRowCount;
    for (int i = 0; i < columns.length; i++) {
      columns[i].swap(other.columns[i]);
    }
  }

  /** Makes room for keys that a reader fills in with {@link #setKey}. */
  public void resize(int newRowCount) {
    if (keys.length < newRowCount) {
      keys = new long[newRowCount];
    }
    rowCount = newRowCount;
  }

  public void setKey(int row, long key) {
    keys[row] = key;
  }

  /**
   * The rows' indexes by key, those of equal keys as they stand.
   *
   * @return null if the rows stand that way already
   */
  public int @Nullable [] rowsByKey() {
    boolean isSorted = true;
    for (int row = 1; row < rowCount; row++) {
      isSorted &= Long.compareUnsigned(keys[row - 1], keys[row]) <= 0;
    }
    if (isSorted) {
      return null;
    }
    int[] rows = IntStream.range(0, rowCount).toArray();
    int[] merged = new int[rowCount];
    for (int width = 1; width < rowCount; width *= 2) {
      for (int start = 0; start < rowCount; start += 2 * width) {
        int middle = Math.min(start + width, rowCount);
        mergeByKey(rows, start, middle, Math.min(middle + width, rowCount), merged);
      }
      int[] other = rows;
      rows = merged;
      merged = other;
    }
    return rows;
  }

  private void mergeByKey(int[] rows, int from, int middle, int to, int[] merged) {
    int left = from;
    int right = middle;
    for (int i = from; i < to; i++) {
      boolean isLeft =
          left < middle
              && (right == to || Long.compareUnsigned(keys[rows[left]], keys[rows[right]]) <= 0);
      merged[i] = isLeft ? rows[left++] : rows[right++];
    }
  }

  /** Drops all rows, and keeps the memory. */
  public void clear() {
    rowCount = 0;
    for (ColumnData column : columns) {
      column.clear();
    }
  }

  /** Bytes of all keys, cells and their ends: what the batch weighs in a buffer. */
  public long sizeBytes() {
    long sizeBytes = (long) rowCount * Long.BYTES;
    for (ColumnData column : columns) {
      sizeBytes += column.sizeBytes() + (long) rowCount * Integer.BYTES;
    }
    return sizeBytes;
  }

  /** Bytes of all arrays, with the room that they have left. */
  public long memoryBytes() {
    long memoryBytes = (long) keys.length * Long.BYTES;
    for (ColumnData column : columns) {
      memoryBytes += column.memoryBytes();
    }
    return memoryBytes;
  }
}
