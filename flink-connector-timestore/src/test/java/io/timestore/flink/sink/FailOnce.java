package io.timestore.flink.sink;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.table.data.RowData;

/** Lets rows pass, and fails the job once, at the next row after the test says so. */
final class FailOnce implements MapFunction<RowData, RowData> {
  private static final long serialVersionUID = 1L;

  private enum State {
    ARMED,
    FAILED
  }

  /** What the test and the attempts share; they run in one JVM. */
  private static final Map<String, State> STATES = new ConcurrentHashMap<>();

  private final String job;

  FailOnce(String job) {
    this.job = job;
  }

  static void arm(String job) {
    STATES.putIfAbsent(job, State.ARMED);
  }

  static boolean hasNotFailed(String job) {
    return STATES.get(job) != State.FAILED;
  }

  @Override
  public RowData map(RowData row) {
    if (STATES.replace(job, State.ARMED, State.FAILED)) {
      throw new IllegalStateException("failure on purpose");
    }
    return row;
  }
}
