package io.timestore.flink.source;

import io.timestore.disk.IoThreads;
import io.timestore.flink.types.EventTime;
import io.timestore.format.CorruptStoreException;
import java.io.IOException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SourceOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.core.io.InputStatus;
import org.jspecify.annotations.Nullable;

/**
 * Reads its splits one after another, the lowest first. Not a {@code SourceReaderBase}: handing
 * every row from one thread to another costs it more than the scan itself. Here whole batches are
 * handed over, and the task's thread alone emits rows.
 *
 * <p>The output of a split that was read stays open until another split is there: without one this
 * reader's watermark would be nobody's, and idle, while rows that are older than others' wait for
 * it.
 */
final class TimestoreReader<T> implements SourceReader<T, TimestoreSplit> {
  /** With so few rows left of a larger split it asks for the next one. */
  private static final long LAST_ROWS = 64 << 10;

  private final SourceReaderContext context;
  private final ReaderSetup<T> setup;
  private final IoThreads io;
  private final ReaderMetrics metrics;
  private final @Nullable EventTime time;
  private final PassedOverRows<T> passedOverRows;
  private final NavigableMap<Integer, SplitCursor<T>> cursors = new TreeMap<>();
  private final Set<String> pausedSplits = new HashSet<>();
  private final Set<String> finishedSplits = new HashSet<>();
  private CompletableFuture<Void> change = new CompletableFuture<>();
  private long rowsLeft;
  private boolean isAskingForSplit;
  private boolean hasAllSplits;
  private boolean hasNothingLeft;
  private @Nullable SplitCursor<T> current;
  private @Nullable SourceOutput<T> currentOutput;

  TimestoreReader(SourceReaderContext context, ReaderSetup<T> setup) {
    this.context = context;
    this.setup = setup;
    rowsLeft = setup.settings().limitRows();
    io = new IoThreads("timestore-source-" + context.getIndexOfSubtask(), 1);
    metrics = new ReaderMetrics(context.metricGroup());
    passedOverRows = setup.passedOverRows(context.metricGroup());
    time =
        EventTime.isOf(setup.access().layout().key())
            ? new EventTime(setup.access().layout().key())
            : null;
  }

  @Override
  public void start() {
    if (cursors.isEmpty()) {
      askForSplit();
    }
  }

  private void askForSplit() {
    if (!hasAllSplits && !isAskingForSplit) {
      isAskingForSplit = true;
      context.sendSplitRequest();
    }
  }

  @Override
  public InputStatus pollNext(ReaderOutput<T> output) throws IOException {
    SplitCursor<T> cursor = current;
    SourceOutput<T> splitOutput = currentOutput;
    if (cursor != null && splitOutput != null && cursor.hasElement() && rowsLeft > 0) {
      emit(cursor, splitOutput);
      return InputStatus.MORE_AVAILABLE;
    }
    return pollOtherBatch(output);
  }

  private InputStatus pollOtherBatch(ReaderOutput<T> output) throws IOException {
    if (rowsLeft == 0) {
      return InputStatus.END_OF_INPUT;
    }
    if (change.isDone()) {
      change = new CompletableFuture<>();
    }
    SplitCursor<T> cursor = lowestUnfinished(output);
    if (cursor == null) {
      return withoutSplit(output);
    }
    if (!cursor.hasElement()) {
      endBatch(cursor, output);
      if (!nextBatch(cursor)) {
        return InputStatus.NOTHING_AVAILABLE;
      }
      if (!cursor.hasElement()) {
        return endRound(cursor, output);
      }
    }
    current = cursor;
    currentOutput = output.createOutputForSplit(cursor.splitId());
    emit(cursor, currentOutput);
    cursor.readAhead();
    prepareNextSplit(cursor);
    return InputStatus.MORE_AVAILABLE;
  }

  /**
   * The next split is asked for and begun while the last rows of this one are emitted, if that is
   * wanted. Not where there is a tail: whoever asks for it says that it has read all before; nor of
   * a small split: if the task fails at one of its first rows, Flink would rather tell that its
   * answer came too late.
   */
  private void prepareNextSplit(SplitCursor<T> cursor) {
    long left = cursor.rowsLeft();
    ScanSettings settings = setup.settings();
    if (!settings.asksAhead()
        || settings.hasTail()
        || cursor.rowsAtStart() <= LAST_ROWS
        || left > LAST_ROWS
        || left >= rowsLeft) {
      return;
    }
    Map.Entry<Integer, SplitCursor<T>> next = cursors.higherEntry(cursor.number());
    if (next == null) {
      askForSplit();
    } else if (next.getValue().current() == null) {
      next.getValue().readAhead();
    }
  }

  private boolean nextBatch(SplitCursor<T> cursor) throws IOException {
    try {
      if (!cursor.nextBatch()) {
        return false;
      }
    } catch (CorruptStoreException e) {
      metrics.countError();
      throw e;
    }
    metrics.countBatch(cursor.current(), pendingRows());
    return true;
  }

  private long pendingRows() {
    return cursors.values().stream().mapToLong(SplitCursor::rowsLeft).sum();
  }

