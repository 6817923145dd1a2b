package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.FileNames;
import io.timestore.disk.IoThreads;
import io.timestore.disk.LocalDisk;
import io.timestore.format.Column;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.JournalEntry;
import io.timestore.format.Schema;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A store: a directory of rows, each an unsigned 64-bit key and a value in every table. Holds no
 * file open; immutable and thread-safe.
 *
 * <pre>{@code
 * Store store = Store.openOrCreate(directory, Schema.ofTables(List.of("price")));
 * try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
 *   writer.append(key, value);
 *   writer.commit();
 * }
 * try (StoreReader reader = store.reader()) {
 *   Optional<byte[]> price = reader.read("price", key);
 * }
 * }</pre>
 */
public final class Store {
  private static final Logger LOG = LoggerFactory.getLogger(Store.class);
  private final Disk disk;
  private final Entropy entropy;
  private final StoreFiles files;
  private final @Nullable Schema schema;
  private final List<String> order;

  /** Whether it is another one's journal, opened by its path. */
  private final boolean isReadOnly;

  private Store(Disk disk, Entropy entropy, StoreFiles files, Schema schema, List<String> order) {
    this(disk, entropy, files, schema, order, false);
  }

  private Store(
      Disk disk,
      Entropy entropy,
      StoreFiles files,
      @Nullable Schema schema,
      List<String> order,
      boolean isReadOnly) {
    this.disk = disk;
    this.entropy = entropy;
    this.files = files;
    this.schema = schema;
    this.order = List.copyOf(order);
    this.isReadOnly = isReadOnly;
  }

  /**
   * Opens a store that exists.
   *
   * @throws NoSuchFileException if there is nothing, or nothing yet, in the directory
   * @throws CorruptStoreException if its schema is damaged
   * @throws IOException if the directory holds other things
   */
  public static Store open(Path directory) throws IOException {
    return open(new LocalDisk(), directory);
  }

  static Store open(Disk disk, Path directory) throws IOException {
    return open(disk, Entropy.ofSystem(), directory);
  }

  static Store open(Disk disk, Entropy entropy, Path directory) throws IOException {
    Path absolute = absolute(disk, directory);
    if (!exists(disk, absolute)) {
      throw new NoSuchFileException(
          absolute.toString(),
          null,
          disk.exists(absolute)
              ? "no store: the directory is empty"
              : "no store: there is no such directory");
    }
    StoreFiles files = new StoreFiles(absolute);
    Disk inside = new ConfinedDisk(disk, absolute);
    Schema schema = readSchema(inside, files).orElse(null);
    List<String> order = schema == null ? List.of() : schema.tables();
    return new Store(inside, entropy, files, schema, order, isJournal(disk, absolute));
  }

  /** Whether a directory holds a store; see {@link #open} for what it throws. */
  public static boolean exists(Path directory) throws IOException {
    Disk disk = new LocalDisk();
    return exists(disk, absolute(disk, directory));
  }

  private static Path absolute(Disk disk, Path directory) throws IOException {
    Path absolute = FileNames.absolute(directory);
    return absolute.equals(absolute.normalize()) ? absolute : disk.realPath(absolute);
  }

  private static boolean exists(Disk disk, Path directory) throws IOException {
    if (!disk.exists(directory)) {
      return false;
    }
    if (!disk.isDirectory(directory)) {
      throw new IOException(directory + " is a file, expected the directory of a store");
    }
    StoreFiles files = new StoreFiles(directory);
    if (holdsStore(disk, files)) {
      return true;
    }
    // A creation that stopped before it wrote the schema leaves dot-files and a lock at most.
    List<String> names = new ArrayList<>(disk.list(directory));
    names.removeIf(name -> name.startsWith(".") || name.startsWith("commit."));
    if (names.isEmpty()) {
      return false;
    }
    if (holdsStore(disk, files)) {
      return true; // A creator came in between.
    }
    throw new IOException(
        directory
            + " is no store: it has neither schema.json nor length, but "
            + String.join(", ", names.subList(0, Math.min(5, names.size())))
            + (names.size() > 5 ? ", …" : ""));
  }

  private static boolean holdsStore(Disk disk, StoreFiles files) throws IOException {
    return disk.exists(files.schema()) || disk.exists(files.length());
  }

  /**
   * Opens a store, or makes one. A store of the reference is adopted: it gets the schema.
   *
   * @param schema for a new store; one that exists keeps its own
   */
  public static Store openOrCreate(Path directory, Schema schema) throws IOException {
    return openOrCreate(new LocalDisk(), directory, schema);
  }

