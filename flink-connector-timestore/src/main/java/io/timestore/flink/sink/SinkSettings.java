package io.timestore.flink.sink;

import io.timestore.disk.DirectIo;
import io.timestore.store.Publisher.RestoreMode;
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
 * @param restoreMode what happens to state older than what its own lineage committed
 * @param overwrite whether the rows replace all that the store has when they are committed
 */
public record SinkSettings(
    Ordering ordering,
    LateRows lateRows,
    long reorderBufferBytes,
    long bufferMemoryBytes,
    int lanesMax,
    DirectIo directIo,
    RestoreMode restoreMode,
    boolean overwrite)
    implements Serializable {

  /** What a sink has if nothing else is said. */
  public static final SinkSettings DEFAULT =
      new SinkSettings(
          Ordering.CHECKPOINT,
          LateRows.KEEP,
          64L << 20,
          32L << 20,
          64,
          DirectIo.AUTO,
          RestoreMode.FAIL,
          false);

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
        newOrdering,
        lateRows,
        reorderBufferBytes,
        bufferMemoryBytes,
        lanesMax,
        directIo,
        restoreMode,
        overwrite);
  }

  SinkSettings withLateRows(LateRows newLateRows) {
    return new SinkSettings(
        ordering,
        newLateRows,
        reorderBufferBytes,
        bufferMemoryBytes,
        lanesMax,
        directIo,
        restoreMode,
        overwrite);
  }

  SinkSettings withReorderBufferBytes(long bytes) {
    return new SinkSettings(
        ordering, lateRows, bytes, bufferMemoryBytes, lanesMax, directIo, restoreMode, overwrite);
  }

  SinkSettings withBufferMemoryBytes(long bytes) {
    return new SinkSettings(
        ordering, lateRows, reorderBufferBytes, bytes, lanesMax, directIo, restoreMode, overwrite);
  }

  SinkSettings withLanesMax(int newLanesMax) {
    return new SinkSettings(
        ordering,
        lateRows,
        reorderBufferBytes,
        bufferMemoryBytes,
        newLanesMax,
        directIo,
        restoreMode,
        overwrite);
  }

  SinkSettings withDirectIo(DirectIo newDirectIo) {
    return new SinkSettings(
        ordering,
        lateRows,
        reorderBufferBytes,
        bufferMemoryBytes,
        lanesMax,
        newDirectIo,
        restoreMode,
        overwrite);
  }

  SinkSettings withRestoreMode(RestoreMode newRestoreMode) {
    return new SinkSettings(
        ordering,
        lateRows,
        reorderBufferBytes,
        bufferMemoryBytes,
        lanesMax,
        directIo,
        newRestoreMode,
        overwrite);
  }

  /** These settings of a sink whose rows replace all others. */
  public SinkSettings overwriting() {
    return new SinkSettings(
        ordering,
        lateRows,
        reorderBufferBytes,
        bufferMemoryBytes,
        lanesMax,
        directIo,
        restoreMode,
        true);
  }
}
