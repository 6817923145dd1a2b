package io.timestore.store;

import io.timestore.disk.AppendMode;
import io.timestore.disk.Disk;
import io.timestore.disk.DiskLock;
import io.timestore.disk.IoThreads;
import io.timestore.format.Batch;
import io.timestore.format.ColumnData;
import io.timestore.format.Commit.LaneBatch;
import io.timestore.format.Commit.TableBatch;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Appends rows to one lane that this run owns. */
final class LaneWriter implements Closeable {
  private static final int COPY_BYTES = 64 * 1024;

  /** Offsets are made so many at a time. */
  private static final int OFFSETS_MAX = 1024;

  private final Disk disk;
  private final StoreFiles store;
  private final LaneFiles files;
  private final DiskLock writerLock;
  private final List<TableAppender> tables = new ArrayList<>();
  private final FileAppender keys;
  private final long[] offsets = new long[OFFSETS_MAX];
  private final boolean isNew;
  private boolean namesAreDurable;
  private boolean wasPrepared;
  private long preparedRows;
  private long rows;
  private long firstKey;
  private long lastKey;

  /** A lane that may be appended to now. */
  record OwnLane(Lane lane, DiskLock writerLock) {}

  /** The two files of a table. */
  private static final class TableAppender {
    private final String name;
    private final FileAppender offsets;
    private final FileAppender data;
    private long preparedDataBytes;

    TableAppender(String name, FileAppender offsets, FileAppender data) {
      this.name = name;
      this.offsets = offsets;
      this.data = data;
      this.preparedDataBytes = data.sizeBytes();
    }
  }

  /**
   * Opens the lane's files; call from an I/O thread.
   *
   * @param buffers of all lanes of the writer
   */
  LaneWriter(
      Disk disk,
      StoreFiles store,
      OwnLane own,
      List<String> tableNames,
      AppendMode mode,
      IoThreads threads,
      WriteBuffers buffers)
      throws IOException {
    this.disk = disk;
    this.store = store;
    this.writerLock = own.writerLock();
    Lane lane = own.lane();
    this.files = store.lane(lane.number());
    this.rows = lane.rows();
    this.preparedRows = lane.rows();
    this.lastKey = lane.largestKey();
    this.isNew = isNew(own);
    List<Closeable> opened = new ArrayList<>();
    try {
      keys =
          new FileAppender(
              disk, files.keys(), mode, threads, buffers, rows * Long.BYTES, lane.keysTailCrc());
      opened.add(keys);
      for (String name : tableNames) {
        disk.createDirectory(files.table(name));
        LaneTable table = lane.table(name).orElse(new LaneTable(name, 0, 0, 0));
        FileAppender offsets =
            new FileAppender(
                disk,
                files.offsets(name),
                mode,
                threads,
                buffers,
                rows * Long.BYTES,
                table.offsetsTailCrc());
        opened.add(offsets);
        FileAppender data =
            new FileAppender(
                disk,
                files.data(name),
                mode,
                threads,
                buffers,
                table.dataBytes(),
                table.dataTailCrc());
        opened.add(data);
        tables.add(new TableAppender(name, offsets, data));
      }
    } catch (Throwable e) {
      Closing.all(opened);
      throw e;
    }
  }

  /** Whether this run made the lane's directory. */
  static boolean isNew(OwnLane own) {
    return own.lane().rows() == 0 && own.lane().number() != 0;
  }

  int number() {
    return files.number();
  }

  /** Rows with all that was appended. */
  long rows() {
    return rows;
  }

  /** Rows without those that were appended since {@link #prepare}. */
  long preparedRows() {
    return preparedRows;
  }

  /** Key of the last row, unsigned; 0 where no row is visible. */
  long lastKey() {
    return lastKey;
  }

  /** Whether this run made the lane, and never told anybody: nobody but it knows of its rows. */
  boolean isSecret() {
    return isNew && !wasPrepared;
  }

  /** See {@link RunLanes#forget}. */
  void forget() {
    wasPrepared = false;
  }

  /** Where the lane is. */
  LaneFiles files() {
    return files;
  }

  /** Whether rows were appended since {@link #prepare}. */
  boolean hasBatch() {
    return rows > preparedRows;
  }

  /**
   * Appends rows of a batch.
   *
   * @param order which rows, in which order: their keys never decrease; null: all, as they stand
   */
  void append(Batch batch, int @Nullable [] order, int from, int to) throws IOException {
    if (!hasBatch()) {
      firstKey = batch.key(index(order, from));
    }
    if (order == null) {
      keys.putLongs(batch.keys(), from, to);
    } else {
      for (int i = from; i < to; i++) {
        keys.putLong(batch.key(order[i]));
      }
    }
    for (int column = 0; column < tables.size(); column++) {
      append(tables.get(column), batch.column(column), order, from, to);
    }
    rows += to - from;
    lastKey = batch.key(index(order, to - 1));
  }

