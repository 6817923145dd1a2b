package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.format.CommitRecord;
import io.timestore.store.Fault.RowSpan;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Reads the committed bytes of a file, each chunk of which is checked before a byte of it is handed
 * out; made for reading forward.
 *
 * <p>It holds a whole chunk, or a smaller window where many files are open: then a chunk goes
 * through the window once for its checksum, and once more, out of the page cache, for its bytes.
 */
final class ChunkReader implements Closeable {
  private static final int CHUNK_BYTES = CommitRecord.CHUNK_BYTES;
  private static final int FEW_NUMBERS = 64;
  private static final byte[] NO_BYTES = new byte[0];

  private final CommittedFile committed;
  private final boolean verify;
  private final RowsOf rows;
  private final DiskFile file;
  private final ChunkCrcs crcs;
  private final int windowBytes;
  private final CRC32C crc = new CRC32C();
  private ByteBuffer window = ByteBuffer.allocate(0); // larger from the first read on
  private long filledStart = -1; // what the window holds
  private long windowStart = -1; // the same, once it is checked
  private long checkedChunk = -1;

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
    this(disk, committed, verify, rows, CHUNK_BYTES);
  }

  /**
   * As above.
   *
   * @param windowBytes bytes held: of a chunk one half, a quarter, …
   */
  ChunkReader(Disk disk, CommittedFile committed, boolean verify, RowsOf rows, int windowBytes)
      throws IOException {
    this(
        disk,
        committed,
        LaneFile.open(disk, committed.path(), committed.sizeBytes()),
        verify,
        rows,
        windowBytes);
  }

  /**
   * As above.
   *
   * @param file the committed file, open
   */
  ChunkReader(
      Disk disk,
      CommittedFile committed,
      DiskFile file,
      boolean verify,
      RowsOf rows,
      int windowBytes)
      throws IOException {
    this.windowBytes = windowBytes;
    this.committed = committed;
    this.verify = verify;
    this.rows = rows;
    this.file = file;
    try {
      this.crcs = new ChunkCrcs(disk, committed);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
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
    return window.getLong((int) (position - windowStart));
  }

  /**
   * Copies big-endian u64s from that index on into an array, as many as need one look at the disk.
   *
   * @param count how many at most
   * @return how many, at least one
   */
  int u64s(long index, long[] target, int offset, int count) throws IOException {
    long position = index * Long.BYTES;
    load(position);
    int first = (int) (position - windowStart);
    int done = Math.min(count, (window.limit() - first) / Long.BYTES);
    if (done <= FEW_NUMBERS) {
      // Where lanes interleave, runs are short: no view for each of them.
      for (int i = 0; i < done; i++) {
        target[offset + i] = window.getLong(first + i * Long.BYTES);
      }
    } else {
      window.duplicate().position(first).asLongBuffer().get(target, offset, done);
    }
    return done;
  }

  /** A copy of bytes of the file. */
  byte[] bytes(long from, int length) throws IOException {
    if (length == 0) {
      return NO_BYTES;
    }
    load(from);
    int offset = (int) (from - windowStart);
    if (length <= window.limit() - offset) {
      // No zeros are written first, as they are where an array is filled in parts.
      return Arrays.copyOfRange(window.array(), offset, offset + length);
    }
    byte[] bytes = new byte[length];
    read(from, ByteBuffer.wrap(bytes));
    return bytes;
  }

  /** Copies bytes of the file into a buffer, until that is full. */
  void read(long from, ByteBuffer target) throws IOException {
    long position = from;
    while (target.hasRemaining()) {
      load(position);
      int offset = (int) (position - windowStart);
      int count = Math.min(target.remaining(), window.limit() - offset);
      target.put(target.position(), window, offset, count);
      target.position(target.position() + count);
      position += count;
    }
  }

  /**
   * Reads chunks into a buffer, until that is full, and checks them there: no other memory is in
   * between.
   *
   * @param from where a chunk begins
   * @param target has room up to the end of a chunk, or of the committed bytes
   */
  void readChunks(long from, ByteBuffer target) throws IOException {
    long end = from + target.remaining();
    if (from % CHUNK_BYTES != 0 || (end % CHUNK_BYTES != 0 && end != sizeBytes())) {
      throw new IllegalArgumentException(
          path()
              + ": bytes "
              + from
              + " to "
              + end
              + " of "
              + sizeBytes()
              + " are no whole chunks");
    }
    int start = target.position();
    int read = file.read(target, from);
    if (from + read < end) {
      throw LaneFile.ended(path(), from + read, sizeBytes());
    }
    for (long chunk = from; verify && chunk < end; chunk += CHUNK_BYTES) {
      int offset = start + (int) (chunk - from);
      int length = (int) Math.min(CHUNK_BYTES, end - chunk);
      check(chunk, target.duplicate().position(offset).limit(offset + length));
    }
  }

  /**
   * The CRC32C of the partial chunk with which the first bytes of the file end; 0: there is none.
   */
  int tailCrc(long cutSizeBytes) throws IOException {
    if (cutSizeBytes % CHUNK_BYTES == 0) {
      return 0;
    }
    load(cutSizeBytes - 1);
    return crc(cutSizeBytes - cutSizeBytes % CHUNK_BYTES, cutSizeBytes);
  }

  private void load(long position) throws IOException {
    long start = position - position % windowBytes;
    if (start == windowStart) {
      return;
    }
    windowStart = -1;
    long chunk = position / CHUNK_BYTES;
    if (verify && chunk != checkedChunk) {
      check(chunk * CHUNK_BYTES);
      checkedChunk = chunk;
    }
    fill(start);
    windowStart = start;
  }

  private void fill(long start) throws IOException {
    if (start == filledStart) {
      return;
    }
    filledStart = -1;
    windowStart = -1;
    if (window.capacity() == 0) {
      window = ByteBuffer.allocate((int) Math.min(windowBytes, sizeBytes()));
    }
    int length = (int) Math.min(windowBytes, sizeBytes() - start);
    window.clear().limit(length);
    int read = file.read(window, start);
    if (read < length) {
      throw LaneFile.ended(path(), start + read, sizeBytes());
    }
    window.flip();
    filledStart = start;
  }

  private void check(long start) throws IOException {
    if (expectedCrc(start) != ChunkCrcs.UNKNOWN) {
      check(start, crc(start, chunkEnd(start)));
    }
  }

  private void check(long start, ByteBuffer chunk) throws IOException {
    if (expectedCrc(start) != ChunkCrcs.UNKNOWN) {
      crc.reset();
      crc.update(chunk);
      check(start, (int) crc.getValue());
    }
  }

  private long chunkEnd(long start) {
    return Math.min(start + CHUNK_BYTES, sizeBytes());
  }

  private boolean isFull(long start) {
    return chunkEnd(start) - start == CHUNK_BYTES;
  }

  private int expectedCrc(long start) throws IOException {
    return isFull(start) ? crcs.of(start / CHUNK_BYTES) : committed.tailCrc();
  }

  private void check(long start, int found) throws IOException {
    int expected = expectedCrc(start);
    // A writer may have been about to note it when it was read.
    if (found != expected && (!isFull(start) || found != crcs.reread(start / CHUNK_BYTES))) {
      long end = chunkEnd(start);
      throw Fault.checksum(path(), start, end, rows.bytes(start, end), found, expected)
          .toException();
    }
  }

  /** Of bytes of one chunk, from its start on. */
  private int crc(long start, long end) throws IOException {
    crc.reset();
    for (long position = start; position < end; position += windowBytes) {
      fill(position);
      crc.update(window.duplicate().limit((int) Math.min(window.limit(), end - position)));
    }
    return (int) crc.getValue();
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
