package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.format.CommitRecord;
import io.timestore.store.Fault.RowSpan;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * Reads the committed bytes of a file in whole chunks, each checked before a byte of it is handed
 * out; made for reading forward.
 */
final class ChunkReader implements Closeable {
  private static final int CHUNK_BYTES = CommitRecord.CHUNK_BYTES;

  private final CommittedFile committed;
  private final boolean verify;
  private final RowsOf rows;
  private final DiskFile file;
  private final ChunkCrcs crcs;
  private final ByteBuffer chunk;
  private final CRC32C crc = new CRC32C();
  private long chunkStart = -1;

  /** Which rows have bytes in a part of the file. */
  interface RowsOf {
    RowSpan bytes(long start, long end) throws IOException;
  }

  /** Of {@code keys} and {@code offsets}. */
  static RowSpan rowsOfNumbers(long start, long end) {
    return new RowSpan(start / Long.BYTES, (end + Long.BYTES - 1) / Long.BYTES);
  }

  /**
   * @param verify whether to compare checksums
   * @param rows for errors
   */
  ChunkReader(Disk disk, CommittedFile committed, boolean verify, RowsOf rows) throws IOException {
    this.committed = committed;
    this.verify = verify;
    this.rows = rows;
    this.file = LaneFile.open(disk, committed.path(), committed.sizeBytes());
    try {
      this.crcs = new ChunkCrcs(disk, committed);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
    this.chunk = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, committed.sizeBytes()));
  }

  Path path() {
    return committed.path();
  }

  long sizeBytes() {
    return committed.sizeBytes();
  }

  /** The big-endian u64 of that index. */
  long u64(long index) throws IOException {
    long position = index * Long.BYTES;
    load(position);
    return chunk.getLong((int) (position - chunkStart));
  }

  /** Copies bytes of the file into an array. */
  void read(long from, byte[] target, int length) throws IOException {
    int done = 0;
    while (done < length) {
      load(from + done);
      int offset = (int) (from + done - chunkStart);
      int count = Math.min(length - done, chunk.limit() - offset);
      chunk.get(offset, target, done, count);
      done += count;
    }
  }

  /**
   * The CRC32C of the partial chunk with which the first bytes of the file end; 0: there is none.
   */
  int tailCrc(long cutSizeBytes) throws IOException {
    int tailBytes = (int) (cutSizeBytes % CHUNK_BYTES);
    if (tailBytes == 0) {
      return 0;
    }
    load(cutSizeBytes - 1);
    crc.reset();
    crc.update(chunk.duplicate().limit(tailBytes));
    return (int) crc.getValue();
  }

  private void load(long position) throws IOException {
    long start = position - position % CHUNK_BYTES;
    if (start == chunkStart) {
      return;
    }
    chunkStart = -1;
    int length = (int) Math.min(CHUNK_BYTES, sizeBytes() - start);
    chunk.clear().limit(length);
    int read = file.read(chunk, start);
    if (read < length) {
      throw LaneFile.ended(path(), start + read, sizeBytes());
    }
    chunk.flip();
    if (verify) {
      check(start);
    }
    chunkStart = start;
  }

  private void check(long start) throws IOException {
    boolean full = chunk.limit() == CHUNK_BYTES;
    int expected = full ? crcs.of(start / CHUNK_BYTES) : committed.tailCrc();
    if (expected == ChunkCrcs.UNKNOWN) {
      return;
    }
    crc.reset();
    crc.update(chunk.duplicate());
    int found = (int) crc.getValue();
    // A writer may have been about to note it when it was read.
    if (found != expected && (!full || found != crcs.reread(start / CHUNK_BYTES))) {
      long end = start + chunk.limit();
      throw Fault.checksum(path(), start, end, rows.bytes(start, end), found, expected)
          .toException();
    }
  }

  @Override
  public void close() throws IOException {
    try {
      file.close();
    } finally {
      crcs.close();
    }
  }
}
