package io.timestore.flink.source;

import io.timestore.format.Lane;
import io.timestore.store.Holder;
import io.timestore.store.KeyRange;
import io.timestore.store.SequencePart;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * Cuts the rows that a scan begins with into splits of about the same size, ascending, and puts the
 * tail behind them. The rows of one store are cut by their number; where stores overlap, by keys.
 */
final class SplitCutter {
  /** Bounds what the enumerator holds and checkpoints; larger stores get larger splits. */
  static final int SPLIT_COUNT_MAX = 65_536;

  private final ScanSettings settings;
  private final StoreAccess access;
  private final List<TimestoreSplit> splits = new ArrayList<>();
  private final Map<SeenStore, List<RowsPart>> pending = new LinkedHashMap<>();
  private double pendingBytes;
  private double bytes;

  /** A store that was looked at. */
  private record SeenStore(String path, UUID id, Snapshot snapshot, double rowBytes) {
    long rowCount() {
      return snapshot.rowCount();
    }

    long smallestKey() {
      return snapshot.smallestKey().orElseThrow();
    }

    long largestKey() {
      return snapshot.largestKey().orElseThrow();
    }
  }

  SplitCutter(StoreAccess access, ScanSettings settings) {
    this.access = access;
    this.settings = settings;
  }

  /**
   * No split where there are no rows and no tail.
   *
   * @throws NoSuchFileException if there is no store, and the scan does not wait for one
   */
  List<TimestoreSplit> cut() throws IOException {
    List<SeenStore> stores = look();
    List<SeenStore> withRows =
        stores.stream()
            .filter(store -> store.rowCount() > 0)
            .sorted(Comparator.comparing(SeenStore::smallestKey, Long::compareUnsigned))
            .toList();
    for (List<SeenStore> group : groups(withRows)) {
      if (group.size() == 1) {
        cutByRows(group.get(0));
      } else {
        cutByKeys(group.stream().sorted(Comparator.comparing(SeenStore::path)).toList());
      }
    }
    flush();
    List<TimestoreSplit> all = new ArrayList<>(splits);
    if (settings.hasTail() && !passesStop(stores)) {
      all.add(tail(stores));
    }
    return all;
  }

  /**
   * How many readers the rows are worth.
   *
   * @param readerBytes what one is to read, about
   */
  int parallelism(int parallelismMax, long readerBytes) throws IOException {
    int splitCount = cut().size();
    long byBytes = (long) Math.ceil(bytes / Math.max(1, readerBytes));
    return (int) Math.max(1, Math.min(Math.min(parallelismMax, splitCount), byBytes));
  }

  private List<SeenStore> look() throws IOException {
    List<SeenStore> stores = new ArrayList<>();
    for (String path : access.storePaths()) {
      Store store = access.open(path);
      Snapshot snapshot = store.snapshot();
      stores.add(new SeenStore(path, store.id(), snapshot, access.rowBytes(snapshot)));
    }
    if (stores.isEmpty() && !settings.hasTail()) {
      throw new NoSuchFileException(
          access.path(),
          null,
          access.isPattern()
              ? "no store: no directory that matches holds one"
              : "no store: there is no such directory, or it is empty");
    }
    return stores;
  }

  /** Stores in parts that follow one another: no row of a part comes before an earlier part's. */
  private static List<List<SeenStore>> groups(List<SeenStore> byFirstRow) {
    List<List<SeenStore>> groups = new ArrayList<>();
    long largest = 0;
    for (SeenStore store : byFirstRow) {
      if (groups.isEmpty() || Long.compareUnsigned(store.smallestKey(), largest) > 0) {
        groups.add(new ArrayList<>());
        largest = store.largestKey();
      }
      groups.get(groups.size() - 1).add(store);
      largest =
          Long.compareUnsigned(store.largestKey(), largest) > 0 ? store.largestKey() : largest;
    }
    return groups;
  }

  private void cutByRows(SeenStore store) throws IOException {
    Snapshot snapshot = store.snapshot();
    long splitRows = splitRows(store.rowCount(), store.rowBytes(), snapshot.depth());
    long start = row(snapshot, settings.start(), true);
    long stop = row(snapshot, settings.stop(), false);
    for (KeyRange range : settings.wantedKeys()) {
      SequencePart rows = snapshot.part(range);
      long from = Math.max(rows.start(), start);
      long to = Math.max(from, Math.min(rows.end(), stop));
      for (SequencePart part : snapshot.parts(from, to, splitRows)) {
        double bytes = part.rowCount() * store.rowBytes();
        if (pendingBytes + bytes > settings.splitSizeBytes()) {
          flush();
        }
        add(store, part);
        if (pendingBytes >= settings.splitSizeBytes()) {
          flush();
        }
      }
    }
  }

  /** The row of the snapshot before which a position lies, as far as rows and not keys tell it. */
  static long row(Snapshot snapshot, ScanPosition position, boolean isStart) {
    return switch (position.kind()) {
      case EARLIEST -> 0;
      case LATEST, NEVER -> snapshot.rowCount();
      case KEY -> isStart ? 0 : snapshot.rowCount(); // the wanted keys have it
      case ROW -> Math.min(position.value(), snapshot.rowCount());
    };
  }

