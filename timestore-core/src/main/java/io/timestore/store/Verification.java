package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.format.Column;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.store.ChunkReader.RowsOf;
import io.timestore.store.Fault.RowSpan;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Reads all that a store has committed, and tells of everything in it that breaks the format. */
final class Verification {
  private static final int CHUNK_BYTES = CommitRecord.CHUNK_BYTES;

  private final Disk disk;
  private final StoreFiles files;
  private final List<Column> columns;
  private final Consumer<Fault> faults;
  private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
  private long rowCount;
  private long sizeBytes;
  private long chunkCount;
  private long unverifiedChunkCount;
  private long faultCount;

  /**
   * @param columns what is known of the tables; empty where nothing is
   */
  Verification(Disk disk, StoreFiles files, List<Column> columns, Consumer<Fault> faults) {
    this.disk = disk;
    this.files = files;
    this.columns = columns;
    this.faults = faults;
  }

  /** The numbers of a file, one a row. */
  private interface Numbers {
    void see(long row, long number);

    /** The next number follows others that can't be trusted. */
    void forget();
  }

  Verified run(CommitRecord record) {
    for (Lane lane : record.lanes()) {
      if (!lane.hasFiles()) {
        continue; // They may not even be there yet, or not any more.
      }
      LaneFiles laneFiles = files.lane(lane.number());
      CommittedFile keys = laneFiles.committedKeys(lane);
      verify(keys, ChunkReader::rowsOfNumbers, new Keys(keys.path(), lane));
      for (LaneTable table : lane.tables()) {
        CommittedFile offsets = laneFiles.committedOffsets(lane, table);
        Offsets ends =
            new Offsets(offsets.path(), lane.rows(), table.dataBytes(), fixedWidth(table));
        verify(offsets, ChunkReader::rowsOfNumbers, ends);
        verify(laneFiles.committedData(table), new DataRows(disk, offsets), null);
      }
      rowCount += lane.rows();
    }
    return new Verified(rowCount, sizeBytes, chunkCount, unverifiedChunkCount, faultCount);
  }

  private @Nullable Column fixedWidth(LaneTable table) {
    return columns.stream()
        .filter(column -> column.table().equals(table.name()))
        .filter(column -> column.type().widthBytes().isPresent())
        .findFirst()
        .orElse(null);
  }

  private void report(Fault fault) {
    faultCount++;
    faults.accept(fault);
  }

  private void report(Path file, long start, long end, RowSpan rows, String what) {
    report(new Fault(file, start, end, rows.first(), rows.end(), file + ": " + what));
  }

  private void verify(CommittedFile file, RowsOf rows, @Nullable Numbers numbers) {
    try (DiskFile open = disk.openForReading(file.path());
        ChunkCrcs crcs = new ChunkCrcs(disk, file)) {
      long start = 0;
      while (start < file.sizeBytes() && verifyChunk(file, open, crcs, start, rows, numbers)) {
        start += CHUNK_BYTES;
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
      @Nullable Numbers numbers)
      throws IOException {
    int length = (int) Math.min(CHUNK_BYTES, file.sizeBytes() - start);
    chunkCount++;
    int read;
    try {
      read = open.read(chunk.clear().limit(length), start);
    } catch (IOException e) {
      RowSpan unread = rows.bytes(start, start + length);
      report(failure(file, start, start + length, unread, e));
      if (numbers != null) {
        numbers.forget();
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
    if (numbers != null && trusted) {
      for (int i = 0; i < length; i += Long.BYTES) {
        numbers.see((start + i) / Long.BYTES, chunk.getLong(i));
      }
    } else if (numbers != null) {
      numbers.forget();
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
  private final class Keys implements Numbers {
    private final Path path;
    private final Lane lane;
    private long previous;

    Keys(Path path, Lane lane) {
      this.path = path;
      this.lane = lane;
    }

    @Override
    public void see(long row, long key) {
      if (row < lane.from()) {
        return; // Rows may have come behind hidden ones with smaller keys.
      }
      if (Long.compareUnsigned(key, previous) < 0) {
        reportNumber(path, row, described("key", key, row) + " is below " + text(previous));
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
    public void forget() {
      previous = 0;
    }
  }

  /** Never decrease, and end with the data; cells of fixed width have that width. */
  private final class Offsets implements Numbers {
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
    public void see(long row, long offset) {
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
    public void forget() {
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
