package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.format.Batch;
import io.timestore.format.ColumnData;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads rows forward, in batches. Keys and offsets are checked for their order, and every chunk of
 * half a MiB against its CRC where it is known, before a row of it is handed out.
 *
 * <p>Holds a chunk of each file, so up to 1 MiB a table, and fills batches of up to 32 MiB, where a
 * single value is not larger.
 *
 * <p>Not thread-safe, and to be called from a thread that nobody interrupts: an interrupt closes
 * the files.
 */
public final class Scan implements Closeable {
  /** Rows of a batch at most. */
  private static final int BATCH_ROWS_MAX = 4096;

  /** Bytes of a batch at most, unless single values have more; each column has its share. */
  private static final int BATCH_BYTES_MAX = 32 * 1024 * 1024;

  private static final int BATCH_COLUMN_BYTES_MAX = 1024 * 1024;

  private final Disk disk;
  private final StoreFiles files;
  private final CommitRecord record;
  private final List<LaneRange> ranges;
  private final List<String> tables;
  private final boolean verifyChecksums;
  private int rangeIndex = -1;
  private long row;
  private long end;
  private long firstRow;
  private @Nullable LaneReader lane;

  Scan(
      Disk disk,
      StoreFiles files,
      CommitRecord record,
      List<LaneRange> ranges,
      List<String> tables,
      boolean verifyChecksums) {
    this.disk = disk;
    this.files = files;
    this.record = record;
    this.ranges = List.copyOf(ranges);
    this.tables = List.copyOf(tables);
    this.verifyChecksums = verifyChecksums;
  }

  /**
   * Fills the batch with the next rows, all of one range.
   *
   * @param batch with a column for each table of the scan; its keys and cell ends are reused, the
   *     cells' bytes get an array of their own, so that views of earlier ones stay valid
   * @return false at the end, the batch being empty then
   * @throws CorruptStoreException if what is on disk breaks the format
   */
  public boolean next(Batch batch) throws IOException {
    if (batch.columnCount() != tables.size()) {
      throw new IllegalArgumentException(
          "a batch of " + batch.columnCount() + " columns for " + tables.size() + " tables");
    }
    while (row == end) {
      if (!openNextRange()) {
        batch.clear();
        return false;
      }
    }
    firstRow = row;
    row += currentLane().read(row, (int) Math.min(BATCH_ROWS_MAX, end - row), batch);
    return true;
  }

  /** The lane of the batch that was filled last. */
  public int lane() {
    return ranges.get(rangeIndex).lane();
  }

  /** The row in {@link #lane} at which the batch that was filled last begins. */
  public long firstRow() {
    return firstRow;
  }

  private LaneReader currentLane() {
    if (lane == null) {
      throw new IllegalStateException("no lane is open");
    }
    return lane;
  }

  private boolean openNextRange() throws IOException {
    closeLane();
    if (rangeIndex + 1 >= ranges.size()) {
      return false;
    }
    rangeIndex++;
    LaneRange range = ranges.get(rangeIndex);
    row = range.start();
    end = range.end();
    Lane next = record.lane(range.lane()).orElseThrow();
    if (row < end) {
      lane = new LaneReader(disk, files.lane(range.lane()), next, tables, verifyChecksums);
    }
    return true;
  }

  private void closeLane() throws IOException {
    if (lane != null) {
      LaneReader open = lane;
      lane = null;
      open.close();
    }
  }

  @Override
  public void close() throws IOException {
    closeLane();
    rangeIndex = ranges.size();
    row = 0;
    end = 0;
  }

  /** The files of one lane, open for a scan. */
  private static final class LaneReader implements Closeable {
    private final Lane lane;
    private final ChunkReader keys;
    private final List<TableReader> tables = new ArrayList<>();
    private long previousKey;

