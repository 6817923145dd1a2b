package io.timestore.store;

import io.timestore.disk.AppendMode;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.TreeMap;

/**
 * Direct memory for one writer's files, used again and again: the JVM frees what is dropped only
 * when it collects its heap. Not thread-safe.
 */
final class WriteBuffers {
  private static final int FIRST_BYTES = 32 * 1024;

  private final AppendMode mode;
  private final int sizeBytesMax;
  private final TreeMap<Integer, ArrayDeque<ByteBuffer>> free = new TreeMap<>();

  /**
   * @param sizeBytesMax of one buffer, a multiple of the block
   */
  WriteBuffers(AppendMode mode, int sizeBytesMax) {
    this.mode = mode;
    this.sizeBytesMax = sizeBytesMax;
  }

  /** A small buffer to begin with, or a larger one that is free. */
  ByteBuffer first() {
    return take(FIRST_BYTES);
  }

  /** A buffer twice as large, in exchange; the same where it is as large as may be. */
  ByteBuffer larger(ByteBuffer buffer) {
    if (buffer.capacity() >= sizeBytesMax) {
      return buffer.clear();
    }
    ByteBuffer larger = take(2L * buffer.capacity());
    give(buffer);
    return larger;
  }

  private ByteBuffer take(long sizeBytes) {
    int capacity = (int) Math.min(sizeBytesMax, mode.ceiling(sizeBytes));
    Map.Entry<Integer, ArrayDeque<ByteBuffer>> largest = free.lastEntry();
    if (largest == null || largest.getKey() < capacity) {
      return mode.allocate(capacity);
    }
    ByteBuffer buffer = largest.getValue().remove();
    if (largest.getValue().isEmpty()) {
      free.remove(largest.getKey());
    }
    return buffer;
  }

  /** Takes back a buffer that nobody uses any more. */
  void give(ByteBuffer buffer) {
    free.computeIfAbsent(buffer.capacity(), size -> new ArrayDeque<>()).add(buffer.clear());
  }
}
