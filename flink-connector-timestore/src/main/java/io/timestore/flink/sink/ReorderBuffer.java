package io.timestore.flink.sink;

import io.timestore.format.Batch;
import io.timestore.store.StoreWriter;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Holds rows until they are written in key order, rows of equal keys in the order in which they
 * came. When it is full, the older half of the rows is written, so that a row that is a little late
 * still finds its place.
 */
final class ReorderBuffer {
  /** A single column of a batch can't pass 2 GiB, and its array doubles as it grows. */
  private static final long SIZE_BYTES_MAX = 1L << 30;

  private final long sizeBytesMax;
  private Batch batch;
  private Batch spare;
  private boolean isOrdered = true;

  ReorderBuffer(Batch batch, Batch spare, long sizeBytesMax) {
    this.batch = batch;
    this.spare = spare;
    this.sizeBytesMax = Math.min(sizeBytesMax, SIZE_BYTES_MAX);
  }

  /** Where the next row is to be appended; then call {@link #rowAppended}. */
  Batch batch() {
    return batch;
  }

  /** Takes note of a row that was appended, and writes old rows if the buffer is full. */
  void rowAppended(StoreWriter writer) throws IOException {
    int last = batch.rowCount() - 1;
    isOrdered =
        isOrdered && (last == 0 || Long.compareUnsigned(batch.key(last - 1), batch.key(last)) <= 0);
    if (batch.sizeBytes() >= sizeBytesMax) {
      writeOlderHalf(writer);
    }
  }

  private void writeOlderHalf(StoreWriter writer) throws IOException {
    int[] order = order();
    int rowCount = batch.rowCount();
    int written = (rowCount + 1) / 2;
    writer.append(batch, order, 0, written);
    for (int i = written; i < rowCount; i++) {
      spare.appendRow(batch, order == null ? i : order[i]);
    }
    Batch rest = spare;
    spare = batch;
    batch = rest;
    spare.clear();
    isOrdered = true;
  }

  /** Writes all rows. */
  void writeAll(StoreWriter writer) throws IOException {
    writer.append(batch, order(), 0, batch.rowCount());
    batch.clear();
    isOrdered = true;
  }

  /** Row indexes in key order; null if the rows are in order as they stand. */
  private int @Nullable [] order() {
    if (isOrdered) {
      return null;
    }
    int rowCount = batch.rowCount();
    long smallest = batch.key(0);
    long largest = batch.key(0);
    for (int row = 1; row < rowCount; row++) {
      long key = batch.key(row);
      smallest = Long.compareUnsigned(key, smallest) < 0 ? key : smallest;
      largest = Long.compareUnsigned(key, largest) > 0 ? key : largest;
    }
    int indexBits = Integer.SIZE - Integer.numberOfLeadingZeros(rowCount);
    if (Long.numberOfLeadingZeros(largest - smallest) > indexBits) {
      return orderOfPacked(smallest, indexBits);
    }
    // Keys too far apart to share a long with their index: rare, and slower.
    return IntStream.range(0, rowCount)
        .boxed()
        .sorted(Comparator.comparing(batch::key, Long::compareUnsigned))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** Sorts key and index in one long each, the index last, which keeps equal keys in order. */
  private int[] orderOfPacked(long smallest, int indexBits) {
    long[] packed = new long[batch.rowCount()];
    for (int row = 0; row < packed.length; row++) {
      packed[row] = (batch.key(row) - smallest) << indexBits | row;
    }
    Arrays.sort(packed);
    int[] order = new int[packed.length];
    for (int i = 0; i < packed.length; i++) {
      order[i] = (int) (packed[i] & ((1L << indexBits) - 1));
    }
    return order;
  }
}
