package io.timestore.flink.sink;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.table.data.RowData;
import org.apache.flink.types.CopyableValue;

/**
 * Lets rows pass. One of its tasks declines every other checkpoint, once all before it has taken
 * part; the checkpoint is aborted for the others.
 */
final class DecliningMap extends RichMapFunction<RowData, RowData> implements CheckpointedFunction {
  private static final long serialVersionUID = 1L;

  /** Checkpoints that were declined. */
  static final AtomicInteger DECLINED = new AtomicInteger();

  private transient ListState<Reluctant> state;

  /** State that may refuse to be written, as a full file system would. */
  public static final class Reluctant implements CopyableValue<Reluctant> {
    private static final long serialVersionUID = 1L;
    private boolean refuses;

    @Override
    public void write(DataOutputView out) throws IOException {
      if (refuses) {
        DECLINED.incrementAndGet();
        throw new IOException("declined on purpose");
      }
      out.writeByte(0);
    }

    @Override
    public void read(DataInputView in) throws IOException {
      in.readByte();
    }

    @Override
    public int getBinaryLength() {
      return 1;
    }

    @Override
    public void copyTo(Reluctant target) {
      target.refuses = refuses;
    }

    @Override
    public Reluctant copy() {
      Reluctant copy = new Reluctant();
      copyTo(copy);
      return copy;
    }

    @Override
    public void copy(DataInputView source, DataOutputView target) throws IOException {
      target.writeByte(source.readByte());
    }
  }

  @Override
  public void initializeState(FunctionInitializationContext context) throws Exception {
    state =
        context
            .getOperatorStateStore()
            .getListState(new ListStateDescriptor<>("reluctant", Types.VALUE(Reluctant.class)));
  }

  @Override
  public RowData map(RowData row) {
    return row;
  }

  @Override
  public void snapshotState(FunctionSnapshotContext context) throws Exception {
    Reluctant value = new Reluctant();
    value.refuses =
        getRuntimeContext().getTaskInfo().getIndexOfThisSubtask() == 0
            && context.getCheckpointId() % 2 == 0;
    state.update(List.of(value));
  }
}
