package io.timestore.store;

/** The CRC32C of parts that follow one another, made from theirs: no byte is looked at twice. */
final class CrcSum {
  /** The polynomial of CRC32C, the highest power in the lowest bit, without x^32. */
  private static final int POLYNOMIAL = 0x82F63B78;

  private static final int ONE = 1 << 31;

  /** x^8, x^16, x^32, …: what shifts a CRC by so many bytes, a power of two. */
  private static final int[] SHIFTS = new int[Long.SIZE - 1];

  static {
    int shift = ONE >>> Byte.SIZE;
    for (int i = 0; i < SHIFTS.length; i++) {
      SHIFTS[i] = shift;
      shift = product(shift, shift);
    }
  }

  private int crc;

  /** Of no bytes: 0. */
  int value() {
    return crc;
  }

  /** Adds a part by its CRC. */
  void add(int partCrc, long partBytes) {
    int shifted = crc;
    for (long left = partBytes, i = 0; left != 0; left >>>= 1, i++) {
      if ((left & 1) != 0) {
        shifted = product(shifted, SHIFTS[(int) i]);
      }
    }
    crc = shifted ^ partCrc;
  }

  void reset() {
    crc = 0;
  }

  /** Modulo the polynomial. */
  private static int product(int a, int b) {
    int sum = 0;
    int shifted = b;
    for (int bit = ONE; bit != 0; bit >>>= 1) {
      if ((a & bit) != 0) {
        sum ^= shifted;
      }
      shifted = (shifted >>> 1) ^ ((shifted & 1) == 0 ? 0 : POLYNOMIAL);
    }
    return sum;
  }
}
