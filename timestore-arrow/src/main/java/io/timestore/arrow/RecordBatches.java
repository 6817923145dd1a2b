package io.timestore.arrow;

import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.store.LaneRange;
import io.timestore.store.Scan;
import io.timestore.store.Snapshot;
import io.timestore.store.UnsupportedStoreException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.apache.arrow.vector.ipc.message.ArrowRecordBatch;
import org.jspecify.annotations.Nullable;

/**
 * Reads rows in key order as record batches. A {@link Scan} of the keys alone merges the lanes; for
 * the runs that it finds, each table's ends are read, then its bytes. A batch that is one run of
 * one lane, as all are where lanes don't overlap, gets slices of whole chunks; of other batches
 * runs are copied.
 *
 * <p>To be called from a thread that nobody interrupts.
 */
final class RecordBatches implements Closeable {
  static final int ROWS_MAX = 64 * 1024;

  /** Bytes of a column in a batch, unless a single value has more. */
  private static final int COLUMN_BYTES_MAX = 16 * 1024 * 1024;

  private static final int VALUE_BYTES_MAX = Integer.MAX_VALUE - 64;

  private final Snapshot snapshot;
  private final BufferAllocator allocator;
  private final KeyBuffers keyBuffers;
  private final List<String> tables;
  private final int openTablesMax;

  /** For each field which column it is. */
  private final int[] fieldColumns;

  private final ColumnBuffers[] columns;

  /** Of each lane of the scan, sorted. */
  private final int[] lanes;

  private final long[] laneRowCounts;
  private final @Nullable LaneTables[] laneTables;
  private @Nullable LaneTables holder; // of chunks that the next batch may begin in

  private final Scan scan;
  private final Batch scanned = new Batch(0);
  private int scannedRun;
  private int takenOfRun;
  private int scannedRow;
  private @Nullable IOException failure;

  private final Runs runs = new Runs();
  private final long[] keys = new long[ROWS_MAX];
  private final long[] starts; // of the run that is looked at, in each column
  private final long[][] ends;
  private final long[][] runStarts; // of each run, in each column
  private final IntFunction<String> places;

  RecordBatches(
      Snapshot snapshot, List<LaneRange> ranges, ArrowSchema schema, BufferAllocator allocator)
      throws IOException {
    this.snapshot = snapshot;
    this.allocator = allocator;
    List<Column> selected = schema.store().columns();
    keyBuffers = new KeyBuffers(schema.store().key(), allocator);
    tables = selected.stream().map(Column::table).toList();
    openTablesMax = Math.max(1, snapshot.depth() * tables.size());
    fieldColumns = schema.fieldColumns();
    columns =
        selected.stream()
            .map(column -> new ColumnBuffers(column, allocator, ROWS_MAX))
            .toArray(ColumnBuffers[]::new);
    Map<Integer, Long> rowCounts = new TreeMap<>();
    for (LaneRange range : ranges) {
      rowCounts.merge(range.lane(), range.rowCount(), Long::sum);
    }
    lanes = rowCounts.keySet().stream().mapToInt(Integer::intValue).toArray();
    laneRowCounts = rowCounts.values().stream().mapToLong(Long::longValue).toArray();
    laneTables = new LaneTables[lanes.length];
    starts = new long[columns.length];
    ends = new long[columns.length][ROWS_MAX];
    runStarts = new long[columns.length][16];
    places = row -> snapshot + ", " + runs.place(row);
    scan = snapshot.scan(ranges, List.of());
  }

  /** The next rows, to be closed by the caller; null at the end. */
  @Nullable ArrowRecordBatch next() throws IOException {
    fill();
    if (runs.rowCount() == 0) {
      return null;
    }
    ArrowRecordBatch batch = make();
    closeLanesAtTheirEnd();
    return batch;
  }

  private void fill() throws IOException {
    runs.clear();
    for (ColumnBuffers column : columns) {
      column.clear();
    }
    boolean isFull = false;
    while (!isFull) {
      if (scannedRow == scanned.rowCount() && !scanNext()) {
        return;
      }
      isFull = takeRows();
    }
  }

  private boolean scanNext() throws IOException {
    scannedRun = 0;
    takenOfRun = 0;
    scannedRow = 0;
    scanned.clear();
    if (failure != null) {
      throw failure;
    }
    try {
      return scan.next(scanned);
    } catch (IOException e) {
      if (runs.rowCount() == 0) {
        throw e;
      }
      failure = e; // The rows before it come first.
      return false;
    }
  }

  /**
   * Takes rows of the run that was scanned, as far as they fit.
   *
   * @return whether the batch is full
   */
  private boolean takeRows() throws IOException {
    int lane = scan.runLane(scannedRun);
    long start = scan.runStart(scannedRun) + takenOfRun;
    int left = (int) (scan.runEnd(scannedRun) - start);
    int count = (int) Math.min(left, rowsMax(lane, start));
    LaneTables of = open(lane);
    int fitting = count;
    for (int i = 0; i < columns.length; i++) {
      LaneBuffers table = of.table(i);
      if (table != null) {
        starts[i] = table.cells().start(start);
        int room = COLUMN_BYTES_MAX - columns[i].sizeBytes();
        fitting = table.cells().ends(start, fitting, room, ends[i], 0);
        if (fitting == 0) {
          if (runs.rowCount() > 0) {
            return true;
          }
          fitting = 1;
          checkSize(table, ends[i][0] - starts[i]);
        }
      }
    }
    take(of, lane, start, fitting);
    takenOfRun += fitting;
    scannedRow += fitting;
    if (fitting == left) {
      scannedRun++;
      takenOfRun = 0;
    }
    return fitting < count || rowsMax(lane, start + fitting) == 0;
  }

