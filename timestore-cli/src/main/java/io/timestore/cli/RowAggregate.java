package io.timestore.cli;

import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.store.LaneRange;
import io.timestore.store.Progress;
import io.timestore.store.Scan;
import io.timestore.store.Snapshot;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * All rows of a store, counted and summed up in buckets of their keys while they are read, so that
 * the memory does not depend on how many they are.
 */
final class RowAggregate {
  /** Lanes with counts of their own; those of all others are added up. */
  static final int LANES_MAX = 24;

  private final Snapshot snapshot;
  private final Buckets buckets;
  private final Gaps gaps;
  private final List<NumericColumn> columns = new ArrayList<>();
  private final List<Integer> lanes;
  private final long[][] rowsOfLane;
  private final WatchedRows watched;
  private long doneBytes;

  /** Keys of single rows, which are looked for while all are read. */
  static final class WatchedRows {
    private final Map<Integer, long[]> rows = new HashMap<>();
    private final Map<Integer, Map<Long, Long>> keys = new HashMap<>();

    /**
     * @param ofLane ascending
     */
    void watch(int lane, long[] ofLane) {
      rows.put(lane, ofLane);
      keys.put(lane, new HashMap<>());
    }

    void see(int lane, long firstRow, Batch batch) {
      long[] wanted = rows.get(lane);
      if (wanted == null) {
        return;
      }
      int at = Arrays.binarySearch(wanted, firstRow);
      for (int i = at < 0 ? -1 - at : at;
          i < wanted.length && wanted[i] < firstRow + batch.rowCount();
          i++) {
        keys.get(lane).put(wanted[i], batch.key((int) (wanted[i] - firstRow)));
      }
    }

    /** Null for a row that is not visible. */
    @Nullable Long key(int lane, long row) {
      return keys.containsKey(lane) ? keys.get(lane).get(row) : null;
    }
  }

  /**
   * @param snapshot has rows
   * @param columns numeric ones
   */
  RowAggregate(Snapshot snapshot, List<Column> columns, int bucketCountMax, WatchedRows watched) {
    this.snapshot = snapshot;
    this.watched = watched;
    this.buckets =
        Buckets.of(
            snapshot.smallestKey().orElseThrow(),
            snapshot.largestKey().orElseThrow(),
            bucketCountMax);
    this.gaps = new Gaps(buckets);
    columns.forEach(column -> this.columns.add(new NumericColumn(column, buckets.count())));
    List<Integer> numbers = snapshot.ranges().stream().map(LaneRange::lane).sorted().toList();
    this.lanes = numbers.subList(0, Math.min(LANES_MAX, numbers.size()));
    boolean hasOthers = numbers.size() > LANES_MAX;
    this.rowsOfLane = new long[lanes.size() + (hasOthers ? 1 : 0)][buckets.count()];
  }

  /** Reads lane after lane: nothing is merged, but keys, where lanes overlap. */
  void read(Progress progress) throws IOException {
    boolean isSequence = snapshot.depth() <= 1;
    List<String> tables = columns.stream().map(c -> c.column().table()).toList();
    long allBytes =
        snapshot.sizeBytes(tables) + (isSequence ? 0 : snapshot.rowCount() * Long.BYTES);
    for (LaneRange lane : snapshot.ranges()) {
      // A table that no lane has yet can't be read, but there are no rows then.
      try (Scan scan = snapshot.scan(List.of(lane), tables)) {
        Batch batch = new Batch(columns.stream().map(NumericColumn::column).toList());
        long row = lane.start();
        while (scan.next(batch)) {
          watched.see(lane.lane(), row, batch);
          add(batch, countsOf(lane.lane()));
          if (isSequence) {
            gaps.add(batch.keys(), 0, batch.rowCount());
          }
          row += batch.rowCount();
          doneBytes += batch.sizeBytes() + (long) batch.rowCount() * columns.size() * Integer.BYTES;
          progress.at(Math.min(doneBytes, allBytes), allBytes);
        }
      }
    }
    if (!isSequence) {
      readKeys(progress, allBytes);
    }
  }

  private void readKeys(Progress progress, long allBytes) throws IOException {
    try (Scan scan = snapshot.scan(snapshot.ranges(), List.of())) {
      Batch batch = new Batch(0);
      while (scan.next(batch)) {
        gaps.add(batch.keys(), 0, batch.rowCount());
        doneBytes += (long) batch.rowCount() * Long.BYTES;
        progress.at(Math.min(doneBytes, allBytes), allBytes);
      }
    }
  }

  private long[] countsOf(int lane) {
    int index = lanes.indexOf(lane);
    return rowsOfLane[index < 0 ? rowsOfLane.length - 1 : index];
  }

  /** Bucket by bucket: a batch's keys ascend. */
  private void add(Batch batch, long[] counts) throws IOException {
    long[] keys = batch.keys();
    int rowCount = batch.rowCount();
    int from = 0;
    while (from < rowCount) {
      int bucket = buckets.index(keys[from]);
      int to = end(keys, from, rowCount, bucket);
      counts[bucket] += to - from;
      for (int i = 0; i < columns.size(); i++) {
        columns.get(i).add(batch.column(i), from, to, bucket);
      }
      from = to;
    }
  }

  /** Behind the last key of a bucket, by galloping. */
  private int end(long[] keys, int from, int rowCount, int bucket) {
    if (buckets.holds(bucket, keys[rowCount - 1])) {
      return rowCount;
    }
    int low = from;
    int step = 1;
    while (low + step < rowCount && buckets.holds(bucket, keys[low + step])) {
      low += step;
      step *= 2;
    }
    int high = Math.min(low + step, rowCount - 1);
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      if (buckets.holds(bucket, keys[middle])) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return high;
  }

  Buckets buckets() {
    return buckets;
  }

  Gaps gaps() {
    return gaps;
  }

  List<NumericColumn> columns() {
    return columns;
  }

  /** Those with counts of their own; one more set of counts is of all others. */
  List<Integer> lanes() {
    return lanes;
  }

  Stream<long[]> rowsOfLanes() {
    return Stream.of(rowsOfLane);
  }
}
