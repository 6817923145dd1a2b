package io.timestore.store;

/**
 * How a reader works.
 *
 * @param threads how many reads may be under way at once, 1 to 256
 * @param mergeGapBytesMax two ranges of a value are read as one where so many bytes or fewer lie
 *     between them
 * @param mergedBytesMax but never more than this at once, by merging; at most 1 GiB
 */
public record ReaderOptions(int threads, int mergeGapBytesMax, int mergedBytesMax) {
  private static final int THREADS_MAX = 256;

  public ReaderOptions {
    if (threads < 1 || threads > THREADS_MAX) {
      throw new IllegalArgumentException(threads + " threads, expected 1 to " + THREADS_MAX);
    }
    if (mergeGapBytesMax < 0) {
      throw new IllegalArgumentException("a gap of " + mergeGapBytesMax + " bytes");
    }
    if (mergedBytesMax < 1 || mergedBytesMax > 1 << 30) {
      throw new IllegalArgumentException(
          "merged reads of " + mergedBytesMax + " bytes, expected 1 to " + (1 << 30));
    }
  }

  /** Four threads; ranges up to 64 KiB apart are merged into reads of up to 1 MiB. */
  public static ReaderOptions defaults() {
    return new ReaderOptions(4, 64 << 10, 1 << 20);
  }
}
