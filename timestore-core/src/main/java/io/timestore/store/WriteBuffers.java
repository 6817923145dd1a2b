package io.timestore.store;

import io.timestore.disk.AppendMode;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.TreeMap;

/**
 * Direct memory for one writer's files, used again and again: the JVM frees what is dropped only
 * when it collects its heap. Buffers begin small and grow in steps; those that were outgrown are
 * kept, and count. Not thread-safe.
 */
final class WriteBuffers {
  private static final int FIRST_BYTES = 32 * 1024;
  private static final int SIZE_BYTES_MAX = 4 * 1024 * 1024;

  /** How many times larger the next one is: what was outgrown is a third of the rest at most. */
  private static final int GROWTH = 4;

  private final AppendMode mode;
  private final int largestBytes;
  private final TreeMap<Integer, ArrayDeque<ByteBuffer>> free = new TreeMap<>();

  /**
   * @param sizeBytes of all buffers together, if there are enough for one block each
   * @param bufferCount how many are in use at most
   */
  WriteBuffers(AppendMode mode, long sizeBytes, int bufferCount) {
    this.mode = mode;
    this.largestBytes =
        (int) Math.max(mode.blockBytes(), mode.floor(largest(mode, sizeBytes / bufferCount)));
  }

  /** The largest buffer that fits beside all of the smaller ones before it. */
  private static long largest(AppendMode mode, long sizeBytes) {
    long outgrown = 0;
    long step = mode.ceiling(FIRST_BYTES);
    while (outgrown + 2 * step < sizeBytes && step < SIZE_BYTES_MAX) {
      outgrown += step;
      step *= GROWTH;
    }
    return Math.min(Math.min(sizeBytes - outgrown, step), SIZE_BYTES_MAX);
  }

  /** A small buffer to begin with, or a larger one that is free. */
  ByteBuffer first() {
    return take(FIRST_BYTES);
  }

  /** A larger buffer, in exchange; the same where it is as large as may be. */
  ByteBuffer larger(ByteBuffer buffer) {
    if (buffer.capacity() >= largestBytes) {
      return buffer.clear();
    }
    ByteBuffer larger = take((long) GROWTH * buffer.capacity());
    give(buffer);
    return larger;
  }

  private ByteBuffer take(long sizeBytes) {
    int capacity = (int) Math.min(largestBytes, mode.ceiling(sizeBytes));
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
