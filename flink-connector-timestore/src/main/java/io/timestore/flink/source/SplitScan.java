package io.timestore.flink.source;

import io.timestore.format.Batch;
import io.timestore.store.LaneRange;
import io.timestore.store.Snapshot;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rows of a split of those that a scan began with. */
final class SplitScan implements SplitReading {
  private final StoreAccess access;
  private final List<String> paths;
  private final @Nullable SourceWatermarks watermarks;
  private TimestoreSplit split;
  private @Nullable StoreMerge rows;
  private long rowsLeft;

  /**
   * A scan of a split.
   *
   * @param watermarks null: none are wanted
   */
  SplitScan(StoreAccess access, TimestoreSplit split, @Nullable SourceWatermarks watermarks) {
    this.access = access;
    this.split = split;
    this.watermarks = watermarks;
    paths = split.stores().stream().map(store -> access.directory(store.path())).toList();
    rowsLeft = split.rowsLeft();
  }

  @Override
  public FilledBatch next(Batch batch) throws IOException {
    if (rows == null) {
      rows = open();
    }
    List<RowRun> runs = new ArrayList<>();
    if (!rows.next(batch, runs)) {
      throw new IOException(
          access.path() + ": the rows of " + split.splitId() + " ended " + rowsLeft + " too early");
    }
    rowsLeft -= batch.rowCount();
    if (rowsLeft == 0) {
      rows.close();
    }
    long watermark =
        watermarks == null
            ? FilledBatch.NO_WATERMARK
            : watermarks.before(batch.key(batch.rowCount() - 1));
    FilledBatch filled =
        new FilledBatch(
            batch,
            split,
            runs,
            paths,
            watermark,
            rowsLeft,
            rowsLeft == 0 ? FilledBatch.Then.LAST : FilledBatch.Then.MORE,
            null);
    split = filled.after();
    return filled;
  }

  private StoreMerge open() throws IOException {
    List<StoreScan> scans = new ArrayList<>();
    try {
      for (int i = 0; i < split.stores().size(); i++) {
        StoreRows store = split.stores().get(i);
        if (!store.isFinished()) {
          scans.add(open(i, store));
        }
      }
    } catch (IOException | RuntimeException e) {
      new StoreMerge(scans).close();
      throw e;
    }
    return new StoreMerge(scans);
  }

  private StoreScan open(int index, StoreRows store) throws IOException {
    Snapshot snapshot = access.open(store, split.host()).snapshot();
    List<RowsPart> parts = store.parts().stream().filter(part -> !part.isFinished()).toList();
    List<LaneRange> ranges = new ArrayList<>();
    for (RowsPart part : parts) {
      for (LaneSlice slice : part.slices()) {
        if (!slice.isFinished()) {
          ranges.add(slice.unreadRange());
          if (slice.isResumed()) {
            access.checkNotReplaced(store, slice, snapshot);
          }
        }
      }
    }
    return new StoreScan(
        index,
        access.scan(snapshot, ranges),
        parts,
        snapshot.smallestKey().orElse(0),
        access.newBatch());
  }

  @Override
  public void close() throws IOException {
    if (rows != null) {
      rows.close();
    }
  }
}
