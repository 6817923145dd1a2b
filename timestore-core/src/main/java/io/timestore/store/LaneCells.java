package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * The cells of one table in one lane: where each ends, and their bytes, into memory of the
 * caller's. Offsets are checked for their order, and chunks against their checksums, before a byte
 * of them is handed out. Made for reading forward; its files are open until it is closed.
 *
 * <p>Where all cells have the same width and none is empty, the offsets follow from the rows: the
 * last one is checked, and no other is read.
 *
 * <p>Not thread-safe, and to be called from a thread that nobody interrupts: an interrupt closes
 * the files.
 */
public final class LaneCells implements Closeable {
  private final ChunkReader offsets;
  private final ChunkReader data;
  private final long rows;

  /** Bytes of each cell; 0: their ends have to be read. */
  private final int cellBytes;

  private long nextRow = -1;
  private long nextStart;

  /**
   * @param widthBytes of every cell that is not empty; 0: they differ, or it is not known
   */
  LaneCells(
      Disk disk,
      StoreFiles files,
      LaneFiles laneFiles,
      Lane lane,
      LaneTable table,
      int widthBytes,
      boolean verifyChecksums,
      int windowBytes)
      throws IOException {
    rows = lane.rows();
    CommittedFile offsetsFile = laneFiles.committedOffsets(lane, table);
    CommittedFile dataFile = laneFiles.committedData(table);
    offsets =
        new ChunkReader(
            disk,
            offsetsFile,
            LaneFile.open(disk, files, offsetsFile.path(), offsetsFile.sizeBytes()),
            verifyChecksums,
            ChunkReader::rowsOfNumbers,
            windowBytes);
    try {
      data =
          new ChunkReader(
              disk,
              dataFile,
              LaneFile.open(disk, files, dataFile.path(), dataFile.sizeBytes()),
              verifyChecksums,
              new DataRows(disk, offsetsFile),
              windowBytes);
    } catch (IOException | RuntimeException e) {
      offsets.close();
      throw e;
    }
    try {
      cellBytes = isFull(widthBytes) ? widthBytes : 0;
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * Whether no cell is empty, so that their ends follow from the row. The last offset tells: it
   * leaves no room for an empty one.
   */
  private boolean isFull(int widthBytes) throws IOException {
    if (widthBytes == 0 || rows == 0 || data.sizeBytes() != rows * widthBytes) {
      return false;
    }
    try {
      return offsets.u64(rows - 1) == data.sizeBytes();
    } catch (CorruptStoreException e) {
      return false; // The rows before it can be read; it is found again behind them.
    }
  }

  /** The file that the bytes are in. */
  public Path path() {
    return data.path();
  }

  /** Committed bytes of all cells. */
  public long sizeBytes() {
    return data.sizeBytes();
  }

  /** Bytes of each cell, where all have the same and none is empty; 0: ends have to be read. */
  int cellBytes() {
    return cellBytes;
  }

  /** Where the cell of that row begins. */
  public long start(long row) throws IOException {
    if (row == 0 || cellBytes > 0) {
      return row * cellBytes;
    }
    long start = row == nextRow ? nextStart : offsets.u64(row - 1);
    if (start < 0 || start > data.sizeBytes()) {
      throw badOffset(start, row - 1, 0);
    }
    return start;
  }

  /**
   * Reads where cells end, one after another, and stops before one with which they would be too
   * large.
   *
   * @param row the first one's
   * @param rowCountMax how many at most
   * @param sizeBytesMax bytes of them all at most
   * @param target gets their ends, and may be written behind the last one that is returned, too
   * @param offset in the target
   * @return how many cells; where it is 0, the end of the first one is there all the same
   */
  public int ends(long row, int rowCountMax, long sizeBytesMax, long[] target, int offset)
      throws IOException {
    if (cellBytes > 0) {
      return fullEnds(row, (int) Math.min(rowCountMax, sizeBytesMax / cellBytes), target, offset);
    }
    long start = start(row);
    long previous = start;
    int read = 0;
    for (int i = 0; i < rowCountMax; i++) {
      if (i == read) {
        read += offsets.u64s(row + i, target, offset + i, rowCountMax - i);
      }
      long end = target[offset + i];
      if (end < previous || end > data.sizeBytes()) {
        throw badOffset(end, row + i, previous);
      }
      if (end - start > sizeBytesMax) {
        if (i > 0) {
          nextRow = row + i;
          nextStart = previous;
        }
        return i;
      }
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
    nextRow = row + rowCountMax;
    nextStart = previous;
    return rowCountMax;
  }

  private int fullEnds(long row, int rowCount, long[] target, int offset) {
    long end = row * cellBytes;
    for (int i = 0; i < Math.max(1, rowCount); i++) {
      end += cellBytes;
      target[offset + i] = end;
    }
    return rowCount;
  }

  private CorruptStoreException badOffset(long end, long row, long previous) {
    return new CorruptStoreException(
        offsets.path()
            + ": offset "
            + Long.toUnsignedString(end)
            + " at row "
            + row
            + (Long.compareUnsigned(end, previous) < 0
                ? " is below the previous " + previous
                : " is above the " + data.sizeBytes() + " committed bytes of data"));
  }

  /** A copy of bytes, in an array of its own. */
  byte[] bytes(long from, int length) throws IOException {
    return data.bytes(from, length);
  }

  /** Copies bytes into a buffer, until that is full. */
  public void read(long from, ByteBuffer target) throws IOException {
    data.read(from, target);
  }

  /**
   * Reads bytes straight into a buffer, until that is full, and checks them there.
   *
   * @param from a multiple of {@link io.timestore.format.CommitRecord#CHUNK_BYTES}
   * @param target has room up to another one, or to {@link #sizeBytes}
   */
  public void readChunks(long from, ByteBuffer target) throws IOException {
    data.readChunks(from, target);
  }

  @Override
  public void close() throws IOException {
    Closing.all(List.of(offsets, data));
  }
}
