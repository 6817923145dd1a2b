package io.timestore.format;

import java.math.BigInteger;

/** An unscaled value of a DECIMAL, or how far those may go: a 128-bit number in two halves. */
public record Int128(long high, long low) {

  public static Int128 of(BigInteger value) {
    return new Int128(value.shiftRight(Long.SIZE).longValue(), value.longValue());
  }

  /** Whether high and low make a number from −this to this. */
  public boolean isBoundOf(long otherHigh, long otherLow) {
    boolean isNegative = otherHigh < 0;
    long absoluteLow = isNegative ? -otherLow : otherLow;
    long absoluteHigh = isNegative ? ~otherHigh + (otherLow == 0 ? 1 : 0) : otherHigh;
    return absoluteHigh >= 0
        && (absoluteHigh < high
            || (absoluteHigh == high && Long.compareUnsigned(absoluteLow, low) <= 0));
  }

  /** The largest unscaled value of so many digits: at most 38, which 127 bits hold. */
  public static Int128 ofNines(int digits) {
    return of(BigInteger.TEN.pow(digits).subtract(BigInteger.ONE));
  }

  public static BigInteger toBigInteger(long high, long low) {
    BigInteger lower = BigInteger.valueOf(low & Long.MAX_VALUE);
    BigInteger upper = BigInteger.valueOf(high).shiftLeft(Long.SIZE);
    return upper.or(low < 0 ? lower.setBit(Long.SIZE - 1) : lower);
  }
}
