package io.timestore.flink.sink;

import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.table.data.RowData;

/**
 * Lets rows pass and fails the job at random moments: in the middle of rows, while a checkpoint is
 * taken, when it is complete but not yet committed, and after several were.
 */
final class FailingMap extends RichMapFunction<RowData, RowData>
    implements CheckpointedFunction, CheckpointListener {
  private static final long serialVersionUID = 1L;

  /** What the test and the attempts share; they run in one JVM. */
  private static final AtomicInteger FAILURES_LEFT = new AtomicInteger();

  private static final AtomicLong RANDOM_SEED = new AtomicLong();
  private static final AtomicInteger FAILURES = new AtomicInteger();

  private transient Random random;
  private transient long rowsUntilFailure;

  static void arm(int failures, long seed) {
    FAILURES_LEFT.set(failures);
    RANDOM_SEED.set(seed);
    FAILURES.set(0);
  }

  /** Failures that happened. */
  static int failures() {
    return FAILURES.get();
  }

  @Override
  public void initializeState(FunctionInitializationContext context) {
    random = new Random(RANDOM_SEED.getAndIncrement());
    rowsUntilFailure = random.nextInt(2) == 0 ? random.nextInt(150_000) : Long.MAX_VALUE;
  }

  @Override
  public RowData map(RowData row) {
    if (rowsUntilFailure-- == 0) {
      fail("in the middle of rows");
    }
    return row;
  }

  @Override
  public void snapshotState(FunctionSnapshotContext context) {
    if (random.nextInt(12) == 0) {
      fail("while checkpoint " + context.getCheckpointId() + " is taken");
    }
  }

  @Override
  public void notifyCheckpointComplete(long checkpointId) {
    if (random.nextInt(8) == 0) {
      fail("when checkpoint " + checkpointId + " is complete");
    }
  }

  private static void fail(String when) {
    if (FAILURES_LEFT.getAndDecrement() > 0) {
      FAILURES.incrementAndGet();
      throw new IllegalStateException("failure on purpose " + when);
    }
  }
}
