package io.timestore.store;

import io.timestore.format.Lane;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * How lanes make one sequence of rows: by key, at equal keys by the lane's number, and then by the
 * row in the lane.
 */
final class LaneOrder {
  private static final Comparator<Lane> BY_FIRST_ROW =
      Comparator.comparing(Lane::smallestKey, Long::compareUnsigned).thenComparingInt(Lane::number);
  private static final Comparator<Lane> BY_LARGEST_KEY =
      Comparator.comparing(Lane::largestKey, Long::compareUnsigned);

  private LaneOrder() {}

  /** The lanes that have visible rows, in the order of their first ones. */
  static List<Lane> sequence(List<Lane> lanes) {
    List<Lane> visible = new ArrayList<>(lanes);
    visible.removeIf(lane -> lane.visibleRows() == 0);
    visible.sort(BY_FIRST_ROW);
    return List.copyOf(visible);
  }

  /** Visible rows of a sequence. */
  static long rowCount(List<Lane> sequence) {
    return sequence.stream().mapToLong(Lane::visibleRows).sum();
  }

  /** Largest key of a sequence, unsigned; empty if it has no rows. */
  static OptionalLong largestKey(List<Lane> sequence) {
    return sequence.stream()
        .max(BY_LARGEST_KEY)
        .map(lane -> OptionalLong.of(lane.largestKey()))
        .orElse(OptionalLong.empty());
  }

  /**
   * A sequence in parts that follow one another: no row of a part comes before one of an earlier
   * part. They are as small as can be, so that a lane that overlaps with none is alone.
   */
  static List<List<Lane>> groups(List<Lane> sequence) {
    List<List<Lane>> groups = new ArrayList<>();
    List<Lane> group = new ArrayList<>();
    @Nullable Lane last = null; // the one whose last row is the group's
    for (Lane lane : sequence) {
      if (last != null
          && compare(last.largestKey(), last.number(), lane.smallestKey(), lane.number()) < 0) {
        groups.add(List.copyOf(group));
        group.clear();
        last = null;
      }
      group.add(lane);
      if (last == null
          || compare(last.largestKey(), last.number(), lane.largestKey(), lane.number()) < 0) {
        last = lane;
      }
    }
    if (!group.isEmpty()) {
      groups.add(List.copyOf(group));
    }
    return groups;
  }

  /** Which of two rows comes first, where they are in different lanes. */
  static int compare(long key, int lane, long otherKey, int otherLane) {
    int order = Long.compareUnsigned(key, otherKey);
    return order != 0 ? order : Integer.compare(lane, otherLane);
  }

  /** How many lanes, at most, have rows on both sides of one place of the sequence. */
  static int depth(List<Lane> sequence) {
    PriorityQueue<Lane> open = new PriorityQueue<>(BY_LARGEST_KEY);
    int depth = 0;
    for (Lane lane : sequence) {
      while (!open.isEmpty()
          && Long.compareUnsigned(open.peek().largestKey(), lane.smallestKey()) < 0) {
        open.poll();
      }
      open.add(lane);
      depth = Math.max(depth, open.size());
    }
    return depth;
  }
}
