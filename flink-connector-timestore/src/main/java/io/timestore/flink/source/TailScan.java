package io.timestore.flink.source;

import io.timestore.flink.source.FilledBatch.Then;
import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.format.Lane;
import io.timestore.store.LaneRange;
import io.timestore.store.Scan;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The tail of a scan, in rounds: a look at the stores, and then the rows that came since the look
 * before, of all lanes and stores in one order. New lanes and late rows are among them, and new
 * stores where the path stands for several.
 */
final class TailScan implements SplitReading {
  private final StoreAccess access;
  private final ScanPosition stop;
  private final RowFilter filter;
  private final @Nullable SourceWatermarks watermarks;
  private TimestoreSplit split;
  private List<String> paths = List.of();
  private @Nullable StoreMerge round;
  private long rowsLeft;
  private long watermark = FilledBatch.NO_WATERMARK;
  private boolean isStopPassed;
  private boolean isBegun;

  /**
   * A scan of the tail.
   *
   * @param watermarks null: none are wanted
   */
  TailScan(
      StoreAccess access,
      ScanSettings settings,
      TimestoreSplit split,
      @Nullable SourceWatermarks watermarks) {
    this.access = access;
    this.split = split;
    this.watermarks = watermarks;
    stop = settings.stop();
    filter = new RowFilter(settings);
  }

  @Override
  public FilledBatch next(Batch batch) throws IOException {
    boolean isNewRound = round == null;
    if (round == null) {
      round = look();
    }
    if (!isBegun) {
      isBegun = true;
      FilledBatch passedOver = lastRowBefore();
      if (passedOver != null) {
        return new FilledBatch(
            batch,
            split,
            List.of(),
            paths,
            FilledBatch.NO_WATERMARK,
            rowsLeft,
            Then.MORE,
            passedOver);
      }
    }
    List<RowRun> runs = new ArrayList<>();
    if (!round.next(batch, runs)) {
      round.close();
      round = null;
      rowsLeft = 0;
      Then then = isNewRound ? Then.IDLE : Then.LATER;
      return new FilledBatch(
          batch, split, runs, paths, watermark, 0, isStopPassed ? Then.LAST : then, null);
    }
    rowsLeft -= batch.rowCount();
    FilledBatch filled = select(batch, runs);
    split = filled.after();
    return filled;
  }

  private FilledBatch select(Batch batch, List<RowRun> runs) {
    RowRun lastRun = runs.get(runs.size() - 1);
    boolean isEnd = filter.isEnd(lastRun.firstRow() + lastRun.rowCount());
    Then then = isEnd ? Then.LAST : Then.MORE;
    if (filter.wantsAll(batch, runs)) {
      return new FilledBatch(
          batch, split, runs, paths, FilledBatch.NO_WATERMARK, rowsLeft, then, null);
    }
    Batch all = access.newBatch();
    all.swap(batch);
    List<RowRun> selected = new ArrayList<>();
    filter.select(all, runs, batch, selected);
    int last = all.rowCount() - 1;
    FilledBatch passedOver = null;
    if (filter.isBehind(all.key(last))) {
      Batch lastRow = access.newBatch();
      lastRow.appendRow(all, last);
      passedOver =
          passedOver(
              lastRow,
              lastRun.part(
                  lastRun.rowCount() - 1,
                  lastRun.rowCount(),
                  all,
                  all.rowCount() - lastRun.rowCount()));
    }
    return new FilledBatch(
        batch, split, selected, paths, FilledBatch.NO_WATERMARK, rowsLeft, then, passedOver);
  }

  /** A row that is not emitted, and advances the watermark. */
  private FilledBatch passedOver(Batch row, RowRun run) {
    return new FilledBatch(
        row, split, List.of(run), paths, FilledBatch.NO_WATERMARK, 0, Then.MORE, null);
  }

  /**
   * The last of the rows that the stores had before the tail, if it is behind all keys that the
   * source is asked for: no split of these rows has read it.
   */
  private @Nullable FilledBatch lastRowBefore() throws IOException {
    int lastStore = -1;
    LaneSlice last = null;
    for (int i = 0; i < split.stores().size(); i++) {
      for (LaneSlice slice : split.stores().get(i).parts().get(0).slices()) {
        if (slice.isResumed()
            && (last == null || Long.compareUnsigned(slice.lastKey(), last.lastKey()) > 0)) {
          lastStore = i;
          last = slice;
        }
      }
    }
    if (last == null || !filter.isBehind(last.lastKey())) {
      return null;
    }
    Batch row = access.newBatch();
    Snapshot snapshot = access.open(split.stores().get(lastStore), split.host()).snapshot();
    try (Scan scan = access.scan(snapshot, List.of(last.lastRange()))) {
      scan.next(row);
    }
    return passedOver(
        row, new RowRun(lastStore, last.lastRange(), RowsPart.UNKNOWN_ROW, OptionalLong.empty()));
  }

