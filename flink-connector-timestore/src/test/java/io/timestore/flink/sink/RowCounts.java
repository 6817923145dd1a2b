package io.timestore.flink.sink;

import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.table.data.RowData;

/**
 * Lets {@link IndexedRows} pass, at parallelism 1, and notes how many had passed before each
 * checkpoint: what a store has to show once it is committed.
 */
final class RowCounts
    implements MapFunction<RowData, RowData>, CheckpointedFunction, CheckpointListener {
  private static final long serialVersionUID = 1L;

  /** What the test and the attempts share; they run in one JVM. */
  private static final Map<String, NavigableMap<Long, Long>> TAKEN = new ConcurrentHashMap<>();

  private static final Map<String, NavigableMap<Long, Long>> COMPLETE = new ConcurrentHashMap<>();

  private final String job;
  private transient long rowCount;
  private transient ListState<Long> state;

  RowCounts(String job) {
    this.job = job;
  }

  private static NavigableMap<Long, Long> in(
      Map<String, NavigableMap<Long, Long>> counts, String job) {
    return counts.computeIfAbsent(job, unused -> new ConcurrentSkipListMap<>());
  }

  /** By checkpoint, the rows before it, whether it was completed or not. */
  static NavigableMap<Long, Long> taken(String job) {
    return in(TAKEN, job);
  }

  /** The same of checkpoints, and not savepoints, that are known to be complete. */
  static NavigableMap<Long, Long> complete(String job) {
    return in(COMPLETE, job);
  }

  @Override
  public void initializeState(FunctionInitializationContext context) throws Exception {
    state =
        context.getOperatorStateStore().getListState(new ListStateDescriptor<>("rows", Types.LONG));
    for (long before : state.get()) {
      rowCount = before;
    }
  }

  @Override
  public RowData map(RowData row) {
    rowCount++;
    return row;
  }

  @Override
  public void snapshotState(FunctionSnapshotContext context) throws Exception {
    state.clear();
    state.add(rowCount);
    taken(job).put(context.getCheckpointId(), rowCount);
  }

  @Override
  public void notifyCheckpointComplete(long checkpointId) {
    complete(job).put(checkpointId, taken(job).get(checkpointId));
  }
}
