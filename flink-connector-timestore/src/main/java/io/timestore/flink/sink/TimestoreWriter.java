package io.timestore.flink.sink;

import io.timestore.disk.IoThreads;
import io.timestore.flink.types.KeyColumn;
import io.timestore.flink.types.RowEncoder;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.Commit;
import io.timestore.store.Holder;
import io.timestore.store.Publisher;
import io.timestore.store.Publisher.Restored;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.connector.sink2.CommittingSinkWriter;
import org.apache.flink.api.connector.sink2.StatefulSinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.metrics.groups.SinkWriterMetricGroup;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.data.RowData;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes the rows of one subtask: sorts what a checkpoint brought, and prepares it as a commit. */
final class TimestoreWriter
    implements StatefulSinkWriter<RowData, SinkState>, CommittingSinkWriter<RowData, Commit> {
  private static final Logger LOG = LoggerFactory.getLogger(TimestoreWriter.class);

  private final TableLayout layout;
  private final SinkState state;
  private final StoreWriter writer;
  private final RowEncoder encoder;
  private final ReorderBuffer buffer;
  private final SinkWriterMetricGroup metrics;

  /** The submission's rows are all in the store: an attempt that comes too late writes nothing. */
  private final boolean isFinished;

  private boolean isLast;
  private long watermark = Long.MIN_VALUE;

  private TimestoreWriter(
      TableLayout layout,
      SinkSettings settings,
      SinkState state,
      StoreWriter writer,
      SinkWriterMetricGroup metrics,
      boolean isFinished) {
    this.layout = layout;
    this.state = state;
    this.writer = writer;
    this.encoder = new RowEncoder(layout);
    this.buffer = new ReorderBuffer(writer, settings.reorderBufferBytes());
    this.metrics = metrics;
    this.isFinished = isFinished;
  }

  /** Makes the store where there is none, and settles what this attempt may do (rule 7). */
  static TimestoreWriter open(
      TableLayout layout,
      SinkSettings settings,
      SinkState identity,
      WriterInitContext context,
      Collection<SinkState> states)
      throws IOException {
    UUID submission = identity.submission();
    SinkState state =
        new SinkState(
            states.isEmpty() ? identity.lineage() : states.iterator().next().lineage(), submission);
    IoThreads thread = new IoThreads("timestore-open", 1);
    try {
      Store store = thread.call(() -> openStore(layout));
      boolean isFinished;
      try (Publisher publisher = store.publisher()) {
        isFinished =
            thread.call(
                () -> {
                  if (states.isEmpty()) {
                    return publisher.startWithoutState(submission);
                  }
                  SinkState restored = states.iterator().next();
                  publisher.register(
                      new Restored(
                          restored.lineage(),
                          restored.submission(),
                          submission,
                          context.getRestoredCheckpointId().orElseThrow()));
                  return false;
                });
      }
      if (isFinished) {
        LOG.info("The rows of this submission are all in {}, nothing is left to do", layout.path());
      }
      WriterOptions options =
          WriterOptions.ofSink(
              settings.directIo(), settings.bufferMemoryBytes(), state.lineage(), submission);
      layout.openEncoders(context.asSerializationSchemaInitializationContext());
      StoreWriter writer = store.writer(options, layout.tables());
      return new TimestoreWriter(
          layout, settings, state, writer, context.metricGroup(), isFinished);
    } catch (AccessDeniedException e) {
      IOException denied = new IOException(e.getMessage() + " (on host " + Holder.host() + ")");
      denied.addSuppressed(e); // not the cause: the SQL client shows the innermost one alone
      throw denied;
    } finally {
      thread.close();
    }
  }

  private static Store openStore(TableLayout layout) throws IOException {
    if (layout.storeId() != null && !Store.exists(layout.directory())) {
      throw new ValidationException(
          "path '"
              + layout.path()
              + "' is the store "
              + layout.storeId()
              + " on host "
              + layout.host()
              + ", where the statement was planned, but no store on host "
              + Holder.host()
              + "; expected one directory that all hosts share");
    }
    Store store = Store.openOrCreate(layout.directory(), layout.newSchema());
    return layout.writable(store);
  }

  @Override
  public void write(RowData row, Context context) throws IOException {
    if (isFinished) {
      return;
    }
    long key = encoder.append(row, buffer.batch());
    OptionalLong newest = writer.lastKey();
    if (newest.isPresent() && Long.compareUnsigned(key, newest.getAsLong()) < 0) {
      throw tooOld(key, newest.getAsLong());
    }
    buffer.rowAppended();
    metrics.getNumRecordsSendCounter().inc();
  }

  private IOException tooOld(long key, long newest) {
    KeyColumn keys = new KeyColumn(layout);
    return new IOException(
        layout.path()
            + ": a row with the key "
            + keys.textOf(key)
            + " came after "
            + keys.textOf(newest)
            + " was written; this version can't keep rows that are older than what is written."
            + " Order the input by event time; only rows of one checkpoint, as many as"
            + " 'sink.reorder-buffer' holds, are sorted here");
  }

  @Override
  public void writeWatermark(Watermark newWatermark) {
    watermark = newWatermark.getTimestamp();
  }

  @Override
  public void flush(boolean endOfInput) throws IOException {
    buffer.writeAll();
    isLast = endOfInput;
  }

  @Override
  public Collection<Commit> prepareCommit() throws IOException {
    return writer.prepare(isLast, watermark).map(List::of).orElse(List.of());
  }

  @Override
  public List<SinkState> snapshotState(long checkpointId) {
    return List.of(state);
  }

  @Override
  public void close() throws IOException {
    writer.close();
  }
}
