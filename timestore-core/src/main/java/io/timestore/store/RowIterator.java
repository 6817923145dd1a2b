package io.timestore.store;

import io.timestore.disk.IoThreads;
import io.timestore.format.Batch;
import io.timestore.store.KeySearch.Place;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import java.util.Set;
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
  private static final long NOT_KNOWN = -1;

  private final StoreReader reader;
  private final Snapshot snapshot;
  private final Scan scan;
  private final boolean hasGaps;
  private final Set<Integer> aloneLanes;
  private final List<String> tables;
  private Batch batch;
  private Batch nextBatch;
  private Future<List<LaneRange>> readAhead;
  private int index = -1;

  /** Where the batch's rows are, and the one of them that the current row is in. */
  private List<LaneRange> runs = List.of();

  private int runIndex;
  private int runStart;

  private int lane;
  private long laneRow;

  /** The row's place in the snapshot: searched for when it is asked for, and counted from there. */
  private long row = NOT_KNOWN;

  private OptionalLong previousKey = OptionalLong.empty();
  private boolean atEnd;
  private boolean closed;

  /**
   * @param hasGaps whether rows of the snapshot may lie between those of the scan
   */
  RowIterator(
      StoreReader reader, Snapshot snapshot, Scan scan, boolean hasGaps, List<String> tables)
      throws IOException {
    this.reader = reader;
    this.snapshot = snapshot;
    this.scan = scan;
    this.hasGaps = hasGaps;
    this.aloneLanes = hasGaps ? snapshot.aloneLanes() : Set.of();
    this.tables = tables;
    this.batch = new Batch(tables.size());
    this.nextBatch = new Batch(tables.size());
    this.readAhead = readAhead(nextBatch);
  }

  /** Fills a batch; tells where its rows are, which is nowhere at the end. */
  private Future<List<LaneRange>> readAhead(Batch target) throws IOException {
    return reader.submit(
        () -> {
          scan.next(target);
          return scan.rows();
        });
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
    if (index + 1 < batch.rowCount()) {
      moveTo(index + 1, index < 0 ? 0 : batch.key(index));
      return true;
    }
    index = batch.rowCount();
    if (atEnd) {
      return false;
    }
    List<LaneRange> filled = IoThreads.await(readAhead);
    if (filled.isEmpty()) {
      atEnd = true;
      reader.end(scan);
      return false;
    }
    long keyBefore = index == 0 ? 0 : batch.key(index - 1);
    // Fails where the reader was closed: before anything here has changed.
    readAhead = readAhead(batch);
    Batch read = nextBatch;
    nextBatch = batch;
    batch = read;
    runs = filled;
    runIndex = 0;
    runStart = 0;
    moveTo(0, keyBefore);
    return true;
  }

  private void moveTo(int newIndex, long keyBefore) {
    index = newIndex;
    LaneRange run = runs.get(runIndex);
    if (index - runStart == run.rowCount()) {
      runStart = index;
      run = runs.get(++runIndex);
    }
    long newLaneRow = run.start() + index - runStart;
    boolean follows =
        !hasGaps || (run.lane() == lane && newLaneRow == laneRow + 1 && aloneLanes.contains(lane));
    if (row != NOT_KNOWN && follows) {
      row++;
      previousKey = OptionalLong.of(keyBefore);
    } else {
      row = NOT_KNOWN;
    }
    lane = run.lane();
    laneRow = newLaneRow;
  }

  private void findPlace() throws IOException {
    checkAtRow();
    if (row == NOT_KNOWN) {
      Place place = reader.place(snapshot, lane, laneRow);
      row = place.row();
      previousKey = place.previousKey();
    }
  }

  /** The key that ends the row's interval, unsigned. */
  public long key() {
    checkAtRow();
    return batch.key(index);
  }

  /**
   * The key of the row before this one in the store, unsigned; empty at the store's first row. Read
   * where that row is not one of this iterator's.
   */
  public OptionalLong previousKey() throws IOException {
    findPlace();
    return previousKey;
  }

  /** The row's index in the reader's snapshot. Searched for, where the rows before it are not. */
  public long row() throws IOException {
    findPlace();
    return row;
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
    checkAtRow();
    return reader.value(snapshot, table, lane, laneRow);
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