  /**
   * How many rows the batch has room for. One that has a single run ends where the lane's row
   * number is a multiple of it, so that cells of fixed width begin where chunks begin.
   */
  private long rowsMax(int lane, long start) {
    boolean isFirst = runs.count() == 0;
    if (isFirst || (runs.count() == 1 && runs.isContinuedBy(lane, start))) {
      long first = isFirst ? start : runs.start(0);
      return (first / ROWS_MAX + 1) * ROWS_MAX - start;
    }
    return (long) ROWS_MAX - runs.rowCount();
  }

  private static void checkSize(LaneBuffers table, long sizeBytes)
      throws UnsupportedStoreException {
    if (sizeBytes > VALUE_BYTES_MAX) {
      throw new UnsupportedStoreException(
          table.cells().path()
              + ": a value of "
              + sizeBytes
              + " bytes is too large for a record batch");
    }
  }

  private void take(LaneTables of, int lane, long start, int count) throws IOException {
    boolean isNewRun = !runs.isContinuedBy(lane, start);
    int firstRow = runs.rowCount();
    runs.add(lane, start, count);
    for (int i = 0; i < count; i++) {
      keys[firstRow + i] = scanned.key(scannedRow + i);
    }
    int run = runs.count() - 1;
    for (int i = 0; i < columns.length; i++) {
      if (isNewRun) {
        if (run == runStarts[i].length) {
          runStarts[i] = Arrays.copyOf(runStarts[i], run * 2);
        }
        runStarts[i][run] = starts[i];
      }
      if (of.table(i) == null) {
        columns[i].addEmpty(count, places);
      } else {
        columns[i].add(starts[i], ends[i], count, places);
      }
    }
    of.take(count);
  }

  private LaneTables open(int lane) throws IOException {
    int index = Arrays.binarySearch(lanes, lane);
    LaneTables open = laneTables[index];
    if (open == null) {
      open = new LaneTables(snapshot, lane, laneRowCounts[index], tables, openTablesMax, allocator);
      laneTables[index] = open;
    }
    return open;
  }

  private ArrowRecordBatch make() throws IOException {
    List<ArrowFieldNode> nodes = new ArrayList<>();
    List<ArrowBuf> buffers = new ArrayList<>();
    try {
      hold(runs.count() == 1 ? open(runs.lane(0)) : null);
      for (int column : fieldColumns) {
        if (column == ArrowSchema.KEY_FIELD) {
          nodes.add(keyBuffers.make(keys, runs.rowCount(), buffers, places));
        } else {
          try (ArrowBuf cells = cells(column)) {
            nodes.add(columns[column].make(cells, buffers, places));
          }
        }
      }
      return new ArrowRecordBatch(runs.rowCount(), nodes, buffers);
    } finally {
      buffers.forEach(ArrowBuf::close); // The batch has its own hold on them.
    }
  }

  /** One lane at a time keeps chunks, however many are open. */
  private void hold(@Nullable LaneTables next) {
    LaneTables before = holder;
    holder = next;
    if (before != null && !before.equals(next)) {
      before.release();
    }
  }

  /** The bytes of all of a column's cells, one after another. */
  private ArrowBuf cells(int column) throws IOException {
    int sizeBytes = columns[column].sizeBytes();
    if (sizeBytes == 0) {
      return allocator.getEmpty();
    }
    if (runs.count() == 1) {
      long from = runStarts[column][0];
      LaneBuffers table = table(runs.lane(0), column).orElseThrow();
      return table.slice(from, from + sizeBytes);
    }
    ArrowBuf cells = allocator.buffer(sizeBytes);
    try {
      copyRuns(column, cells.nioBuffer(0, sizeBytes));
    } catch (IOException | RuntimeException e) {
      cells.close();
      throw e;
    }
    cells.writerIndex(sizeBytes);
    return cells;
  }

  private Optional<LaneBuffers> table(int lane, int column) throws IOException {
    return Optional.ofNullable(open(lane).table(column));
  }

  private void copyRuns(int column, ByteBuffer target) throws IOException {
    int row = 0;
    for (int run = 0; run < runs.count(); run++) {
      row += runs.rowCount(run);
      target.limit(columns[column].end(row - 1));
      if (target.hasRemaining()) {
        LaneBuffers table = open(runs.lane(run)).table(column);
        if (table != null) {
          table.read(runStarts[column][run], target);
        }
      }
    }
  }

  private void closeLanesAtTheirEnd() throws IOException {
    for (int i = 0; i < laneTables.length; i++) {
      LaneTables tablesOfLane = laneTables[i];
      if (tablesOfLane != null && tablesOfLane.isAtEnd()) {
        close(i);
      }
    }
  }

  private void close(int index) throws IOException {
    LaneTables closing = laneTables[index];
    laneTables[index] = null;
    if (closing != null) {
      if (closing.equals(holder)) {
        holder = null;
      }
      closing.close();
    }
  }

  @Override
  public void close() throws IOException {
    IOException failed = null;
    for (int i = 0; i < laneTables.length; i++) {
      try {
        close(i);
      } catch (IOException e) {
        failed = e;
      }
    }
    scan.close();
    if (failed != null) {
      throw failed;
    }
  }
}
