package io.timestore.flink.source;

import io.timestore.disk.IoThreads;
import io.timestore.flink.source.FilledBatch.Then;
import io.timestore.format.Batch;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Where a reader is in a split. Of two batches, the task's thread emits one, and never waits, while
 * the I/O thread fills the other.
 */
final class SplitCursor<T> {
  private final IoThreads io;
  private final Duration interval;
  private final SplitReading reading;
  private final ElementReader<T> checker;
  private final ElementReader<T> elements;
  private TimestoreSplit split; // until a batch is there
  private Batch spare;
  private Batch otherSpare;
  private @Nullable FilledBatch current;
  private @Nullable CompletableFuture<FilledBatch> fetch;
  private @Nullable CompletableFuture<Void> wait;
  private boolean isEndTold;
  private int nextIndex;
  private int elementCount;

  /**
   * A cursor at the split's position.
   *
   * @param interval how long to wait where the split has no rows now
   * @param checker for the I/O thread
   * @param elements for the task's
   */
  SplitCursor(
      TimestoreSplit split,
      StoreAccess access,
      SplitReading reading,
      Duration interval,
      IoThreads io,
      ElementReader<T> checker,
      ElementReader<T> elements) {
    this.split = split;
    this.reading = reading;
    this.interval = interval;
    this.io = io;
    this.checker = checker;
    this.elements = elements;
    spare = access.newBatch();
    otherSpare = access.newBatch();
  }

  /** The split behind the element that was emitted last. */
  TimestoreSplit position() {
    return current == null ? split : current.positionAt(rowsEmitted(current));
  }

  /** Rows of the current batch. A batch that is one element is emitted as a whole, or not yet. */
  private int rowsEmitted(FilledBatch batch) {
    return nextIndex == elementCount ? batch.rowCount() : nextIndex;
  }

  int number() {
    return split.number();
  }

  String splitId() {
    return split.splitId();
  }

  boolean hasElement() {
    return nextIndex < elementCount;
  }

  /** The next element of the current batch, which the next call may change. */
  T nextElement() throws IOException {
    return elements.read(nextIndex++);
  }

  /**
   * The key of the element that {@link #nextElement} gave last: that of its row, or of the first
   * one of the batch.
   */
  long lastKey() {
    return current == null ? 0 : current.batch().key(nextIndex - 1);
  }

  /** The batch that is emitted; null before the first one. */
  @Nullable FilledBatch current() {
    return current;
  }

  /** The current batch, once, when all of it was emitted; else null. */
  @Nullable FilledBatch takeEnded() {
    if (hasElement() || isEndTold) {
      return null;
    }
    isEndTold = true;
    return current;
  }

  boolean isFinished() {
    return !hasElement() && (current == null ? split.isFinished() : current.then() == Then.LAST);
  }

  /** Rows that were not emitted, as far as they are known. */
  long rowsLeft() {
    return current == null
        ? split.rowsLeft()
        : current.rowsLeft() + current.rowCount() - rowsEmitted(current);
  }

  /** Completes when {@link #nextBatch} is worth a call; never exceptionally. */
  CompletableFuture<Void> ready() {
    return hasElement() || fetch == null
        ? CompletableFuture.completedFuture(null)
        : fetch.handle((filled, failure) -> null);
  }

  /**
   * Goes on to the batch behind the current one, which was emitted to its end, if it is there. It
   * may have no rows.
   *
   * @throws IOException why it could not be read
   */
  boolean nextBatch() throws IOException {
    if (fetch == null) {
      fetch = fill(Duration.ZERO);
    }
    if (!fetch.isDone()) {
      return false;
    }
    FilledBatch filled = IoThreads.await(fetch);
    fetch = null;
    current = filled;
    isEndTold = false;
    nextIndex = 0;
    elementCount = elements.elementCount(filled);
    elements.bind(filled);
    return true;
  }

  /** Begins to read ahead, over the previous batch: not while its last row is in use. */
  void readAhead() {
    if (fetch == null && current != null) {
      switch (current.then()) {
        case MORE -> fetch = fill(Duration.ZERO);
        case LATER, IDLE -> fetch = fill(interval);
        case LAST -> {}
      }
    }
  }

  /** Two batches take turns: one is emitted while the other is filled. */
  private CompletableFuture<FilledBatch> fill(Duration delay) {
    Batch batch = spare;
    spare = otherSpare;
    otherSpare = batch;
    CompletableFuture<FilledBatch> filled = new CompletableFuture<>();
    if (delay.isZero()) {
      submit(batch, filled);
    } else {
      CompletableFuture<Void> timer = new CompletableFuture<>();
      wait = timer.completeOnTimeout(null, delay.toNanos(), TimeUnit.NANOSECONDS);
      CompletableFuture<Void> unused = wait.thenRun(() -> submit(batch, filled));
    }
    return filled;
  }

  private void submit(Batch batch, CompletableFuture<FilledBatch> filled) {
    try {
      Future<?> unused =
          io.submit(
              () -> {
                try {
                  FilledBatch read = reading.next(batch);
                  checker.check(read);
                  return filled.complete(read);
                } catch (Throwable failure) {
                  return filled.completeExceptionally(failure);
                }
              });
    } catch (RejectedExecutionException e) {
      filled.completeExceptionally(new IOException("the reader was closed", e));
    }
  }

  /** Closes the files, behind what is being read. */
  Future<?> close() {
    if (wait != null) {
      wait.cancel(false);
    }
    return io.submit(
        () -> {
          reading.close();
          return null;
        });
  }
}
