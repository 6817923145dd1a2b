package io.timestore.store;

import io.timestore.format.Batch;
import io.timestore.format.ColumnData;
import java.io.IOException;
import java.util.List;

/**
 * Rows, told from others without keeping them.
 *
 * @param count their number
 * @param hash of every key and cell
 */
record RowsHash(long count, long hash) {

  static RowsHash of(Snapshot snapshot, List<String> tables) throws IOException {
    return of(snapshot, snapshot.rowCount(), tables);
  }

  /**
   * The first rows of a snapshot.
   *
   * @throws AssertionError if keys fall, or there are fewer or more rows than the snapshot counts
   */
  static RowsHash of(Snapshot snapshot, long rowCount, List<String> tables) throws IOException {
    long count = 0;
    long hash = 0;
    long previous = 0;
    Batch batch = new Batch(tables.size());
    try (Scan scan = snapshot.scan(snapshot.ranges(0, rowCount), tables)) {
      while (scan.next(batch)) {
        for (int row = 0; row < batch.rowCount(); row++) {
          if (Long.compareUnsigned(batch.key(row), previous) < 0) {
            throw new AssertionError("key " + batch.key(row) + " follows key " + previous);
          }
          previous = batch.key(row);
          hash = withRow(hash, batch, row);
        }
        count += batch.rowCount();
      }
    }
    if (count != rowCount) {
      throw new AssertionError(count + " rows were read of " + rowCount);
    }
    return new RowsHash(count, hash);
  }

  private static long withRow(long hash, Batch batch, int row) {
    long next = hash * 31 + batch.key(row);
    for (int i = 0; i < batch.columnCount(); i++) {
      ColumnData column = batch.column(i);
      byte[] data = column.data();
      next = next * 31 + column.end(row) - column.start(row);
      for (int at = column.start(row); at < column.end(row); at++) {
        next = next * 31 + data[at];
      }
    }
    return next;
  }
}
