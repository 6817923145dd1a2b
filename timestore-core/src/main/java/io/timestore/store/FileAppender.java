package io.timestore.store;

import io.timestore.disk.AppendMode;
import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.disk.IoThreads;
import io.timestore.format.Commit.FileBatch;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Appends to one file in whole blocks: a buffer is filled while the one before it is written by a
 * thread of the writer. The last, partial block is written padded with zeros, and again, with the
 * same bytes in front, when more follow. One that is parked holds no buffers.
 */
final class FileAppender implements Closeable {
  private final Path path;
  private final DiskFile file;
  private final AppendMode mode;
  private final IoThreads threads;
  private final WriteBuffers buffers;
  private final CRC32C partCrc = new CRC32C();
  private final CrcSum chunkCrc = new CrcSum();
  private final CrcSum batchCrc = new CrcSum();
  private final List<Integer> completedCrcs = new ArrayList<>();
  private ByteBuffer buffer;
  private ByteBuffer otherBuffer;
  private @Nullable Future<@Nullable Void> otherWrite;

  /** Position in the file of the buffer's first byte, a multiple of the block. */
  private long bufferStart;

  /** Index in the buffer up to which the CRCs have run. */
  private int checked;

  /** The bytes of the partial block while there are no buffers. */
  private byte @Nullable [] parked;

  /**
   * Opens a file behind its committed bytes; call from an I/O thread.
   *
   * @param buffers give two buffers, which begin small and grow as they fill, since direct memory
   *     is scarce where many writers write little
   * @param sizeBytes the committed bytes: what lies behind them means nothing and is written over
   * @param tailCrc CRC32C of the last, partial chunk; 0: not known
   */
  FileAppender(
      Disk disk,
      Path path,
      AppendMode mode,
      IoThreads threads,
      WriteBuffers buffers,
      long sizeBytes,
      int tailCrc)
      throws IOException {
    this.path = path;
    this.mode = mode;
    this.threads = threads;
    this.buffers = buffers;
    this.file = disk.openForAppending(path, mode);
    this.buffer = buffers.first();
    this.otherBuffer = buffers.first();
    try {
      readTail(sizeBytes, tailCrc);
    } catch (Throwable e) {
      file.close();
      throw e;
    }
  }

  /** Runs the CRC over the partial chunk, and leaves the partial block in the buffer. */
  private void readTail(long sizeBytes, int tailCrc) throws IOException {
    long found = file.sizeBytes();
    if (found < sizeBytes) {
      throw truncated(found, sizeBytes);
    }
    bufferStart = sizeBytes - sizeBytes % CommitRecord.CHUNK_BYTES;
    while (bufferStart < sizeBytes) {
      long wanted = Math.min(buffer.capacity(), mode.ceiling(sizeBytes - bufferStart));
      int read = file.read(buffer.clear().limit((int) wanted), bufferStart);
      int committed = (int) Math.min(wanted, sizeBytes - bufferStart);
      if (read < committed) {
        throw truncated(bufferStart + read, sizeBytes);
      }
      buffer.limit(committed).position(committed);
      chunkCrc.add(crc(buffer.duplicate().flip()), committed);
      if (bufferStart + committed == sizeBytes) {
        break;
      }
      bufferStart += committed;
    }
    if (tailCrc != 0 && chunkCrc.value() != tailCrc) {
      throw new CorruptStoreException(
          String.format(
              "%s: the last chunk of %d committed bytes has the CRC32C %08x, expected %08x",
              path, sizeBytes, chunkCrc.value(), tailCrc));
    }
    keepPartialBlock();
  }

  private CorruptStoreException truncated(long found, long committed) {
    return new CorruptStoreException(
        path + " is truncated: it has " + found + " bytes, " + committed + " are committed");
  }

  Path path() {
    return path;
  }

  /** Whether the path still leads to the file that is open here. */
  boolean isInPlace() throws IOException {
    return file.isAt(path);
  }

  /** Bytes of the file with all that was appended. */
  long sizeBytes() {
    return bufferStart + (parked == null ? buffer.position() : parked.length);
  }

  /** Writes what was appended, and gives the buffers away until {@link #unpark}. */
  void park() throws IOException {
    if (parked != null) {
      return;
    }
    flush();
    awaitWrite();
    keepPartialBlock();
    parked = new byte[buffer.position()];
    buffer.flip().get(parked);
    buffers.give(buffer);
    buffers.give(otherBuffer);
  }