  /**
   * Opens a store of plain bytes, or makes one; the keys are u64 numbers.
   *
   * @param tables all that the store has, in the order in which its rows are appended here
   * @throws IllegalArgumentException if it has others
   */
  public static Store openOrCreate(Path directory, List<String> tables) throws IOException {
    Store store = openOrCreate(directory, Schema.ofTables(tables));
    store.checkTables(tables, store.writableSchema().tables());
    return new Store(store.disk, store.entropy, store.files, store.writableSchema(), tables);
  }

  static Store openOrCreate(Disk disk, Path directory, Schema schema) throws IOException {
    return openOrCreate(disk, Entropy.ofSystem(), directory, schema);
  }

  static Store openOrCreate(Disk outside, Entropy entropy, Path directory, Schema schema)
      throws IOException {
    Path absolute = absolute(outside, directory);
    if (isJournal(outside, absolute)) {
      throw new IllegalArgumentException(readOnly(absolute));
    }
    return openOrCreate(outside, entropy, new StoreFiles(absolute), schema);
  }

  /** Whether it is where a store keeps its journal. */
  private static boolean isJournal(Disk disk, Path directory) throws IOException {
    Path parent = directory.getParent();
    return parent != null
        && new StoreFiles(parent).commits().equals(directory)
        && holdsStore(disk, new StoreFiles(parent));
  }

  private static String readOnly(Path journal) {
    return journal
        + " is the journal of the store "
        + journal.getParent()
        + ": it is written with that store's commits, and can only be read";
  }

  /** The store of another one's commits. */
  static Store openOrCreateJournal(Disk outside, Entropy entropy, Path directory, Schema schema)
      throws IOException {
    return openOrCreate(outside, entropy, new StoreFiles(directory, true), schema);
  }

  private static Store openOrCreate(Disk outside, Entropy entropy, StoreFiles files, Schema schema)
      throws IOException {
    Path absolute = files.root();
    exists(outside, absolute); // refuses a directory of other things
    Disk disk = new ConfinedDisk(outside, absolute);
    if (!disk.exists(files.schema())) {
      if (disk.exists(files.length())) {
        checkAdoption(disk, entropy, files, schema);
      }
      if (files.isJournal()) {
        outside.createDirectory(absolute);
        outside.syncDirectory(absolute.getParent());
      } else {
        createDirectories(outside, absolute);
      }
      // Step C1: the schema, whole or not at all; of two creators the first one wins.
      Path temporary = files.temporary(files.schema(), entropy.ids().get());
      byte[] json = schema.toJson();
      SmallFile.check(files.schema(), json);
      disk.createDurably(temporary, ByteBuffer.wrap(json));
      disk.linkIfAbsent(temporary, files.schema());
      disk.delete(temporary);
      disk.syncDirectory(absolute);
    } else if (!disk.exists(files.length())) {
      // Its creator may have died before it was durable: what follows alone would be no store.
      disk.syncDirectory(absolute);
    }
    Schema actual = readSchema(disk, files).orElseThrow();
    if (!disk.exists(files.length())) {
      // Step C2: the tables' files, so that the reference can open the store.
      for (String table : actual.tables()) {
        Path tableDirectory = files.lane(0).table(table);
        disk.createDirectory(tableDirectory);
        disk.writeVolatile(files.lane(0).offsets(table), ByteBuffer.allocate(0));
        disk.writeVolatile(files.lane(0).data(table), ByteBuffer.allocate(0));
        disk.syncDirectory(tableDirectory);
      }
      disk.writeVolatile(files.lane(0).keys(), ByteBuffer.allocate(0));
      // Step C3: the first record.
      try (Publisher publisher = new Publisher(disk, entropy, files, actual.storeId())) {
        publisher.publishEmpty();
      }
    }
    return new Store(disk, entropy, files, actual, actual.tables());
  }

  /** The reference's rows have all of its tables, and its next ones must, too. */
  private static void checkAdoption(Disk disk, Entropy entropy, StoreFiles files, Schema schema)
      throws IOException {
    // Ours whose schema was lost is damaged: it must not get another one.
    new RecordFile(disk, entropy, files, Commit.NO_ID).load();
    List<String> found = files.lane(0).tables(disk);
    if (!Set.copyOf(schema.tables()).containsAll(found)) {
      throw new IllegalArgumentException(
          files.root()
              + " has the tables "
              + found
              + ", a schema was given for "
              + schema.tables());
    }
  }

