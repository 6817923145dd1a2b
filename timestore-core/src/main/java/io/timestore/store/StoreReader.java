package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskWatch;
import io.timestore.disk.IoThreads;
import io.timestore.disk.IoThreads.IoCallable;
import io.timestore.format.Batch;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.store.KeySearch.Place;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reads a store while others write it: values by key, ranges of them, rows in key order. It sees
 * the rows that were committed when it was opened, and newer ones after {@link #refresh} or {@link
 * #awaitChange}.
 *
 * <p>Takes no lock, and keeps no key in memory. Files are opened when they are needed, and stay
 * open until the reader is closed.
 *
 * <p>Thread-safe. All I/O runs on threads of the reader's own: a caller that is interrupted gets an
 * {@link java.io.InterruptedIOException}, and nobody else is disturbed. After {@link #close} every
 * call that reads fails with an {@link IOException}, also those that wait.
 */
public final class StoreReader implements Closeable {
  private final Disk disk;
  private final StoreFiles files;
  private final IoCallable<Snapshot> load;
  private final ReaderOptions options;
  private final IoThreads threads;
  private final OpenFiles open;
  private final Set<Scan> scans = ConcurrentHashMap.newKeySet();
  private volatile Snapshot snapshot;
  private @Nullable DiskWatch watch;
  private boolean closed;

  StoreReader(Disk disk, StoreFiles files, IoCallable<Snapshot> load, ReaderOptions options)
      throws IOException {
    this.disk = disk;
    this.files = files;
    this.load = load;
    this.options = options;
    this.threads = disk.threads("timestore-reader", options.threads());
    this.open = new OpenFiles(disk, files);
    try {
      this.snapshot = call(load);
    } catch (IOException | RuntimeException e) {
      threads.close();
      throw e;
    }
  }

  /** The rows that this reader sees now. */
  public Snapshot snapshot() {
    return snapshot;
  }

  /** Their number. */
  public long rowCount() {
    return snapshot.rowCount();
  }

  /**
   * Looks for newer commits.
   *
   * @return whether there are any
   */
  public synchronized boolean refresh() throws IOException {
    Snapshot newest = call(load);
    if (newest.record().equals(snapshot.record())) {
      return false;
    }
    snapshot = newest;
    return true;
  }

  /**
   * Waits for a newer commit than this reader sees, and takes it.
   *
   * @param timeout how long to wait at most; zero or less: not at all
   * @return whether there is one
   */
  public boolean awaitChange(Duration timeout) throws IOException, InterruptedException {
    // As far as a long goes: 292 years are for ever.
    long nanosMax = Math.max(0, TimeUnit.NANOSECONDS.convert(timeout));
    long deadline = System.nanoTime() + nanosMax;
    Snapshot before = snapshot;
    // Watched before the first look: what comes between them is not missed.
    DiskWatch changes = watch();
    while (!refresh() && snapshot == before) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      changes.await(left);
    }
    return true;
  }

  private synchronized DiskWatch watch() throws IOException {
    if (closed) {
      throw new IOException(files.root() + ": this reader is closed");
    }
    if (watch == null) {
      watch = disk.watch(files.length());
    }
    return watch;
  }

  /**
   * The key of a row.
   *
   * @param row index in the {@link #snapshot}
   * @throws IllegalArgumentException if there is no such row
   */
  public long key(long row) throws IOException {
    Snapshot now = snapshot;
    return call(() -> now.search(open).key(row));
  }

  /**
   * The value of the first row with this key.
   *
   * @param key unsigned
   * @return empty if no row has the key
   * @throws IllegalArgumentException if the store has no such table
   */
  public Optional<byte[]> read(String table, long key) throws IOException {
    Snapshot now = snapshot;
    now.checkTables(List.of(table));
    return call(
        () -> {
          Optional<Value> value = findValue(now, table, key);
          return value.isPresent() ? Optional.of(value.get().load()) : Optional.empty();
        });
  }

  /** The value of the first row with this key, not read yet. */
  public Optional<Value> value(String table, long key) throws IOException {
    Snapshot now = snapshot;
    now.checkTables(List.of(table));
    return call(() -> findValue(now, table, key));
  }

  private Optional<Value> findValue(Snapshot of, String table, long key) throws IOException {
    Optional<LaneRange> row = of.search(open).first(key);
    return row.isPresent()
        ? Optional.of(valueOfRow(of, table, row.get().lane(), row.get().start()))
        : Optional.empty();
  }

  /** The values of all rows with this key, in the order of the {@link #snapshot}. */
  public List<Value> values(String table, long key) throws IOException {
    Snapshot now = snapshot;
    now.checkTables(List.of(table));
    return call(
        () -> {
          List<Value> values = new ArrayList<>();
          for (LaneRange range : now.search(open).all(key)) {
            for (long row = range.start(); row < range.end(); row++) {
              values.add(valueOfRow(now, table, range.lane(), row));
            }
          }
          return values;
        });
  }

  /**
   * Adds all rows with this key to a batch, by reads of just their bytes.
   *
   * @param tables of the batch's columns, in their order
   * @return where the rows are, in the order in which they were added
   */
  public SequencePart read(long key, List<String> tables, Batch batch) throws IOException {
    if (batch.columnCount() != tables.size()) {
      throw new IllegalArgumentException(
          "a batch of " + batch.columnCount() + " columns for " + tables.size() + " tables");
    }
    Snapshot now = snapshot;
    now.checkTables(tables);
    return call(
        () -> {
          KeySearch search = now.search(open);
          SequencePart found = search.rows(KeyRange.closed(key, key));
          List<LaneRange> ranges = search.all(key);
          for (LaneRange range : ranges) {
            for (long row = range.start(); row < range.end(); row++) {
              for (int column = 0; column < tables.size(); column++) {
                byte[] value = valueOfRow(now, tables.get(column), range.lane(), row).load();
                batch.column(column).appendBytes(value, 0, value.length);
              }
              batch.appendKey(key);
            }
          }
          return new SequencePart(found.start(), found.end(), found.previousKey(), ranges);
        });
  }

  /**
   * The value of a row.
   *
   * @param row index in the {@link #snapshot}
   * @throws IllegalArgumentException if the store has no such table or row
   */
  public Value valueAt(String table, long row) throws IOException {
    Snapshot now = snapshot;
    now.checkTables(List.of(table));
    return call(
        () -> {
          LaneRange at = now.search(open).at(row);
          return valueOfRow(now, table, at.lane(), at.start());
        });
  }

  Value value(Snapshot of, String table, int laneNumber, long laneRow) throws IOException {
    of.checkTables(List.of(table));
    return call(() -> valueOfRow(of, table, laneNumber, laneRow));
  }

  Place place(Snapshot of, int laneNumber, long laneRow) throws IOException {
    return call(() -> of.search(open).place(laneNumber, laneRow));
  }

  private Value valueOfRow(Snapshot of, String table, int laneNumber, long laneRow)
      throws IOException {
    Lane lane = of.record().lane(laneNumber).orElseThrow();
    Optional<LaneTable> laneTable = lane.table(table);
    if (laneTable.isEmpty()) {
      return new Value(this, null, 0, 0, 0);
    }
    LaneFiles laneFiles = files.lane(lane.number());
    long offsetsBytes = lane.rows() * Long.BYTES;
    long start = laneRow == 0 ? 0 : open.u64(laneFiles.offsets(table), offsetsBytes, laneRow - 1);
    long end = open.u64(laneFiles.offsets(table), offsetsBytes, laneRow);
    long dataBytes = laneTable.get().dataBytes();
    if (start < 0 || end < start || end > dataBytes) {
      throw new CorruptStoreException(
          laneFiles.offsets(table)
              + ": the value of row "
              + laneRow
              + " reaches from byte "
              + Long.toUnsignedString(start)
              + " to "
              + Long.toUnsignedString(end)
              + ", expected ascending ones up to the "
              + dataBytes
              + " committed bytes of data");
    }
    return new Value(this, laneFiles.data(table), dataBytes, start, end);
  }

  /**
   * Goes through rows in key order.
   *
   * @param range which rows
   * @param tables whose values are read ahead, in large pieces; any other can be read at each row
   */
  public RowIterator iterate(KeyRange range, String... tables) throws IOException {
    Snapshot now = snapshot;
    SequencePart rows = call(() -> now.search(open).rows(range));
    return iterate(now, rows.ranges(), false, tables);
  }

  /**
   * Goes through the last rows of a range, in key order: with {@link KeyRange#atMost} and 1, the
   * newest row at or before a key.
   *
   * @param range which rows
   * @param rowCountMax but no more than so many, from the end
   * @param tables as above
   */
  public RowIterator iterateLast(KeyRange range, long rowCountMax, String... tables)
      throws IOException {
    if (rowCountMax < 0) {
      throw new IllegalArgumentException("the last " + rowCountMax + " rows were asked for");
    }
    Snapshot now = snapshot;
    SequencePart rows =
        call(
            () -> {
              KeySearch search = now.search(open);
              SequencePart found = search.rows(range);
              return search.rows(Math.max(found.start(), found.end() - rowCountMax), found.end());
            });
    return iterate(now, rows.ranges(), false, tables);
  }

  /**
   * Goes through the rows that an earlier snapshot did not have: what came between two looks at a
   * store that grows.
   *
   * @param earlier what {@link #snapshot} gave before
   * @param tables as above
   */
  public RowIterator iterateNew(Snapshot earlier, String... tables) throws IOException {
    Snapshot now = snapshot;
    return iterate(now, now.rangesSince(earlier), true, tables);
  }

  /**
   * Goes through rows in key order. An index is true of one snapshot: rows that come later may be
   * older, and move it.
   *
   * @param fromRow index in the {@link #snapshot} of the first row
   * @param toRow index behind the last one
   * @param tables as above
   */
  public RowIterator iterateRows(long fromRow, long toRow, String... tables) throws IOException {
    Snapshot now = snapshot;
    now.checkRows(fromRow, toRow);
    SequencePart rows = call(() -> now.search(open).rows(fromRow, toRow));
    return iterate(now, rows.ranges(), false, tables);
  }

  private RowIterator iterate(Snapshot of, List<LaneRange> ranges, boolean hasGaps, String[] tables)
      throws IOException {
    List<String> names = List.of(tables);
    Scan scan = of.scan(ranges, names);
    scans.add(scan);
    return new RowIterator(this, of, scan, hasGaps, names);
  }

  void end(Scan scan) throws IOException {
    if (scans.remove(scan)) {
      scan.close();
    }
  }

  ReaderOptions options() {
    return options;
  }

  OpenFiles open() {
    return open;
  }

  <T> Future<T> submit(Callable<T> work) throws IOException {
    try {
      return threads.submit(work);
    } catch (RejectedExecutionException e) {
      throw new IOException(files.root() + ": this reader is closed", e);
    }
  }

  private <T> T call(IoCallable<T> work) throws IOException {
    return IoThreads.await(submit(work));
  }

  /** Waits for reads that are under way, and closes all files, those of iterators too. */
  @Override
  public void close() throws IOException {
    List<Closeable> all = new ArrayList<>();
    synchronized (this) {
      closed = true;
      if (watch != null) {
        all.add(watch);
      }
    }
    all.add(threads);
    all.add(open);
    all.add(() -> Closing.all(scans.stream().map(scan -> (Closeable) () -> end(scan)).toList()));
    Closing.all(all);
  }
}
