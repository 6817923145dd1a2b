package io.timestore.store;

import io.timestore.format.Lane;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** The order in which lanes that do not overlap make one sequence by key. */
final class LaneOrder {
  private static final Comparator<Lane> BY_KEY =
      Comparator.comparing(Lane::smallestKey, Long::compareUnsigned)
          .thenComparing(Lane::largestKey, Long::compareUnsigned)
          .thenComparingInt(Lane::number);

  private LaneOrder() {}

  /** The lanes that have visible rows, in key order. */
  static List<Lane> sequence(List<Lane> lanes) {
    List<Lane> visible = new ArrayList<>(lanes);
    visible.removeIf(lane -> lane.visibleRows() == 0);
    visible.sort(BY_KEY);
    return List.copyOf(visible);
  }

  /** Visible rows of a sequence. */
  static long rowCount(List<Lane> sequence) {
    return sequence.stream().mapToLong(Lane::visibleRows).sum();
  }

  /** Largest key of a sequence, unsigned; empty if it has no rows. */
  static OptionalLong largestKey(List<Lane> sequence) {
    return sequence.isEmpty()
        ? OptionalLong.empty()
        : OptionalLong.of(sequence.get(sequence.size() - 1).largestKey());
  }

  /** What keeps a sequence from being read lane by lane; empty if nothing does. */
  static Optional<String> overlap(List<Lane> sequence) {
    for (int i = 1; i < sequence.size(); i++) {
      Lane left = sequence.get(i - 1);
      Lane right = sequence.get(i);
      int order = Long.compareUnsigned(left.largestKey(), right.smallestKey());
      if (order > 0 || (order == 0 && left.number() > right.number())) {
        return Optional.of(
            "lane "
                + left.number()
                + " ends with key "
                + Long.toUnsignedString(left.largestKey())
                + ", lane "
                + right.number()
                + " begins with key "
                + Long.toUnsignedString(right.smallestKey()));
      }
    }
    return Optional.empty();
  }
}
