package io.timestore.flink.source;

import java.io.IOException;
import org.apache.flink.api.common.eventtime.TimestampAssigner;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkGeneratorSupplier;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.util.clock.RelativeClock;
import org.apache.flink.util.clock.SystemClock;
import org.jspecify.annotations.Nullable;

/**
 * Lets rows behind the keys that a source is asked for advance the watermark, as they would if they
 * were emitted and filtered then: a window that ends with those keys has all of its rows.
 */
final class PassedOverRows<T> {
  private final ElementReader<T> elements;
  private final @Nullable TimestampAssigner<T> timestamps;
  private final @Nullable WatermarkGenerator<T> watermarks;

  /**
   * Rows of a reader.
   *
   * @param strategy of the rows that are emitted; null: the source knows none
   */
  PassedOverRows(
      ElementReader<T> elements, @Nullable WatermarkStrategy<T> strategy, MetricGroup metrics) {
    this.elements = elements;
    timestamps = strategy == null ? null : strategy.createTimestampAssigner(() -> metrics);
    watermarks = strategy == null ? null : strategy.createWatermarkGenerator(new Context(metrics));
  }

  private record Context(MetricGroup metrics) implements WatermarkGeneratorSupplier.Context {
    @Override
    public MetricGroup getMetricGroup() {
      return metrics;
    }

    @Override
    public RelativeClock getInputActivityClock() {
      return SystemClock.getInstance();
    }
  }

  /** Tells the watermark behind a row, the only one of its batch. */
  void watermark(FilledBatch row, WatermarkOutput output) throws IOException {
    if (timestamps == null || watermarks == null) {
      return;
    }
    elements.check(row); // only rows that are emitted were checked when they were read
    elements.bind(row);
    T element = elements.read(0);
    long timestamp = timestamps.extractTimestamp(element, TimestampAssigner.NO_TIMESTAMP);
    watermarks.onEvent(element, timestamp, output);
    watermarks.onPeriodicEmit(output);
  }
}
