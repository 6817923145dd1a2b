package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
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

  private final Path path;
  private final DiskFile file;
  private final long sizeBytes;
  private final int tailCrc;
  private final ByteBuffer chunk;
  private long chunkStart = -1;

  /**
   * @param sizeBytes committed bytes of the file
   * @param tailCrc CRC32C of the last, partial chunk; 0: not known
   */
  ChunkReader(Disk disk, Path path, long sizeBytes, int tailCrc) throws IOException {
    this.path = path;
    this.sizeBytes = sizeBytes;
    this.tailCrc = tailCrc;
    this.file = LaneFile.open(disk, path, sizeBytes);
    this.chunk = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, sizeBytes));
  }

  Path path() {
    return path;
  }

  long sizeBytes() {
    return sizeBytes;
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

  private void load(long position) throws IOException {
    long start = position - position % CHUNK_BYTES;
    if (start == chunkStart) {
      return;
    }
    chunkStart = -1;
    int length = (int) Math.min(CHUNK_BYTES, sizeBytes - start);
    chunk.clear().limit(length);
    int read = file.read(chunk, start);
    if (read < length) {
      throw LaneFile.ended(path, start + read, sizeBytes);
    }
    chunk.flip();
    if (length < CHUNK_BYTES && tailCrc != 0) {
      checkTail(start);
    }
    chunkStart = start;
  }

  private void checkTail(long start) throws CorruptStoreException {
    CRC32C crc = new CRC32C();
    crc.update(chunk.duplicate());
    if ((int) crc.getValue() != tailCrc) {
      throw new CorruptStoreException(
          String.format(
              "%s: bytes %d to %d have the CRC32C %08x, expected %08x",
              path, start, sizeBytes, crc.getValue(), tailCrc));
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
