package io.timestore.arrow;

import io.timestore.format.TimeUnit;

/**
 * Changes times from one unit to another, where that loses nothing.
 *
 * @param factor of the coarser unit in steps of the finer one
 * @param isFiner whether the target is the finer one
 */
record TimeSteps(String what, TimeUnit from, TimeUnit to, long factor, boolean isFiner) {

  /**
   * @param what for errors: the column
   */
  static TimeSteps of(String what, TimeUnit from, TimeUnit to) {
    boolean isFiner = to.stepsPerSecond() >= from.stepsPerSecond();
    long factor =
        isFiner
            ? to.stepsPerSecond() / from.stepsPerSecond()
            : from.stepsPerSecond() / to.stepsPerSecond();
    return new TimeSteps(what, from, to, factor, isFiner);
  }

  /**
   * @param row for errors
   */
  long of(long time, int row) {
    if (!isFiner) {
      if (time % factor != 0) {
        throw new IllegalArgumentException(
            fault(time, row) + " has digits finer than its unit, '" + to.symbol() + "'");
      }
      return time / factor;
    }
    if (Math.multiplyHigh(time, factor) != (time * factor) >> (Long.SIZE - 1)) {
      throw new IllegalArgumentException(
          fault(time, row) + " is outside of what 64 bits hold in its unit, '" + to.symbol() + "'");
    }
    return time * factor;
  }

  private String fault(long time, int row) {
    return what + ": " + time + " " + from.symbol() + " at row " + row + " of the batch";
  }
}
