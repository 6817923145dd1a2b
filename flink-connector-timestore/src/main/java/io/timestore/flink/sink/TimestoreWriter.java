package io.timestore.flink.sink;

import io.timestore.disk.IoThreads;
import io.timestore.flink.types.EventTime;
import io.timestore.flink.types.KeyColumn;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
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
import java.util.Optional;
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

  private final Store store;
  private final RestoredState restored;

  /** Whether the store was seen to have all that came before the restored state. */
  private boolean isStoreChecked;

  private long preparedCheckpointId;
  private boolean isPrepared;

  private boolean isLast;
  private long watermark = Long.MIN_VALUE;

  private TimestoreWriter(
      TableLayout layout,
      RowAppender<T> rows,
      SinkSettings settings,
      SinkIdentity identity,
      Store store,
      StoreWriter writer,
      RestoredState restored,
      WriterInitContext context,
      boolean isFinished) {
    this.layout = layout;
    this.store = store;
    this.restored = restored;
    this.isStoreChecked = restored.isEmpty();
    this.preparedCheckpointId = restored.preparedCheckpointId();
    this.identity = identity;
    this.lateRows = settings.lateRows();
    this.writer = writer;
    this.rows = rows;
    OptionalLong newest = restored.newest();
    this.buffer =
        new ReorderBuffer(
            writer,
            layout.columns(),
            settings.reorderBufferBytes(),
            lateRows == LateRows.KEEP,
            settings.overwrite() || newest.isPresent() ? newest : writer.lastKey());
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
    RestoredState restored = new RestoredState(layout, states);
    SinkIdentity own =
        restored.isEmpty()
            ? identity
            : new SinkIdentity(restored.sink().lineage(), identity.submission());
    IoThreads thread = new IoThreads("timestore-open", 1);
    try {
      Store store = thread.call(() -> openStore(layout, restored));
      boolean isFinished =
          thread.call(() -> register(store, settings.restoreMode(), own, context, restored));
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
        TimestoreWriter<T> opened =
            new TimestoreWriter<>(
                layout,
                format.appender(layout),
                settings,
                own,
                store,
                writer,
                restored,
                context,
                isFinished);
        for (SinkState state : restored.states()) {
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
      RestoredState restored)
      throws IOException {
    if (restored.isEmpty() && context.getRestoredCheckpointId().isPresent()) {
      return false; // A rescale left it without state: others of its submission register.
    }
    try (Publisher publisher = store.publisher()) {
      if (restored.isEmpty()) {
        return publisher.startWithoutState(own.submission());
      }
      SinkIdentity before = restored.sink();
      publisher.register(
          new Restored(
              before.lineage(),
              before.submission(),
              own.submission(),
              context.getRestoredCheckpointId().orElseThrow(),
              restoreMode));
      return false;
    }
  }

  private static Store openStore(TableLayout layout, RestoredState restored) throws IOException {
    boolean exists = Store.exists(layout.directory());
    restored.checkIsThere(exists);
    if (layout.storeId() != null && !exists) {
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
    restored.checkIsSame(store);
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
      throw refused(e);
    }
    buffer.rowAppended();
    metrics.rowSent();
  }

  /** Names the store, which a job may have several of. */
  private IllegalArgumentException refused(IllegalArgumentException e) {
    if (String.valueOf(e.getMessage()).startsWith(layout.path())) {
      return e;
    }
    IllegalArgumentException refused =
        new IllegalArgumentException(layout.path() + ": " + e.getMessage());
    refused.addSuppressed(e); // not the cause: the SQL client shows the innermost one alone
    return refused;
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
      metrics.watermarkPasses(watermark);
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
    Optional<Commit> commit = writer.prepare(isLast, watermark);
    metrics.endPrepare();
    // What the last one is called is not known here: Flink counts it as the next checkpoint.
    isPrepared = !isLast && commit.isPresent();
    return commit.map(List::of).orElse(List.of());
  }

  @Override
  public List<SinkState> snapshotState(long checkpointId) throws IOException {
    if (!isStoreChecked) {
      try (IoThreads thread = new IoThreads("timestore-restore", 1)) {
        CommitRecord record = thread.call(() -> store.snapshot().record());
        restored.checkIsNotOlder(record, identity.submission());
      }
      isStoreChecked = true;
    }
    if (isPrepared) {
      preparedCheckpointId = checkpointId;
      isPrepared = false;
    }
    SinkState state =
        SinkState.withoutRows(identity, store.id(), preparedCheckpointId, buffer.newest());
    List<Batch> held = buffer.held();
    return held.isEmpty()
        ? List.of(state)
        : held.stream().map(page -> state.holding(layout.tables(), page)).toList();
  }

  @Override
  public void close() throws IOException {
    writer.close();
  }
}
