package io.timestore.flink.sink;

import io.timestore.store.StoreWriter;
import java.util.concurrent.TimeUnit;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.groups.SinkWriterMetricGroup;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one writer tells of itself: Flink's metrics of sinks, its own, and its progress in the log.
 */
final class WriterMetrics {
  private static final Logger LOG = LoggerFactory.getLogger(WriterMetrics.class);
  private static final long NANOS_BETWEEN_LOGS = TimeUnit.SECONDS.toNanos(10);
  private static final int ROWS_BETWEEN_LOOKS = 1 << 16;

  private final SinkWriterMetricGroup group;
  private final String path;
  private final ReorderBuffer buffer;
  private final StoreWriter writer;
  private final Counter sent;
  private final Counter late;
  private final long openedNanos = System.nanoTime();
  private long loggedNanos = openedNanos;
  private long sendBeganNanos;
  private long lateBefore;
  private boolean toldOfNoWatermark;

  /** Read by the threads of reporters. */
  private volatile long lastSendMillis;

  private volatile int lanes;

  WriterMetrics(
      SinkWriterMetricGroup group, String path, ReorderBuffer buffer, StoreWriter writer) {
    this.group = group;
    this.path = path;
    this.buffer = buffer;
    this.writer = writer;
    sent = group.getNumRecordsSendCounter();
    late = group.counter("lateRows");
    group.setCurrentSendTimeGauge(() -> lastSendMillis);
    group.gauge("rowsHeld", buffer::rowCount); // As old as what another core sees of it.
    group.gauge("rowsMerged", writer::mergedRowCount);
    group.gauge("lanes", () -> lanes);
    int directIo = writer.mode().direct() ? 1 : 0;
    group.gauge("directIo", () -> directIo);
  }

  void rowSent() {
    sent.inc();
    if ((sent.getCount() & (ROWS_BETWEEN_LOOKS - 1)) == 0) {
      look();
    }
  }

  /** A row that can't be stored, and fails the job. */
  void rowRefused() {
    group.getNumRecordsSendErrorsCounter().inc();
  }

  void rowLate() {
    late.inc();
  }

  /** Says once that rows wait for a watermark where none ever came, which a user may not expect. */
  void watermarkPasses(long watermark) {
    if (watermark == Long.MIN_VALUE && buffer.rowCount() > 0 && !toldOfNoWatermark) {
      toldOfNoWatermark = true;
      LOG.warn(
          "{}: {} rows wait for a watermark, and none has come yet ('sink.ordering' = 'watermark')."
              + " The sink's input needs watermarks: declare them where it is read",
          path,
          buffer.rowCount());
    }
  }

  void beginSend() {
    sendBeganNanos = System.nanoTime();
  }

  /** The rows of a checkpoint are written. */
  void endSend(boolean dropsLate) {
    loggedNanos = System.nanoTime();
    lastSendMillis = TimeUnit.NANOSECONDS.toMillis(loggedNanos - sendBeganNanos);
    look();
    long lateNow = late.getCount();
    if (dropsLate && lateNow > lateBefore) {
      LOG.warn(
          "{}: {} rows came too late and were left out since the last checkpoint ('sink.late-rows'"
              + " = 'drop')",
          path,
          lateNow - lateBefore);
    }
    lateBefore = lateNow;
  }

  /** The rows of a checkpoint are durable, and lanes may have been merged for that. */
  void endPrepare() {
    lanes = writer.laneCount();
  }

  private void look() {
    lanes = writer.laneCount();
    Counter bytes = group.getNumBytesSendCounter();
    bytes.inc(buffer.bytesWritten() - bytes.getCount());
    long now = System.nanoTime();
    if (now - loggedNanos > NANOS_BETWEEN_LOGS) {
      loggedNanos = now;
      LOG.info(
          "{}: {} rows so far, {} bytes written, in {} s",
          path,
          sent.getCount(),
          buffer.bytesWritten(),
          TimeUnit.NANOSECONDS.toSeconds(now - openedNanos));
    }
  }
}
