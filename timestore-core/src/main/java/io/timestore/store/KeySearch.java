package io.timestore.store;

import io.timestore.format.Lane;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/** Finds rows by their keys: binary searches on disk, which keep no key in memory. */
record KeySearch(StoreFiles files, List<Lane> sequence, OpenFiles open) {
  private static final int BLOCK_BYTES = 4096;
  private static final int BLOCK_ROWS = BLOCK_BYTES / Long.BYTES;

  /** Rows of the sequence from {@code start} on and before {@code end}. */
  record Rows(long start, long end) {}

  Rows rows(KeyRange range) throws IOException {
    long start =
        switch (range.start()) {
          case AT -> rowAtOrAfter(range.from());
          case AFTER -> rowAfter(range.from());
        };
    long end =
        switch (range.end()) {
          case NONE -> rowCount();
          case BEFORE -> rowAtOrAfter(range.to());
          case AT -> rowAfter(range.to());
          case COVERING -> range.to() == 0 ? start : endOfFirstKeyFrom(range.to());
        };
    return new Rows(start, Math.max(start, end));
  }

  private long endOfFirstKeyFrom(long key) throws IOException {
    long row = rowAtOrAfter(key);
    return row == rowCount() ? row : rowAfter(key(row));
  }

  private long rowCount() {
    return LaneOrder.rowCount(sequence);
  }

  /** The first row whose key is not below; the number of rows if there is none. */
  long rowAtOrAfter(long key) throws IOException {
    long laneStart = 0;
    for (Lane lane : sequence) {
      if (Long.compareUnsigned(key, lane.smallestKey()) <= 0) {
        return laneStart;
      }
      if (Long.compareUnsigned(key, lane.largestKey()) <= 0) {
        return laneStart + search(lane, key) - lane.from();
      }
      laneStart += lane.visibleRows();
    }
    return laneStart;
  }

  /** The first row whose key is above; the number of rows if there is none. */
  long rowAfter(long key) throws IOException {
    return key == -1 ? rowCount() : rowAtOrAfter(key + 1);
  }

  /** The key of a row of the sequence. */
  long key(long row) throws IOException {
    long laneStart = 0;
    for (Lane lane : sequence) {
      if (row >= laneStart && row < laneStart + lane.visibleRows()) {
        return open.u64(keys(lane), lane.rows() * Long.BYTES, lane.from() + row - laneStart);
      }
      laneStart += lane.visibleRows();
    }
    throw new IllegalArgumentException("row " + row + " of " + laneStart + " in " + files.root());
  }

  private Path keys(Lane lane) {
    return files.lane(lane.number()).keys();
  }

  private long search(Lane lane, long key) throws IOException {
    Path path = keys(lane);
    long committedBytes = lane.rows() * Long.BYTES;
    long low = lane.from(); // all rows below have smaller keys
    long high = lane.rows(); // row high and those above do not
    while (high - low > BLOCK_ROWS) {
      long middle = (low + high) >>> 1;
      if (Long.compareUnsigned(open.u64(path, committedBytes, middle), key) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    ByteBuffer block = ByteBuffer.allocate((int) (high - low) * Long.BYTES);
    open.read(path, committedBytes, block, low * Long.BYTES);
    for (long row = low; row < high; row++) {
      if (Long.compareUnsigned(block.getLong((int) (row - low) * Long.BYTES), key) >= 0) {
        return row;
      }
    }
    return high;
  }
}