  private static void createDirectories(Disk disk, Path directory) throws IOException {
    List<Path> missing = new ArrayList<>();
    for (Path path = directory; path != null && !disk.exists(path); path = path.getParent()) {
      missing.add(0, path);
    }
    for (Path path : missing) {
      disk.createDirectory(path);
    }
    // Also those that were there: a creator that died may have made them and not synced.
    for (Path path = directory.getParent(); path != null; path = path.getParent()) {
      try {
        disk.syncDirectory(path);
      } catch (AccessDeniedException e) {
        LOG.debug("Not readable, so not made by a creator of this store: {}", path, e);
        return;
      }
    }
  }

  private static Optional<Schema> readSchema(Disk disk, StoreFiles files) throws IOException {
    if (!disk.exists(files.schema())) {
      return Optional.empty();
    }
    return Optional.of(files.readSchema(disk));
  }

  /** The store's directory, absolute. */
  public Path directory() {
    return files.root();
  }

  /** What {@code schema.json} says; empty for a store of the reference. */
  public Optional<Schema> schema() {
    return Optional.ofNullable(schema);
  }

  /** The store's UUID; {@link Commit#NO_ID} for a store of the reference. */
  public UUID id() {
    return schema == null ? Commit.NO_ID : schema.storeId();
  }

  /**
   * The tables, in the order in which rows hold their values: as they were given to {@link
   * #openOrCreate(Path, List)}, or as in the schema; where there is none, those that have files,
   * sorted by name.
   */
  public List<String> tables() throws IOException {
    Set<String> tables = new LinkedHashSet<>(order);
    tables.addAll(files.lane(0).tables(disk));
    return List.copyOf(tables);
  }

  /**
   * Adds columns, at the same cost for any number of rows: those that are there have the empty
   * value, which is NULL. Writers that were opened before go on without the columns.
   *
   * @param columns nullable ones, or {@link Column#ofTable}; one that the store has already stays
   * @return the store with its columns
   * @throws IllegalArgumentException if rows can't lack one of them, or its name or table is taken
   */
  public Store addColumns(List<Column> columns) throws IOException {
    writableSchema();
    Schema newSchema;
    try (Publisher publisher = publisher()) {
      newSchema = publisher.addColumns(columns);
    }
    Set<String> newOrder = new LinkedHashSet<>(order);
    newOrder.addAll(newSchema.tables());
    return new Store(disk, entropy, files, newSchema, List.copyOf(newOrder));
  }

  /** Adds tables of plain bytes, as {@link #addColumns}: rows that are there have no bytes. */
  public Store addTables(List<String> tables) throws IOException {
    return addColumns(tables.stream().map(Column::ofTable).toList());
  }

  /** The rows that are committed now. */
  public Snapshot snapshot() throws IOException {
    List<Column> declared = schema == null ? List.of() : schema.columns();
    return new Snapshot(disk, files, recordFile().load().record(), declared);
  }

  /**
   * The locks that were ever taken in this store: that of publishers, and those of its lanes'
   * writers. To ask is to take each for a moment: a writer that wants a lane just then takes
   * another one.
   */
  public List<StoreLock> locks() throws IOException {
    List<Path> lockFiles = new ArrayList<>(List.of(files.commitLock()));
    lockFiles.add(files.lane(0).writerLock());
    for (LaneFiles lane : files.lanesOnDisk(disk)) {
      lockFiles.add(lane.writerLock());
    }
    List<StoreLock> locks = new ArrayList<>();
    for (Path lockFile : lockFiles) {
      if (disk.exists(lockFile)) {
        boolean isHeld = disk.isLocked(lockFile);
        locks.add(new StoreLock(lockFile, isHeld, disk.holder(lockFile)));
      }
    }
    return locks;
  }

  /**
   * Directories of lanes that no record names: of a run that is at work, of a commit that is
   * prepared and not published, or of one that never will be.
   */
  public List<Path> unnamedLanes() throws IOException {
    List<LaneFiles> onDisk = files.lanesOnDisk(disk);
    CommitRecord record = recordFile().load().record(); // read last: a lane may get its name
    return onDisk.stream()
        .filter(lane -> record.lane(lane.number()).isEmpty())
        .filter(lane -> !record.tombstones().contains(lane.number()))
        .map(LaneFiles::directory)
        .toList();
  }

