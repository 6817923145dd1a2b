package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.format.Batch;
import io.timestore.format.ColumnData;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.store.ChunkReader.RowsOf;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Reads rows forward, in batches, and merges those of lanes that overlap: by key, at equal keys by
 * the lane's number, and then by the row in the lane. Keys and offsets are checked for their order,
 * and every chunk of half a MiB against its CRC where it is known, before a row of it is handed
 * out. Of a column of fixed width without NULLs no offsets are read but the last one.
 *
 * <p>A lane's files are open from its first row on to its last one. For each of them a chunk is
 * held, so up to 1 MiB a table, and for each lane a batch of up to 32 MiB, where a single value is
 * not larger. Lanes that are open at once share 32 MiB of chunks and of batches each, by smaller
 * windows, of 64 KiB at least, and fewer rows.
 *
 * <p>Not thread-safe, and to be called from a thread that nobody interrupts: an interrupt closes
 * the files.
 */
public final class Scan implements Closeable {
  private static final byte[] NO_BYTES = new byte[0];

  /** Rows of a batch at most. */
  private static final int BATCH_ROWS_MAX = 4096;

  /** Of all lanes that are open at once; each holds 512 at least. */
  private static final int OPEN_ROWS_MAX = 16 * BATCH_ROWS_MAX;

  private static final int OPEN_LANE_ROWS_MIN = 512;

  /** Bytes of a batch at most, unless single values have more; each column has its share. */
  private static final int BATCH_BYTES_MAX = 32 * 1024 * 1024;

  private static final int BATCH_COLUMN_BYTES_MAX = 1024 * 1024;

  /** Held of all files that are open at once, where they are not too many. */
  private static final int WINDOWS_BYTES_MAX = 32 * 1024 * 1024;

  private static final int WINDOW_BYTES_MIN = 64 * 1024;

  private final Disk disk;
  private final StoreFiles files;
  private final List<String> tables;
  private final Map<String, Integer> widths;
  private final boolean verifyChecksums;
  private final int columnBytesMax;
  private final int laneColumnBytesMax;
  private final int laneRowsMax;
  private final int windowBytes;

  /** The lanes that have rows left, by the place of the next one, as far as it is known. */
  private final PriorityQueue<Head> heads = new PriorityQueue<>();

  /** Where the rows of the batch are: three arrays, so that short runs make no garbage. */
  private int[] runLanes = new int[16];

  private long[] runStarts = new long[16];
  private long[] runEnds = new long[16];
  private int runCount;

  /** Reads all offsets. */
  Scan(
      Disk disk,
      StoreFiles files,
      CommitRecord record,
      List<LaneRange> ranges,
      List<String> tables,
      boolean verifyChecksums) {
    this(disk, files, record, ranges, tables, Map.of(), verifyChecksums);
  }

  /**
   * @param widths bytes of a cell that is not empty, for tables whose type says so
   */
  Scan(
      Disk disk,
      StoreFiles files,
      CommitRecord record,
      List<LaneRange> ranges,
      List<String> tables,
      Map<String, Integer> widths,
      boolean verifyChecksums) {
    this.widths = Map.copyOf(widths);
    this.disk = disk;
    this.files = files;
    this.tables = List.copyOf(tables);
    this.verifyChecksums = verifyChecksums;
    Map<Integer, List<LaneRange>> byLane = new LinkedHashMap<>();
    for (LaneRange range : ranges) {
      if (range.rowCount() > 0) {
        byLane.computeIfAbsent(range.lane(), number -> new ArrayList<>()).add(range);
      }
    }
    List<Lane> lanes = new ArrayList<>();
    byLane.forEach(
        (number, ofLane) -> {
          Lane lane = record.lane(number).orElseThrow();
          lanes.add(lane);
          heads.add(new Head(lane, ofLane));
        });
    int depth = Math.max(1, LaneOrder.depth(LaneOrder.sequence(lanes)));
    long fileCount = depth * (1 + 2L * tables.size());
    windowBytes = windowBytes(fileCount);
    int columnShare = BATCH_BYTES_MAX / Math.max(1, tables.size());
    columnBytesMax = Math.min(columnShare, BATCH_COLUMN_BYTES_MAX);
    laneColumnBytesMax = Math.min(columnShare / depth, BATCH_COLUMN_BYTES_MAX);
    laneRowsMax = Math.min(BATCH_ROWS_MAX, Math.max(OPEN_LANE_ROWS_MIN, OPEN_ROWS_MAX / depth));
  }

