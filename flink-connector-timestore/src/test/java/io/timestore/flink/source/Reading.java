package io.timestore.flink.source;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceOutput;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.testutils.source.reader.TestingReaderContext;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.runtime.metrics.groups.InternalSourceReaderMetricGroup;
import org.apache.flink.runtime.metrics.groups.UnregisteredMetricGroups;
import org.apache.flink.table.data.RowData;
import org.jspecify.annotations.Nullable;

/** A reader driven as Flink's task does it, and what it emitted. */
final class Reading implements ReaderOutput<RowData>, AutoCloseable {
  final TestingReaderContext context =
      new TestingReaderContext(
          new Configuration(),
          InternalSourceReaderMetricGroup.wrap(
              UnregisteredMetricGroups.createUnregisteredOperatorMetricGroup()));
  final TimestoreReader<RowData> reader;
  final List<String> rows = new ArrayList<>();
  final Set<String> openOutputs = new HashSet<>();
  @Nullable RowData lastRow;
  int idleCount;
  final List<Long> watermarks = new ArrayList<>();
  private final Function<RowData, String> texts;

  Reading(BigRows store, TimestoreSplit... splits) {
    this(store.setup(ScanSettings.DEFAULT), splits);
  }

  Reading(ReaderSetup<RowData> setup, TimestoreSplit... splits) {
    this(setup, BigRows::textOf, splits);
  }

  Reading(ReaderSetup<RowData> setup, Function<RowData, String> texts, TimestoreSplit... splits) {
    this.texts = texts;
    reader = new TimestoreReader<>(context, setup);
    reader.addSplits(List.of(splits));
    reader.start();
  }

  /** Polls until so many rows were emitted in all. */
  Reading readTo(int rowCount) throws Exception {
    while (rows.size() < rowCount) {
      poll();
    }
    return this;
  }

  /** Polls to the end of the input. */
  Reading readToEnd() throws Exception {
    reader.notifyNoMoreSplits();
    while (poll() != InputStatus.END_OF_INPUT) {
      // until the end
    }
    return this;
  }

  InputStatus poll() throws Exception {
    InputStatus status = pollNow();
    if (status == InputStatus.NOTHING_AVAILABLE) {
      reader.isAvailable().get(20, TimeUnit.SECONDS);
    }
    return status;
  }

  /** Polls where Flink would: once the reader says that there is something to do. */
  InputStatus pollNow() throws Exception {
    return reader.isAvailable().isDone() ? reader.pollNext(this) : InputStatus.NOTHING_AVAILABLE;
  }

  @Override
  public void collect(RowData row) {
    throw new AssertionError("a row without a split");
  }

  @Override
  public void collect(RowData row, long timestamp) {
    throw new AssertionError("a row without a split");
  }

  @Override
  public void emitWatermark(Watermark watermark) {}

  @Override
  public void markIdle() {
    idleCount++;
  }

  @Override
  public void markActive() {}

  @Override
  public SourceOutput<RowData> createOutputForSplit(String splitId) {
    openOutputs.add(splitId);
    return new SplitOutput(splitId);
  }

  @Override
  public void releaseOutputForSplit(String splitId) {
    if (!openOutputs.remove(splitId)) {
      throw new AssertionError(splitId + " has no output");
    }
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }

  private final class SplitOutput implements SourceOutput<RowData> {
    private final String splitId;

    SplitOutput(String splitId) {
      this.splitId = splitId;
    }

    @Override
    public void collect(RowData row) {
      if (!openOutputs.contains(splitId)) {
        throw new AssertionError(splitId + " emits through an output that it released");
      }
      lastRow = row;
      rows.add(texts.apply(row));
    }

    @Override
    public void collect(RowData row, long timestamp) {
      collect(row);
    }

    @Override
    public void emitWatermark(Watermark watermark) {
      watermarks.add(watermark.getTimestamp());
    }

    @Override
    public void markIdle() {}

    @Override
    public void markActive() {}
  }
}
