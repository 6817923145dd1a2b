package io.timestore.store;

/**
 * Some bytes of a value, one after another.
 *
 * @param start index in the value of the first byte
 * @param end index behind the last one
 */
public record ByteRange(long start, long end) {
  public ByteRange {
    if (start < 0 || end < start) {
      throw new IllegalArgumentException("bytes " + start + " to " + end);
    }
  }

  public long sizeBytes() {
    return end - start;
  }
}
