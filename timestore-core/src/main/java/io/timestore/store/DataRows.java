package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.format.CorruptStoreException;
import io.timestore.store.ChunkReader.RowsOf;
import io.timestore.store.Fault.RowSpan;
import java.io.IOException;

/** Which rows have bytes in a part of a table's {@code data}: found in its {@code offsets}. */
record DataRows(Disk disk, CommittedFile offsets) implements RowsOf {
  @Override
  public RowSpan bytes(long start, long end) throws IOException {
    try (OpenFiles open = new OpenFiles(disk)) {
      long rowCount = offsets.sizeBytes() / Long.BYTES;
      long last = firstEndingAtOrBehind(end, rowCount, open);
      return new RowSpan(
          firstEndingAtOrBehind(start + 1, rowCount, open), Math.min(rowCount, last + 1));
    } catch (CorruptStoreException e) {
      return RowSpan.UNKNOWN; // The offsets are at fault themselves, which is told elsewhere.
    }
  }

  private long firstEndingAtOrBehind(long position, long rowCount, OpenFiles open)
      throws IOException {
    long low = 0;
    long high = rowCount;
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (open.u64(offsets.path(), offsets.sizeBytes(), middle) < position) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
