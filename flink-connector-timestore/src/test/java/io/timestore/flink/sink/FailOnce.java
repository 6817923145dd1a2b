package io.timestore.flink.sink;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.table.data.RowData;

/** Lets {@link IndexedRows} pass, and fails the job once, at a row that the test names. */
final class FailOnce implements MapFunction<RowData, RowData> {
  private static final long serialVersionUID = 1L;

  /** By job, the index from which on a row fails it; the test and the attempts share one JVM. */
  private static final Map<String, Long> ARMED = new ConcurrentHashMap<>();

  private final String job;

  FailOnce(String job) {
    this.job = job;
  }

  /** The next row with this index or a larger one fails the job. */
  static void arm(String job, long index) {
    ARMED.put(job, index);
  }

  static boolean isArmed(String job) {
    return ARMED.containsKey(job);
  }

  @Override
  public RowData map(RowData row) {
    Long index = ARMED.get(job);
    if (index != null && row.getLong(1) >= index && ARMED.remove(job, index)) {
      throw new IllegalStateException("failure on purpose");
    }
    return row;
  }
}
