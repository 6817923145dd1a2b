package io.timestore.store;

import java.util.List;
import java.util.OptionalLong;

/**
 * Rows of a snapshot that follow one another.
 *
 * @param start index in the sequence of the first one
 * @param end index behind the last one
 * @param previousKey key of the row before the first one; empty if there is none
 * @param ranges where the rows are, one range a lane
 */
public record SequencePart(long start, long end, OptionalLong previousKey, List<LaneRange> ranges) {
  public SequencePart {
    ranges = List.copyOf(ranges);
  }

  public long rowCount() {
    return end - start;
  }
}
