package io.timestore.flink.source;

import io.timestore.disk.IoThreads;
import io.timestore.flink.types.EventTime;
import io.timestore.format.Key;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.metrics.MetricGroup;
import org.jspecify.annotations.Nullable;

/**
 * What a reader is made with.
 *
 * @param watermarkStrategy of the rows, for those that are passed over; null: none
 */
record ReaderSetup<T>(
    StoreAccess access,
    ScanSettings settings,
    ElementFormat<T> format,
    @Nullable WatermarkStrategy<T> watermarkStrategy) {

  /** A cursor of a split, at its position. */
  SplitCursor<T> cursor(TimestoreSplit split, IoThreads io) {
    Duration interval = settings.monitorInterval();
    return new SplitCursor<>(
        split,
        access,
        split.isTail()
            ? new TailScan(access, settings, split, watermarks())
            : new SplitScan(access, split, watermarks()),
        interval == null ? Duration.ZERO : interval,
        io,
        elements(),
        elements());
  }

  PassedOverRows<T> passedOverRows(MetricGroup metrics) {
    return new PassedOverRows<>(elements(), watermarkStrategy, metrics);
  }

  private ElementReader<T> elements() {
    return format.reader(access.layout(), access.projection());
  }

  private @Nullable SourceWatermarks watermarks() {
    Key key = access.layout().key();
    return settings.emitsWatermarks() ? new SourceWatermarks(new EventTime(key)) : null;
  }
}
