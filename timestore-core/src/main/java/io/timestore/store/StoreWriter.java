package io.timestore.store;

import io.timestore.disk.AppendMode;
import io.timestore.disk.Disk;
import io.timestore.disk.IoThreads;
import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.format.Commit;
import io.timestore.format.Commit.LaneBatch;
import io.timestore.format.CommitRecord;
import io.timestore.format.Owner;
import io.timestore.store.WriterOptions.LateRows;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run that appends rows to a store. Rows become durable with {@link #prepare} and visible when
 * the commit is published; {@link #commit} does both.
 *
 * <p>After an I/O error the writer is poisoned: every further call fails, and what was not
 * published is void. Where the commit itself failed, its rows may be visible or not: the next look
 * at the store tells, see {@link CommitRecord#journalEntry}.
 *
 * <p>Thread-safe, one call after another. Callers may be interrupted at any time, the I/O runs on
 * threads of the writer's own: a call that was interrupted poisons the writer, and no row becomes
 * visible by it; {@link #commit} goes on to its end.
 */
public final class StoreWriter implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(StoreWriter.class);
  private static final int THREADS_MAX = 4;

  private final StoreFiles files;
  private final UUID storeId;
  private final RowCheck check;
  private final List<String> tables;
  private final WriterOptions options;
  private final Owner owner;
  private final Publisher publisher;
  private final IoThreads threads;
  private final AppendMode mode;
  private final Batch row;
  private final RunLanes lanes;
  private boolean overwrites;
  private boolean batchIsOpen;
  private OptionalLong lastKey = OptionalLong.empty();
  private @Nullable Throwable failure;

  /** Whether what was prepared is known to nobody, and never will be. */
  private boolean isUntold;

  private boolean closed;

  StoreWriter(
      Disk disk,
      Entropy entropy,
      StoreFiles files,
      UUID storeId,
      List<Column> columns,
      WriterOptions options)
      throws IOException {
    this.files = files;
    this.storeId = storeId;
    this.check = new RowCheck(files.root(), List.copyOf(columns));
    this.tables = columns.stream().map(Column::table).toList();
    this.options = options;
    this.overwrites = options.overwrites();
    this.row = new Batch(tables.size());
    this.owner =
        new Owner(options.direct() ? Owner.Kind.DIRECT : Owner.Kind.RUN, entropy.ids().get());
    this.publisher = new Publisher(disk, entropy, files, storeId);
    this.threads = disk.threads("timestore-writer", Math.min(THREADS_MAX, 1 + 2 * tables.size()));
    try {
      this.mode = threads.call(() -> disk.probe(files.root(), options.directIo()));
      lanes = new RunLanes(disk, files, storeId, tables, options, owner, publisher, threads, mode);
      lastKey = threads.call(() -> largestKey(publisher.current()));
    } catch (IOException | RuntimeException e) {
      threads.close();
      throw e;
    }
    LOG.info(
        "Writing {} with {} I/O in blocks of {} bytes: {}",
        files.root(),
        mode.direct() ? "direct" : "buffered",
        mode.blockBytes(),
        mode.reason());
  }

  /** The tables, in the order in which rows and batches hold their values. */
  public List<String> tables() {
    return tables;
  }

  /** How files are written. */
  public AppendMode mode() {
    return mode;
  }

  /**
   * The largest key of the last row appended here, or committed by anyone when the current batch
   * began; empty for an empty store. A writer that refuses late rows takes none below it.
   */
  public synchronized OptionalLong lastKey() {
    return lastKey;
  }

  /** Lanes that it has now. */
  public synchronized int laneCount() {
    return lanes.count();
  }

  /** Rows that it has written again to merge its lanes; any thread, also while others write. */
  public long mergedRowCount() {
    return lanes.mergedRowCount();
  }

  /** Appends a batch's rows as they stand. */
  public synchronized void append(Batch batch) throws IOException {
    append(batch, null, 0, batch.rowCount());
  }

  /**
   * Appends rows of a batch.
   *
   * @param batch with a column for each of {@link #tables}
   * @param order row indexes in the order in which to append them; null: as they stand
   * @param from index in {@code order} of the first row to append
   * @param to index behind the last one
   * @throws IllegalArgumentException if a key is below the one before it, or late rows are refused
   *     and one is below {@link #lastKey}, or a cell has another width than its column's type;
   *     nothing of the batch was appended then
   * @throws IOException also if the rows need more lanes than the writer may have
   */
  public synchronized void append(Batch batch, int @Nullable [] order, int from, int to)
      throws IOException {
    checkUsable();
    check.rows(batch, order, from, to);
    if (from == to) {
      return;
    }
    beginBatch();
    check.order(batch, order, from, to, lowestKey());
    poisoning(
        () -> {
          lanes.append(batch, order, from, to);
          return null;
        });
    raiseLastKey(batch.key(order == null ? to - 1 : order[to - 1]));
  }

  /** What a row may not be below. */
  private OptionalLong lowestKey() {
    return options.lateRows() == LateRows.KEEP ? OptionalLong.empty() : lastKey;
  }

  private void raiseLastKey(long key) {
    if (lastKey.isEmpty() || Long.compareUnsigned(key, lastKey.getAsLong()) > 0) {
      lastKey = OptionalLong.of(key);
    }
  }

  /**
   * Appends one row.
   *
   * @param key unsigned
   * @param values one for each of {@link #tables}
   * @throws IllegalArgumentException as for a batch
   */
  public synchronized void append(long key, byte[]... values) throws IOException {
    check.values(Arrays.asList(values));
    row.clear();
    row.appendKey(key);
    for (int i = 0; i < values.length; i++) {
      row.column(i).appendBytes(values[i], 0, values[i].length);
    }
    append(row);
  }

  /**
   * Appends one row whose values may be larger than memory.
   *
   * @param key unsigned
   * @param values one for each of {@link #tables}: each stream is read to its end, and not closed.
   *     One that fails poisons the writer, and so does one of another width than its column's type
   * @throws IllegalArgumentException if late rows are refused and the key is below {@link #lastKey}
   */
  public synchronized void append(long key, List<? extends InputStream> values) throws IOException {
    checkUsable();
    check.values(values);
    beginBatch();
    check.follows(key, lowestKey());
    poisoning(
        () -> {
          check.sizes(lanes.append(key, values));
          return null;
        });
    raiseLastKey(key);
  }

  private void beginBatch() throws IOException {
    if (!batchIsOpen) {
      poisoning(
          () -> {
            lookAtOthers();
            return null;
          });
      batchIsOpen = true;
    }
  }

  /** Step W0: what others did since the last batch; rule 10 asks for it before the first write. */
  private void lookAtOthers() throws IOException {
    OptionalLong newest = largestKey(lookAtLanes());
    if (lanes.count() == 0) {
      lastKey = newest;
    }
    newest.ifPresent(this::raiseLastKey);
  }

  /** What is committed now, if nobody else appended to a lane of this run or took its place. */
  private CommitRecord lookAtLanes() throws IOException {
    CommitRecord record =
        threads.call(
            () -> {
              lanes.checkPlaces(List.of());
              return publisher.current();
            });
    lanes.checkAgainst(record);
    return record;
  }

  private static OptionalLong largestKey(CommitRecord record) {
    return LaneOrder.largestKey(LaneOrder.sequence(record.lanes()));
  }

  /**
   * Makes all appended rows durable, not yet visible.
   *
   * @param last whether the run ends here, so that publishing releases its lane
   * @param watermark kept in the journal; {@code Long.MIN_VALUE}: none
   * @return empty if there is nothing to publish
   * @throws IllegalStateException for a direct writer: what it leaves unpublished is void
   */
  public synchronized Optional<Commit> prepare(boolean last, long watermark) throws IOException {
    checkPreparing();
    return prepareCommit(last, watermark, "");
  }

  /**
   * Makes all appended rows durable, not yet visible; {@link Store#publisher} makes them so, in
   * this process or another, now or after any crash.
   *
   * @param insertId the caller's name of them, which the journal keeps; up to 255 bytes of UTF-8
   * @param last whether the run ends here, so that publishing releases its lane
   * @return empty if there is nothing to publish
   * @throws IllegalStateException for a direct writer: what it leaves unpublished is void
   */
  public synchronized Optional<Commit> prepare(String insertId, boolean last) throws IOException {
    checkPreparing();
    return prepareCommit(last, Long.MIN_VALUE, insertId);
  }

  private void checkPreparing() {
    if (options.direct()) {
      throw new IllegalStateException("this writer publishes its own commits: call commit");
    }
  }

  private Optional<Commit> prepareCommit(boolean last, long watermark, String insertId)
      throws IOException {
    Commit.checkInsertId(insertId);
    checkUsable();
    boolean isNews = lanes.hasBatch() || (last && (lanes.count() > 0 || overwrites));
    if (!isNews) {
      return Optional.empty();
    }
    return poisoning(
        () -> {
          List<LaneBatch> batches = List.of();
          if (lanes.hasBatch()) {
            // Step W0 once more: most batches are small, and what others appended is not yet
            // written
            // over.
            lookAtLanes();
            batches = lanes.prepare();
          }
          List<LaneBatch> prepared = batches;
          threads.call(
              () -> {
                // Step W4: are they still in the store, and are their names durable?
                lanes.checkPlaces(prepared);
                lanes.syncNames(prepared);
                return null;
              });
          batchIsOpen = false;
          // Step O1: an overwrite's first commit says that it is one.
          Commit commit = newCommit(last, watermark, insertId, overwrites, prepared);
          overwrites = false; // What follows is added.
          return Optional.of(commit);
        });
  }

  private Commit newCommit(
      boolean last, long watermark, String insertId, boolean overwrite, List<LaneBatch> batches) {
    return new Commit(
        storeId,
        Holder.host(),
        options.lineage(),
        options.submission(),
        owner.run(),
        options.direct(),
        -1,
        last,
        false,
        watermark,
        insertId,
        overwrite,
        batches);
  }

  /**
   * Makes all appended rows durable and visible; for writers that publish their own commits.
   *
   * @return the rows that became visible
   */
  public synchronized long commit() throws IOException {
    return commit("");
  }

  /**
   * As {@link #commit()}.
   *
   * @param insertId the caller's name of the rows, which the journal keeps; up to 255 bytes of
   *     UTF-8
   */
  public synchronized long commit(String insertId) throws IOException {
    if (!options.direct()) {
      throw new IllegalStateException(
          "this writer only prepares: call prepare, and publish what it returns");
    }
    Optional<Commit> commit = prepareCommit(false, Long.MIN_VALUE, insertId);
    if (commit.isEmpty()) {
      return 0;
    }
    return poisoning(
        () -> {
          // Waits through interrupts, so that the caller knows what became of it.
          threads.callToEnd(() -> publisher.publishOwn(commit.get(), lanes));
          return commit.get().rowCount();
        });
  }

  /** What is done with a commit before it is published. */
  @FunctionalInterface
  interface Check {
    void apply(Commit commit) throws IOException;
  }

  /** Makes all appended rows visible in place of those that a record shows. */
  synchronized void publishInPlaceOf(CommitRecord replaced, Check check) throws IOException {
    isUntold = true; // Whatever comes in between, an interrupt too, nobody else can publish it.
    Optional<Commit> commit = prepareCommit(true, Long.MIN_VALUE, "");
    if (commit.isEmpty()) {
      return;
    }
    poisoning(
        () -> {
          try {
            check.apply(commit.get());
            isUntold = false;
            threads.callToEnd(
                () -> {
                  publisher.publishInPlaceOf(replaced, commit.get(), lanes);
                  return null;
                });
          } catch (ConflictException e) {
            isUntold = true; // The commit goes no further than this.
            throw e;
          }
          return null;
        });
  }

  private void checkUsable() throws IOException {
    if (closed) {
      throw new IllegalStateException(files.root() + ": this writer is closed");
    }
    if (failure != null) {
      throw new IOException(
          files.root() + ": this writer failed before and can't go on: " + failure.getMessage(),
          failure);
    }
  }

  private <T> T poisoning(IoThreads.IoCallable<T> work) throws IOException {
    checkUsable();
    try {
      return work.call();
    } catch (Throwable e) {
      failure = e;
      throw e;
    }
  }

  /**
   * Ends the run: waits for its I/O, then lets its lanes go. Rows that were not prepared are void,
   * and lanes that have no others are removed; a direct writer releases its lanes.
   */
  @Override
  public synchronized void close() throws IOException {
    boolean releases = options.direct() && !closed && failure == null && lanes.count() > 0;
    closed = true;
    try {
      if (releases) {
        Commit release = newCommit(true, Long.MIN_VALUE, "", false, List.of());
        threads.callToEnd(() -> publisher.publishOwn(release, lanes));
      }
    } finally {
      publisher.close();
      threads.close();
      if (isUntold) {
        lanes.forget();
      }
      lanes.close();
    }
  }
}