    LaneReader(
        Disk disk, LaneFiles files, Lane lane, List<String> tableNames, boolean verifyChecksums)
        throws IOException {
      this.lane = lane;
      keys =
          new ChunkReader(
              disk, files.committedKeys(lane), verifyChecksums, ChunkReader::rowsOfNumbers);
      try {
        for (String name : tableNames) {
          Optional<LaneTable> table = lane.table(name);
          tables.add(
              table.isPresent()
                  ? new TableReader(disk, files, lane, table.get(), verifyChecksums)
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
      int share = BATCH_BYTES_MAX / Math.max(1, tables.size());
      for (TableReader table : tables) {
        rowCount = table.readEnds(row, rowCount, Math.min(share, BATCH_COLUMN_BYTES_MAX));
      }
      batch.resize(rowCount);
      long previous = previousKey;
      for (int i = 0; i < rowCount; i++) {
        long key = keys.u64(row + i);
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
      for (int i = 0; i < tables.size(); i++) {
        tables.get(i).read(rowCount, batch.column(i));
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
      List<Closeable> all = new ArrayList<>(tables);
      all.add(keys);
      Closing.all(all);
    }
  }

  /** The two files of a table, or none where the lane lacks it. */
  private static final class TableReader implements Closeable {
    private final @Nullable ChunkReader offsets;
    private final @Nullable ChunkReader data;
    private final long[] ends = new long[BATCH_ROWS_MAX];
    private final long rows;
    private long start;

    TableReader() {
      offsets = null;
      data = null;
      rows = 0;
    }

    TableReader(Disk disk, LaneFiles files, Lane lane, LaneTable table, boolean verifyChecksums)
        throws IOException {
      rows = lane.rows();
      CommittedFile ends = files.committedOffsets(lane, table);
      offsets = new ChunkReader(disk, ends, verifyChecksums, ChunkReader::rowsOfNumbers);
      try {
        data =
            new ChunkReader(
                disk, files.committedData(table), verifyChecksums, new DataRows(disk, ends));
      } catch (IOException | RuntimeException e) {
        offsets.close();
        throw e;
      }
    }

    /** Reads the ends of up to so many cells; returns how many of them fit into a batch. */
    int readEnds(long row, int rowCountMax, int sizeBytesMax) throws IOException {
      if (offsets == null || data == null) {
        return rowCountMax;
      }
      start = row == 0 ? 0 : offsets.u64(row - 1);
      if (start < 0 || start > data.sizeBytes()) {
        throw badOffset(offsets, start, row - 1, 0, data.sizeBytes());
      }
      long previous = start;
      for (int i = 0; i < rowCountMax; i++) {
        long end = offsets.u64(row + i);
        if (end < previous || end > data.sizeBytes()) {
          throw badOffset(offsets, end, row + i, previous, data.sizeBytes());
        }
        if (end - start > sizeBytesMax && i > 0) {
          return i;
        }
        ends[i] = end;
        previous = end;
      }
      if (row + rowCountMax == rows && previous != data.sizeBytes()) {
        throw new CorruptStoreException(
            offsets.path()
                + ": offset "
                + previous
                + " at row "
                + (rows - 1)
                + ", the last one, but "
                + data.sizeBytes()
                + " bytes of data are committed");
      }
      return rowCountMax;
    }

    private static CorruptStoreException badOffset(
        ChunkReader offsets, long end, long row, long previous, long dataBytes) {
      return new CorruptStoreException(
          offsets.path()
              + ": offset "
              + Long.toUnsignedString(end)
              + " at row "
              + row
              + (Long.compareUnsigned(end, previous) < 0
                  ? " is below the previous " + previous
                  : " is above the " + dataBytes + " committed bytes of data"));
    }

    void read(int rowCount, ColumnData column) throws IOException {
      if (data == null) {
        column.resize(rowCount, 0);
        for (int i = 0; i < rowCount; i++) {
          column.setEnd(i, 0);
        }
        return;
      }
      long sizeBytes = ends[rowCount - 1] - start;
      if (sizeBytes > Integer.MAX_VALUE - 64) {
        throw new UnsupportedStoreException(
            data.path() + ": a value of " + sizeBytes + " bytes is too large for a batch");
      }
      column.resize(rowCount, (int) sizeBytes);
      for (int i = 0; i < rowCount; i++) {
        column.setEnd(i, (int) (ends[i] - start));
      }
      data.read(start, column.data(), (int) sizeBytes);
    }

    @Override
    public void close() throws IOException {
      if (offsets != null && data != null) {
        Closing.all(List.of(offsets, data));
      }
    }
  }
}