  /**
   * Appends one row; its values are what the streams hold.
   *
   * @return the size of each value in bytes
   */
  long[] append(long key, List<? extends InputStream> values) throws IOException {
    if (!hasBatch()) {
      firstKey = key;
    }
    byte[] part = new byte[COPY_BYTES];
    long[] sizes = new long[tables.size()];
    for (int i = 0; i < tables.size(); i++) {
      TableAppender table = tables.get(i);
      InputStream value = values.get(i);
      long start = table.data.sizeBytes();
      for (int count = value.read(part); count >= 0; count = value.read(part)) {
        table.data.put(part, 0, count);
      }
      table.offsets.putLong(table.data.sizeBytes());
      sizes[i] = table.data.sizeBytes() - start;
    }
    keys.putLong(key);
    rows++;
    lastKey = key;
    return sizes;
  }

  private static int index(int @Nullable [] order, int i) {
    return order == null ? i : order[i];
  }

  private void append(
      TableAppender table, ColumnData column, int @Nullable [] order, int from, int to)
      throws IOException {
    if (order == null) {
      append(table, column, from, to);
      return;
    }
    byte[] data = column.data();
    long end = table.data.sizeBytes();
    for (int i = from; i < to; i++) {
      int start = column.start(order[i]);
      int length = column.end(order[i]) - start;
      end += length;
      table.offsets.putLong(end);
      table.data.put(data, start, length);
    }
  }

  private void append(TableAppender table, ColumnData column, int from, int to) throws IOException {
    int start = column.start(from);
    long before = table.data.sizeBytes() - start;
    for (int first = from; first < to; first += OFFSETS_MAX) {
      int count = Math.min(OFFSETS_MAX, to - first);
      for (int i = 0; i < count; i++) {
        offsets[i] = before + column.end(first + i);
      }
      table.offsets.putLongs(offsets, 0, count);
    }
    table.data.put(column.data(), start, column.end(to - 1) - start);
  }

  /** Writes what was appended, and holds no buffers until {@link #unpark}. */
  void park() throws IOException {
    for (FileAppender file : allFiles()) {
      file.park();
    }
  }

  /** Goes on to take rows. */
  void unpark() {
    allFiles().forEach(FileAppender::unpark);
  }

  /** Makes all appended rows durable: steps W2 and W3. */
  LaneBatch prepare() throws IOException {
    // Step W2: every file's bytes, in parallel.
    List<FileAppender> all = allFiles();
    for (FileAppender file : all) {
      file.flush();
    }
    // Step W3: fdatasync of every file, in parallel; a failure poisons the writer.
    List<Future<@Nullable Void>> syncs = new ArrayList<>();
    for (FileAppender file : all) {
      syncs.add(file.sync());
    }
    for (Future<@Nullable Void> sync : syncs) {
      IoThreads.await(sync);
    }
    wasPrepared = true;
    return endBatch();
  }

  /** Writes all appended rows, so that this run itself can read them; they may not last. */
  LaneBatch write() throws IOException {
    park();
    return endBatch();
  }

  private LaneBatch endBatch() {
    LaneBatch batch =
        new LaneBatch(
            number(),
            preparedRows,
            rows,
            firstKey,
            lastKey,
            keys.endBatch(),
            tables.stream().map(LaneWriter::endBatch).toList());
    preparedRows = rows;
    return batch;
  }

  private static TableBatch endBatch(TableAppender table) {
    long dataBytesBefore = table.preparedDataBytes;
    table.preparedDataBytes = table.data.sizeBytes();
    return new TableBatch(
        table.name,
        dataBytesBefore,
        table.preparedDataBytes,
        table.offsets.endBatch(),
        table.data.endBatch());
  }

  /** Step W4: the names of what is new, up to a directory that was durable before; I/O thread. */
  void syncNames() throws IOException {
    if (namesAreDurable) {
      return;
    }
    for (TableAppender table : tables) {
      disk.syncDirectory(files.table(table.name));
    }
    disk.syncDirectory(files.directory());
    if (number() != 0) {
      disk.syncDirectory(store.lanes());
      disk.syncDirectory(store.root());
    }
    namesAreDurable = true;
  }

  /**
   * Refuses to go on where what is open here is not what the store has under its names; I/O thread.
   *
   * @throws ConflictException if somebody put other files in its place, or moved it away
   */
  void checkPlaces() throws IOException {
    checkPlace(writerLock.isAt(files.writerLock()), files.writerLock());
    for (FileAppender file : allFiles()) {
      checkPlace(file.isInPlace(), file.path());
    }
  }

  private void checkPlace(boolean isInPlace, Path path) throws IOException {
    if (!isInPlace) {
      throw new ConflictException(
          path
              + (disk.exists(path) ? " is another file than" : " is gone, expected")
              + " the one that this writer opened: "
              + store.root()
              + " or a part of it was replaced, moved or deleted meanwhile; rows that were not"
              + " published are not in what is there now");
    }
  }

  private List<FileAppender> allFiles() {
    List<FileAppender> all = new ArrayList<>(List.of(keys));
    for (TableAppender table : tables) {
      all.add(table.offsets);
      all.add(table.data);
    }
    return all;
  }

  /** Closes the files and lets the lane's lock go; the writer's threads have ended their work. */
  @Override
  public void close() throws IOException {
    List<Closeable> all = new ArrayList<>(allFiles());
    all.add(writerLock);
    Closing.all(all);
  }
}
