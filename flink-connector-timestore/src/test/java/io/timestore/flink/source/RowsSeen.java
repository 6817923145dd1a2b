package io.timestore.flink.source;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Keeps what it saw in its state, so that this holds a row as often as the source gave it in the
 * state's past. Flink's own collecting sink can't be used where jobs fail: closed before it was
 * opened, it throws a NullPointerException that ends the whole TaskManager.
 */
final class RowsSeen extends AbstractStreamOperator<String>
    implements OneInputStreamOperator<String, String>, BoundedOneInput {
  private static final long serialVersionUID = 1L;

  /** What the last job to end had seen. */
  static volatile List<String> atEnd = List.of();

  /** What the job that runs had seen by its last checkpoint. */
  static volatile List<String> atCheckpoint = List.of();

  private transient List<String> rows;
  private transient ListState<String> state;

  @Override
  public void initializeState(StateInitializationContext context) throws Exception {
    super.initializeState(context);
    state =
        context
            .getOperatorStateStore()
            .getListState(new ListStateDescriptor<>("rows", Types.STRING));
    rows = new ArrayList<>();
    state.get().forEach(rows::add);
  }

  @Override
  public void snapshotState(StateSnapshotContext context) throws Exception {
    super.snapshotState(context);
    state.update(rows);
    atCheckpoint = List.copyOf(rows);
  }

  @Override
  public void processElement(StreamRecord<String> element) {
    rows.add(element.getValue());
  }

  @Override
  public void endInput() {
    atEnd = List.copyOf(rows);
  }
}
