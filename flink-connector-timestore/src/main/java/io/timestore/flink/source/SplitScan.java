package io.timestore.flink.source;

import io.timestore.flink.types.BatchRow;
import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.store.Holder;
import io.timestore.store.LaneRange;
import io.timestore.store.Scan;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The rows of one split, batch by batch. Blocks: for an I/O thread only. */
final class SplitScan implements Closeable {
  private final StoreAccess access;
  private final TimestoreSplit split;
  private final BatchRow row;
  private @Nullable Scan scan;
  private long rowsLeft;

  SplitScan(StoreAccess access, TimestoreSplit split) {
    this.access = access;
    this.split = split;
    row = access.newRow();
    rowsLeft = split.slices().stream().mapToLong(slice -> slice.unreadRange().rowCount()).sum();
  }

  /** Fills the batch with the next rows. Not to be called behind the last batch. */
  FilledBatch next(Batch batch) throws IOException {
    if (scan == null) {
      scan = open();
    }
    if (!scan.next(batch)) {
      throw new IOException(
          access.path() + ": the rows of " + split.splitId() + " ended " + rowsLeft + " too early");
    }
    List<LaneRange> rows = scan.rows();
    row.check(batch, rows);
    rowsLeft -= batch.rowCount();
    if (rowsLeft == 0) {
      scan.close();
    }
    return new FilledBatch(batch, rows, rowsLeft == 0);
  }

  private Scan open() throws IOException {
    Store store = access.open();
    checkStoreId(store.id());
    List<LaneSlice> unfinished = split.slices().stream().filter(s -> !s.isFinished()).toList();
    Snapshot snapshot = store.snapshot();
    for (LaneSlice slice : unfinished) {
      if (slice.isResumed()) {
        checkNotReplaced(slice, snapshot);
      }
    }
    return access.scan(snapshot, unfinished.stream().map(LaneSlice::unreadRange).toList());
  }

  /** A store of the Rust crate has no UUID until ours writes to it: its rows stay what they are. */
  private void checkStoreId(UUID found) throws IOException {
    if (!split.storeId().equals(Commit.NO_ID) && !split.storeId().equals(found)) {
      throw new IOException(
          access.path()
              + " is another store here: expected "
              + split.storeId()
              + ", which host "
              + split.host()
              + " planned to read, found "
              + found
              + " on host "
              + Holder.host());
    }
  }

  private void checkNotReplaced(LaneSlice slice, Snapshot snapshot) throws IOException {
    long key = access.key(snapshot, slice.lastRange());
    if (key != slice.lastKey()) {
      throw new IOException(
          access.path()
              + ": rows were replaced while a job was reading them: row "
              + (slice.next() - 1)
              + " of lane "
              + slice.lane()
              + " had the key "
              + Long.toUnsignedString(slice.lastKey())
              + ", now it has "
              + Long.toUnsignedString(key));
    }
  }

  @Override
  public void close() throws IOException {
    if (scan != null) {
      scan.close();
    }
  }
}
