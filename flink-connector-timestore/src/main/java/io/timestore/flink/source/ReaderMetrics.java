package io.timestore.flink.source;

import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.groups.SourceReaderMetricGroup;
import org.jspecify.annotations.Nullable;

/** The standard metrics of a source's reader; Flink adds those of event time. */
final class ReaderMetrics {
  private final Counter recordsIn;
  private final Counter bytesIn;
  private final Counter errors;
  private long rows;
  private long bytes;
  private volatile long pendingRows;
  private volatile double rowBytes;

  ReaderMetrics(SourceReaderMetricGroup group) {
    recordsIn = group.getIOMetricGroup().getNumRecordsInCounter();
    bytesIn = group.getIOMetricGroup().getNumBytesInCounter();
    errors = group.getNumRecordsInErrorsCounter();
    group.setPendingRecordsGauge(() -> pendingRows);
    group.setPendingBytesGauge(() -> Math.round(pendingRows * rowBytes));
  }

  void countRow() {
    recordsIn.inc();
  }

  void countError() {
    errors.inc();
  }

  /**
   * Counts a batch before its rows are emitted.
   *
   * @param newPendingRows rows of all splits that were not emitted, those of the batch included
   */
  void countBatch(@Nullable FilledBatch batch, long newPendingRows) {
    if (batch != null) {
      bytesIn.inc(batch.batch().sizeBytes());
      rows += batch.rowCount();
      bytes += batch.batch().sizeBytes();
      rowBytes = (double) bytes / Math.max(1, rows);
    }
    setPendingRows(newPendingRows);
  }

  /** Their bytes follow from those of the rows that were read. */
  void setPendingRows(long newPendingRows) {
    pendingRows = newPendingRows;
  }
}
