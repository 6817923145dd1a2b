package io.timestore.store;

import io.timestore.disk.AppendMode;
import io.timestore.disk.Disk;
import io.timestore.disk.IoThreads;
import io.timestore.format.Batch;
import io.timestore.format.Commit.LaneBatch;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lane;
import io.timestore.format.Owner;
import io.timestore.store.LaneWriter.OwnLane;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lanes of one run. A row goes to the first of them that it may follow, else to another one: a
 * released lane that it may follow, or a new one. So their last keys descend, and rows in key order
 * fall into one piece a lane. One lane at a time has buffers.
 *
 * <p>A run that merges keeps its lanes few by merging those that nobody else knows of yet: the runs
 * of an external merge sort.
 */
final class RunLanes implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(RunLanes.class);
  private static final long NANOS_BETWEEN_LOGS = TimeUnit.SECONDS.toNanos(10);

  private final Disk disk;
  private final StoreFiles files;
  private final UUID storeId;
  private final List<String> tables;
  private final WriterOptions options;
  private final Owner owner;
  private final Publisher publisher;
  private final IoThreads threads;
  private final AppendMode mode;
  private final WriteBuffers buffers;

  /** Written by the thread that appends, read by any. */
  private volatile long mergedRowCount;

  /** Those that rows are appended to, the one with the largest last key first. */
  private final List<LaneWriter> lanes = new ArrayList<>();

  /** Those that were merged: how often, and how many. */
  private final List<List<LaneWriter>> merged = new ArrayList<>();

  /** Stays set, so that a lane which an interrupted caller did not wait for is closed as well. */
  private @Nullable Future<LaneWriter> opening;

  private @Nullable LaneWriter active;
  private boolean isFirst = true;

  RunLanes(
      Disk disk,
      StoreFiles files,
      UUID storeId,
      List<String> tables,
      WriterOptions options,
      Owner owner,
      Publisher publisher,
      IoThreads threads,
      AppendMode mode) {
    this.disk = disk;
    this.files = files;
    this.storeId = storeId;
    this.tables = tables;
    this.options = options;
    this.owner = owner;
    this.publisher = publisher;
    this.threads = threads;
    this.mode = mode;
    int fileCount = 1 + 2 * tables.size();
    this.buffers = new WriteBuffers(mode, options.bufferMemoryBytes(), 2 * fileCount);
  }

  /** All lanes of the run, as far as they exist. */
  private List<LaneWriter> all() {
    List<LaneWriter> all = new ArrayList<>(lanes);
    merged.forEach(all::addAll);
    return all;
  }

  /** How many they are. */
  int count() {
    return all().size();
  }

  /** Rows that merges of lanes have written so far; any thread. */
  long mergedRowCount() {
    return mergedRowCount;
  }

  /** Whether rows were appended that are not prepared. */
  boolean hasBatch() {
    return all().stream().anyMatch(LaneWriter::hasBatch);
  }

  /** Appends rows in key order. */
  void append(Batch batch, int @Nullable [] order, int from, int to) throws IOException {
    int end = to;
    for (int i = 0; i < lanes.size() && end > from; i++) {
      LaneWriter lane = lanes.get(i);
      int start = firstNotBelow(lane.lastKey(), batch, order, from, end);
      if (start < end) {
        activate(lane).append(batch, order, start, end);
        end = start;
      }
    }
    if (end > from) {
      openLane(batch.key(order == null ? from : order[from])).append(batch, order, from, end);
    }
  }

  private static int firstNotBelow(
      long key, Batch batch, int @Nullable [] order, int from, int to) {
    int low = from;
    int high = to;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (Long.compareUnsigned(batch.key(order == null ? middle : order[middle]), key) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Appends one row; returns the size of each value. */
  long[] append(long key, List<? extends InputStream> values) throws IOException {
    for (LaneWriter lane : lanes) {
      if (Long.compareUnsigned(key, lane.lastKey()) >= 0) {
        return activate(lane).append(key, values);
      }
    }
    return openLane(key).append(key, values);
  }

  private LaneWriter activate(LaneWriter lane) throws IOException {
    if (active != lane) {
      parkActive();
      lane.unpark();
      active = lane;
    }
    return lane;
  }

  private LaneWriter openLane(long firstKey) throws IOException {
    if (options.mergesLanes() && lanes.size() >= mergeWidth()) {
      mergeLanes();
    } else if (!options.mergesLanes() && count() >= options.lanesMax()) {
      throw new IOException(
          files.root()
              + ": rows in "
              + count()
              + " orders at once: a row with the key "
              + Long.toUnsignedString(firstKey)
              + " may follow none of this writer's lanes, and 'sink.lanes.max' = '"
              + options.lanesMax()
              + "' allows no further one. Hold rows until they are in order ('sink.ordering' ="
              + " 'watermark', or a larger 'sink.reorder-buffer'), or raise the bound");
    }
    LaneWriter lane = open(firstKey, options.overwrites());
    lanes.add(lane);
    active = lane;
    return lane;
  }

  private LaneWriter open(long firstKey, boolean isNew) throws IOException {
    parkActive();
    // Step W1: a lane that is this run's alone, before its first byte.
    Future<LaneWriter> taken = threads.submit(() -> takeLane(firstKey, isNew));
    opening = taken;
    LaneWriter lane = IoThreads.await(taken);
    opening = null;
    return lane;
  }

  private void parkActive() throws IOException {
    if (active != null) {
      active.park();
      active = null;
    }
  }

  private LaneWriter takeLane(long firstKey, boolean isNew) throws IOException {
    String holder = Holder.describe(Holder.nameOf(owner.run(), options.submission()));
    OwnLane own = publisher.takeLane(owner, holder, tables, firstKey, isNew);
    try {
      if (isFirst) {
        isFirst = false;
        fillInChunkCrcs(publisher.current());
      }
      return new LaneWriter(disk, files, own, tables, mode, threads, buffers);
    } catch (Throwable e) {
      own.writerLock().close();
      if (LaneWriter.isNew(own)) {
        remove(files.lane(own.lane().number()));
      }
      throw e;
    }
  }

  /** What a power cut took, or the reference never wrote: rule 6. Rows can be written without. */
  private void fillInChunkCrcs(CommitRecord record) {
    try {
      for (Lane committed : record.lanes()) {
        for (CommittedFile file : files.lane(committed.number()).committed(committed)) {
          ChunkCrcs.fillIn(disk, file);
        }
      }
    } catch (IOException e) {
      LOG.warn("{}: not all missing checksums could be filled in", files.root(), e);
    }
  }

  private int mergeWidth() {
    return Math.max(2, options.lanesMax() / 2);
  }

  /** Makes room for another lane: what was merged least is merged. */
  private void mergeLanes() throws IOException {
    List<LaneWriter> inputs = secret(lanes);
    for (int level = 0; inputs.size() > 1; level++) {
      if (merged.size() == level) {
        merged.add(new ArrayList<>());
      }
      merge(inputs, merged.get(level));
      List<LaneWriter> outputs = secret(merged.get(level));
      inputs = outputs.size() < mergeWidth() ? List.of() : outputs;
    }
  }

  private static List<LaneWriter> secret(List<LaneWriter> some) {
    return some.stream().filter(LaneWriter::isSecret).toList();
  }

  /**
   * Merges lanes that nobody else knows of into a new one, and removes them.
   *
   * @param outputs gets the new one
   */
  private void merge(List<LaneWriter> inputs, List<LaneWriter> outputs) throws IOException {
    parkActive();
    CommitRecord written = written(inputs);
    List<LaneRange> ranges =
        written.lanes().stream()
            .filter(lane -> lane.rows() > 0)
            .map(lane -> new LaneRange(lane.number(), 0, lane.rows()))
            .toList();
    long rowCount = ranges.stream().mapToLong(LaneRange::rowCount).sum();
    LOG.info("{}: merging {} lanes with {} rows", files.root(), inputs.size(), rowCount);
    LaneWriter output = open(0, true);
    outputs.add(output);
    try (Scan scan = new Scan(disk, files, written, ranges, tables, true);
        IoThreads reader = disk.threads("timestore-merge", 1)) {
      Batch batch = new Batch(tables.size());
      Batch ahead = new Batch(tables.size());
      long before = mergedRowCount;
      long merged = 0;
      long loggedNanos = System.nanoTime();
      Future<Boolean> filled = fill(reader, scan, ahead);
      while (IoThreads.await(filled)) {
        Batch read = ahead;
        ahead = batch;
        batch = read;
        filled = fill(reader, scan, ahead);
        output.append(batch, null, 0, batch.rowCount());
        merged += batch.rowCount();
        mergedRowCount = before + merged;
        if (System.nanoTime() - loggedNanos > NANOS_BETWEEN_LOGS) {
          loggedNanos = System.nanoTime();
          LOG.info("{}: merged {} of {} rows", files.root(), merged, rowCount);
        }
      }
    }
    output.park();
    removeAll(inputs);
  }

  /** A record of these lanes, which nobody else ever sees. */
  private CommitRecord written(List<LaneWriter> inputs) throws IOException {
    CommitRecord record = CommitRecord.empty(storeId);
    for (LaneWriter lane : inputs) {
      record = record.withLane(Lane.empty(lane.number(), owner).extendedBy(lane.write()));
    }
    return record;
  }

  private static Future<Boolean> fill(IoThreads reader, Scan scan, Batch batch) {
    return reader.submit(() -> scan.next(batch));
  }

  private void removeAll(List<LaneWriter> inputs) throws IOException {
    lanes.removeAll(inputs);
    merged.forEach(level -> level.removeAll(inputs));
    threads.call(
        () -> {
          for (LaneWriter lane : inputs) {
            close(lane);
          }
          return null;
        });
  }

  /** Refuses to go on where somebody else appended to a lane of this run, or took its place. */
  void checkAgainst(CommitRecord record) throws ConflictException {
    for (LaneWriter own : all()) {
      Optional<Lane> published = record.lane(own.number());
      if (published.isEmpty()) {
        continue;
      }
      if (!published.get().isOpen()) {
        throw new ConflictException(
            own.files().directory()
                + " was cut to "
                + published.get().rows()
                + " rows while this writer held it, by a truncation or by a job that went back to an"
                + " older checkpoint: open a new writer");
      }
      if (published.get().rows() > own.preparedRows() || !published.get().owner().is(owner.run())) {
        throw new ConflictException(
            own.files().directory()
                + " has "
                + published.get().rows()
                + " rows, this writer knows of "
                + own.preparedRows()
                + ": somebody else appended to the lane while this writer held it");
      }
    }
  }

  /**
   * See {@link LaneWriter#checkPlaces}; I/O thread.
   *
   * @param prepared what is to be published
   */
  void checkPlaces(List<LaneBatch> prepared) throws IOException {
    for (LaneWriter lane : all()) {
      if (lane.hasBatch() || lane == active || isIn(prepared, lane)) {
        lane.checkPlaces();
      }
    }
  }

  private static boolean isIn(List<LaneBatch> batches, LaneWriter lane) {
    return batches.stream().anyMatch(batch -> batch.number() == lane.number());
  }

  /** Makes all appended rows durable, and the names of their files: steps W2 to W4. */
  List<LaneBatch> prepare() throws IOException {
    if (options.mergesLanes() && count() > options.lanesMax()) {
      List<LaneWriter> inputs = secret(all());
      if (inputs.size() > 1) {
        merged.add(new ArrayList<>());
        merge(inputs, merged.get(merged.size() - 1));
      }
    }
    List<LaneBatch> batches = new ArrayList<>();
    for (LaneWriter lane : all()) {
      if (lane.hasBatch()) {
        batches.add(lane.prepare());
      }
    }
    return batches;
  }

  /** See {@link LaneWriter#syncNames}; I/O thread. */
  void syncNames(List<LaneBatch> batches) throws IOException {
    for (LaneWriter lane : all()) {
      if (isIn(batches, lane)) {
        lane.syncNames();
      }
    }
  }

  /** What was prepared is not told to anybody, and never will be. */
  void forget() {
    all().forEach(LaneWriter::forget);
  }

  /** Lets the lanes go, and removes those that nobody else can know of. */
  @Override
  public void close() throws IOException {
    List<Closeable> closings = new ArrayList<>();
    for (LaneWriter lane : all()) {
      closings.add(() -> close(lane));
    }
    Future<LaneWriter> taken = opening;
    if (taken != null) {
      closings.add(() -> close(taken));
    }
    lanes.clear();
    merged.clear();
    opening = null;
    Closing.all(closings);
  }

  private void close(Future<LaneWriter> taken) throws IOException {
    try {
      close(taken.get());
    } catch (ExecutionException e) {
      LOG.debug("No lane was opened", e);
    } catch (InterruptedException e) {
      throw new IllegalStateException("a task of a pool that has ended is not done", e);
    }
  }

  private void close(LaneWriter lane) throws IOException {
    lane.close();
    if (lane.isSecret()) {
      remove(lane.files());
    }
  }

  private void remove(LaneFiles lane) {
    try {
      lane.remove(disk);
    } catch (IOException e) {
      LOG.warn("{}, which no record names, could not be removed", lane.directory(), e);
    }
  }
}
