package io.timestore.flink.sink;

import static java.util.Objects.requireNonNull;

import java.util.BitSet;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.table.data.RowData;
import org.jspecify.annotations.Nullable;

/**
 * Stands before a writer, in the same chain: what passed it before a barrier is what the writer has
 * then. It fails at random, in the middle of rows, before and behind the writer's part of a
 * checkpoint, when the checkpoint is complete, and at the end of the input; and it holds a
 * checkpoint up until Flink gives it up.
 */
final class Gate extends AbstractStreamOperator<RowData>
    implements OneInputStreamOperator<RowData, RowData>, BoundedOneInput {
  private static final long serialVersionUID = 1L;

  /** A checkpoint that is held up is given up before. */
  static final int STALL_MILLIS = 700;

  private final String ledgerName;
  private final int job;
  private final int rowsMax;
  private transient @Nullable JobLedger ledger;
  private transient JobLedger.@Nullable Attempt attempt;
  private transient @Nullable BitSet rows;
  private transient @Nullable Random random;
  private transient long checkpointId;
  private transient long rowsUntilFailure;

  /**
   * A gate of a job.
   *
   * @param rowsMax that it may let pass
   */
  Gate(JobLedger ledger, int job, int rowsMax) {
    this.ledgerName = ledger.name();
    this.job = job;
    this.rowsMax = rowsMax;
  }

  @Override
  public void initializeState(StateInitializationContext context) throws Exception {
    super.initializeState(context);
    ledger = JobLedger.named(ledgerName);
    random = new Random(ledger.nextSeed());
    attempt =
        ledger.begin(
            job,
            getRuntimeContext().getTaskInfo().getAttemptNumber(),
            context.getRestoredCheckpointId());
    rows = new BitSet();
    checkpointId = context.getRestoredCheckpointId().orElse(0);
    rowsUntilFailure = random.nextInt(3) == 0 ? random.nextInt(rowsMax) : Long.MAX_VALUE;
  }

  @Override
  public void processElement(StreamRecord<RowData> element) {
    if (rowsUntilFailure-- == 0) {
      fail("in the middle of rows");
    }
    requireNonNull(rows).set((int) element.getValue().getLong(1));
    output.collect(element);
  }

  @Override
  public void prepareSnapshotPreBarrier(long newCheckpointId) {
    checkpointId = newCheckpointId;
    requireNonNull(attempt).barrier(checkpointId, requireNonNull(rows));
    rows = new BitSet();
    failSometimes(20, "before the writer prepares checkpoint " + checkpointId);
  }

  @Override
  public void snapshotState(StateSnapshotContext context) throws Exception {
    super.snapshotState(context);
    failSometimes(20, "when the writer prepared checkpoint " + checkpointId);
    if (requireNonNull(random).nextInt(8) == 0 && requireNonNull(ledger).mayStall()) {
      // The task is cancelled by interrupt.
      boolean unused = new CountDownLatch(1).await(STALL_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  @Override
  public void notifyCheckpointComplete(long completedId) throws Exception {
    super.notifyCheckpointComplete(completedId);
    failSometimes(12, "when checkpoint " + completedId + " is complete");
  }

  @Override
  public void endInput() {
    requireNonNull(attempt).end(checkpointId + 1, requireNonNull(rows));
    failSometimes(4, "at the end of the input");
  }

  @Override
  public void finish() throws Exception {
    super.finish();
    if (requireNonNull(random).nextInt(4) == 0) {
      fail("behind the end of the input");
    }
  }

  private void failSometimes(int one, String when) {
    if (requireNonNull(random).nextInt(one) == 0) {
      fail(when);
    }
  }

  private void fail(String when) {
    if (requireNonNull(ledger).mayFail()) {
      throw new IllegalStateException("failure on purpose " + when);
    }
  }
}