  private void emit(SplitCursor<T> cursor, SourceOutput<T> output) throws IOException {
    rowsLeft--;
    metrics.countRow();
    T element = read(cursor);
    if (time == null) {
      output.collect(element);
    } else {
      output.collect(element, time.millisOf(cursor.lastKey()));
    }
  }

  private T read(SplitCursor<T> cursor) throws IOException {
    try {
      return cursor.nextElement();
    } catch (IOException | RuntimeException e) {
      metrics.countError();
      throw e;
    }
  }

  /** All rows of the batch were emitted: what may be said behind them is said. */
  private void endBatch(SplitCursor<T> cursor, ReaderOutput<T> output) throws IOException {
    FilledBatch batch = cursor.takeEnded();
    if (batch == null) {
      return;
    }
    SourceOutput<T> splitOutput = output.createOutputForSplit(cursor.splitId());
    if (batch.passedOver() != null) {
      passedOverRows.watermark(batch.passedOver(), splitOutput);
    }
    if (batch.watermark() != FilledBatch.NO_WATERMARK) {
      splitOutput.emitWatermark(new Watermark(batch.watermark()));
    }
    if (batch.then() == FilledBatch.Then.IDLE) {
      output.markIdle();
      splitOutput.markIdle();
    }
  }

  /** The tail has no rows now. */
  private InputStatus endRound(SplitCursor<T> cursor, ReaderOutput<T> output) throws IOException {
    endBatch(cursor, output);
    cursor.readAhead();
    return cursor.isFinished() ? InputStatus.MORE_AVAILABLE : InputStatus.NOTHING_AVAILABLE;
  }

  private @Nullable SplitCursor<T> lowestUnfinished(ReaderOutput<T> output) throws IOException {
    SplitCursor<T> cursor = lowestReadable();
    while (cursor != null && cursor.isFinished()) {
      endBatch(cursor, output);
      finish(cursor);
      cursor = lowestReadable();
    }
    if (cursor != null) {
      release(output);
    }
    return cursor;
  }

  private @Nullable SplitCursor<T> lowestReadable() {
    Map.Entry<Integer, SplitCursor<T>> lowest = cursors.firstEntry();
    return lowest == null || pausedSplits.contains(lowest.getValue().splitId())
        ? null
        : lowest.getValue();
  }

  private void finish(SplitCursor<T> cursor) {
    current = null;
    cursors.remove(cursor.number());
    pausedSplits.remove(cursor.splitId());
    finishedSplits.add(cursor.splitId());
    metrics.setPendingRows(pendingRows());
    if (cursors.isEmpty()) {
      askForSplit();
    }
  }

  private void release(ReaderOutput<T> output) {
    for (String splitId : finishedSplits) {
      SourceOutput<T> unused = output.createOutputForSplit(splitId);
      output.releaseOutputForSplit(splitId);
    }
    finishedSplits.clear();
  }

  private InputStatus withoutSplit(ReaderOutput<T> output) {
    if (isEnd()) {
      release(output);
      return InputStatus.END_OF_INPUT;
    }
    if (hasNothingLeft && cursors.isEmpty()) {
      finishedSplits.forEach(splitId -> output.createOutputForSplit(splitId).markIdle());
      release(output);
      output.markIdle();
    }
    return InputStatus.NOTHING_AVAILABLE;
  }

  private boolean isEnd() {
    return hasAllSplits && cursors.isEmpty();
  }

  @Override
  public CompletableFuture<Void> isAvailable() {
    SplitCursor<T> cursor = lowestReadable();
    return cursor == null ? change : cursor.ready();
  }

  @Override
  public void addSplits(List<TimestoreSplit> splits) {
    for (TimestoreSplit split : splits) {
      cursors.put(split.number(), setup.cursor(split, io));
    }
    isAskingForSplit = false;
    hasNothingLeft = false;
    metrics.setPendingRows(pendingRows());
    if (!splits.isEmpty()) {
      change.complete(null);
    }
  }

  @Override
  public void notifyNoMoreSplits() {
    hasAllSplits = true;
    change.complete(null);
  }

  @Override
  public void handleSourceEvents(SourceEvent event) {
    if (event instanceof NothingLeft) {
      isAskingForSplit = false;
      hasNothingLeft = true;
      change.complete(null);
    }
  }

  /** Flink may call this from within {@link #pollNext}, while a row is being emitted. */
  @Override
  public void pauseOrResumeSplits(
      Collection<String> splitsToPause, Collection<String> splitsToResume) {
    pausedSplits.addAll(splitsToPause);
    pausedSplits.removeAll(splitsToResume);
    current = null;
    change.complete(null);
  }

  @Override
  public List<TimestoreSplit> snapshotState(long checkpointId) {
    return cursors.values().stream().map(SplitCursor::position).toList();
  }

  /** Waits for what is being read: nothing is interrupted, and no file stays open. */
  @Override
  public void close() throws IOException {
    List<? extends Future<?>> closings = cursors.values().stream().map(SplitCursor::close).toList();
    io.close();
    for (Future<?> closing : closings) {
      IoThreads.await(closing);
    }
  }
}
