package io.timestore.flink.source;

import io.timestore.disk.IoThreads;
import java.io.IOException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.metrics.Counter;
import org.apache.flink.table.data.RowData;
import org.jspecify.annotations.Nullable;

/**
 * Reads its splits one after another, the lowest first. Not a {@code SourceReaderBase}: handing
 * every row from one thread to another costs it more than the scan itself. Here whole batches are
 * handed over, and the task's thread alone emits rows.
 */
final class TimestoreReader implements SourceReader<RowData, TimestoreSplit> {
  private final SourceReaderContext context;
  private final StoreAccess access;
  private final IoThreads io;
  private final Counter recordsIn;
  private final Counter bytesIn;
  private final NavigableMap<Integer, SplitCursor> cursors = new TreeMap<>();
  private final Set<String> pausedSplits = new HashSet<>();
  private CompletableFuture<Void> change = new CompletableFuture<>();
  private long rowsLeft;
  private boolean hasAllSplits;
  private @Nullable SplitCursor current;
  private @Nullable SourceOutput<RowData> currentOutput;

  TimestoreReader(SourceReaderContext context, StoreAccess access, long limitRows) {
    this.context = context;
    this.access = access;
    rowsLeft = limitRows;
    io = new IoThreads("timestore-source-" + context.getIndexOfSubtask(), 1);
    recordsIn = context.metricGroup().getIOMetricGroup().getNumRecordsInCounter();
    bytesIn = context.metricGroup().getIOMetricGroup().getNumBytesInCounter();
  }

  @Override
  public void start() {
    if (cursors.isEmpty()) {
      context.sendSplitRequest();
    }
  }

  @Override
  public InputStatus pollNext(ReaderOutput<RowData> output) throws IOException {
    if (current != null && currentOutput != null && current.hasRow() && rowsLeft > 0) {
      emit(current, currentOutput);
      return InputStatus.MORE_AVAILABLE;
    }
    return pollOtherBatch(output);
  }

  private InputStatus pollOtherBatch(ReaderOutput<RowData> output) throws IOException {
    if (rowsLeft == 0) {
      return InputStatus.END_OF_INPUT;
    }
    SplitCursor cursor = lowestUnfinished(output);
    if (cursor == null) {
      return isEnd() ? InputStatus.END_OF_INPUT : InputStatus.NOTHING_AVAILABLE;
    }
    if (!cursor.hasRow()) {
      if (!cursor.nextBatch()) {
        return InputStatus.NOTHING_AVAILABLE;
      }
      bytesIn.inc(cursor.batchBytes());
    }
    current = cursor;
    currentOutput = output.createOutputForSplit(cursor.splitId());
    emit(cursor, currentOutput);
    cursor.readAhead();
    return InputStatus.MORE_AVAILABLE;
  }

  private void emit(SplitCursor cursor, SourceOutput<RowData> output) {
    rowsLeft--;
    recordsIn.inc();
    output.collect(cursor.nextRow());
  }

  private @Nullable SplitCursor lowestUnfinished(ReaderOutput<RowData> output) {
    SplitCursor cursor = lowestReadable();
    while (cursor != null && cursor.isFinished()) {
      finish(cursor, output);
      cursor = lowestReadable();
    }
    return cursor;
  }

  private @Nullable SplitCursor lowestReadable() {
    for (SplitCursor cursor : cursors.values()) {
      if (!pausedSplits.contains(cursor.splitId())) {
        return cursor;
      }
    }
    return null;
  }

  private void finish(SplitCursor cursor, ReaderOutput<RowData> output) {
    current = null;
    cursors.remove(cursor.number());
    pausedSplits.remove(cursor.splitId());
    SourceOutput<RowData> unused = output.createOutputForSplit(cursor.splitId());
    output.releaseOutputForSplit(cursor.splitId());
    if (cursors.isEmpty() && !hasAllSplits) {
      context.sendSplitRequest();
    }
  }

  private boolean isEnd() {
    return hasAllSplits && cursors.isEmpty();
  }

  @Override
  public CompletableFuture<Void> isAvailable() {
    SplitCursor cursor = lowestReadable();
    if (cursor != null) {
      return cursor.ready();
    }
    if (change.isDone() && !isEnd()) {
      change = new CompletableFuture<>();
    }
    return change;
  }

  @Override
  public void addSplits(List<TimestoreSplit> splits) {
    for (TimestoreSplit split : splits) {
      cursors.put(split.number(), new SplitCursor(split, access, io));
    }
    change.complete(null);
  }

  @Override
  public void notifyNoMoreSplits() {
    hasAllSplits = true;
    change.complete(null);
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
