package io.timestore.flink.source;

import java.util.List;
import java.util.OptionalLong;

/**
 * Rows that follow one another in a store's sequence, or, in the tail, all that come.
 *
 * @param nextRow index of the first row that was not read; {@link #UNKNOWN_ROW} in splits of
 *     version 1
 * @param previousKey key of the row before it; empty if there is none
 * @param slices the rows, one slice a lane
 */
public record RowsPart(long nextRow, OptionalLong previousKey, List<LaneSlice> slices) {
  static final long UNKNOWN_ROW = -1;

  public RowsPart {
    slices = List.copyOf(slices);
    if (slices.stream().mapToInt(LaneSlice::lane).distinct().count() < slices.size()) {
      throw new IllegalArgumentException("rows that have a lane twice: " + slices);
    }
  }

  boolean isFinished() {
    return slices.stream().allMatch(LaneSlice::isFinished);
  }

  long rowsLeft() {
    return slices.stream().mapToLong(slice -> slice.end() - slice.next()).sum();
  }
}