  /** Where the largest store would be cut by its rows, all are cut. */
  private void cutByKeys(List<SeenStore> stores) throws IOException {
    if (settings.start().kind() == ScanPosition.Kind.LATEST) {
      return;
    }
    SeenStore largest =
        stores.stream().max(Comparator.comparingLong(SeenStore::rowCount)).orElseThrow();
    double bytes = 0;
    int depth = 0;
    for (SeenStore store : stores) {
      bytes += store.rowCount() * store.rowBytes();
      depth += store.snapshot().depth();
    }
    long rowCount = largest.rowCount();
    long splitRows = splitRows(rowCount, bytes / rowCount, depth);
    long from = 0;
    for (long row = splitRows; row < rowCount; row += splitRows) {
      long key = largest.snapshot().key(row);
      if (key != from) {
        cutAt(stores, KeyRange.closed(from, key - 1));
        from = key;
      }
    }
    cutAt(stores, KeyRange.closed(from, -1L));
  }

  private void cutAt(List<SeenStore> stores, KeyRange keys) throws IOException {
    for (KeyRange range : intersection(keys)) {
      for (SeenStore store : stores) {
        SequencePart part = store.snapshot().part(range);
        if (part.rowCount() > 0) {
          add(store, part);
        }
      }
    }
    flush();
  }

  private List<KeyRange> intersection(KeyRange keys) {
    List<KeyRange> ranges = new ArrayList<>();
    for (KeyRange range : settings.wantedKeys()) {
      long from = Long.compareUnsigned(range.from(), keys.from()) > 0 ? range.from() : keys.from();
      long to = Long.compareUnsigned(range.to(), keys.to()) < 0 ? range.to() : keys.to();
      if (Long.compareUnsigned(from, to) <= 0) {
        ranges.add(KeyRange.closed(from, to));
      }
    }
    return ranges;
  }

  private void add(SeenStore store, SequencePart part) {
    pending
        .computeIfAbsent(store, seen -> new ArrayList<>())
        .add(
            new RowsPart(
                part.start(),
                part.previousKey(),
                part.ranges().stream().map(LaneSlice::unread).toList()));
    pendingBytes += part.rowCount() * store.rowBytes();
  }

  private void flush() {
    if (!pending.isEmpty()) {
      List<StoreRows> stores = new ArrayList<>();
      pending.forEach((store, parts) -> stores.add(new StoreRows(store.path(), store.id(), parts)));
      stores.sort(Comparator.comparing(StoreRows::path));
      bytes += pendingBytes;
      splits.add(new TimestoreSplit(splits.size(), Holder.host(), stores));
      pending.clear();
      pendingBytes = 0;
    }
  }

  /**
   * Rows of a split.
   *
   * @param depth the lanes that a split has slices of, about: more of them make fewer splits
   */
  long splitRows(long rowCount, double rowBytes, int depth) {
    double bySize = settings.splitSizeBytes() / Math.max(1, rowBytes);
    long splitCountMax = Math.max(1, SPLIT_COUNT_MAX / Math.max(1, depth));
    long byCount = (rowCount + splitCountMax - 1) / splitCountMax;
    return Math.max(1, Math.min(rowCount, Math.max((long) bySize, byCount)));
  }

  private TimestoreSplit tail(List<SeenStore> stores) {
    List<StoreRows> rows = new ArrayList<>();
    for (SeenStore store : stores) {
      List<LaneSlice> slices = new ArrayList<>();
      for (Lane lane : store.snapshot().record().lanes()) {
        slices.add(
            new LaneSlice(
                lane.number(),
                lane.from(),
                lane.rows(),
                LaneSlice.OPEN,
                lane.visibleRows() == 0 ? 0 : lane.largestKey()));
      }
      RowsPart tail = new RowsPart(store.rowCount(), store.snapshot().largestKey(), slices);
      rows.add(new StoreRows(store.path(), store.id(), List.of(tail)));
    }
    return new TimestoreSplit(TimestoreSplit.TAIL, Holder.host(), rows);
  }

  /** Whether no row that comes later is one of the scan. */
  private boolean passesStop(List<SeenStore> stores) {
    ScanPosition stop = settings.stop();
    return switch (stop.kind()) {
      case EARLIEST, NEVER -> false;
      case LATEST -> true;
      case ROW -> stores.stream().mapToLong(SeenStore::rowCount).sum() >= stop.value();
      case KEY ->
          !stores.isEmpty()
              && stores.stream()
                  .map(store -> store.snapshot().largestKey())
                  .allMatch(key -> key.isPresent() && isPassed(stop.value(), key));
    };
  }

  private static boolean isPassed(long stopKey, OptionalLong largestKey) {
    return Long.compareUnsigned(largestKey.getAsLong(), stopKey) >= 0;
  }
}
