package io.timestore.flink.sink;

import io.timestore.disk.IoThreads;
import io.timestore.flink.types.EventTime;
import io.timestore.flink.types.KeyColumn;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.store.Holder;
import io.timestore.store.Publisher;
import io.timestore.store.Publisher.RestoreMode;
import io.timestore.store.Publisher.Restored;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.connector.sink2.CommittingSinkWriter;
import org.apache.flink.api.connector.sink2.StatefulSinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.table.api.ValidationException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the rows of one subtask: sorts what a checkpoint brought, or what a watermark has passed,
 * and prepares it as a commit.
 */
final class TimestoreWriter<T>
    implements StatefulSinkWriter<T, SinkState>, CommittingSinkWriter<T, Commit> {
  private static final Logger LOG = LoggerFactory.getLogger(TimestoreWriter.class);

  private final TableLayout layout;
  private final SinkIdentity identity;
  private final LateRows lateRows;
  private final StoreWriter writer;
  private final RowAppender<T> rows;
  private final ReorderBuffer buffer;
  private final WriterMetrics metrics;

  /** Null where all rows are written with the next checkpoint. */
  private final @Nullable EventTime eventTime;

  /** The submission's rows are all in the store: an attempt that comes too late writes nothing. */
  private final boolean isFinished;

  private boolean isLast;
  private long watermark = Long.MIN_VALUE;

  private TimestoreWriter(
      TableLayout layout,
      RowAppender<T> rows,
      SinkSettings settings,
      SinkIdentity identity,
      StoreWriter writer,
      OptionalLong newest,
      WriterInitContext context,
      boolean isFinished) {
    this.layout = layout;
    this.identity = identity;
    this.lateRows = settings.lateRows();
    this.writer = writer;
    this.rows = rows;
    this.buffer =
        new ReorderBuffer(writer, layout.columns(), settings.reorderBufferBytes(), newest);
    this.metrics = new WriterMetrics(context.metricGroup(), layout.path(), buffer, writer);
    this.eventTime = settings.ordering() == Ordering.WATERMARK ? new EventTime(layout.key()) : null;
    this.isFinished = isFinished;
  }

  /** Makes the store where there is none, and settles what this attempt may do (rule 7). */
  static <T> TimestoreWriter<T> open(
      TableLayout layout,
      RowFormat<T> format,
      SinkSettings settings,
      boolean isStateless,
      SinkIdentity identity,
      WriterInitContext context,
      Collection<SinkState> states)
      throws IOException {
    SinkIdentity own =
        states.isEmpty()
            ? identity
            : new SinkIdentity(states.iterator().next().sink().lineage(), identity.submission());
    IoThreads thread = new IoThreads("timestore-open", 1);
    try {
      Store store = thread.call(() -> openStore(layout));
      boolean isFinished =
          thread.call(() -> register(store, settings.restoreMode(), own, context, states));
      if (isFinished) {
        LOG.info("The rows of this submission are all in {}, nothing is left to do", layout.path());
      }
      WriterOptions options =
          WriterOptions.ofSink(
                  settings.directIo(),
                  settings.bufferMemoryBytes(),
                  own.lineage(),
                  own.submission())
              .withLanesMax(settings.lanesMax(), isStateless);
      layout.openEncoders(context.asSerializationSchemaInitializationContext());
      StoreWriter writer =
          store.writer(settings.overwrite() ? options.overwriting() : options, layout.tables());
      try {
        OptionalLong newest = newest(states);
        TimestoreWriter<T> opened =
            new TimestoreWriter<>(
                layout,
                format.appender(layout),
                settings,
                own,
                writer,
                newest.isPresent() ? newest : writer.lastKey(),
                context,
                isFinished);
        for (SinkState state : states) {
          new HeldRows(state, layout).appendTo(opened.buffer);
        }
        return opened;
      } catch (Throwable e) {
        writer.close();
        throw e;
      }
    } catch (AccessDeniedException e) {
      IOException denied = new IOException(e.getMessage() + " (on host " + Holder.host() + ")");
      denied.addSuppressed(e); // not the cause: the SQL client shows the innermost one alone
      throw denied;
    } finally {
      thread.close();
    }
  }

  private static boolean register(
      Store store,
      RestoreMode restoreMode,
      SinkIdentity own,
      WriterInitContext context,
      Collection<SinkState> states)
      throws IOException {
    if (states.isEmpty() && context.getRestoredCheckpointId().isPresent()) {
      return false; // A rescale left it without state: others of its submission register.
    }
    try (Publisher publisher = store.publisher()) {
      if (states.isEmpty()) {
        return publisher.startWithoutState(own.submission());
      }
      SinkIdentity restored = states.iterator().next().sink();
      publisher.register(
          new Restored(
              restored.lineage(),
              restored.submission(),
              own.submission(),
              context.getRestoredCheckpointId().orElseThrow(),
              restoreMode));
      return false;
    }
  }

  /**
   * The largest key that the restored writer wrote. After a rescale there may be several writers:
   * the smallest, so that no row is late that was in time for its own.
   */
  private static OptionalLong newest(Collection<SinkState> states) {
    return states.stream()
        .filter(state -> state.newest().isPresent())
        .map(state -> state.newest().getAsLong())
        .min(Long::compareUnsigned)
        .map(OptionalLong::of)
        .orElse(OptionalLong.empty());
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
  public void write(T element, Context context) throws IOException {
    if (isFinished) {
      return;
    }
    try {
      long key = rows.keyOf(element);
      if (eventTime != null && !eventTime.agrees(key, context.timestamp())) {
        throw disagreement(key, context.timestamp());
      }
      if (buffer.isLate(key) && !keepsLate(key)) {
        return;
      }
      rows.append(element, key, buffer.batch());
    } catch (IllegalArgumentException e) {
      metrics.rowRefused();
      throw e;
    }
    buffer.rowAppended();
    metrics.rowSent();
  }

  private boolean keepsLate(long key) throws IOException {
    metrics.rowLate();
    return switch (lateRows) {
      case KEEP -> true;
      case DROP -> false;
      case FAIL -> throw tooOld(key, buffer.newest().orElseThrow());
    };
  }

  private IOException tooOld(long key, long newest) {
    KeyColumn keys = new KeyColumn(layout);
    return new IOException(
        layout.path()
            + ": a row with the key "
            + keys.textOf(key)
            + " came after "
            + keys.textOf(newest)
            + " was written, and 'sink.late-rows' is 'fail': 'keep' would put it into another lane,"
            + " 'drop' leave it out");
  }

  private IllegalArgumentException disagreement(long key, @Nullable Long timestamp) {
    return new IllegalArgumentException(
        layout.path()
            + ": a row with the key "
            + new KeyColumn(layout).textOf(key)
            + " has the timestamp "
            + timestamp
            + " ms; the ordering 'watermark' needs rows whose timestamp is their key: make the"
            + " column of the WATERMARK the key, or use the ordering 'checkpoint'");
  }

  @Override
  public void writeWatermark(Watermark newWatermark) {
    watermark = newWatermark.getTimestamp();
  }

  @Override
  public void flush(boolean endOfInput) throws IOException {
    metrics.beginSend();
    if (eventTime == null || endOfInput) {
      buffer.writeAll();
    } else {
      OptionalLong passed = eventTime.lastKeyAt(watermark);
      if (passed.isPresent()) {
        buffer.writeUpTo(passed.getAsLong());
      }
    }
    isLast = endOfInput;
    metrics.endSend(lateRows == LateRows.DROP);
  }

  @Override
  public Collection<Commit> prepareCommit() throws IOException {
    return writer.prepare(isLast, watermark).map(List::of).orElse(List.of());
  }

  @Override
  public List<SinkState> snapshotState(long checkpointId) {
    OptionalLong newest = buffer.newest();
    List<Batch> held = buffer.held();
    if (held.isEmpty()) {
      return List.of(SinkState.withoutRows(identity, newest));
    }
    return held.stream()
        .map(page -> new SinkState(identity, newest, layout.tables(), page))
        .toList();
  }

  @Override
  public void close() throws IOException {
    writer.close();
  }
}
