package io.timestore.store;

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
}