  /** What may be held of each file, where so many are open at once. */
  static int windowBytes(long fileCount) {
    long share = Math.max(WINDOW_BYTES_MIN, WINDOWS_BYTES_MAX / fileCount);
    return (int) Math.min(CommitRecord.CHUNK_BYTES, Long.highestOneBit(share));
  }

  /**
   * Fills the batch with the next rows.
   *
   * @param batch with a column for each table of the scan; its keys and cell ends are reused, the
   *     cells' bytes get an array of their own, so that views of earlier ones stay valid
   * @return false at the end, the batch being empty then
   * @throws CorruptStoreException if what is on disk breaks the format; the rows before are handed
   *     out first
   */
  public boolean next(Batch batch) throws IOException {
    if (batch.columnCount() != tables.size()) {
      throw new IllegalArgumentException(
          "a batch of " + batch.columnCount() + " columns for " + tables.size() + " tables");
    }
    runCount = 0;
    clear(batch);
    // Nothing is read once the batch has rows: a failure loses none, and may be tried again.
    boolean isFull = false;
    while (!isFull && !heads.isEmpty() && (heads.peek().hasRows() || batch.rowCount() == 0)) {
      Head head = heads.peek();
      boolean goesOn = true;
      if (head.hasRows()) {
        heads.poll();
        isFull = head.moveRows(heads.peek(), batch);
      } else {
        goesOn = head.load();
        heads.poll();
      }
      if (goesOn) {
        heads.add(head);
      }
    }
    return batch.rowCount() > 0;
  }

  private ChunkReader open(CommittedFile file, RowsOf rowsOf) throws IOException {
    DiskFile open = LaneFile.open(disk, files, file.path(), file.sizeBytes());
    return new ChunkReader(disk, file, open, verifyChecksums, rowsOf, windowBytes);
  }

  private static void clear(Batch batch) {
    batch.resize(0);
    for (int i = 0; i < batch.columnCount(); i++) {
      batch.column(i).resize(0, NO_BYTES);
    }
  }

  /**
   * Where the rows of the batch that was filled last are, in their order: each range has rows that
   * follow one another in the batch too.
   */
  public List<LaneRange> rows() {
    List<LaneRange> rows = new ArrayList<>(runCount);
    for (int i = 0; i < runCount; i++) {
      rows.add(new LaneRange(runLanes[i], runStarts[i], runEnds[i]));
    }
    return rows;
  }

  /** How many ranges {@link #rows} has. */
  public int runCount() {
    return runCount;
  }

  /** The lane of one of the {@link #rows}. */
  public int runLane(int run) {
    return runLanes[run];
  }

  /** The first row of one of the {@link #rows}. */
  public long runStart(int run) {
    return runStarts[run];
  }

  /** The row behind the last of one of the {@link #rows}. */
  public long runEnd(int run) {
    return runEnds[run];
  }

  @Override
  public void close() throws IOException {
    List<Head> all = List.copyOf(heads);
    heads.clear();
    Closing.all(all);
  }

  private void note(int lane, long firstRow, int rowCount) {
    int last = runCount - 1;
    if (last >= 0 && runLanes[last] == lane && runEnds[last] == firstRow) {
      runEnds[last] += rowCount;
      return;
    }
    if (runCount == runLanes.length) {
      runLanes = Arrays.copyOf(runLanes, runCount * 2);
      runStarts = Arrays.copyOf(runStarts, runCount * 2);
      runEnds = Arrays.copyOf(runEnds, runCount * 2);
    }
    runLanes[runCount] = lane;
    runStarts[runCount] = firstRow;
    runEnds[runCount++] = firstRow + rowCount;
  }

