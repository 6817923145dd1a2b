package io.timestore.flink.source;

import io.timestore.disk.IoThreads;
import io.timestore.flink.source.FilledBatch.Then;
import io.timestore.format.Batch;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Where a reader is in a split. The task's thread emits one batch, and never waits, while the I/O
 * thread fills others: several, so that what has to be read at once, like the next chunk of every
 * file, holds up nobody.
 */
final class SplitCursor<T> {
  /** The batches behind the current one have these many bytes, but for the first of them. */
  private static final long AHEAD_BYTES_MAX = 4 << 20;

  private static final int AHEAD_BATCHES_MAX = 8;

  private final IoThreads io;
  private final Duration interval;
  private final SplitReading reading;
  private final ElementReader<T> checker;
  private final ElementReader<T> elements;
  private final StoreAccess access;
  private final long rowsAtStart;
  private final Deque<Batch> spares = new ArrayDeque<>();
  private final Deque<Fetch> fetches = new ArrayDeque<>();
  private TimestoreSplit split; // until a batch is there
  private @Nullable Batch previous;
  private @Nullable FilledBatch current;
  private @Nullable CompletableFuture<Void> wait;
  private volatile boolean isClosed;
  private boolean isEndTold;
  private int nextIndex;
  private int elementCount;

  /** What may be read behind the last batch that was filled; the I/O thread's. */
  private Then next = Then.MORE;

  /**
   * A batch that is being filled.
   *
   * @param filled null where what was filled before it has nothing behind it that can be read now
   */
  private record Fetch(Batch batch, CompletableFuture<@Nullable FilledBatch> filled) {}

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
    rowsAtStart = split.rowsLeft();
    this.access = access;
    this.reading = reading;
    this.interval = interval;
    this.io = io;
    this.checker = checker;
    this.elements = elements;
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

  /** Rows that were not emitted when this cursor was made, as far as they were known. */
  long rowsAtStart() {
    return rowsAtStart;
  }

  /** Rows that were not emitted, as far as they are known. */
  long rowsLeft() {
    return current == null
        ? split.rowsLeft()
        : current.rowsLeft() + current.rowCount() - rowsEmitted(current);
  }

  /** Completes when {@link #nextBatch} is worth a call; never exceptionally. */
  CompletableFuture<Void> ready() {
    Fetch fetch = fetches.peek();
    return hasElement() || fetch == null
        ? CompletableFuture.completedFuture(null)
        : fetch.filled().handle((filled, failure) -> null);
  }

  /**
   * Goes on to the batch behind the current one, which was emitted to its end, if it is there. It
   * may have no rows.
   *
   * @throws IOException why it could not be read
   */
  boolean nextBatch() throws IOException {
    if (fetches.isEmpty()) {
      fetch(Duration.ZERO, false);
    }
    for (Fetch fetch = fetches.peek(); fetch != null; fetch = fetches.peek()) {
      if (!fetch.filled().isDone()) {
        return false;
      }
      fetches.remove();
      FilledBatch filled = IoThreads.await(fetch.filled());
      if (filled != null) {
        begin(filled);
        return true;
      }
      spares.push(fetch.batch());
    }
    return false;
  }

  private void begin(FilledBatch filled) throws IOException {
    previous = current == null ? null : current.batch();
    current = filled;
    isEndTold = false;
    nextIndex = 0;
    elementCount = elements.elementCount(filled);
    elements.bind(filled);
  }

  /** Begins to read ahead, over the previous batch too: not while its last row is in use. */
  void readAhead() {
    if (previous != null) {
      spares.push(previous);
      previous = null;
    }
    if (current == null) {
      if (fetches.isEmpty()) {
        fetch(Duration.ZERO, false);
      }
      return;
    }
    switch (current.then()) {
      case MORE -> {
        long size = Math.max(1, current.batch().sizeBytes());
        long batches = Math.min(AHEAD_BATCHES_MAX, Math.max(1, AHEAD_BYTES_MAX / size));
        while (fetches.size() < batches) {
          fetch(Duration.ZERO, !fetches.isEmpty());
        }
      }
      case LATER, IDLE -> fetch(interval, false);
      case LAST -> {}
    }
  }

  /**
   * Fills a batch.
   *
   * @param ifMore only if the batch before it says that there are more rows
   */
  private void fetch(Duration delay, boolean ifMore) {
    Batch batch = spares.isEmpty() ? access.newBatch() : spares.pop();
    Fetch fetch = new Fetch(batch, new CompletableFuture<>());
    fetches.add(fetch);
    if (delay.isZero()) {
      submit(fetch, ifMore);
    } else {
      CompletableFuture<Void> timer = new CompletableFuture<>();
      wait = timer.completeOnTimeout(null, delay.toNanos(), TimeUnit.NANOSECONDS);
      CompletableFuture<Void> unused = wait.thenRun(() -> submit(fetch, ifMore));
    }
  }

  private void submit(Fetch fetch, boolean ifMore) {
    try {
      Future<?> unused = io.submit(() -> fill(fetch, ifMore));
    } catch (RejectedExecutionException e) {
      fetch.filled().completeExceptionally(new IOException("the reader was closed", e));
    }
  }

  private boolean fill(Fetch fetch, boolean ifMore) {
    if (isClosed || (ifMore && next != Then.MORE)) {
      return fetch.filled().complete(null);
    }
    next = Then.LAST;
    try {
      FilledBatch read = reading.next(fetch.batch());
      checker.check(read);
      next = read.then();
      return fetch.filled().complete(read);
    } catch (Throwable failure) {
      return fetch.filled().completeExceptionally(failure);
    }
  }

  /** Closes the files, behind what is being read. */
  Future<?> close() {
    isClosed = true;
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
