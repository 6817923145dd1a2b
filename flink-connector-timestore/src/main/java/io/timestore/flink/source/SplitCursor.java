package io.timestore.flink.source;

import io.timestore.disk.IoThreads;
import io.timestore.flink.types.BatchRow;
import io.timestore.format.Batch;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.flink.table.data.RowData;
import org.jspecify.annotations.Nullable;

/**
 * Where a reader is in a split. Of two batches, the task's thread emits one, and never waits, while
 * the I/O thread fills the other.
 */
final class SplitCursor {
  private final StoreAccess access;
  private final IoThreads io;
  private final SplitScan scan;
  private final BatchRow row;
  private TimestoreSplit split; // read up to the current batch
  private Batch spare;
  private @Nullable FilledBatch current;
  private @Nullable CompletableFuture<FilledBatch> fetch;
  private int nextIndex;
  private int rowCount;

  SplitCursor(TimestoreSplit split, StoreAccess access, IoThreads io) {
    this.split = split;
    this.access = access;
    this.io = io;
    scan = new SplitScan(access, split);
    row = access.newRow();
    spare = access.newBatch();
  }

  /** The split behind the row that was emitted last. */
  TimestoreSplit position() {
    if (current == null) {
      return split;
    }
    return split.withSlices(current.positionsAt(nextIndex, split.slices()));
  }

  int number() {
    return split.number();
  }

  String splitId() {
    return split.splitId();
  }

  boolean hasRow() {
    return nextIndex < rowCount;
  }

  /** The next row of the current batch, a view that the next call moves on. */
  RowData nextRow() {
    row.seek(nextIndex++);
    return row;
  }

  boolean isFinished() {
    return !hasRow() && (current == null ? split.isFinished() : current.isLast());
  }

  /** Completes when {@link #nextBatch} is worth a call; never exceptionally. */
  CompletableFuture<Void> ready() {
    return hasRow() || fetch == null
        ? CompletableFuture.completedFuture(null)
        : fetch.handle((filled, failure) -> null);
  }

  /**
   * Goes on to the batch behind the current one, whose rows were all emitted, if it is there.
   *
   * @throws IOException why it could not be read
   */
  boolean nextBatch() throws IOException {
    if (fetch == null) {
      fetch = fill(spare);
    }
    if (!fetch.isDone()) {
      return false;
    }
    FilledBatch filled = IoThreads.await(fetch);
    split = position();
    spare = current == null ? access.newBatch() : current.batch();
    fetch = null;
    current = filled;
    nextIndex = 0;
    rowCount = filled.rowCount();
    row.bind(filled.batch(), filled.rows());
    return true;
  }

  /** Bytes of the current batch. */
  long batchBytes() {
    return current == null ? 0 : current.batch().sizeBytes();
  }

  /** Begins to read ahead, over the previous batch: not while its last row is in use. */
  void readAhead() {
    if (fetch == null && current != null && !current.isLast()) {
      fetch = fill(spare);
    }
  }

  private CompletableFuture<FilledBatch> fill(Batch batch) {
    CompletableFuture<FilledBatch> filled = new CompletableFuture<>();
    Future<?> unused =
        io.submit(
            () -> {
              try {
                return filled.complete(scan.next(batch));
              } catch (Throwable failure) {
                return filled.completeExceptionally(failure);
              }
            });
    return filled;
  }

  /** Closes the files, behind what is being read. */
  Future<?> close() {
    return io.submit(
        () -> {
          scan.close();
          return null;
        });
  }
}
