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
 * @param slices the rows, one slice a lane; they are read in the order of the store's sequence
 */
public record TimestoreSplit(int number, UUID storeId, String host, List<LaneSlice> slices)
    implements SourceSplit {

  public TimestoreSplit {
    slices = List.copyOf(slices);
    if (slices.stream().mapToInt(LaneSlice::lane).distinct().count() < slices.size()) {
      throw new IllegalArgumentException("split " + number + " has a lane twice: " + slices);
    }
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