  /** Every commit, as far back as they were kept, oldest first: those that left the record, too. */
  public List<JournalEntry> journal() throws IOException {
    try (IoThreads thread = disk.threads("timestore-journal", 1)) {
      return thread.call(
          () -> new Journal(disk, entropy, files).entries(recordFile().load().record()));
    }
  }

  /**
   * Reads all that is committed now, and tells of everything that breaks the format: lost files and
   * bytes, wrong checksums, keys and offsets out of order, cells of a wrong width. It takes no
   * lock, and repairs nothing.
   *
   * @param faults gets each of them, in the order of lanes and files
   * @throws CorruptStoreException if the commit record itself is damaged, so that nobody knows what
   *     is committed
   */
  public Verified verify(Consumer<Fault> faults) throws IOException {
    return verify(faults, Progress.NONE);
  }

  /**
   * As {@link #verify(Consumer)}; the journal is verified, too.
   *
   * @param progress is told how much was read
   */
  public Verified verify(Consumer<Fault> faults, Progress progress) throws IOException {
    try (IoThreads thread = disk.threads("timestore-verify", 1)) {
      return thread.call(
          () -> {
            CommitRecord record = recordFile().load().record();
            // Read behind the record, which may tell of columns that were added just before.
            Schema latest = readSchema(disk, files).orElse(null);
            Journal journal = new Journal(disk, entropy, files);
            Verified rows = new Verification(disk, files, latest, faults, progress).run(record);
            return rows.and(journal.verify(recordFile().load().record(), faults));
          });
    }
  }

  /**
   * What is not as a writer leaves it, beside the rows: a crash at a wrong moment, or a copy that
   * left things out. It is no damage, and {@link #repair} puts it right.
   */
  public List<Repairable> repairable() throws IOException {
    if (schema == null) {
      return List.of(); // The crate's own: nothing of it was lost.
    }
    try (IoThreads thread = disk.threads("timestore-verify", 1)) {
      return thread.call(() -> new Repair(disk, files).find(recordFile().load().record()));
    }
  }

  /**
   * Puts right what {@link #repairable} tells of. No byte of a row is written. Checksums that are
   * not known are computed from what is there: let {@link #verify} find no fault before, since they
   * vouch for it from then on.
   */
  public void repair() throws IOException {
    writableSchema();
    try (Publisher publisher = publisher();
        IoThreads thread = disk.threads("timestore-repair", 1)) {
      thread.call(
          () -> {
            publisher.repairAroundRows();
            // Without the lock, which others would wait for: committed bytes do not change.
            new Repair(disk, files).fillInChecksums(recordFile().load().record());
            return null;
          });
    }
  }

  /**
   * Writes the rows anew as one lane, beside those who read and write the store, and removes rows
   * that are hidden. What was prepared and is not published stays.
   *
   * <p>It can be interrupted or killed at any time: the store has the old rows or the new ones.
   * Snapshots that were taken before stay readable as long as their files are open.
   *
   * @throws ConflictException if rows were truncated or replaced meanwhile; nothing has changed
   *     then
   * @throws IOException also if somebody else removed rows before they were read; nothing has
   *     changed then, either
   */
  public Compacted compact() throws IOException {
    return compact(Progress.NONE);
  }

  /**
   * As {@link #compact()}.
   *
   * @param progress is told of each batch that was written, and that was read back
   */
  public Compacted compact(Progress progress) throws IOException {
    writableSchema();
    Schema latest = files.readSchema(disk);
    List<String> tables = latest.tables();
    Snapshot before = snapshot();
    int laneCount = LaneOrder.sequence(before.record().lanes()).size();
    if (laneCount > 1) {
      WriterOptions options =
          WriterOptions.preparing().withLateRows(WriterOptions.LateRows.KEEP).overwriting();
      try (StoreWriter writer =
          new StoreWriter(disk, entropy, files, id(), latest.columns(), options)) {
        new Compaction(disk, files, tables, progress).replace(before, writer);
      }
    }
    return new Compacted(laneCount, before.rowCount(), removing(Publisher::removeHidden));
  }

  /**
   * Removes directories of lanes that no record names and whose writer is gone. What was prepared
   * there and not published is void then: a sink that died behind a checkpoint, and is to go on
   * from it, has lost that checkpoint's rows, and is told so.
   *
   * @return how many
   */
  public int removeAbandonedLanes() throws IOException {
    writableSchema();
    return removing(Publisher::removeAbandoned);
  }

