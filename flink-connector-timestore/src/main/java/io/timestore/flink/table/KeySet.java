package io.timestore.flink.table;

import io.timestore.store.KeyRange;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Some keys.
 *
 * @param ranges both ends included, ascending, with keys between them that are not in the set
 */
record KeySet(List<KeyRange> ranges) {
  private static final KeySet NONE = new KeySet(List.of());
  private static final KeySet ALL = new KeySet(List.of(KeyRange.closed(0, -1L)));

  KeySet {
    ranges = List.copyOf(ranges);
  }

  static KeySet none() {
    return NONE;
  }

  static KeySet all() {
    return ALL;
  }

  /** The keys below a number of any size. */
  static KeySet below(BigInteger end) {
    if (end.signum() <= 0) {
      return NONE;
    }
    return end.bitLength() > Long.SIZE
        ? ALL
        : new KeySet(List.of(KeyRange.closed(0, end.longValue() - 1)));
  }

  KeySet or(KeySet other) {
    List<KeyRange> sorted = new ArrayList<>(ranges);
    sorted.addAll(other.ranges);
    sorted.sort(Comparator.comparing(KeyRange::from, Long::compareUnsigned));
    List<KeyRange> union = new ArrayList<>();
    for (KeyRange range : sorted) {
      KeyRange last = union.isEmpty() ? null : union.get(union.size() - 1);
      if (last == null || hasGap(last, range)) {
        union.add(range);
      } else {
        long to = Long.compareUnsigned(last.to(), range.to()) < 0 ? range.to() : last.to();
        union.set(union.size() - 1, KeyRange.closed(last.from(), to));
      }
    }
    return new KeySet(union);
  }

  private static boolean hasGap(KeyRange range, KeyRange next) {
    return range.to() != -1L && Long.compareUnsigned(range.to() + 1, next.from()) < 0;
  }

  KeySet and(KeySet other) {
    return not().or(other.not()).not();
  }

  KeySet not() {
    List<KeyRange> gaps = new ArrayList<>();
    long from = 0;
    for (KeyRange range : ranges) {
      if (range.from() != from) {
        gaps.add(KeyRange.closed(from, range.from() - 1));
      }
      if (range.to() == -1L) {
        return new KeySet(gaps);
      }
      from = range.to() + 1;
    }
    gaps.add(KeyRange.closed(from, -1L));
    return new KeySet(gaps);
  }
}
