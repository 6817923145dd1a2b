package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.format.Column;
import io.timestore.format.CommitRecord;
import io.timestore.format.Key;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.format.Schema;
import io.timestore.store.ChunkReader.RowsOf;
import io.timestore.store.Fault.RowSpan;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Reads all that a store has committed, and tells of everything in it that breaks the format. */
final class Verification {
  private static final int CHUNK_BYTES = CommitRecord.CHUNK_BYTES;

  private final Disk disk;
  private final StoreFiles files;
  private final @Nullable Schema schema;
  private final Consumer<Fault> faults;
  private final Progress progress;
  private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
  private long rowCount;
  private long sizeBytes;
  private long chunkCount;
  private long unverifiedChunkCount;
  private long faultCount;
  private long allBytes;

  /**
   * @param schema what is known of the tables; null where nothing is
   */
  Verification(
      Disk disk,
      StoreFiles files,
      @Nullable Schema schema,
      Consumer<Fault> faults,
      Progress progress) {
    this.disk = disk;
    this.files = files;
    this.schema = schema;
    this.faults = faults;
    this.progress = progress;
  }

  /** What a file holds, chunk by chunk. */
  private interface Content {
    void see(ByteBuffer bytes, long start) throws IOException;

    /** Bytes that can't be trusted, as many as the buffer has. */
    void forget(ByteBuffer bytes, long start) throws IOException;
  }

  /** The numbers of a file, one a row. */
  private abstract static class Numbers implements Content {
    @Override
    public final void see(ByteBuffer bytes, long start) {
      for (int i = 0; i < bytes.limit(); i += Long.BYTES) {
        see((start + i) / Long.BYTES, bytes.getLong(i));
      }
    }

    @Override
    public final void forget(ByteBuffer bytes, long start) {
      forget();
    }

    abstract void see(long row, long number);

    /** The next number follows others that can't be trusted. */
    abstract void forget();
  }

  Verified run(CommitRecord record) {
    allBytes = record.lanes().stream().filter(Lane::hasFiles).mapToLong(Lane::sizeBytes).sum();
    for (Lane lane : record.lanes()) {
      if (!lane.hasFiles()) {
        continue; // They may not even be there yet, or not any more.
      }
      verifyTables(lane);
      LaneFiles laneFiles = files.lane(lane.number());
      CommittedFile keys = laneFiles.committedKeys(lane);
      verify(keys, ChunkReader::rowsOfNumbers, new Keys(keys.path(), lane));
      for (LaneTable table : lane.tables()) {
        verify(lane, table, laneFiles);
      }
      rowCount += lane.rows();
    }
    return new Verified(rowCount, sizeBytes, chunkCount, unverifiedChunkCount, faultCount);
  }

  /** Which tables a lane has: those of the schema, but columns that were added later. */
  private void verifyTables(Lane lane) {
    if (schema == null) {
      return;
    }
    String place = ": lane " + lane.number() + " of " + lane.rows() + " rows ";
    for (LaneTable table : lane.tables()) {
      if (column(table).isEmpty()) {
        String what = files.length() + place + "has the table '" + table.name() + "', which ";
        report(Fault.of(files.length(), what + files.schema() + " does not name"));
      }
    }
    for (Column column : schema.columns()) {
      if (!column.mayBeAbsent() && lane.table(column.table()).isEmpty()) {
        String what = files.length() + place + "lacks the table '" + column.table() + "' of ";
        report(Fault.of(files.length(), what + column.sqlType()));
      }
    }
  }

  private void verify(Lane lane, LaneTable table, LaneFiles laneFiles) {
    CommittedFile offsets = laneFiles.committedOffsets(lane, table);
    CommittedFile data = laneFiles.committedData(table);
    Optional<Column> column = column(table);
    Column fixed = column.filter(c -> c.type().widthBytes().isPresent()).orElse(null);
    long faultCountBefore = faultCount;
    verify(
        offsets,
        ChunkReader::rowsOfNumbers,
        new Offsets(offsets.path(), lane.rows(), table.dataBytes(), fixed));
    DataRows rows = new DataRows(disk, offsets);
    if (faultCount > faultCountBefore || column.isEmpty()) {
      verify(data, rows, null); // Nobody knows where a cell begins, or what it is to be.
      return;
    }
    try (CellVerification cells =
        CellVerification.open(
            disk, column.get(), offsets, lane.rows(), new CellReport(data.path(), column.get()))) {
      verify(data, rows, cells == null ? null : new Cells(cells));
    } catch (IOException e) {
      report(failure(offsets, 0, offsets.sizeBytes(), RowSpan.UNKNOWN, e));
    }
  }

