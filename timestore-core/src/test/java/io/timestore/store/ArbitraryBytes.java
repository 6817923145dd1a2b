package io.timestore.store;

import com.sun.management.ThreadMXBean;
import io.timestore.disk.IoThreads.IoCallable;
import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess;
import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Lane.LaneTable;
import io.timestore.format.Schema;
import io.timestore.store.Publisher.Restored;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;

/**
 * Damages sound stores, and holds to the engine's promise: any bytes in any file of a store give
 * the right rows, or an error that names the file; never another throwable, a wrong row where a
 * checksum speaks for it, or memory that the files don't account for.
 *
 * <p>Each case has a seed of its own, one more than the case before.
 */
final class ArbitraryBytes {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final String FILE = "/store/file";
  private static final List<String> SMALL_FILES = List.of("length", "record", "schema.json");

  /** Of a case that parses, beside what its bytes account for. */
  private static final long PARSING_BYTES_MAX = 1 << 20;

  /** Of a case that reads or writes: a few buffers, a batch, a chunk for each file. */
  private static final long STORE_BYTES_MAX = 32 << 20;

  private static final int BYTES_PER_FILE_BYTE = 256;

  private final List<StoreImage> images = StoreImage.all();
  private final List<byte[]> records = new ArrayList<>();
  private final List<byte[]> schemas = new ArrayList<>();
  private final List<byte[]> commits =
      List.of(commit("commit-v1.hex"), commit("commit-v2.hex"), commit("commit-v3.hex"));

  ArbitraryBytes() throws IOException {
    for (StoreImage image : images) {
      image
          .files()
          .forEach(
              (name, bytes) -> {
                if (name.equals("schema.json")) {
                  schemas.add(bytes);
                } else if (SMALL_FILES.contains(name)) {
                  records.add(bytes);
                }
              });
    }
  }

  private static byte[] commit(String name) throws IOException {
    Path path = Path.of("src/test/resources/golden-own", name);
    return HexFormat.of().parseHex(Files.readString(path).replaceAll("#.*|\\s", ""));
  }

  private interface Case {
    void run(Random random) throws IOException;
  }

  private static void run(String what, long firstSeed, long count, Case test) {
    System.out.println(what + ": replay with -Dtimestore.seed=" + firstSeed);
    long start = System.nanoTime();
    for (long seed = firstSeed; seed < firstSeed + count; seed++) {
      try {
        // Neighbours of a linear generator look alike at first.
        test.run(new Random(seed * 0x9E3779B97F4A7C15L));
      } catch (Throwable e) {
        throw new AssertionError(what + ": replay with -Dtimestore.seed=" + seed, e);
      }
    }
    long millis = (System.nanoTime() - start) / 1_000_000;
    System.out.println(what + ": " + count + " cases in " + millis + " ms");
  }

  /** Damaged records, commits and schemas, most of them signed after that. */
  void parse(long firstSeed, long count) {
    run("parse", firstSeed, count, this::parse);
  }

  /** Damaged stores, read in all ways. */
  void read(long firstSeed, long count) {
    run("read", firstSeed, count, this::read);
  }

  /** Damaged stores, written to: what could be read before can be read afterwards. */
  void write(long firstSeed, long count) {
    run("write", firstSeed, count, this::write);
  }

  private static <T> T any(List<T> of, Random random) {
    return of.get(random.nextInt(of.size()));
  }

  /** The result, or empty where the damage was found and named. */
  private static <T> Optional<T> attempt(IoCallable<T> work) throws IOException {
    try {
      return Optional.ofNullable(work.call());
    } catch (CorruptStoreException e) {
      if (!e.getMessage().contains(StoreImage.ROOT + "/")) {
        throw new AssertionError("names no file", e);
      }
    } catch (UnsupportedStoreException e) {
      requireAbout(e, "can't merge lanes that overlap");
    }
    return Optional.empty();
  }

