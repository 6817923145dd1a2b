package io.timestore.arrow;

import io.timestore.format.CommitRecord;
import io.timestore.store.LaneCells;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a table's cells in one lane, in Arrow's memory. Whole chunks go from the file
 * straight into a buffer, where they are checked; cells that follow one another are slices of it,
 * which keep it. Only the chunk in which one buffer ends and the next one begins is copied.
 */
final class LaneBuffers implements Closeable {
  private static final int CHUNK_BYTES = CommitRecord.CHUNK_BYTES;

  private final BufferAllocator allocator;
  private final LaneCells cells;
  private @Nullable ArrowBuf held;
  private long heldStart;
  private long heldEnd;

  LaneBuffers(BufferAllocator allocator, LaneCells cells) {
    this.allocator = allocator;
    this.cells = cells;
  }

  LaneCells cells() {
    return cells;
  }

  /** Bytes of the table, to be released by the caller. */
  ArrowBuf slice(long from, long to) throws IOException {
    if (from == to) {
      return allocator.getEmpty();
    }
    ArrowBuf chunks = held;
    if (chunks == null || from < heldStart || to > heldEnd) {
      chunks = load(from, to);
    }
    ArrowBuf slice = chunks.slice(from - heldStart, to - from);
    slice.getReferenceManager().retain();
    return slice;
  }

  private ArrowBuf load(long from, long to) throws IOException {
    long start = from - from % CHUNK_BYTES;
    long end = Math.min(cells.sizeBytes(), (to + CHUNK_BYTES - 1) / CHUNK_BYTES * CHUNK_BYTES);
    ArrowBuf chunks = allocator.buffer(end - start);
    try {
      long position = start;
      if (held != null && heldStart <= start && start < heldEnd) {
        position = Math.min(heldEnd, end);
        chunks.setBytes(0, held, start - heldStart, position - start);
      }
      if (position < end) {
        cells.readChunks(position, chunks.nioBuffer(position - start, (int) (end - position)));
      }
    } catch (IOException | RuntimeException e) {
      chunks.close();
      throw e;
    }
    release();
    held = chunks;
    heldStart = start;
    heldEnd = end;
    return chunks;
  }

  /** Copies bytes of the table into a buffer, until that is full. */
  void read(long from, ByteBuffer target) throws IOException {
    cells.read(from, target);
  }

  /** Holds no memory from here on, until it is asked for slices again. */
  void release() {
    ArrowBuf chunks = held;
    held = null;
    if (chunks != null) {
      chunks.close();
    }
  }

  @Override
  public void close() throws IOException {
    release();
    cells.close();
  }
}
