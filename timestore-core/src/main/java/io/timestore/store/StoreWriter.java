package io.timestore.store;

import io.timestore.disk.AppendMode;
import io.timestore.disk.Disk;
import io.timestore.disk.IoThreads;
import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.format.Commit.LaneBatch;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lane;
import io.timestore.format.Owner;
import io.timestore.store.LaneWriter.OwnLane;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run that appends rows to a store. Rows become durable with {@link #prepare} and visible when
 * the commit is published; {@link #commit} does both.
 *
 * <p>After an I/O error the writer is poisoned: every further call fails, and what was not
 * published is void. Not thread-safe; callers may be interrupted at any time, the I/O runs on
 * threads of the writer's own.
 */
public final class StoreWriter implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(StoreWriter.class);
  private static final int THREADS_MAX = 4;

  private final Disk disk;
  private final StoreFiles files;
  private final UUID storeId;
  private final List<String> tables;
  private final WriterOptions options;
  private final Owner owner;
  private final Publisher publisher;
  private final IoThreads threads;
  private final AppendMode mode;
  private final Batch row;
  private @Nullable LaneWriter lane;

  /** Stays set, so that a lane which an interrupted caller did not wait for is closed as well. */
  private @Nullable Future<LaneWriter> opening;

  private boolean batchIsOpen;
  private OptionalLong lastKey = OptionalLong.empty();
  private @Nullable Throwable failure;

  StoreWriter(
      Disk disk,
      Entropy entropy,
      StoreFiles files,
      UUID storeId,
      List<String> tables,
      WriterOptions options)
      throws IOException {
    this.disk = disk;
    this.files = files;
    this.storeId = storeId;
    this.tables = List.copyOf(tables);
    this.options = options;
    this.row = new Batch(tables.size());
    this.owner =
        new Owner(options.direct() ? Owner.Kind.DIRECT : Owner.Kind.RUN, entropy.ids().get());
    this.publisher = new Publisher(disk, entropy, files, storeId);
    this.threads = new IoThreads("timestore-writer", Math.min(THREADS_MAX, 1 + 2 * tables.size()));
    try {
      this.mode = threads.call(() -> disk.probe(files.root(), options.directIo()));
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

  /** How files are written. */
  public AppendMode mode() {
    return mode;
  }

  /**
   * The largest key that new rows must not be below: that of the last row appended here, or
   * committed by anyone when the current batch began. Empty for an empty store.
   */
  public OptionalLong lastKey() {
    return lastKey;
  }

  /** Appends a batch's rows as they stand. */
  public void append(Batch batch) throws IOException {
    append(batch, null, 0, batch.rowCount());
  }

  /**
   * Appends rows of a batch.
   *
   * @param batch with a column for each table of the store, in schema order
   * @param order row indexes in the order in which to append them; null: as they stand
   * @param from index in {@code order} of the first row to append
   * @param to index behind the last one
   * @throws IllegalArgumentException if a key is below the one before it, or below {@link
   *     #lastKey}; nothing of the batch was appended then
   */
  public void append(Batch batch, int @Nullable [] order, int from, int to) throws IOException {
    checkShape(batch, to);
    if (from == to) {
      return;
    }
    beginBatch();
    checkOrder(batch, order, from, to);
    poisoning(
        () -> {
          openLane().append(batch, order, from, to);
          return null;
        });
    lastKey = OptionalLong.of(batch.key(order == null ? to - 1 : order[to - 1]));
  }

  /**
   * Appends one row.
   *
   * @param key unsigned
   * @param values a value of each table, in schema order
   * @throws IllegalArgumentException if the key is below {@link #lastKey}
   */
  public void append(long key, byte[]... values) throws IOException {
    checkValues(values.length);
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
   * @param values a value of each table, in schema order: each stream is read to its end, and not
   *     closed. One that fails poisons the writer
   * @throws IllegalArgumentException if the key is below {@link #lastKey}
   */
  public void append(long key, List<? extends InputStream> values) throws IOException {
    checkValues(values.size());
    beginBatch();
    checkFollows(key);
    poisoning(
        () -> {
          openLane().append(key, values);
          return null;
        });
    lastKey = OptionalLong.of(key);
  }

  private void checkValues(int count) {
    if (count != tables.size()) {
      throw new IllegalArgumentException(
          "a row of " + count + " values, expected one for each of " + tables);
    }
  }

  private void checkShape(Batch batch, int to) {
    if (batch.columnCount() != tables.size() || to > batch.rowCount()) {
      throw new IllegalArgumentException(
          "a batch of "
              + batch.columnCount()
              + " columns and "
              + batch.rowCount()
              + " rows, expected "
              + tables.size()
              + " columns and at least "
              + to
              + " rows");
    }
    for (int i = 0; i < tables.size(); i++) {
      if (batch.column(i).rowCount() != batch.rowCount()) {
        throw new IllegalArgumentException(
            "table "
                + tables.get(i)
                + ": a batch has "
                + batch.column(i).rowCount()
                + " cells for "
                + batch.rowCount()
                + " keys");
      }
    }
  }

  private void checkOrder(Batch batch, int @Nullable [] order, int from, int to) {
    long previous = batch.key(order == null ? from : order[from]);
    checkFollows(previous);
    for (int i = from + 1; i < to; i++) {
      long key = batch.key(order == null ? i : order[i]);
      if (Long.compareUnsigned(key, previous) < 0) {
        throw new IllegalArgumentException(
            "key "
                + Long.toUnsignedString(key)
                + " is below the previous "
                + Long.toUnsignedString(previous)
                + " in a batch for "
                + files.root());
      }
      previous = key;
    }
  }

  private void checkFollows(long key) {
    if (lastKey.isPresent() && Long.compareUnsigned(key, lastKey.getAsLong()) < 0) {
      throw new IllegalArgumentException(
          "key "
              + Long.toUnsignedString(key)
              + " is below "
              + Long.toUnsignedString(lastKey.getAsLong())
              + ", the newest key in "
              + files.root());
    }
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
    CommitRecord record = threads.call(publisher::current);
    OptionalLong newest = largestKey(record);
    if (newest.isPresent()
        && (lastKey.isEmpty()
            || Long.compareUnsigned(newest.getAsLong(), lastKey.getAsLong()) > 0)) {
      lastKey = newest;
    }
    if (lane != null) {
      Optional<Lane> published = record.lane(lane.number());
      if (published.isPresent()
          && (published.get().rows() > lane.rows() || !published.get().owner().is(owner.run()))) {
        throw new ConflictException(
            files.lane(lane.number()).directory()
                + " has "
                + published.get().rows()
                + " rows, this writer knows of "
                + lane.rows()
                + ": somebody else appended to the lane while this writer held it");
      }
    }
  }

  private static OptionalLong largestKey(CommitRecord record) {
    List<Lane> sequence = LaneOrder.sequence(record.lanes());
    return sequence.isEmpty()
        ? OptionalLong.empty()
        : OptionalLong.of(sequence.get(sequence.size() - 1).largestKey());
  }

  private LaneWriter openLane() throws IOException {
    if (lane == null) {
      // Step W1: a lane that is this run's alone, before its first byte.
      opening = threads.submit(this::takeLane);
      lane = IoThreads.await(opening);
    }
    return lane;
  }

  private LaneWriter takeLane() throws IOException {
    OwnLane own = publisher.takeLane(owner, tables);
    try {
      return new LaneWriter(disk, files, own, tables, mode, threads, options.bufferMemoryBytes());
    } catch (Throwable e) {
      own.writerLock().close();
      throw e;
    }
  }

  /**
   * Makes all appended rows durable, not yet visible.
   *
   * @param last whether the run ends here, so that publishing releases its lane
   * @param watermark kept in the journal; {@code Long.MIN_VALUE}: none
   * @return empty if there is nothing to publish
   * @throws IllegalStateException for a direct writer: what it leaves unpublished is void
   */
  public Optional<Commit> prepare(boolean last, long watermark) throws IOException {
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
  public Optional<Commit> prepare(String insertId, boolean last) throws IOException {
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
    LaneWriter own = lane;
    if (own == null || (!own.hasBatch() && !last)) {
      return Optional.empty();
    }
    return poisoning(
        () -> {
          List<LaneBatch> batches = List.of();
          if (own.hasBatch()) {
            batches = List.of(own.prepare());
            threads.call(
                () -> {
                  own.syncNames();
                  return null;
                });
          }
          batchIsOpen = false;
          return Optional.of(
              new Commit(
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
                  batches));
        });
  }

  /**
   * Makes all appended rows durable and visible; for writers that publish their own commits.
   *
   * @return the rows that became visible
   */
  public long commit() throws IOException {
    return commit("");
  }

  /**
   * As {@link #commit()}.
   *
   * @param insertId the caller's name of the rows, which the journal keeps; up to 255 bytes of
   *     UTF-8
   */
  public long commit(String insertId) throws IOException {
    if (!options.direct()) {
      throw new IllegalStateException("the commits of this writer are published by a committer");
    }
    Optional<Commit> commit = prepareCommit(false, Long.MIN_VALUE, insertId);
    if (commit.isEmpty()) {
      return 0;
    }
    return poisoning(
        () -> {
          threads.call(() -> publisher.publish(List.of(commit.get()), false));
          return commit.get().rowCount();
        });
  }

  private void checkUsable() throws IOException {
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
   * Ends the run: waits for its I/O, then lets its lane go. Rows that were not prepared are void; a
   * direct writer releases its lane.
   */
  @Override
  public void close() throws IOException {
    try {
      if (options.direct() && failure == null && lane != null) {
        releaseLane(lane);
      }
    } finally {
      publisher.close();
      threads.close();
      closeLane();
    }
  }

  private void closeLane() throws IOException {
    Future<LaneWriter> opened = opening;
    opening = null;
    lane = null;
    if (opened == null) {
      return;
    }
    try {
      opened.get().close();
    } catch (ExecutionException e) {
      LOG.debug("No lane was opened", e);
    } catch (InterruptedException e) {
      throw new IllegalStateException("a task of a pool that has ended is not done", e);
    }
  }

  private void releaseLane(LaneWriter own) throws IOException {
    Commit release =
        new Commit(
            storeId,
            Holder.host(),
            options.lineage(),
            options.submission(),
            owner.run(),
            true,
            -1,
            true,
            false,
            Long.MIN_VALUE,
            "",
            List.of());
    LOG.debug("Releasing lane {}", own.number());
    threads.call(() -> publisher.publish(List.of(release), false));
  }
}
