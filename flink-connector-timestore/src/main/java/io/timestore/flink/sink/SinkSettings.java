package io.timestore.flink.sink;

import io.timestore.disk.DirectIo;
import java.io.Serializable;

/**
 * How a sink works.
 *
 * @param ordering when rows are ordered and committed
 * @param lateRows what happens to rows that came too late for their place
 * @param reorderBufferBytes rows held for ordering
 * @param bufferMemoryBytes all write buffers of one writer
 * @param lanesMax how many lanes one run of one writer may make
 * @param directIo whether writes go past the page cache
 */
public record SinkSettings(
    Ordering ordering,
    LateRows lateRows,
    long reorderBufferBytes,
    long bufferMemoryBytes,
    int lanesMax,
    DirectIo directIo)
    implements Serializable {

  /** What a sink has if nothing else is said. */
  public static final SinkSettings DEFAULT =
      new SinkSettings(Ordering.CHECKPOINT, LateRows.KEEP, 64L << 20, 32L << 20, 64, DirectIo.AUTO);

  public SinkSettings {
    checkPositive("reorder buffer", reorderBufferBytes, "bytes");
    checkPositive("buffer memory", bufferMemoryBytes, "bytes");
    checkPositive("most lanes", lanesMax, "lanes");
  }

  private static void checkPositive(String what, long value, String unit) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "the sink's " + what + ": " + value + " " + unit + ", expected 1 or more");
    }
  }

  SinkSettings withOrdering(Ordering newOrdering) {
    return new SinkSettings(
        newOrdering, lateRows, reorderBufferBytes, bufferMemoryBytes, lanesMax, directIo);
  }

  SinkSettings withLateRows(LateRows newLateRows) {
    return new SinkSettings(
        ordering, newLateRows, reorderBufferBytes, bufferMemoryBytes, lanesMax, directIo);
  }

  SinkSettings withReorderBufferBytes(long bytes) {
    return new SinkSettings(ordering, lateRows, bytes, bufferMemoryBytes, lanesMax, directIo);
  }

  SinkSettings withBufferMemoryBytes(long bytes) {
    return new SinkSettings(ordering, lateRows, reorderBufferBytes, bytes, lanesMax, directIo);
  }

  SinkSettings withLanesMax(int newLanesMax) {
    return new SinkSettings(
        ordering, lateRows, reorderBufferBytes, bufferMemoryBytes, newLanesMax, directIo);
  }

  SinkSettings withDirectIo(DirectIo newDirectIo) {
    return new SinkSettings(
        ordering, lateRows, reorderBufferBytes, bufferMemoryBytes, lanesMax, newDirectIo);
  }
}