  /** What is left of a lane: some rows in memory, the others on disk. */
  private final class Head implements Comparable<Head>, Closeable {
    private final Lane lane;
    private final Deque<LaneRange> left;
    private final Batch block = new Batch(tables.size());
    private @Nullable LaneReader reader;
    private long firstRow; // of the block
    private int index;
    private int rowCount;

    /** The next row's key; while no row is in memory, one that is not above it. */
    private long key;

    Head(Lane lane, List<LaneRange> ranges) {
      this.lane = lane;
      this.left = new ArrayDeque<>(ranges);
      this.key = lane.smallestKey();
    }

    boolean hasRows() {
      return index < rowCount;
    }

    @Override
    public int compareTo(Head other) {
      return LaneOrder.compare(key, lane.number(), other.key, other.lane.number());
    }

    /** Reads the next rows; where there are none, closes the files and returns false. */
    boolean load() throws IOException {
      LaneRange range = left.peek();
      if (range == null) {
        close();
        return false;
      }
      if (reader == null) {
        reader = new LaneReader(lane, range.start());
      }
      int read = reader.read(range.start(), (int) Math.min(laneRowsMax, range.rowCount()), block);
      left.poll();
      if (read < range.rowCount()) {
        left.push(new LaneRange(range.lane(), range.start() + read, range.end()));
      }
      firstRow = range.start();
      index = 0;
      rowCount = read;
      key = block.key(0);
      return true;
    }

    /**
     * Moves the rows that come before the next head into the batch, as far as it takes them.
     *
     * @return whether the batch is full
     */
    boolean moveRows(@Nullable Head next, Batch batch) {
      int run = next == null ? rowCount - index : rowsBefore(next);
      boolean isWhole = run == rowCount && batch.rowCount() == 0;
      int count = isWhole ? run : rowsThatFit(run, batch);
      if (isWhole) {
        batch.swap(block);
      } else {
        batch.appendRows(block, index, index + count);
      }
      if (count > 0) {
        note(lane.number(), firstRow + index, count);
      }
      index += count;
      key = hasRows() ? block.key(index) : batch.key(batch.rowCount() - 1);
      return isWhole || count < run || batch.rowCount() == BATCH_ROWS_MAX;
    }

    /** Looks near the first row first: runs are short where lanes interleave. */
    private int rowsBefore(Head next) {
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

    private boolean isBefore(int row, Head next) {
      return LaneOrder.compare(block.key(row), lane.number(), next.key, next.lane.number()) < 0;
    }

    private int rowsThatFit(int run, Batch batch) {
      int count = Math.min(run, BATCH_ROWS_MAX - batch.rowCount());
      for (int i = 0; i < batch.columnCount(); i++) {
        ColumnData from = block.column(i);
        int room = columnBytesMax - batch.column(i).sizeBytes();
        while (count > 0 && from.end(index + count - 1) - from.start(index) > room) {
          count--;
        }
      }
      return batch.rowCount() == 0 ? Math.max(1, count) : count;
    }

    @Override
    public void close() throws IOException {
      LaneReader open = reader;
      reader = null;
      if (open != null) {
        open.close();
      }
    }
  }

  /** The files of one lane, open for a scan. */
  private final class LaneReader implements Closeable {
    private final Lane lane;
    private final ChunkReader keys;
    private final List<TableReader> tableReaders = new ArrayList<>();
    private final long[] numbers = new long[laneRowsMax];
    private long previousKey;

    LaneReader(Lane lane, long firstRow) throws IOException {
      this.lane = lane;
      // Lanes are merged by what the record says: nothing may come before its smallest key.
      this.previousKey = firstRow == lane.from() ? 0 : lane.smallestKey();
      LaneFiles laneFiles = files.lane(lane.number());
      keys = open(laneFiles.committedKeys(lane), ChunkReader::rowsOfNumbers);
      try {
        for (String name : tables) {
          Optional<LaneTable> table = lane.table(name);
          tableReaders.add(
              table.isPresent()
                  ? new TableReader(laneFiles, lane, table.get())
                  : new TableReader());
        }
      } catch (IOException | RuntimeException e) {
        close();
        throw e;
      }
    }

