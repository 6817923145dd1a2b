package io.timestore.flink.source;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.util.FlinkRuntimeException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fixes the rows to read once, when the scan begins, and hands them out in ascending order to
 * whoever asks. The store is read on the context's I/O thread; all else happens on its coordinator
 * thread.
 */
final class SnapshotEnumerator implements SplitEnumerator<TimestoreSplit, ScanState> {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotEnumerator.class);

  private final SplitEnumeratorContext<TimestoreSplit> context;
  private final StoreAccess access;
  private final SplitCutter cutter;
  private final NavigableSet<TimestoreSplit> unassigned =
      new TreeSet<>(Comparator.comparingInt(TimestoreSplit::number));
  private final Set<Integer> waitingSubtasks = new LinkedHashSet<>();
  private boolean isSnapshotTaken;

  SnapshotEnumerator(
      SplitEnumeratorContext<TimestoreSplit> context,
      StoreAccess access,
      SplitCutter cutter,
      ScanState state) {
    this.context = context;
    this.access = access;
    this.cutter = cutter;
    this.isSnapshotTaken = state.isSnapshotTaken();
    unassigned.addAll(state.unassigned());
  }

  @Override
  public void start() {
    if (!isSnapshotTaken) {
      context.callAsync(this::takeSnapshot, this::addSnapshot);
    }
  }

  private List<TimestoreSplit> takeSnapshot() throws IOException {
    return cutter.cut(access.open(), access.tables());
  }

  private void addSnapshot(List<TimestoreSplit> splits, @Nullable Throwable failure) {
    if (failure != null) {
      throw new FlinkRuntimeException("can't plan the scan of " + access.path(), failure);
    }
    LOG.info("{}: {} splits to read", access.path(), splits.size());
    isSnapshotTaken = true;
    unassigned.addAll(splits);
    List<Integer> subtasks = new ArrayList<>(waitingSubtasks);
    waitingSubtasks.clear();
    subtasks.forEach(this::assignNext);
  }

  @Override
  public void handleSplitRequest(int subtaskId, @Nullable String requesterHostname) {
    if (isSnapshotTaken) {
      assignNext(subtaskId);
    } else {
      waitingSubtasks.add(subtaskId);
    }
  }

  private void assignNext(int subtaskId) {
    if (!context.registeredReaders().containsKey(subtaskId)) {
      return; // it failed while it waited, and will ask again
    }
    TimestoreSplit split = unassigned.pollFirst();
    if (split == null) {
      context.signalNoMoreSplits(subtaskId);
    } else {
      context.assignSplit(split, subtaskId);
    }
  }

  @Override
  public void addReader(int subtaskId) {
    // Readers ask for splits themselves.
  }

  @Override
  public void addSplitsBack(List<TimestoreSplit> splits, int subtaskId) {
    unassigned.addAll(splits);
  }

  @Override
  public ScanState snapshotState(long checkpointId) {
    return new ScanState(isSnapshotTaken, List.copyOf(unassigned));
  }

  @Override
  public void close() {}
}
