package io.timestore.flink.source;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.CheckpointListener;

/**
 * Passes rows on, and throws: once before any checkpoint, then some rows after a checkpoint was
 * completed. Rows are held up as long as that takes, so that they don't run out before.
 */
final class FailingAfterCheckpoints extends RichMapFunction<String, String>
    implements CheckpointListener {
  /**
   * Before a job is restarted. Splits that are handed out while a checkpoint is being taken wait
   * for it in Flink's gateway of the reader; if the gateway is replaced before the news arrives
   * that the checkpoint was aborted, Flink 2.3 waits for their delivery until the next checkpoint
   * expires.
   */
  static final Duration RESTART_DELAY = Duration.ofMillis(50);

  static final AtomicInteger EARLY_FAILURES = new AtomicInteger();
  static final AtomicInteger LATE_FAILURES = new AtomicInteger();

  private static final long serialVersionUID = 1L;
  private static final long ROW_NANOS = 2_000_000;
  private static final int ROWS_AFTER_CHECKPOINT = 23;
  private static final int LATE_FAILURES_MAX = 3;

  private transient int rowsSinceCheckpoint;
  private transient boolean checkpointIsComplete;

  @Override
  public String map(String row) {
    rowsSinceCheckpoint++;
    if (EARLY_FAILURES.get() == 0
        && rowsSinceCheckpoint == 7
        && EARLY_FAILURES.compareAndSet(0, 1)) {
      throw new IllegalStateException("a failure before the first checkpoint");
    }
    if (LATE_FAILURES.get() < LATE_FAILURES_MAX) {
      if (checkpointIsComplete
          && rowsSinceCheckpoint > ROWS_AFTER_CHECKPOINT
          && LATE_FAILURES.incrementAndGet() <= LATE_FAILURES_MAX) {
        throw new IllegalStateException("a failure after a checkpoint");
      }
      LockSupport.parkNanos(ROW_NANOS);
    }
    return row;
  }

  @Override
  public void notifyCheckpointComplete(long checkpointId) {
    rowsSinceCheckpoint = checkpointIsComplete ? rowsSinceCheckpoint : 0;
    checkpointIsComplete = true;
  }
}
