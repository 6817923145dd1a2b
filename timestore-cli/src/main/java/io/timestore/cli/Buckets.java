package io.timestore.cli;

/**
 * Equal parts of a range of keys.
 *
 * @param smallest the first key of the range, unsigned
 * @param width keys in each part, unsigned, at least 1
 * @param count parts
 */
record Buckets(long smallest, long width, int count) {

  /** Of all keys from one to another, in at most so many parts. */
  static Buckets of(long smallest, long largest, int countMax) {
    long distance = largest - smallest;
    long width = Long.divideUnsigned(distance, countMax) + 1;
    return new Buckets(smallest, width, (int) Long.divideUnsigned(distance, width) + 1);
  }

  int index(long key) {
    return (int) Long.divideUnsigned(key - smallest, width);
  }

  /** The first key of a part. */
  long start(int index) {
    return smallest + index * width;
  }

  /** The last key of a part. */
  long last(int index) {
    return start(index) + width - 1;
  }

  /** Whether a part is the last one that a key can be in: nothing overflows then. */
  boolean holds(int index, long key) {
    return Long.compareUnsigned(key - start(index), width) < 0;
  }
}
