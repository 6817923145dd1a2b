package io.timestore.store;

import io.timestore.disk.IoThreads;
import io.timestore.format.Batch;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
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
  private Future<Optional<Filled>> readAhead;

  /** Where the batch that was filled last ends; for the thread that fills. */
  private long filledEnd = -1;

  private int index = -1;
  private long batchStart;
  private OptionalLong previousKey = OptionalLong.empty();
  private boolean atEnd;
  private boolean closed;

  /**
   * A batch that was read.
   *
   * @param firstRow index in the snapshot of its first row
   * @param previousKey key of the row before that, where it is not that of the last batch
   */
  private record Filled(long firstRow, OptionalLong previousKey) {}

  /**
   * @param scan of rows that ascend in the snapshot's sequence
   */
  RowIterator(StoreReader reader, Snapshot snapshot, Scan scan, List<String> tables)
      throws IOException {
    this.reader = reader;
    this.snapshot = snapshot;
    this.scan = scan;
    this.tables = tables;
    this.batch = new Batch(tables.size());
    this.nextBatch = new Batch(tables.size());
    this.readAhead = readAhead(nextBatch);
  }

  private Future<Optional<Filled>> readAhead(Batch target) throws IOException {
    return reader.submit(() -> fill(target));
  }

  private Optional<Filled> fill(Batch target) throws IOException {
    if (!scan.next(target)) {
      return Optional.empty();
    }
    long firstRow = snapshot.rowOf(scan.lane(), scan.firstRow());
    boolean goesOn = firstRow == filledEnd || firstRow == 0;
    OptionalLong before =
        goesOn
            ? OptionalLong.empty()
            : OptionalLong.of(snapshot.search(reader.open()).key(firstRow - 1));
    filledEnd = firstRow + target.rowCount();
    return Optional.of(new Filled(firstRow, before));
  }

  /**
   * Goes to the next row.
   *
   * @return false where there is none
   * @throws IOException if the reader or the iterator was closed; rows that were read ahead still
   *     come
   * @throws io.timestore.format.CorruptStoreException if what is on disk breaks the format
   */
  public boolean next() throws IOException {
    if (closed) {
      throw new IOException(snapshot + ": this iterator is closed");
    }
    if (index >= 0 && index < batch.rowCount()) {
      previousKey = OptionalLong.of(batch.key(index));
    }
    index++;
    if (index < batch.rowCount()) {
      return true;
    }
    index = batch.rowCount();
    if (atEnd) {
      return false;
    }
    Optional<Filled> filled = IoThreads.await(readAhead);
    if (filled.isEmpty()) {
      atEnd = true;
      reader.end(scan);
      return false;
    }
    // Fails where the reader was closed: before anything here has changed.
    readAhead = readAhead(batch);
    Batch read = nextBatch;
    nextBatch = batch;
    batch = read;
    index = 0;
    batchStart = filled.get().firstRow();
    if (filled.get().previousKey().isPresent()) {
      previousKey = filled.get().previousKey();
    }
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
    return previousKey;
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
    return batch.column(column).bytesAt(index);
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
