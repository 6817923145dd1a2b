package io.timestore.flink.source;

import io.timestore.store.Holder;
import io.timestore.store.LaneRange;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a snapshot into splits of about the same size, ascending.
 *
 * @param splitSizeBytes what a split should have readers read
 */
record SplitCutter(long splitSizeBytes) {
  /** Bounds what the enumerator holds and checkpoints; larger stores get larger splits. */
  static final int SPLIT_COUNT_MAX = 65_536;

  /** No split where the store is empty, else at least one. Reads the store. */
  List<TimestoreSplit> cut(Store store, List<String> tables) throws IOException {
    Snapshot snapshot = store.snapshot();
    String host = Holder.host();
    long rowCount = snapshot.rowCount();
    if (rowCount == 0) {
      return List.of();
    }
    List<TimestoreSplit> splits = new ArrayList<>();
    long splitRows = splitRows(rowCount, snapshot.sizeBytes(tables), snapshot.depth());
    for (List<LaneRange> part : snapshot.parts(splitRows)) {
      List<LaneSlice> slices = part.stream().map(LaneSlice::unread).toList();
      splits.add(new TimestoreSplit(splits.size(), store.id(), host, slices));
    }
    return splits;
  }

  /**
   * Rows of a split.
   *
   * @param depth the lanes that a split has slices of, about: more of them make fewer splits
   */
  long splitRows(long rowCount, long sizeBytes, int depth) {
    double bySize = (double) rowCount * splitSizeBytes / Math.max(1, sizeBytes);
    long splitCountMax = Math.max(1, SPLIT_COUNT_MAX / depth);
    long byCount = (rowCount + splitCountMax - 1) / splitCountMax;
    return Math.max(1, Math.min(rowCount, Math.max((long) bySize, byCount)));
  }
}