  @FunctionalInterface
  private interface Removal<T> {
    T by(Publisher publisher) throws IOException;
  }

  private <T> T removing(Removal<T> removal) throws IOException {
    try (Publisher publisher = publisher();
        IoThreads thread = disk.threads("timestore-remove", 1)) {
      return thread.call(() -> removal.by(publisher));
    }
  }

  /**
   * What a compaction did.
   *
   * @param laneCount lanes that had rows before
   * @param rowCount rows, all of them still there
   * @param removedBytes of rows that were hidden
   */
  public record Compacted(int laneCount, long rowCount, long removedBytes) {}

  /**
   * Copies the rows into a new, plain store: one lane, which the Rust crate opens and appends to.
   *
   * @param directory of the new store, which must not be there yet
   * @throws IOException if there is a store already
   */
  public Store export(Path directory) throws IOException {
    writableSchema();
    Schema latest = files.readSchema(disk);
    Disk outside = new LocalDisk();
    if (exists(outside, absolute(outside, directory))) {
      throw new IOException(directory + " is a store already, expected a new directory");
    }
    Store copy = openOrCreate(directory, Schema.create(latest.key(), latest.columns()));
    try (StoreWriter writer = copy.writer(WriterOptions.defaults(), latest.tables())) {
      new Compaction(disk, files, latest.tables(), Progress.NONE).copy(snapshot(), writer);
      writer.commit();
    }
    return copy;
  }

  /** Begins a run that appends rows whose values stand in the order of {@link #tables}. */
  public StoreWriter writer(WriterOptions options) throws IOException {
    writableSchema();
    return writer(options, order);
  }

  /**
   * Begins a run that appends rows.
   *
   * @param tables of the store, in the order of the batches' columns; where those of nullable
   *     columns are left out, these are NULL in its rows
   * @throws IllegalArgumentException if they are not the store's, or others are left out
   * @throws IllegalStateException for a store without a schema: {@link #openOrCreate} adopts it
   */
  public StoreWriter writer(WriterOptions options, List<String> tables) throws IOException {
    checkWritten(tables);
    return new StoreWriter(disk, entropy, files, id(), columns(tables), options);
  }

  private void checkWritten(List<String> tables) {
    List<String> expected =
        writableSchema().columns().stream()
            .filter(column -> !column.nullable() || tables.contains(column.table()))
            .map(Column::table)
            .toList();
    checkTables(tables, expected);
  }

  private void checkTables(List<String> tables, List<String> expected) {
    boolean isSame = new TreeSet<>(tables).equals(new TreeSet<>(expected));
    if (!isSame || tables.size() != expected.size()) {
      throw new IllegalArgumentException(
          files.root()
              + " has the tables "
              + writableSchema().tables()
              + ", "
              + tables
              + " were given");
    }
  }

  /** Reads the store, as of now and, after a refresh, as of later. */
  public StoreReader reader() throws IOException {
    return reader(ReaderOptions.defaults());
  }

  /** Reads the store, as of now and, after a refresh, as of later. */
  public StoreReader reader(ReaderOptions options) throws IOException {
    return new StoreReader(disk, files, this::snapshot, options);
  }

  /**
   * The one who publishes what writers of this store prepared.
   *
   * @throws IllegalArgumentException if it is the journal of another one
   */
  public Publisher publisher() {
    return publisher(CommitLock.WAIT_MAX);
  }

  Publisher publisher(Duration lockWaitMax) {
    checkWritable();
    return new Publisher(disk, entropy, files, id(), lockWaitMax);
  }

  private List<Column> columns(List<String> tables) {
    List<Column> columns = new ArrayList<>(writableSchema().columns());
    columns.removeIf(column -> !tables.contains(column.table()));
    columns.sort(Comparator.comparingInt(column -> tables.indexOf(column.table())));
    return columns;
  }

  @Override
  public String toString() {
    return files.root().toString();
  }

  private RecordFile recordFile() {
    return new RecordFile(disk, entropy, files, id());
  }

  /**
   * Refuses a store that can only be read.
   *
   * @throws IllegalArgumentException if it is the journal of another one
   */
  public void checkWritable() {
    if (isReadOnly) {
      throw new IllegalArgumentException(readOnly(files.root()));
    }
  }

  private Schema writableSchema() {
    checkWritable();
    if (schema == null) {
      throw new IllegalStateException(
          files.root() + " has no schema.json: open it with openOrCreate to write it");
    }
    return schema;
  }
}
