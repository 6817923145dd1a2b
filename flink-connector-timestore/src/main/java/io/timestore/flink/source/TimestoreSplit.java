package io.timestore.flink.source;

import java.util.List;
import org.apache.flink.api.connector.source.SourceSplit;

/**
 * Part of the rows that a scan began with, or its tail: all rows that come later.
 *
 * @param number its place among the splits, in key order; {@link #TAIL} for the tail
 * @param host where it was made
 * @param stores the rows, by their store; those of several stores are read in one order, by their
 *     keys, at equal keys in the order of the stores
 */
public record TimestoreSplit(int number, String host, List<StoreRows> stores)
    implements SourceSplit {
  static final int TAIL = Integer.MAX_VALUE;

  public TimestoreSplit {
    stores = List.copyOf(stores);
  }

  @Override
  public String splitId() {
    return isTail() ? "tail" : "split-" + number;
  }

  boolean isTail() {
    return number == TAIL;
  }

  TimestoreSplit withStores(List<StoreRows> newStores) {
    return new TimestoreSplit(number, host, newStores);
  }

  boolean isFinished() {
    return !isTail() && stores.stream().allMatch(StoreRows::isFinished);
  }

  /** Rows that were not read; of a tail, which has no end, 0. */
  long rowsLeft() {
    return isTail() ? 0 : stores.stream().mapToLong(StoreRows::rowsLeft).sum();
  }
}
