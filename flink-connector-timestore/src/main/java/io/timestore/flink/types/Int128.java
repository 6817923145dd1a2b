package io.timestore.flink.types;

import java.math.BigInteger;

/** How far the unscaled values of a DECIMAL may go, as 128-bit numbers in two halves. */
record Int128(long high, long low) {

  static Int128 of(BigInteger value) {
    return new Int128(value.shiftRight(Long.SIZE).longValue(), value.longValue());
  }

  /** Whether high and low make a number from −this to this. */
  boolean isBoundOf(long otherHigh, long otherLow) {
    boolean isNegative = otherHigh < 0;
    long absoluteLow = isNegative ? -otherLow : otherLow;
    long absoluteHigh = isNegative ? ~otherHigh + (otherLow == 0 ? 1 : 0) : otherHigh;
    return absoluteHigh >= 0
        && (absoluteHigh < high
            || (absoluteHigh == high && Long.compareUnsigned(absoluteLow, low) <= 0));
  }

  /** The largest unscaled value of so many digits: at most 38, which 127 bits hold. */
  static Int128 ofNines(int digits) {
    return of(BigInteger.TEN.pow(digits).subtract(BigInteger.ONE));
  }

  static BigInteger toBigInteger(long high, long low) {
    BigInteger lower = BigInteger.valueOf(low & Long.MAX_VALUE);
    BigInteger upper = BigInteger.valueOf(high).shiftLeft(Long.SIZE);
    return upper.or(low < 0 ? lower.setBit(Long.SIZE - 1) : lower);
  }
}