  private Optional<Column> column(LaneTable table) {
    return schema == null
        ? Optional.empty()
        : schema.columns().stream().filter(c -> c.table().equals(table.name())).findFirst();
  }

  /** Words what is wrong with a cell. */
  private final class CellReport implements CellVerification.Report {
    private final Path path;
    private final Column column;

    CellReport(Path path, Column column) {
      this.path = path;
      this.column = column;
    }

    @Override
    public void fault(long row, long startByte, long endByte, String what) {
      String cell = "the cell of row " + row + ", bytes " + startByte + " to " + endByte + ", ";
      String type = ", which is no " + column.typeText();
      report(path, startByte, endByte, new RowSpan(row, row + 1), cell + what + type);
    }
  }

  /** The values of a table. */
  private final class Cells implements Content {
    private final CellVerification verification;

    Cells(CellVerification verification) {
      this.verification = verification;
    }

    @Override
    public void see(ByteBuffer bytes, long start) throws IOException {
      verification.see(chunk.array(), bytes.limit(), start, true);
    }

    @Override
    public void forget(ByteBuffer bytes, long start) throws IOException {
      verification.see(chunk.array(), bytes.limit(), start, false);
    }
  }

  private void report(Fault fault) {
    faultCount++;
    faults.accept(fault);
  }

  private void report(Path file, long start, long end, RowSpan rows, String what) {
    report(new Fault(file, start, end, rows.first(), rows.end(), file + ": " + what));
  }

  private void verify(CommittedFile file, RowsOf rows, @Nullable Content content) {
    try (DiskFile open = disk.openForReading(file.path());
        ChunkCrcs crcs = new ChunkCrcs(disk, file)) {
      long start = 0;
      while (start < file.sizeBytes() && verifyChunk(file, open, crcs, start, rows, content)) {
        start += CHUNK_BYTES;
        progress.at(sizeBytes, allBytes);
      }
    } catch (NoSuchFileException e) {
      String what = "is missing, expected " + file.sizeBytes() + " committed bytes in it";
      report(file.path(), 0, file.sizeBytes(), RowSpan.UNKNOWN, what);
    } catch (IOException e) {
      report(failure(file, 0, file.sizeBytes(), RowSpan.UNKNOWN, e));
    }
  }

  /** The message of an I/O error names the file. */
  private static Fault failure(
      CommittedFile file, long start, long end, RowSpan rows, IOException e) {
    return new Fault(
        file.path(), start, end, rows.first(), rows.end(), String.valueOf(e.getMessage()));
  }

  /** Returns whether more may follow. */
  private boolean verifyChunk(
      CommittedFile file,
      DiskFile open,
      ChunkCrcs crcs,
      long start,
      RowsOf rows,
      @Nullable Content content)
      throws IOException {
    int length = (int) Math.min(CHUNK_BYTES, file.sizeBytes() - start);
    chunkCount++;
    int read;
    try {
      read = open.read(chunk.clear().limit(length), start);
    } catch (IOException e) {
      RowSpan unread = rows.bytes(start, start + length);
      report(failure(file, start, start + length, unread, e));
      if (content != null) {
        content.forget(chunk.clear().limit(length), start);
      }
      return true;
    }
    sizeBytes += read;
    if (read < length) {
      long end = start + read;
      RowSpan lost = rows.bytes(end, file.sizeBytes());
      String what = "ends at byte " + end + " of " + file.sizeBytes() + " committed ones";
      report(file.path(), end, file.sizeBytes(), lost, what);
      return false;
    }
    chunk.flip();
    boolean trusted = checkCrc(file, crcs, start, rows);
    if (content != null && trusted) {
      content.see(chunk, start);
    } else if (content != null) {
      content.forget(chunk, start);
    }
    return true;
  }