  private static void requireAbout(Exception e, String text) {
    if (!e.getMessage().contains(text)) {
      throw new AssertionError("not the error of a damaged store", e);
    }
  }

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }

  /** Runs on the calling thread alone, as all I/O of a simulated disk does. */
  private static void requireMemory(long bytesMax, IoCallable<?> work) throws IOException {
    long thread = Thread.currentThread().getId();
    long before = THREADS.getThreadAllocatedBytes(thread);
    work.call();
    long used = THREADS.getThreadAllocatedBytes(thread) - before;
    require(used <= bytesMax, used + " bytes of memory, expected at most " + bytesMax);
  }

  private void parse(Random random) throws IOException {
    boolean isSigned = random.nextInt(8) > 0;
    switch (random.nextInt(4)) {
      case 0 -> {
        byte[] bytes = Damage.of(any(schemas, random), any(schemas, random), random);
        requireMemory(parsingBytes(bytes), () -> attempt(() -> parseSchema(bytes)));
      }
      case 1 -> {
        byte[] bytes = Damage.of(any(commits, random), any(commits, random), random);
        byte[] signed = isSigned ? Damage.signCommit(bytes) : bytes;
        int version = 1 + random.nextInt(commits.size());
        requireMemory(parsingBytes(signed), () -> parseCommit(version, signed));
      }
      default -> {
        byte[] bytes = Damage.of(any(records, random), any(records, random), random);
        byte[] signed = isSigned ? Damage.signRecord(bytes, random) : bytes;
        requireMemory(parsingBytes(signed), () -> attempt(() -> parseRecord(signed)));
      }
    }
  }

  private static long parsingBytes(byte[] bytes) {
    return PARSING_BYTES_MAX + (long) BYTES_PER_FILE_BYTE * bytes.length;
  }

  /** What is taken for a record, a commit or a schema can be written, and is the same then. */
  private static boolean parseRecord(byte[] bytes) throws IOException {
    Optional<CommitRecord> record = CommitRecord.fromBytes(bytes, FILE);
    if (record.isPresent()) {
      Optional<CommitRecord> again = CommitRecord.fromBytes(record.get().toBytes(), FILE);
      require(again.equals(record), "another record");
    }
    return true;
  }

  private static boolean parseCommit(int version, byte[] bytes) throws IOException {
    try {
      Commit commit = Commit.fromBytes(version, bytes);
      require(Commit.fromBytes(commit.toBytes()).equals(commit), "another commit");
    } catch (CorruptStoreException e) {
      requireAbout(e, "commit");
    }
    return true;
  }

  private static boolean parseSchema(byte[] bytes) throws IOException {
    Schema schema = Schema.fromJson(bytes, FILE);
    Schema again = Schema.fromJson(schema.toJson(), FILE);
    require(again.tables().equals(schema.tables()), "other tables");
    require(again.storeId().equals(schema.storeId()), "another id");
    return true;
  }

  /**
   * A damaged store.
   *
   * @param description of the damage
   * @param isExact whether its rows must be the image's, or an error
   */
  private record Damaged(
      StoreImage image, SimulatedDisk disk, String description, boolean isExact) {
    List<String> tables() {
      return image.schema().tables();
    }
  }

  private StoreImage image(Random random) {
    StoreImage image = any(images, random);
    while (image.sizeBytes() > 100_000 && random.nextInt(100) > 0) {
      image = any(images, random);
    }
    return image;
  }

  private Damaged damaged(Random random) throws IOException {
    StoreImage image = image(random);
    SimulatedDisk disk = image.disk().copy();
    SimulatedProcess process = disk.process();
    boolean isExact = image.isChecked();
    StringBuilder description = new StringBuilder(image.name());
    int count = 1 + random.nextInt(1 + random.nextInt(3));
    for (int i = 0; i < count; i++) {
      List<String> all = List.copyOf(image.files().keySet());
      String name = random.nextInt(3) == 0 ? any(SMALL_FILES, random) : any(all, random);
      isExact &= !SMALL_FILES.contains(name);
      description.append(", ").append(name).append(damage(process, image, name, random));
    }
    return new Damaged(image, disk, description.toString(), isExact);
  }

  private String damage(SimulatedProcess process, StoreImage image, String name, Random random)
      throws IOException {
    StoreImage otherImage = image(random);
    String otherName =
        random.nextInt(4) > 0 ? name : any(List.copyOf(otherImage.files().keySet()), random);
    byte[] other = otherImage.files().getOrDefault(otherName, new byte[0]);
    byte[] sound = image.files().getOrDefault(name, new byte[0]);
    int way = random.nextInt(24);
    if (way == 0) {
      process.delete(StoreImage.ROOT.resolve(name));
      return " deleted";
    }
    if (way == 1) {
      StoreImage.put(process, name, other);
      return " of " + otherImage.name();
    }
    byte[] bytes = Damage.of(sound, other, random);
    boolean isRecord = name.equals("length") || name.equals("record");
    boolean isSigned = isRecord && way > 8;
    byte[] signed = isSigned ? Damage.signRecord(bytes, random) : bytes;
    StoreImage.put(process, name, signed);
    // Most often they are one file.
    boolean isBoth = isRecord && random.nextBoolean();
    if (isBoth) {
      StoreImage.put(process, name.equals("length") ? "record" : "length", signed);
    }
    return " of "
        + signed.length
        + " bytes"
        + (isSigned ? " signed" : "")
        + (isBoth ? ", twice" : "");
  }

  private interface Work {
    void on(Damaged damaged) throws IOException;
  }

  private void onDamaged(Random random, Work work) throws IOException {
    Damaged damaged = damaged(random);
    try {
      requireMemory(
          STORE_BYTES_MAX + BYTES_PER_FILE_BYTE * damaged.image.sizeBytes(),
          () -> {
            work.on(damaged);
            return null;
          });
    } catch (IOException | RuntimeException | Error e) {
      throw new AssertionError(damaged.description, e);
    }
  }

  private void read(Random random) throws IOException {
    onDamaged(random, damaged -> readStore(damaged, random));
  }

  /** Empty where it can't be opened. */
  private static Optional<Store> open(SimulatedProcess process, IoCallable<Store> open)
      throws IOException {
    return attempt(
        () -> {
          try {
            return open.call();
          } catch (CorruptStoreException | UnsupportedStoreException e) {
            throw e;
          } catch (IOException e) {
            requireAbout(e, "no store: ");
            require(!process.exists(StoreImage.ROOT.resolve("length")), "there is a length");
            return null;
          }
        });
  }

  private static void readStore(Damaged damaged, Random random) throws IOException {
    SimulatedProcess process = damaged.disk.process();
    Optional<Store> store = open(process, () -> Store.open(process, StoreImage.ROOT));
    if (store.isEmpty()) {
      return;
    }
    attempt(store.get()::tables);
    Optional<Snapshot> snapshot = attempt(store.get()::snapshot);
    if (snapshot.isPresent()) {
      List<String> tables = tables(snapshot.get());
      require(snapshot.get().rowCount() >= 0, "a negative number of rows");
      require(snapshot.get().sizeBytes(tables) >= 0, "a negative size");
      boolean[] lacksEmptyFile = new boolean[1];
      Optional<RowsHash> rows =
          attempt(
              () -> {
                try {
                  return RowsHash.of(snapshot.get(), tables);
                } catch (CorruptStoreException e) {
                  lacksEmptyFile[0] = e.getMessage().contains("expected 0 committed bytes");
                  throw e;
                }
              });
      if (damaged.isExact && rows.isPresent()) {
        rows = attempt(() -> RowsHash.of(snapshot.get(), damaged.tables()));
        require(rows.isEmpty() || rows.get().equals(damaged.image.rows()), "wrong rows");
      }
      long[] faults = new long[1];
      attempt(() -> store.get().verify(fault -> faults[0]++));
      require(
          rows.isPresent() || faults[0] > 0 || lacksEmptyFile[0],
          "a fault that a scan finds and verify does not");
      readByKey(store.get(), tables, random);
    }
  }

  private static List<String> tables(Snapshot snapshot) {
    return snapshot.record().lanes().stream()
        .flatMap(lane -> lane.tables().stream())
        .map(LaneTable::name)
        .distinct()
        .toList();
  }

  private static void readByKey(Store store, List<String> tables, Random random)
      throws IOException {
    try (StoreReader reader = store.reader()) {
      Snapshot before = reader.snapshot();
      long row = Math.floorMod(random.nextLong(), Math.max(1, reader.rowCount()));
      long key = random.nextInt(4) == 0 ? random.nextLong() : random.nextInt(300);
      if (row < reader.rowCount() && random.nextBoolean()) {
        key = attempt(() -> reader.key(row)).orElse(key);
      }
      KeyRange range = range(key, random);
      attempt(() -> before.ranges(range));
      if (!tables.isEmpty()) {
        readValues(reader, any(tables, random), row, key, random);
      }
      attempt(() -> iterate(reader, range, row, tables, random));
      attempt(reader::refresh);
      attempt(() -> readRows(reader.iterateNew(before), List.of()));
    }
  }

  private static KeyRange range(long key, Random random) {
    return switch (random.nextInt(6)) {
      case 0 -> KeyRange.all();
      case 1 -> KeyRange.atLeast(key);
      case 2 -> KeyRange.atMost(key);
      case 3 -> KeyRange.covering(key, key + 5);
      case 4 -> KeyRange.closed(key - 3, key);
      default -> KeyRange.closedOpen(key, -1);
    };
  }

  private static void readValues(
      StoreReader reader, String table, long row, long key, Random random) throws IOException {
    attempt(() -> reader.read(table, key));
    attempt(
        () -> {
          List<Value> values = reader.values(table, key);
          return values.isEmpty() || readValue(any(values, random), random);
        });
    if (row < reader.rowCount()) {
      attempt(() -> readValue(reader.valueAt(table, row), random));
    }
  }

  private static boolean readValue(Value value, Random random) throws IOException {
    long sizeBytes = value.sizeBytes();
    long middle = Math.floorMod(random.nextLong(), sizeBytes + 1);
    List<byte[]> parts =
        switch (random.nextInt(3)) {
          case 0 -> List.of(value.bytes());
          case 1 -> List.of(value.newInputStream().readAllBytes());
          default ->
              value.read(List.of(new ByteRange(middle, sizeBytes), new ByteRange(0, middle)));
        };
    require(parts.stream().mapToLong(part -> part.length).sum() == sizeBytes, "not all bytes");
    return true;
  }

  private static boolean iterate(
      StoreReader reader, KeyRange range, long row, List<String> tables, Random random)
      throws IOException {
    String[] ahead = tables.toArray(String[]::new);
    return switch (random.nextInt(4)) {
      case 0 -> readRows(reader.iterate(range, ahead), tables);
      case 1 -> readRows(reader.iterate(range), tables);
      case 2 -> readRows(reader.iterateLast(range, 3, ahead), tables);
      default ->
          readRows(reader.iterateRows(row, Math.min(row + 5, reader.rowCount()), ahead), tables);
    };
  }

  private static boolean readRows(RowIterator rows, List<String> tables) throws IOException {
    try (rows) {
      for (int i = 0; i < 20 && rows.next(); i++) {
        require(
            rows.previousKey().isEmpty()
                || Long.compareUnsigned(rows.previousKey().getAsLong(), rows.key()) <= 0
                || i == 0,
            "falling keys");
        for (String table : tables) {
          rows.read(table);
        }
      }
    }
    return true;
  }

  private void write(Random random) throws IOException {
    onDamaged(random, damaged -> writeStore(damaged, random));
  }

  private static void writeStore(Damaged damaged, Random random) throws IOException {
    Optional<RowsHash> before = rows(damaged, Long.MAX_VALUE);
    SimulatedProcess process = damaged.disk.process();
    Optional<Store> store =
        open(
            process,
            () -> {
              try {
                return Store.openOrCreate(process, StoreImage.ROOT, damaged.image.schema());
              } catch (IllegalArgumentException e) {
                requireAbout(e, "a schema was given for");
                return null;
              }
            });
    if (store.isPresent()) {
      attempt(() -> register(store.get(), random));
      attempt(() -> append(store.get(), random));
    }
    process.kill();
    if (before.isPresent() && before.get().count() > 0) {
      require(rows(damaged, before.get().count()).equals(before), "rows are gone");
    }
  }

  /** The first rows of a damaged store; empty where they can't be read. */
  private static Optional<RowsHash> rows(Damaged damaged, long rowCountMax) throws IOException {
    SimulatedProcess process = damaged.disk.process();
    Optional<Store> store = open(process, () -> Store.open(process, StoreImage.ROOT));
    if (store.isEmpty()) {
      return Optional.empty();
    }
    return attempt(
        () -> {
          Snapshot snapshot = store.get().snapshot();
          try {
            long rowCount = Math.min(rowCountMax, snapshot.rowCount());
            return RowsHash.of(snapshot, rowCount, damaged.tables());
          } catch (IllegalArgumentException e) {
            requireAbout(e, "has no table");
            return null;
          }
        });
  }

  private static boolean register(Store store, Random random) throws IOException {
    try (Publisher publisher = store.publisher()) {
      publisher.startWithoutState(new UUID(1, random.nextLong()));
      publisher.register(
          new Restored(new UUID(2, 2), new UUID(3, 3), new UUID(4, random.nextLong()), 7));
    }
    return true;
  }

  private static boolean append(Store store, Random random) throws IOException {
    boolean isDirect = random.nextBoolean();
    WriterOptions options = isDirect ? WriterOptions.defaults() : WriterOptions.preparing();
    try (StoreWriter writer = store.writer(options.withBufferMemoryBytes(1))) {
      writer.append(newestRow(store.schema().orElseThrow()));
      if (isDirect) {
        writer.commit();
        return true;
      }
      Commit commit = writer.prepare("", true).orElseThrow();
      try (Publisher publisher = store.publisher()) {
        publisher.publish(List.of(commit), random.nextBoolean());
      }
    } catch (ConflictException e) {
      requireAbout(e, "this version can't keep late rows");
    }
    return true;
  }

  /** A row that may follow any other. */
  private static Batch newestRow(Schema schema) {
    Batch row = new Batch(schema.columns().size());
    for (int i = 0; i < schema.columns().size(); i++) {
      Column column = schema.columns().get(i);
      byte[] value = new byte[column.type().widthBytes().orElse(1)];
      row.column(i).appendBytes(value, 0, value.length);
    }
    row.appendKey(-1);
    return row;
  }
}
