package io.timestore.cli;

import io.timestore.format.Lane;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;

/**
 * A range of keys in which a reader merges lanes.
 *
 * @param from the first key of it
 * @param to the last key of it
 * @param lanes the numbers of those that have rows on both sides of some place in it, ascending
 */
record LaneOverlap(long from, long to, List<Integer> lanes) {

  /** Those of lanes that have visible rows, in the order of their keys; they do not touch. */
  static List<LaneOverlap> of(List<Lane> lanes) {
    List<LaneOverlap> pairs = new ArrayList<>();
    for (int i = 0; i < lanes.size(); i++) {
      for (int j = i + 1; j < lanes.size(); j++) {
        Lane one = lanes.get(i);
        Lane other = lanes.get(j);
        long from = max(one.smallestKey(), other.smallestKey());
        long to = min(one.largestKey(), other.largestKey());
        int order = Long.compareUnsigned(from, to);
        if (order < 0 || (order == 0 && (isInside(from, one) || isInside(from, other)))) {
          pairs.add(new LaneOverlap(from, to, List.of(one.number(), other.number())));
        }
      }
    }
    return merged(pairs);
  }

  /** Whether a lane has rows on both sides of a key. */
  private static boolean isInside(long key, Lane lane) {
    return Long.compareUnsigned(lane.smallestKey(), key) < 0
        && Long.compareUnsigned(key, lane.largestKey()) < 0;
  }

  private static List<LaneOverlap> merged(List<LaneOverlap> pairs) {
    pairs.sort(Comparator.comparing(LaneOverlap::from, Long::compareUnsigned));
    List<LaneOverlap> merged = new ArrayList<>();
    for (LaneOverlap pair : pairs) {
      LaneOverlap last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
      if (last != null && Long.compareUnsigned(pair.from(), last.to()) <= 0) {
        TreeSet<Integer> lanes = new TreeSet<>(last.lanes());
        lanes.addAll(pair.lanes());
        long to = max(last.to(), pair.to());
        merged.set(merged.size() - 1, new LaneOverlap(last.from(), to, List.copyOf(lanes)));
      } else {
        merged.add(
            new LaneOverlap(pair.from(), pair.to(), List.copyOf(new TreeSet<>(pair.lanes()))));
      }
    }
    return merged;
  }

  private static long max(long one, long other) {
    return Long.compareUnsigned(one, other) > 0 ? one : other;
  }

  private static long min(long one, long other) {
    return Long.compareUnsigned(one, other) < 0 ? one : other;
  }
}
