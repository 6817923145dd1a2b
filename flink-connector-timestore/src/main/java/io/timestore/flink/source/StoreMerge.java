package io.timestore.flink.source;

import io.timestore.format.Batch;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Merges the rows of stores: by their keys, at equal keys in the order of the stores. Those of one
 * store pass through as they are, and so do stores that do not overlap.
 */
final class StoreMerge implements Closeable {
  private static final int BATCH_ROWS_MAX = 4096;
  private static final long BATCH_BYTES_MAX = 8 << 20;

  private final PriorityQueue<StoreScan> heads;

  StoreMerge(List<StoreScan> scans) {
    heads = new PriorityQueue<>(scans);
  }

  /**
   * Fills the batch with the next rows.
   *
   * @param runs where they are is added there
   * @return false at the end
   */
  boolean next(Batch batch, List<RowRun> runs) throws IOException {
    empty(batch);
    // Nothing is read once the batch has rows: a failure loses none.
    while (!heads.isEmpty() && (batch.rowCount() == 0 || heads.peek().hasRows())) {
      StoreScan head = heads.peek();
      if (!head.hasRows() && heads.size() == 1) {
        return readOnly(head, batch, runs);
      }
      boolean goesOn = head.hasRows() || head.load();
      heads.remove();
      if (!goesOn) {
        head.close();
        continue;
      }
      StoreScan next = heads.peek();
      if (next == null || head.compareTo(next) < 0) {
        head.moveRows(next, batch, runs, BATCH_ROWS_MAX - batch.rowCount());
      }
      heads.add(head);
      if (batch.rowCount() == BATCH_ROWS_MAX || batch.sizeBytes() >= BATCH_BYTES_MAX) {
        return true;
      }
    }
    return batch.rowCount() > 0;
  }

  /** The bytes of cells that were handed out stay what they are: new ones get new arrays. */
  private static void empty(Batch batch) {
    batch.resize(0);
    for (int i = 0; i < batch.columnCount(); i++) {
      batch.column(i).resize(0, new byte[0]);
    }
  }

  private boolean readOnly(StoreScan head, Batch batch, List<RowRun> runs) throws IOException {
    boolean hasMore = head.read(batch, runs);
    if (!hasMore) {
      heads.remove();
      head.close();
    }
    return hasMore;
  }

  @Override
  public void close() throws IOException {
    List<StoreScan> open = new ArrayList<>(heads);
    heads.clear();
    IOException failure = null;
    for (StoreScan scan : open) {
      try {
        scan.close();
      } catch (IOException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