  /** Takes buffers again, to go on. */
  void unpark() {
    if (parked != null) {
      buffer = buffers.first();
      otherBuffer = buffers.first();
      buffer.put(parked);
      checked = parked.length;
      parked = null;
    }
  }

  /** Appends a big-endian u64. */
  void putLong(long value) throws IOException {
    if (buffer.remaining() < Long.BYTES) {
      writeFullBuffer();
    }
    buffer.putLong(value);
  }

  /** Appends big-endian u64s. */
  void putLongs(long[] values, int from, int to) throws IOException {
    int done = from;
    while (done < to) {
      if (buffer.remaining() < Long.BYTES) {
        writeFullBuffer();
      }
      int count = Math.min(to - done, buffer.remaining() / Long.BYTES);
      buffer.asLongBuffer().put(values, done, count);
      buffer.position(buffer.position() + count * Long.BYTES);
      done += count;
    }
  }

  /** Appends bytes. */
  void put(byte[] bytes, int offset, int length) throws IOException {
    int done = 0;
    while (done < length) {
      if (!buffer.hasRemaining()) {
        writeFullBuffer();
      }
      int count = Math.min(length - done, buffer.remaining());
      buffer.put(bytes, offset + done, count);
      done += count;
    }
  }

  private void writeFullBuffer() throws IOException {
    runCrcs();
    awaitWrite();
    long start = bufferStart;
    ByteBuffer full = buffer.flip();
    otherWrite = submitWrite(full, start);
    bufferStart = start + full.limit();
    buffer = buffers.larger(otherBuffer);
    otherBuffer = full;
    checked = 0;
  }

  private Future<@Nullable Void> submitWrite(ByteBuffer bytes, long position) {
    return threads.submit(
        () -> {
          file.write(bytes, position);
          return null;
        });
  }

  private void awaitWrite() throws IOException {
    if (otherWrite != null) {
      IoThreads.await(otherWrite);
      otherWrite = null;
    }
  }

  /** Begins to write all that was appended; then {@link #awaitFlush} or {@link #sync}. */
  void flush() throws IOException {
    if (parked != null) {
      return; // It was written when it was parked.
    }
    runCrcs();
    awaitWrite();
    ByteBuffer bytes = buffer.duplicate();
    int padded = (int) mode.ceiling(bytes.position());
    bytes.limit(padded);
    while (bytes.hasRemaining()) {
      bytes.put((byte) 0);
    }
    otherWrite = submitWrite(bytes.flip(), bufferStart);
  }

  /** Waits for {@link #flush} to end. */
  void awaitFlush() throws IOException {
    if (parked == null) {
      awaitWrite();
      keepPartialBlock();
    }
  }

  /** Waits for {@link #flush} to end, and begins to make it durable. */
  Future<@Nullable Void> sync() throws IOException {
    awaitFlush();
    return threads.submit(
        () -> {
          file.sync();
          return null;
        });
  }

  private void keepPartialBlock() {
    int whole = (int) mode.floor(buffer.position());
    buffer.limit(buffer.position()).position(whole);
    buffer.compact();
    bufferStart += whole;
    checked = buffer.position();
  }

  /** What the batch since the last call is in this file; after {@link #flush}. */
  FileBatch endBatch() {
    FileBatch batch = new FileBatch(chunkCrc.value(), batchCrc.value(), completedCrcs);
    batchCrc.reset();
    completedCrcs.clear();
    return batch;
  }

  private void runCrcs() {
    while (checked < buffer.position()) {
      long position = bufferStart + checked;
      long chunkEnd = position - position % CommitRecord.CHUNK_BYTES + CommitRecord.CHUNK_BYTES;
      int end = (int) Math.min(buffer.position(), chunkEnd - bufferStart);
      addToCrcs(buffer.duplicate().limit(end).position(checked));
      checked = end;
      if (bufferStart + end == chunkEnd) {
        completedCrcs.add(chunkCrc.value());
        chunkCrc.reset();
      }
    }
  }

  private void addToCrcs(ByteBuffer bytes) {
    int sizeBytes = bytes.remaining();
    int crc = crc(bytes);
    batchCrc.add(crc, sizeBytes);
    chunkCrc.add(crc, sizeBytes);
  }

  private int crc(ByteBuffer bytes) {
    partCrc.reset();
    partCrc.update(bytes);
    return (int) partCrc.getValue();
  }

  /** Closes the file; the writer's threads have ended their work. */
  @Override
  public void close() throws IOException {
    file.close();
  }
}
