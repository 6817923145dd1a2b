package io.timestore.flink.source;

import io.timestore.store.Holder;
import io.timestore.store.KeyRange;
import io.timestore.store.SequencePart;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Cuts the rows of a snapshot that a scan reads into splits of about the same size, ascending. */
record SplitCutter(ScanSettings settings) {
  /** Bounds what the enumerator holds and checkpoints; larger stores get larger splits. */
  static final int SPLIT_COUNT_MAX = 65_536;

  /** No split where there are no rows, else at least one for each key range. Reads the store. */
  List<TimestoreSplit> cut(Store store, List<String> tables) throws IOException {
    Snapshot snapshot = store.snapshot();
    String host = Holder.host();
    long rowCount = snapshot.rowCount();
    long splitRows = splitRows(rowCount, snapshot.sizeBytes(tables), snapshot.depth());
    long start = row(snapshot, settings.start());
    long stop = row(snapshot, settings.stop());
    List<TimestoreSplit> splits = new ArrayList<>();
    for (KeyRange range : settings.keyRanges()) {
      SequencePart rows = snapshot.part(range);
      long from = Math.max(rows.start(), start);
      long to = Math.max(from, Math.min(rows.end(), stop));
      for (SequencePart part : snapshot.parts(from, to, splitRows)) {
        List<LaneSlice> slices = part.ranges().stream().map(LaneSlice::unread).toList();
        splits.add(new TimestoreSplit(splits.size(), store.id(), host, slices));
      }
    }
    return splits;
  }

  /** The row of the snapshot before which a position lies. */
  private static long row(Snapshot snapshot, ScanPosition position) throws IOException {
    return switch (position.kind()) {
      case EARLIEST -> 0;
      case LATEST, NEVER -> snapshot.rowCount();
      case KEY -> snapshot.part(KeyRange.atLeast(position.value())).start();
      case ROW -> Math.min(position.value(), snapshot.rowCount());
    };
  }

  /**
   * Rows of a split.
   *
   * @param depth the lanes that a split has slices of, about: more of them make fewer splits
   */
  long splitRows(long rowCount, long sizeBytes, int depth) {
    double bySize = (double) rowCount * settings.splitSizeBytes() / Math.max(1, sizeBytes);
    long splitCountMax = Math.max(1, SPLIT_COUNT_MAX / Math.max(1, depth));
    long byCount = (rowCount + splitCountMax - 1) / splitCountMax;
    return Math.max(1, Math.min(rowCount, Math.max((long) bySize, byCount)));
  }
}
