package io.timestore.store;

import io.timestore.disk.IoThreads;
import io.timestore.format.Batch;
import io.timestore.format.ColumnData;
import java.io.Closeable;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import java.util.concurrent.Future;

/**
 * Rows of a {@link StoreReader} in key order. Begins before the first row. The next rows are read
 * ahead while the caller looks at these.
 *
 * <p>Keys mark ends: a row stands for the interval ({@link #previousKey}, {@link #key}], which is
 * empty where both are equal.
 *
 * <p>For one thread at a time. It sees the rows that its reader saw when it was made.
 */
public final class RowIterator implements Closeable {
  private final StoreReader reader;
  private final Snapshot snapshot;
  private final Scan scan;
  private final List<String> tables;
  private Batch batch;
  private Batch nextBatch;
  private Future<Boolean> readAhead;
  private int index = -1;
  private long batchStart;
  private boolean hasPrevious;
  private long previousKey;
  private boolean atEnd;
  private boolean closed;

  /**
   * @param firstRow index in the snapshot of the first row
   * @param hasPrevious whether there is a row before it
   * @param previousKey its key
   */
  RowIterator(
      StoreReader reader,
      Snapshot snapshot,
      Scan scan,
      List<String> tables,
      long firstRow,
      boolean hasPrevious,
      long previousKey)
      throws IOException {
    this.reader = reader;
    this.snapshot = snapshot;
    this.scan = scan;
    this.tables = tables;
    this.batch = new Batch(tables.size());
    this.nextBatch = new Batch(tables.size());
    this.batchStart = firstRow;
    this.hasPrevious = hasPrevious;
    this.previousKey = previousKey;
    this.readAhead = readAhead(nextBatch);
  }

  private Future<Boolean> readAhead(Batch target) throws IOException {
    return reader.submit(() -> scan.next(target));
  }

  /**
   * Goes to the next row.
   *
   * @return false where there is none
   * @throws io.timestore.format.CorruptStoreException if what is on disk breaks the format
   */
  public boolean next() throws IOException {
    if (closed) {
      throw new IOException(snapshot + ": this iterator is closed");
    }
    if (index >= 0 && index < batch.rowCount()) {
      hasPrevious = true;
      previousKey = batch.key(index);
    }
    index++;
    if (index < batch.rowCount()) {
      return true;
    }
    if (atEnd || !IoThreads.await(readAhead)) {
      atEnd = true;
      index = batch.rowCount();
      reader.end(scan);
      return false;
    }
    int rowCount = batch.rowCount();
    // Fails where the reader was closed: before anything here has changed.
    readAhead = readAhead(batch);
    batchStart += rowCount;
    Batch read = nextBatch;
    nextBatch = batch;
    batch = read;
    index = 0;
    return true;
  }

  /** The key that ends the row's interval, unsigned. */
  public long key() {
    checkAtRow();
    return batch.key(index);
  }

  /** The key of the row before this one in the store, unsigned; empty at the store's first row. */
  public OptionalLong previousKey() {
    checkAtRow();
    return hasPrevious ? OptionalLong.of(previousKey) : OptionalLong.empty();
  }

  /** The row's index in the reader's snapshot. */
  public long row() {
    checkAtRow();
    return batchStart + index;
  }

  /**
   * The row's value in a table: one that was read ahead, or else read now.
   *
   * @throws IllegalArgumentException if the store has no such table
   */
  public byte[] read(String table) throws IOException {
    int column = tables.indexOf(table);
    if (column < 0) {
      return value(table).bytes();
    }
    checkAtRow();
    ColumnData cells = batch.column(column);
    return Arrays.copyOfRange(cells.data(), cells.start(index), cells.end(index));
  }

  /** Parts of the row's value in a table: see {@link Value#read(List)}. */
  public List<byte[]> read(String table, List<ByteRange> ranges) throws IOException {
    return value(table).read(ranges);
  }

  /** The row's value in a table, not read yet. */
  public Value value(String table) throws IOException {
    return reader.valueAt(snapshot, table, row());
  }

  private void checkAtRow() {
    if (index < 0 || index >= batch.rowCount()) {
      throw new NoSuchElementException(
          index < 0 ? "call next() first" : "the iterator is behind the last row");
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    IoThreads.awaitEnd(readAhead);
    reader.end(scan);
  }
}