    /** Fills the batch from that row on; returns how many rows, at least one. */
    int read(long row, int rowCountMax, Batch batch) throws IOException {
      int rowCount = rowCountMax;
      for (TableReader table : tableReaders) {
        rowCount = table.readEnds(row, rowCount);
      }
      batch.resize(rowCount);
      long previous = previousKey;
      int read = 0;
      for (int i = 0; i < rowCount; i++) {
        if (i == read) {
          read += keys.u64s(row + i, numbers, i, rowCount - i);
        }
        long key = numbers[i];
        if (Long.compareUnsigned(key, previous) < 0) {
          throw new CorruptStoreException(
              keys.path()
                  + ": key "
                  + Long.toUnsignedString(key)
                  + " at row "
                  + (row + i)
                  + " is below the previous "
                  + Long.toUnsignedString(previous));
        }
        batch.setKey(i, key);
        previous = key;
      }
      checkRecordsKey(row, lane.from(), batch.key(0), lane.smallestKey());
      checkRecordsKey(row + rowCount - 1, lane.rows() - 1, previous, lane.largestKey());
      previousKey = previous;
      for (int i = 0; i < tableReaders.size(); i++) {
        tableReaders.get(i).read(rowCount, batch.column(i));
      }
      return rowCount;
    }

    /** The first and the last visible key are those of the record, by which lanes are ordered. */
    private void checkRecordsKey(long row, long recordsRow, long key, long recordsKey)
        throws CorruptStoreException {
      if (row == recordsRow && key != recordsKey) {
        throw new CorruptStoreException(
            keys.path()
                + ": key "
                + Long.toUnsignedString(key)
                + " at row "
                + row
                + ", the commit record has "
                + Long.toUnsignedString(recordsKey)
                + " there");
      }
    }

    @Override
    public void close() throws IOException {
      List<Closeable> all = new ArrayList<>(tableReaders);
      all.add(keys);
      Closing.all(all);
    }
  }

  /** The cells of a table, or none where the lane lacks it. */
  private final class TableReader implements Closeable {
    private final @Nullable LaneCells cells;
    private final long[] ends;
    private long start;

    TableReader() {
      cells = null;
      ends = new long[0];
    }

    TableReader(LaneFiles laneFiles, Lane lane, LaneTable table) throws IOException {
      int widthBytes = widths.getOrDefault(table.name(), 0);
      cells =
          new LaneCells(
              disk, files, laneFiles, lane, table, widthBytes, verifyChecksums, windowBytes);
      ends = new long[laneRowsMax];
    }

    /** Reads the ends of up to so many cells; returns how many of them fit into a batch. */
    int readEnds(long row, int rowCountMax) throws IOException {
      if (cells == null) {
        return rowCountMax;
      }
      start = cells.start(row);
      if (cells.cellBytes() > 0) {
        return Math.max(1, Math.min(rowCountMax, laneColumnBytesMax / cells.cellBytes()));
      }
      // A value that is larger than that has a batch of its own.
      return Math.max(1, cells.ends(row, rowCountMax, laneColumnBytesMax, ends, 0));
    }

    void read(int rowCount, ColumnData column) throws IOException {
      if (cells == null) {
        column.resize(rowCount, NO_BYTES);
        for (int i = 0; i < rowCount; i++) {
          column.setEnd(i, 0);
        }
        return;
      }
      if (cells.cellBytes() > 0) {
        int cellBytes = cells.cellBytes();
        column.resize(rowCount, cells.bytes(start, rowCount * cellBytes), cellBytes);
        return;
      }
      long sizeBytes = ends[rowCount - 1] - start;
      if (sizeBytes > Integer.MAX_VALUE - 64) {
        throw new UnsupportedStoreException(
            cells.path() + ": a value of " + sizeBytes + " bytes is too large for a batch");
      }
      column.resize(rowCount, cells.bytes(start, (int) sizeBytes));
      for (int i = 0; i < rowCount; i++) {
        column.setEnd(i, (int) (ends[i] - start));
      }
    }

    @Override
    public void close() throws IOException {
      if (cells != null) {
        cells.close();
      }
    }
  }
}
