package io.timestore.flink.source;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.apache.flink.api.connector.source.ReaderInfo;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.connector.source.SplitsAssignment;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.metrics.groups.SplitEnumeratorMetricGroup;
import org.apache.flink.runtime.metrics.groups.InternalSplitEnumeratorMetricGroup;
import org.apache.flink.runtime.metrics.groups.UnregisteredMetricGroups;
import org.apache.flink.table.data.RowData;

/**
 * An enumerator and its readers, in one thread, as Flink drives them: readers report the splits of
 * their state when they start, and get others when they ask.
 */
final class SimulatedJob implements SplitEnumeratorContext<TimestoreSplit>, AutoCloseable {
  final List<Reading> readings = new ArrayList<>();
  final List<Boolean> backlogs = new ArrayList<>();
  private final TimestoreEnumerator enumerator;
  private final Map<Integer, ReaderInfo> readers = new HashMap<>();
  private final Deque<Runnable> actions = new ArrayDeque<>();
  private final Map<Integer, Integer> requestsSeen = new HashMap<>();
  private final Map<Integer, Boolean> ended = new HashMap<>();
  private final ReaderSetup<RowData> setup;
  private final Function<RowData, String> texts;
  private final int parallelism;

  /** What a checkpoint holds. */
  record Checkpoint(ScanState enumerator, List<TimestoreSplit> splits) {

    static final Checkpoint NONE = new Checkpoint(ScanState.FRESH, List.of());

    /** As it comes back from bytes. */
    Checkpoint copied() throws IOException {
      ScanStateSerializer states = new ScanStateSerializer();
      TimestoreSplitSerializer serializer = new TimestoreSplitSerializer();
      List<TimestoreSplit> copies = new ArrayList<>();
      for (TimestoreSplit split : splits) {
        copies.add(serializer.deserialize(serializer.getVersion(), serializer.serialize(split)));
      }
      return new Checkpoint(
          states.deserialize(states.getVersion(), states.serialize(enumerator)), copies);
    }
  }

  SimulatedJob(ReaderSetup<RowData> setup, int parallelism, Checkpoint checkpoint) {
    this(setup, TickStore::textOf, parallelism, checkpoint);
  }

  SimulatedJob(
      ReaderSetup<RowData> setup,
      Function<RowData, String> texts,
      int parallelism,
      Checkpoint checkpoint) {
    this.setup = setup;
    this.texts = texts;
    this.parallelism = parallelism;
    enumerator =
        new TimestoreEnumerator(this, setup.access(), setup.settings(), checkpoint.enumerator());
    enumerator.start();
    for (int i = 0; i < parallelism; i++) {
      List<TimestoreSplit> state = new ArrayList<>();
      for (int j = i; j < checkpoint.splits().size(); j += parallelism) {
        state.add(checkpoint.splits().get(j));
      }
      readings.add(new Reading(setup, texts));
      readers.put(i, ReaderInfo.createReaderInfo(i, "host", state));
      enumerator.addReader(i);
    }
    runActions();
  }

  private void runActions() {
    while (!actions.isEmpty()) {
      actions.remove().run();
    }
    for (int i = 0; i < parallelism; i++) {
      int asked = readings.get(i).context.getNumSplitRequests();
      if (asked > requestsSeen.getOrDefault(i, 0)) {
        requestsSeen.put(i, asked);
        enumerator.handleSplitRequest(i, "host");
      }
    }
  }

  /** Lets a reader emit a row, or do what else there is to do; false once it has ended. */
  boolean poll(int reader) throws Exception {
    if (ended.containsKey(reader)) {
      return false;
    }
    if (readings.get(reader).pollNow() == InputStatus.END_OF_INPUT) {
      ended.put(reader, true);
    }
    runActions();
    return true;
  }

  /**
   * One reader fails alone, and comes back with the splits of a checkpoint; what it emitted is
   * void.
   *
   * @param assignedSince the splits that it got behind the checkpoint
   */
  void restart(int reader, List<TimestoreSplit> state, List<TimestoreSplit> assignedSince)
      throws IOException {
    readings.get(reader).close();
    enumerator.addSplitsBack(assignedSince, reader);
    readings.set(reader, new Reading(setup, texts));
    requestsSeen.remove(reader);
    ended.remove(reader);
    readers.put(reader, ReaderInfo.createReaderInfo(reader, "host", state));
    enumerator.addReader(reader);
  }

  boolean hasEnded() {
    return ended.size() == parallelism;
  }

  Checkpoint checkpoint() throws IOException {
    ScanState state = enumerator.snapshotState(1);
    List<TimestoreSplit> splits = new ArrayList<>();
    for (int i = 0; i < parallelism; i++) {
      if (!ended.containsKey(i)) {
        splits.addAll(readings.get(i).reader.snapshotState(1));
      }
    }
    return new Checkpoint(state, splits).copied();
  }

  /** All rows that were emitted. */
  List<String> rows() {
    return readings.stream().flatMap(reading -> reading.rows.stream()).toList();
  }

  @Override
  public void close() throws IOException {
    for (Reading reading : readings) {
      reading.close();
    }
  }

  @Override
  public SplitEnumeratorMetricGroup metricGroup() {
    return new InternalSplitEnumeratorMetricGroup(
        UnregisteredMetricGroups.createUnregisteredOperatorMetricGroup());
  }

  @Override
  public void sendEventToSourceReader(int subtaskId, SourceEvent event) {
    readings.get(subtaskId).reader.handleSourceEvents(event);
  }

  @Override
  public int currentParallelism() {
    return parallelism;
  }

  @Override
  public Map<Integer, ReaderInfo> registeredReaders() {
    return readers;
  }

  @Override
  public void assignSplits(SplitsAssignment<TimestoreSplit> assignment) {
    assignment
        .assignment()
        .forEach((subtask, splits) -> readings.get(subtask).reader.addSplits(splits));
  }

  @Override
  public void signalNoMoreSplits(int subtask) {
    readings.get(subtask).reader.notifyNoMoreSplits();
  }

  @Override
  public <V> void callAsync(Callable<V> callable, BiConsumer<V, Throwable> handler) {
    actions.add(
        () -> {
          V value;
          try {
            value = callable.call();
          } catch (Exception e) {
            handler.accept(null, e);
            return;
          }
          handler.accept(value, null);
        });
  }

  @Override
  public <V> void callAsync(
      Callable<V> callable, BiConsumer<V, Throwable> handler, long delay, long period) {
    throw new AssertionError("nothing is done periodically");
  }

  @Override
  public void runInCoordinatorThread(Runnable runnable) {
    actions.add(runnable);
  }

  @Override
  public void setIsProcessingBacklog(boolean isProcessingBacklog) {
    backlogs.add(isProcessingBacklog);
  }
}
