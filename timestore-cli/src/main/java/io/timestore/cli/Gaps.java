package io.timestore.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** The longest distances between rows that follow one another; is shown all keys, in order. */
final class Gaps {
  private static final int LARGEST_MAX = 10;
  private static final Comparator<Gap> BY_LENGTH =
      Comparator.comparing(Gap::length, Long::compareUnsigned);

  private final Buckets buckets;
  private final long[] longest;
  private final PriorityQueue<Gap> largest = new PriorityQueue<>(BY_LENGTH);
  private boolean hasPrevious;
  private long previous;
  private long least;

  /** The keys of two rows, and none between them. */
  record Gap(long from, long to) {
    long length() {
      return to - from;
    }
  }

  Gaps(Buckets buckets) {
    this.buckets = buckets;
    this.longest = new long[buckets.count()];
  }

  /** Keys {@code from} to {@code to} of an array. */
  void add(long[] keys, int from, int to) {
    for (int i = from; i < to; i++) {
      long key = keys[i];
      long length = key - previous;
      // Almost all are shorter than the least of the largest, and than the longest here.
      if (length != 0 && hasPrevious) {
        int bucket = buckets.index(key);
        if (Long.compareUnsigned(length, longest[bucket]) > 0) {
          longest[bucket] = length;
        }
        if (Long.compareUnsigned(length, least) > 0) {
          addLargest(new Gap(previous, key));
        }
      }
      previous = key;
      hasPrevious = true;
    }
  }

  private void addLargest(Gap gap) {
    largest.add(gap);
    if (largest.size() > LARGEST_MAX) {
      largest.remove();
      least = largest.element().length();
    }
  }

  /** The longest one that ends in a bucket; 0 if there is none. */
  long longest(int bucket) {
    return longest[bucket];
  }

  /** The longest of all, longest first. */
  List<Gap> largest() {
    List<Gap> sorted = new ArrayList<>(largest);
    sorted.sort(BY_LENGTH.reversed().thenComparing(Gap::from, Long::compareUnsigned));
    return sorted;
  }
}
