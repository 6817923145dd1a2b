package io.timestore.flink.source;

import io.timestore.store.LaneRange;

/**
 * Rows {@code start <= row < end} of a lane, and how far they were read.
 *
 * @param end {@link #OPEN} for all rows that the lane will ever have
 * @param next the first row that was not read
 * @param lastKey the key of row {@code next - 1} where that row is of this slice, else 0: a reader
 *     that resumes here finds that key in the store again, unless the rows were replaced
 */
public record LaneSlice(int lane, long start, long next, long end, long lastKey) {
  static final long OPEN = Long.MAX_VALUE;

  public LaneSlice {
    if (lane < 0 || start < 0 || next < start || end < next) {
      throw new IllegalArgumentException(
          "a slice of lane " + lane + " from " + start + " to " + end + " can't be at " + next);
    }
  }

  static LaneSlice unread(LaneRange range) {
    return new LaneSlice(range.lane(), range.start(), range.start(), range.end(), 0);
  }

  LaneSlice readTo(long newNext, long newLastKey) {
    return new LaneSlice(lane, start, newNext, end, newLastKey);
  }

  boolean isFinished() {
    return next == end;
  }

  boolean isResumed() {
    return next > start;
  }

  LaneRange unreadRange() {
    return new LaneRange(lane, next, end);
  }

  /** The last row that was read. */
  LaneRange lastRange() {
    return new LaneRange(lane, next - 1, next);
  }
}