  private boolean checkCrc(CommittedFile file, ChunkCrcs crcs, long start, RowsOf rows)
      throws IOException {
    long index = start / CHUNK_BYTES;
    boolean full = chunk.limit() == CHUNK_BYTES;
    int expected = full ? crcs.of(index) : file.tailCrc();
    if (expected == ChunkCrcs.UNKNOWN) {
      unverifiedChunkCount++;
      return true;
    }
    CRC32C crc = new CRC32C();
    crc.update(chunk.duplicate());
    int found = (int) crc.getValue();
    if (found == expected || (full && found == crcs.reread(index))) {
      return true;
    }
    long end = start + chunk.limit();
    report(Fault.checksum(file.path(), start, end, rows.bytes(start, end), found, expected));
    return false;
  }

  private void reportNumber(Path file, long row, String what) {
    long start = row * Long.BYTES;
    report(file, start, start + Long.BYTES, new RowSpan(row, row + 1), what);
  }

  /** The visible ones never decrease; the first and the last of them are those of the record. */
  private final class Keys extends Numbers {
    private final Path path;
    private final Lane lane;
    private long previous;

    Keys(Path path, Lane lane) {
      this.path = path;
      this.lane = lane;
    }

    @Override
    void see(long row, long key) {
      if (row < lane.from()) {
        return; // Rows may have come behind hidden ones with smaller keys.
      }
      if (Long.compareUnsigned(key, previous) < 0) {
        reportNumber(path, row, described("key", key, row) + " is below " + text(previous));
      }
      if (key < 0 && schema != null && !schema.key().type().equals(Key.WHOLE_RANGE)) {
        String what = described("key", key, row) + " is above 2^63 - 1, which is no ";
        reportNumber(path, row, what + schema.key().type());
      }
      if (row == lane.from() && key != lane.smallestKey()) {
        reportNumber(path, row, described("key", key, row) + recorded(lane.smallestKey()));
      }
      if (row == lane.rows() - 1 && key != lane.largestKey()) {
        reportNumber(path, row, described("key", key, row) + recorded(lane.largestKey()));
      }
      previous = key;
    }

    private String recorded(long key) {
      return ", but the commit record says " + text(key);
    }

    @Override
    void forget() {
      previous = 0;
    }
  }

  /** Never decrease, and end with the data; cells of fixed width have that width. */
  private final class Offsets extends Numbers {
    private final Path path;
    private final long rows;
    private final long dataBytes;
    private final @Nullable Column fixed;
    private long previous;
    private boolean previousIsKnown = true;

    Offsets(Path path, long rows, long dataBytes, @Nullable Column fixed) {
      this.path = path;
      this.rows = rows;
      this.dataBytes = dataBytes;
      this.fixed = fixed;
    }

    @Override
    void see(long row, long offset) {
      if (Long.compareUnsigned(offset, previous) < 0) {
        reportNumber(path, row, described("offset", offset, row) + " is below " + text(previous));
      } else if (Long.compareUnsigned(offset, dataBytes) > 0) {
        reportNumber(
            path, row, described("offset", offset, row) + " is above the " + dataBytes + " bytes");
      } else if (fixed != null && previousIsKnown) {
        checkWidth(fixed, row, offset - previous);
      }
      if (row == rows - 1 && offset != dataBytes) {
        reportNumber(
            path,
            row,
            described("offset", offset, row) + ", but the commit record says " + dataBytes);
      }
      previous = offset;
      previousIsKnown = true;
    }

    private void checkWidth(Column column, long row, long cellBytes) {
      int expected = column.type().widthBytes().orElseThrow();
      if (cellBytes != expected && !(cellBytes == 0 && column.nullable())) {
        String what = "the cell of row " + row + " has " + cellBytes + " bytes, expected ";
        reportNumber(path, row, what + expected + " of " + column.sqlType());
      }
    }

    @Override
    void forget() {
      previous = 0;
      previousIsKnown = false;
    }
  }

  private static String described(String what, long number, long row) {
    return what + " " + text(number) + " at row " + row;
  }

  private static String text(long number) {
    return Long.toUnsignedString(number);
  }
}
