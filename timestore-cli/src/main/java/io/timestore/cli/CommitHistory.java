package io.timestore.cli;

import io.timestore.cli.RowAggregate.WatchedRows;
import io.timestore.format.JournalEntry;
import io.timestore.format.JournalEntry.LaneRows;
import io.timestore.format.TimeUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What each commit brought, by the journal: how many rows, how far behind the wall clock they were,
 * and how much older than rows that were there.
 */
final class CommitHistory {
  /** Points of a chart; of more commits, those of a stretch of wall time are taken together. */
  private static final int POINTS_MAX = 2000;

  private final List<Brought> commits = new ArrayList<>();

  /**
   * A commit and the rows that it added, a range in each lane.
   *
   * @param change visible rows more than before
   */
  private record Brought(JournalEntry entry, long change, List<LaneRows> added) {}

  /**
   * One commit, or some that are taken together.
   *
   * @param millis wall time
   * @param commitCount how many
   * @param change visible rows more than before
   * @param lagMillis from the newest event to the wall clock, the longest; null: not known
   * @param watermarkLagMillis from the watermark to the wall clock, the longest; null: none
   * @param lateMillis from the oldest row to the newest one of earlier commits, the longest; 0 if
   *     it followed; null: not known
   */
  record Point(
      long millis,
      int commitCount,
      long change,
      @Nullable Double lagMillis,
      @Nullable Double watermarkLagMillis,
      @Nullable Double lateMillis) {

    private Point with(Point other) {
      return new Point(
          millis,
          commitCount + other.commitCount,
          change + other.change,
          max(lagMillis, other.lagMillis),
          max(watermarkLagMillis, other.watermarkLagMillis),
          max(lateMillis, other.lateMillis));
    }

    private static @Nullable Double max(@Nullable Double one, @Nullable Double other) {
      if (one == null || other == null) {
        return one == null ? other : one;
      }
      return Math.max(one, other);
    }
  }

  CommitHistory(List<JournalEntry> journal) {
    Map<Integer, LaneRows> before = new HashMap<>();
    long rowsBefore = 0;
    boolean isFirst = true;
    for (JournalEntry entry : journal) {
      List<LaneRows> added = new ArrayList<>();
      long rows = 0;
      boolean replaces = isFirst && entry.sequence() > 0; // What was there before is not known.
      for (LaneRows lane : entry.lanes()) {
        rows += lane.rows() - lane.from();
        LaneRows old = before.getOrDefault(lane.number(), new LaneRows(lane.number(), 0, 0));
        replaces |= lane.from() != old.from() || lane.rows() < old.rows();
        if (lane.rows() > old.rows()) {
          added.add(new LaneRows(lane.number(), old.rows(), lane.rows()));
        }
      }
      // A compaction's rows, or an overwrite's, say nothing of when rows came.
      commits.add(new Brought(entry, rows - rowsBefore, replaces ? List.of() : added));
      before.clear();
      entry.lanes().forEach(lane -> before.put(lane.number(), lane));
      rowsBefore = rows;
      isFirst = false;
    }
  }

  /** The first and the last row of each commit in each lane, whose keys tell the rest. */
  WatchedRows rowsToWatch() {
    Map<Integer, TreeSet<Long>> rows = new TreeMap<>();
    for (Brought commit : commits) {
      for (LaneRows lane : commit.added()) {
        TreeSet<Long> ofLane = rows.computeIfAbsent(lane.number(), number -> new TreeSet<>());
        ofLane.add(lane.from());
        ofLane.add(lane.rows() - 1);
      }
    }
    WatchedRows watched = new WatchedRows();
    rows.forEach(
        (lane, ofLane) -> watched.watch(lane, ofLane.stream().mapToLong(r -> r).toArray()));
    return watched;
  }

  /**
   * By wall time.
   *
   * @param unit of keys that are times; null: event time can't be told
   */
  List<Point> points(WatchedRows keys, @Nullable TimeUnit unit) {
    List<Point> points = new ArrayList<>();
    @Nullable Long newest = null;
    for (Brought commit : commits) {
      @Nullable Long smallest = null;
      @Nullable Long largest = null;
      for (LaneRows lane : commit.added()) {
        Long first = keys.key(lane.number(), lane.from());
        Long last = keys.key(lane.number(), lane.rows() - 1);
        if (first != null && (smallest == null || Long.compareUnsigned(first, smallest) < 0)) {
          smallest = first;
        }
        if (last != null && (largest == null || Long.compareUnsigned(last, largest) > 0)) {
          largest = last;
        }
      }
      points.add(point(commit, smallest, largest, newest, unit));
      if (largest != null && (newest == null || Long.compareUnsigned(largest, newest) > 0)) {
        newest = largest;
      }
    }
    return together(points);
  }

  private static Point point(
      Brought commit,
      @Nullable Long smallest,
      @Nullable Long largest,
      @Nullable Long newestBefore,
      @Nullable TimeUnit unit) {
    long millis = commit.entry().wallTimeMillis();
    long watermark = commit.entry().watermark();
    Double lag = null;
    Double late = null;
    if (unit != null && !commit.entry().isOfReference()) { // When those came is not known.
      lag = largest == null ? null : millis - millis(largest, unit);
      if (smallest != null) {
        late =
            newestBefore == null
                ? 0.0
                : Math.max(0, millis(newestBefore, unit) - millis(smallest, unit));
      }
    }
    boolean hasWatermark = watermark != Long.MIN_VALUE && watermark != Long.MAX_VALUE;
    Double watermarkLag = hasWatermark ? (double) millis - watermark : null;
    return new Point(millis, 1, commit.change(), lag, watermarkLag, late);
  }

  private static double millis(long key, TimeUnit unit) {
    return key * (1000.0 / unit.stepsPerSecond());
  }

  private static List<Point> together(List<Point> points) {
    if (points.size() <= POINTS_MAX) {
      return points;
    }
    long first = points.get(0).millis();
    long last = points.get(points.size() - 1).millis();
    Buckets buckets = Buckets.of(first, last, POINTS_MAX);
    List<Point> together = new ArrayList<>();
    int bucket = -1;
    for (Point point : points) {
      int next = buckets.index(point.millis());
      if (next == bucket) {
        together.set(together.size() - 1, together.get(together.size() - 1).with(point));
      } else {
        together.add(point);
      }
      bucket = next;
    }
    return together;
  }
}
