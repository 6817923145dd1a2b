package io.timestore.store;

import java.util.List;

/**
 * Rows of a snapshot that follow one another.
 *
 * @param start index in the sequence of the first one
 * @param end index behind the last one
 * @param ranges where they are, one range a lane
 */
public record SequencePart(long start, long end, List<LaneRange> ranges) {
  public SequencePart {
    ranges = List.copyOf(ranges);
  }

  public long rowCount() {
    return end - start;
  }
}