  /** Looks at the stores as they are now. */
  private StoreMerge look() throws IOException {
    List<StoreRows> stores = withNewStores();
    List<StoreScan> scans = new ArrayList<>();
    rowsLeft = 0;
    boolean allPassed = !stores.isEmpty();
    long smallest = Long.MAX_VALUE;
    try {
      for (int i = 0; i < stores.size(); i++) {
        Store store = access.open(stores.get(i), split.host());
        Snapshot snapshot = store.snapshot();
        StoreRows known = withNewLanes(stores.get(i), store.id(), snapshot);
        stores.set(i, known);
        RowsPart unread = unread(known, snapshot);
        if (unread.rowsLeft() > 0) {
          rowsLeft += unread.rowsLeft();
          scans.add(scan(i, snapshot, unread));
        }
        allPassed &= passesStop(snapshot);
        smallest = Math.min(smallest, watermark(snapshot));
      }
    } catch (IOException | RuntimeException e) {
      new StoreMerge(scans).close();
      throw e;
    }
    split = split.withStores(stores);
    paths = stores.stream().map(store -> access.directory(store.path())).toList();
    isStopPassed = allPassed;
    watermark = stores.isEmpty() ? FilledBatch.NO_WATERMARK : smallest;
    return new StoreMerge(scans);
  }

  private StoreScan scan(int index, Snapshot snapshot, RowsPart unread) throws IOException {
    List<LaneRange> ranges = unread.slices().stream().map(LaneSlice::unreadRange).toList();
    return new StoreScan(
        index,
        access.scan(snapshot, ranges),
        List.of(unread),
        snapshot.smallestKey().orElse(0),
        access.newBatch());
  }

  private List<StoreRows> withNewStores() throws IOException {
    List<StoreRows> stores = new ArrayList<>(split.stores());
    Set<String> missing = new HashSet<>();
    stores.forEach(store -> missing.add(store.path()));
    for (String path : access.storePaths()) {
      if (!missing.remove(path)) {
        RowsPart nothing = new RowsPart(0, OptionalLong.empty(), List.of());
        stores.add(new StoreRows(path, Commit.NO_ID, List.of(nothing)));
      }
    }
    for (String path : missing) {
      throw new IOException(
          access.directory(path) + ": the store is gone, of which a job was reading the new rows");
    }
    return stores;
  }

  /** The position with the lanes that the store has now. */
  private StoreRows withNewLanes(StoreRows store, UUID storeId, Snapshot snapshot)
      throws IOException {
    RowsPart tail = store.parts().get(0);
    Map<Integer, LaneSlice> known = new HashMap<>();
    tail.slices().forEach(slice -> known.put(slice.lane(), slice));
    List<LaneSlice> slices = new ArrayList<>();
    for (Lane lane : snapshot.record().lanes()) {
      LaneSlice slice = known.remove(lane.number());
      if (slice == null) {
        slices.add(new LaneSlice(lane.number(), lane.from(), lane.from(), LaneSlice.OPEN, 0));
      } else {
        checkStillThere(store, slice, lane, snapshot);
        slices.add(slice);
      }
    }
    for (LaneSlice removed : known.values()) {
      throw replaced(store, removed, "the lane is not there any more");
    }
    return new StoreRows(
        store.path(), storeId, List.of(new RowsPart(tail.nextRow(), tail.previousKey(), slices)));
  }

  private void checkStillThere(StoreRows store, LaneSlice slice, Lane lane, Snapshot snapshot)
      throws IOException {
    if (lane.from() > slice.start()) {
      throw replaced(store, slice, "the rows before row " + lane.from() + " were replaced");
    }
    if (lane.rows() < slice.next()) {
      throw replaced(store, slice, "the lane was truncated to " + lane.rows() + " rows");
    }
    if (slice.isResumed()) {
      if (lane.rows() > slice.next()) {
        access.checkNotReplaced(store, slice, snapshot);
      } else if (lane.largestKey() != slice.lastKey()) {
        throw replaced(
            store,
            slice,
            "the last of them had the key "
                + Long.toUnsignedString(slice.lastKey())
                + ", now it has "
                + Long.toUnsignedString(lane.largestKey()));
      }
    }
  }

  private IOException replaced(StoreRows store, LaneSlice slice, String how) {
    return new IOException(
        access.directory(store.path())
            + " (store "
            + store.storeId()
            + "), lane "
            + slice.lane()
            + ": a job has read its rows up to row "
            + slice.next()
            + ", and "
            + how
            + ". Truncating, overwriting or compacting a store takes away what its readers have"
            + " read: start the job anew, without its state");
  }

  /** The rows that were not read, as far as the store has them. */
  private static RowsPart unread(StoreRows store, Snapshot snapshot) {
    RowsPart tail = store.parts().get(0);
    List<LaneSlice> slices = new ArrayList<>();
    for (LaneSlice slice : tail.slices()) {
      long rows = snapshot.record().lane(slice.lane()).orElseThrow().rows();
      if (rows > slice.next()) {
        slices.add(LaneSlice.unread(new LaneRange(slice.lane(), slice.next(), rows)));
      }
    }
    return new RowsPart(tail.nextRow(), tail.previousKey(), slices);
  }

  private boolean passesStop(Snapshot snapshot) {
    return stop.kind() == ScanPosition.Kind.KEY
        && snapshot.largestKey().isPresent()
        && Long.compareUnsigned(snapshot.largestKey().getAsLong(), stop.value()) >= 0;
  }

  private long watermark(Snapshot snapshot) {
    if (watermarks == null || snapshot.largestKey().isEmpty()) {
      return FilledBatch.NO_WATERMARK;
    }
    long recorded = watermarks.recorded(snapshot);
    return recorded != FilledBatch.NO_WATERMARK
        ? recorded
        : watermarks.before(snapshot.largestKey().getAsLong());
  }

  @Override
  public void close() throws IOException {
    if (round != null) {
      round.close();
    }
  }
}
