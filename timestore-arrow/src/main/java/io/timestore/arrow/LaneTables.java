package io.timestore.arrow;

import io.timestore.store.LaneCells;
import io.timestore.store.Snapshot;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;

/** The tables of one lane that a scan reads, open from its first row of the scan to its last. */
final class LaneTables implements Closeable {
  private final int lane;
  private final List<Optional<LaneBuffers>> tables = new ArrayList<>();
  private long rowsLeft;

  /**
   * @param openTablesMax how many tables of all lanes are open at once
   */
  LaneTables(
      Snapshot snapshot,
      int lane,
      long rowCount,
      List<String> names,
      int openTablesMax,
      BufferAllocator allocator)
      throws IOException {
    this.lane = lane;
    this.rowsLeft = rowCount;
    try {
      for (String name : names) {
        Optional<LaneCells> cells = snapshot.cells(lane, name, true, openTablesMax);
        tables.add(cells.map(found -> new LaneBuffers(allocator, found)));
      }
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  int lane() {
    return lane;
  }

  /** A table by its index in the scan; null where the lane lacks it. */
  @Nullable LaneBuffers table(int index) {
    return tables.get(index).orElse(null);
  }

  void take(int rowCount) {
    rowsLeft -= rowCount;
  }

  boolean isAtEnd() {
    return rowsLeft == 0;
  }

  void release() {
    tables.forEach(table -> table.ifPresent(LaneBuffers::release));
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    for (Optional<LaneBuffers> table : tables) {
      try {
        if (table.isPresent()) {
          table.get().close();
        }
      } catch (IOException e) {
        failure = e;
      }
    }
    tables.clear();
    if (failure != null) {
      throw failure;
    }
  }
}
