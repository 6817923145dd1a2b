package io.timestore.flink.sink;

import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.table.data.RowData;

/** Works on each row for a while, so that rows queue up before it. */
final class SlowMap implements MapFunction<RowData, RowData> {
  private static final long serialVersionUID = 1L;
  private static final long NANOS = TimeUnit.MICROSECONDS.toNanos(30);

  @Override
  public RowData map(RowData row) {
    long end = System.nanoTime() + NANOS;
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
    return row;
  }
}
