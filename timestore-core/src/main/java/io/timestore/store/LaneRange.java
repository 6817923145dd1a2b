package io.timestore.store;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Some rows of a lane, one after another.
 *
 * @param lane the lane's number
 * @param start index of the first row
 * @param end index behind the last one
 */
public record LaneRange(int lane, long start, long end) {
  public LaneRange {
    if (start < 0 || end < start) {
      throw new IllegalArgumentException("lane " + lane + ": rows " + start + " to " + end);
    }
  }

  public long rowCount() {
    return end - start;
  }

  static void checkAscending(List<LaneRange> ranges) {
    Map<Integer, LaneRange> previous = new HashMap<>();
    for (LaneRange range : ranges) {
      LaneRange before = previous.put(range.lane(), range);
      if (before != null && range.start() < before.end()) {
        throw new IllegalArgumentException(range + " does not follow " + before);
      }
    }
  }
}
