package io.timestore.flink.sink;

import io.timestore.format.Commit;
import io.timestore.store.Publisher;
import io.timestore.store.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.Metric;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.apache.flink.runtime.metrics.groups.InternalOperatorMetricGroup;
import org.apache.flink.runtime.metrics.groups.TaskMetricGroup;
import org.apache.flink.runtime.metrics.util.InterceptingOperatorMetricGroup;
import org.apache.flink.runtime.metrics.util.InterceptingTaskMetricGroup;
import org.apache.flink.runtime.operators.testutils.MockEnvironmentBuilder;
import org.apache.flink.streaming.api.connector.sink2.CommittableMessage;
import org.apache.flink.streaming.api.connector.sink2.CommittableWithLineage;
import org.apache.flink.streaming.runtime.operators.sink.SinkWriterOperatorFactory;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.jspecify.annotations.Nullable;

/** One writer of a sink in Flink's own operator, checkpoint by checkpoint. */
final class SinkHarness<T> implements AutoCloseable {
  private static final int PARALLELISM_MAX = 8;

  private final Path store;
  private final InterceptingOperatorMetricGroup metrics = new InterceptingOperatorMetricGroup();
  private final OneInputStreamOperatorTestHarness<T, CommittableMessage<Commit>> harness;
  private long checkpointId;

  private SinkHarness(Path store, TimestoreSink<T> sink, int parallelism, int index)
      throws Exception {
    this.store = store;
    harness =
        new OneInputStreamOperatorTestHarness<>(
            new SinkWriterOperatorFactory<>(sink),
            new MockEnvironmentBuilder()
                .setMaxParallelism(PARALLELISM_MAX)
                .setParallelism(parallelism)
                .setSubtaskIndex(index)
                .setMetricGroup(task(metrics))
                .build());
  }

  private static TaskMetricGroup task(InterceptingOperatorMetricGroup metrics) {
    return new InterceptingTaskMetricGroup() {
      @Override
      public InternalOperatorMetricGroup getOrAddOperator(
          OperatorID id, String name, Map<String, String> variables) {
        return metrics;
      }
    };
  }

  /** What a gauge or a counter of the writer says now. */
  Object metric(String name) {
    Metric metric = metrics.get(name);
    return metric instanceof Counter counter ? counter.getCount() : ((Gauge<?>) metric).getValue();
  }

  /** A writer without state. */
  static <T> SinkHarness<T> start(Path store, TimestoreSink<T> sink) throws Exception {
    return start(store, sink, null, 0);
  }

  /** The only writer, from the state of a checkpoint. */
  static <T> SinkHarness<T> start(
      Path store, TimestoreSink<T> sink, @Nullable OperatorSubtaskState state, long checkpointId)
      throws Exception {
    return start(store, sink, state, checkpointId, 1, 0);
  }

  /** One of several writers, from its part of the state of a checkpoint. */
  static <T> SinkHarness<T> start(
      Path store,
      TimestoreSink<T> sink,
      @Nullable OperatorSubtaskState state,
      long checkpointId,
      int parallelism,
      int index)
      throws Exception {
    SinkHarness<T> started = new SinkHarness<>(store, sink, parallelism, index);
    started.harness.setup();
    if (state != null) {
      started.harness.setRestoredCheckpointId(checkpointId);
      started.harness.initializeState(state);
    }
    started.harness.open();
    started.checkpointId = checkpointId;
    return started;
  }

  /** The state of all writers together, to be dealt out again. */
  static OperatorSubtaskState together(OperatorSubtaskState... states) throws Exception {
    return AbstractStreamOperatorTestHarness.repackageState(states);
  }

  /** What one of the writers gets of it after a rescale. */
  static OperatorSubtaskState dealt(
      OperatorSubtaskState together, int before, int parallelism, int index) throws Exception {
    return AbstractStreamOperatorTestHarness.repartitionOperatorState(
        together, PARALLELISM_MAX, before, parallelism, index);
  }

  void write(T element, long timestamp) throws Exception {
    harness.processElement(new StreamRecord<>(element, timestamp));
  }

  void watermark(long timestamp) throws Exception {
    harness.processWatermark(timestamp);
  }

  /** Takes a checkpoint that completes. */
  OperatorSubtaskState checkpoint() throws Exception {
    checkpointId++;
    harness.prepareSnapshotPreBarrier(checkpointId);
    OperatorSubtaskState state = harness.snapshot(checkpointId, checkpointId);
    publish();
    return state;
  }

  void endInput() throws Exception {
    checkpointId++;
    harness.endInput();
    publish();
  }

  private void publish() throws IOException {
    List<Commit> commits = new ArrayList<>();
    for (Object message : harness.getOutput()) {
      if (message instanceof StreamRecord<?> written
          && written.getValue() instanceof CommittableWithLineage<?> committable) {
        commits.add(((Commit) committable.getCommittable()).ofCheckpoint(checkpointId, false));
      }
    }
    harness.getOutput().clear();
    if (!commits.isEmpty()) {
      try (Publisher publisher = Store.open(store).publisher()) {
        publisher.publish(commits, false);
      }
    }
  }

  @Override
  public void close() throws IOException {
    try {
      harness.close();
    } catch (Exception e) {
      throw new IOException(e);
    }
  }
}
