package io.timestore.flink.source;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import org.apache.flink.api.connector.source.ReaderInfo;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.connector.source.SupportsBatchSnapshot;
import org.apache.flink.util.FlinkRuntimeException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fixes the rows to read once, when the scan begins, and hands them out in ascending order to
 * whoever asks, the tail last. The store is read on the context's I/O thread; all else happens on
 * its coordinator thread.
 *
 * <p>After a failure or a restart readers report the splits that they had, and ask for splits like
 * all others. Those of a reader that failed alone come back twice, from here, where they were
 * assigned since its checkpoint, and from its state; so they wait for it.
 */
final class TimestoreEnumerator
    implements SplitEnumerator<TimestoreSplit, ScanState>, SupportsBatchSnapshot {
  private static final Logger LOG = LoggerFactory.getLogger(TimestoreEnumerator.class);

  private static final Comparator<TimestoreSplit> BY_NUMBER =
      Comparator.comparingInt(TimestoreSplit::number);

  private final SplitEnumeratorContext<TimestoreSplit> context;
  private final StoreAccess access;
  private final ScanSettings settings;
  private final NavigableSet<TimestoreSplit> unassigned = new TreeSet<>(BY_NUMBER);

  /** Splits that came back of readers that failed, by subtask. */
  private final Map<Integer, NavigableSet<TimestoreSplit>> returned = new HashMap<>();

  /** Who got a split last, by its number. */
  private final Map<Integer, Integer> owners = new HashMap<>();

  private final Set<Integer> waitingSubtasks = new LinkedHashSet<>();

  /** Those that read rows with which the scan began. */
  private final Set<Integer> backlogSubtasks = new HashSet<>();

  private boolean isSnapshotTaken;
  private boolean isBacklog;
  private volatile long unassignedCount;

  TimestoreEnumerator(
      SplitEnumeratorContext<TimestoreSplit> context,
      StoreAccess access,
      ScanSettings settings,
      ScanState state) {
    this.context = context;
    this.access = access;
    this.settings = settings;
    this.isSnapshotTaken = state.isSnapshotTaken();
    this.isBacklog = state.isBacklog();
    unassigned.addAll(state.unassigned());
    unassignedCount = unassigned.size();
  }

  @Override
  public void start() {
    context.metricGroup().setUnassignedSplitsGauge(() -> unassignedCount);
    if (!isSnapshotTaken) {
      context.callAsync(this::takeSnapshot, this::addSnapshot);
    } else if (isBacklog) {
      context.setIsProcessingBacklog(true);
    }
  }

  private List<TimestoreSplit> takeSnapshot() throws IOException {
    return new SplitCutter(access, settings).cut();
  }

  private void addSnapshot(List<TimestoreSplit> splits, @Nullable Throwable failure) {
    if (failure != null) {
      throw new FlinkRuntimeException(
          "can't plan the scan of " + access.path() + ": " + failure.getMessage(), failure);
    }
    LOG.info("{}: {} splits to read", access.path(), splits.size());
    isSnapshotTaken = true;
    unassigned.addAll(splits);
    unassignedCount = unassigned.size();
    if (settings.hasTail() && hasUnassignedBacklog()) {
      isBacklog = true;
      context.setIsProcessingBacklog(true);
    }
    List<Integer> subtasks = new ArrayList<>(waitingSubtasks);
    waitingSubtasks.clear();
    subtasks.forEach(this::assignNext);
  }

  private boolean hasUnassignedBacklog() {
    return !unassigned.isEmpty() && !unassigned.first().isTail();
  }

  @Override
  public void handleSplitRequest(int subtaskId, @Nullable String requesterHostname) {
    backlogSubtasks.remove(subtaskId);
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
    unassignedCount = unassigned.size();
    if (split != null) {
      if (!split.isTail()) {
        backlogSubtasks.add(subtaskId);
      }
      owners.put(split.number(), subtaskId);
      context.assignSplit(split, subtaskId);
    }
    if (settings.hasTail() && settings.isEndless()) {
      if (split == null) {
        context.sendEventToSourceReader(subtaskId, new NothingLeft());
      }
    } else if (split == null || split.isTail()) {
      context.signalNoMoreSplits(subtaskId);
    }
    endBacklog();
  }

  /** The rows with which the scan began are read when nobody has or waits for any. */
  private void endBacklog() {
    if (isBacklog
        && !hasUnassignedBacklog()
        && returned.isEmpty()
        && backlogSubtasks.isEmpty()
        && context.registeredReaders().size() == context.currentParallelism()) {
      isBacklog = false;
      context.setIsProcessingBacklog(false);
    }
  }

  /** Readers ask for splits themselves. */
  @Override
  public void addReader(int subtaskId) {
    NavigableSet<TimestoreSplit> splits = returned.remove(subtaskId);
    if (splits != null) {
      unassigned.addAll(splits);
    }
    ReaderInfo reader = context.registeredReaders().get(subtaskId);
    if (reader != null) {
      List<TimestoreSplit> reported = reader.getReportedSplitsOnRegistration();
      for (TimestoreSplit split : reported) {
        // What it had reported before, and another one got since, is that one's.
        if (owners.getOrDefault(split.number(), subtaskId) == subtaskId) {
          unassigned.add(split);
        }
      }
    }
    unassignedCount = unassigned.size();
  }

  @Override
  public void addSplitsBack(List<TimestoreSplit> splits, int subtaskId) {
    backlogSubtasks.remove(subtaskId);
    waitingSubtasks.remove(subtaskId);
    returned.computeIfAbsent(subtaskId, subtask -> new TreeSet<>(BY_NUMBER)).addAll(splits);
  }

  @Override
  public ScanState snapshotState(long checkpointId) {
    NavigableSet<TimestoreSplit> all = new TreeSet<>(BY_NUMBER);
    all.addAll(unassigned);
    returned.values().forEach(all::addAll);
    return new ScanState(isSnapshotTaken, isBacklog, List.copyOf(all));
  }

  @Override
  public void close() {}
}
