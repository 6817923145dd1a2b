package io.timestore.flink.sink;

import java.util.concurrent.atomic.AtomicReference;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.table.data.RowData;

/** Lets rows pass, and fails once at the end of its task, which the writer is in, too. */
final class EndFailingOperator extends AbstractStreamOperator<RowData>
    implements OneInputStreamOperator<RowData, RowData>, BoundedOneInput {
  private static final long serialVersionUID = 1L;

  /** When the next task is to fail; null: it isn't. */
  private static final AtomicReference<EndFailure> FAILURE = new AtomicReference<>();

  private transient boolean isFinished;

  static void arm(EndFailure failure) {
    FAILURE.set(failure);
  }

  static boolean isArmed() {
    return FAILURE.get() != null;
  }

  @Override
  public void processElement(StreamRecord<RowData> row) {
    output.collect(row);
  }

  @Override
  public void endInput() {
    failIf(EndFailure.AT_THE_END_OF_INPUT);
  }

  @Override
  public void finish() {
    isFinished = true;
  }

  @Override
  public void close() throws Exception {
    super.close();
    if (isFinished) {
      failIf(EndFailure.WHEN_PREPARED);
    }
  }

  private static void failIf(EndFailure failure) {
    if (FAILURE.compareAndSet(failure, null)) {
      throw new IllegalStateException("failure on purpose: " + failure);
    }
  }
}
