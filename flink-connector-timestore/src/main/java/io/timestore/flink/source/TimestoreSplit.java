package io.timestore.flink.source;

import java.util.List;
import java.util.UUID;
import org.apache.flink.api.connector.source.SourceSplit;

/**
 * Part of a snapshot of a store.
 *
 * @param number its place among the splits of the snapshot, in key order
 * @param storeId the store that the snapshot was taken of
 * @param host where it was taken
 * @param slices the rows, in the order in which they are read
 */
public record TimestoreSplit(int number, UUID storeId, String host, List<LaneSlice> slices)
    implements SourceSplit {

  public TimestoreSplit {
    slices = List.copyOf(slices);
  }

  @Override
  public String splitId() {
    return "split-" + number;
  }

  TimestoreSplit withSlices(List<LaneSlice> newSlices) {
    return new TimestoreSplit(number, storeId, host, newSlices);
  }

  boolean isFinished() {
    return slices.stream().allMatch(LaneSlice::isFinished);
  }
}
