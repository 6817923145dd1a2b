package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.timestore.disk.LocalDisk;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.format.Owner;
import io.timestore.format.Schema;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that break the format: each is named, with what was expected and found. */
class CorruptStoreTest {
  private static final List<String> TABLES = List.of("a", "b");
  private static final int ROWS = 1000;

  @TempDir Path directory;
  private Path path;

  @BeforeEach
  void nameTheStore() {
    path = directory.resolve("store");
  }

  private Store create() throws IOException {
    return Store.openOrCreate(path, Schema.ofTables(TABLES));
  }

  /** Keys 0, 10, 20, …; values of 8 and 3 bytes. */
  private static List<String> rows() {
    HexFormat hex = HexFormat.of();
    return LongStream.range(0, ROWS)
        .mapToObj(i -> i * 10 + " " + hex.toHexDigits(i) + " " + hex.toHexDigits(i).substring(10))
        .toList();
  }

  private Store createWithRows() throws IOException {
    Store store = create();
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(rows()));
      writer.commit();
    }
    return store;
  }

  /** A store whose rows have no checksums. */
  private Store createByCrate() throws IOException {
    Store store = create();
    Crate.append(path, TABLES, rows());
    return store;
  }

  private Path file(String name) {
    return path.resolve(name);
  }

  private static void assertScanIsCorrupt(Store store, String... messageParts) {
    assertThatThrownBy(() -> Rows.read(store, TABLES))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContainingAll(messageParts);
  }

  private static void append(Store store) throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(List.of("18446744073709551615 00 00")));
      writer.commit();
    }
  }

  private static void assertAppendIsCorrupt(Store store, String... messageParts) {
    assertThatThrownBy(() -> append(store))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContainingAll(messageParts);
  }

  private void putLong(String name, long index, long value) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file(name).toFile(), "rw")) {
      bytes.seek(index * Long.BYTES);
      bytes.writeLong(value);
    }
  }

  private void flip(String name, long position) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file(name).toFile(), "rw")) {
      bytes.seek(position);
      int before = bytes.read();
      bytes.seek(position);
      bytes.write(before ^ 0x10);
    }
  }

  private void truncate(String name, long sizeBytes) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file(name).toFile(), "rw")) {
      bytes.setLength(sizeBytes);
    }
  }

  @ParameterizedTest
  @CsvSource({"keys, 8000", "a/offsets, 8000", "a/data, 8000", "b/offsets, 8000", "b/data, 3000"})
  void aTruncatedFileIsNamedWithBothSizes(String name, long committedBytes) throws IOException {
    Store store = createWithRows();
    for (long sizeBytes : new long[] {committedBytes - 1, 512, 0}) {
      truncate(name, sizeBytes);
      String sizes = sizeBytes + " bytes, " + committedBytes + " are committed";

      assertScanIsCorrupt(store, file(name) + " is truncated: it has " + sizes);
      assertAppendIsCorrupt(store, file(name) + " is truncated: it has ", committedBytes + "");
    }
  }

  @Test
  void truncatedKeysAreFoundByASearchToo() throws IOException {
    Store store = createWithRows();
    truncate("keys", 7999);

    assertThatThrownBy(() -> store.snapshot().ranges(KeyRange.atLeast(55)))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining("keys is truncated");
  }

  @ParameterizedTest
  @CsvSource({"keys, 8000", "a/offsets, 8000", "a/data, 8000", "b/offsets, 8000", "b/data, 3000"})
  void truncatedFilesOfTheCrateAreNamed(String name, long committedBytes) throws IOException {
    Store store = createByCrate();
    truncate(name, committedBytes - 1);

    assertScanIsCorrupt(store, file(name) + " is truncated: it has ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"keys", "a/offsets", "a/data", "b/offsets", "b/data"})
  void aMissingFileIsNamed(String name) throws IOException {
    Store store = createWithRows();
    Files.delete(file(name));

    assertScanIsCorrupt(store, file(name) + " is missing, expected ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"keys", "a/offsets", "a/data", "b/offsets", "b/data"})
  void aFlippedByteInTheLastChunkIsFoundByItsChecksum(String name) throws IOException {
    Store store = createWithRows();
    long committedBytes = name.equals("b/data") ? 3000 : 8000;
    for (long position : new long[] {0, 1234, committedBytes - 1}) {
      flip(name, position);

      assertScanIsCorrupt(
          store,
          file(name) + ": chunk 0, bytes 0 to " + committedBytes + ", has the CRC32C",
          "expected");
      assertAppendIsCorrupt(
          store, file(name) + ": the last chunk of " + committedBytes + " committed bytes");
      flip(name, position);
    }
    assertThat(Rows.read(store, TABLES)).isEqualTo(rows());
  }

  @ParameterizedTest
  @ValueSource(strings = {"keys", "a/offsets", "a/data", "b/offsets", "b/data"})
  void whatLiesBehindTheCommittedBytesMeansNothing(String name) throws IOException {
    Store store = createWithRows();
    long committedBytes = name.equals("b/data") ? 3000 : 8000;
    assertThat(Files.size(file(name))).isGreaterThan(committedBytes);
    flip(name, committedBytes);
    assertThat(Rows.read(store, TABLES)).isEqualTo(rows());

    append(store);
    assertThat(Rows.read(store, TABLES)).hasSize(ROWS + 1);
  }

  @Test
  void aFallingKeyIsShownBesideTheOneBefore() throws IOException {
    Store store = createByCrate();
    putLong("keys", 500, 4980);

    assertScanIsCorrupt(store, file("keys") + ": key 4980 at row 500 is below the previous 4990");
  }

  @Test
  void keysAreComparedUnsigned() throws IOException {
    Store store = createByCrate();
    putLong("keys", 500, -1);

    assertScanIsCorrupt(
        store, file("keys") + ": key 5010 at row 501 is below the previous 18446744073709551615");
  }

  @Test
  void aFallingOffsetIsShownBesideTheOneBefore() throws IOException {
    Store store = createByCrate();
    putLong("a/offsets", 7, 41);

    assertScanIsCorrupt(store, file("a/offsets") + ": offset 41 at row 7 is below the previous 56");
  }

  @ParameterizedTest
  @CsvSource({
    "8001, 8001",
    "-1, 18446744073709551615",
    "-9223372036854775808, 9223372036854775808"
  })
  void anOffsetBeyondTheDataIsShownBesideItsSize(long offset, String text) throws IOException {
    Store store = createByCrate();
    putLong("a/offsets", 7, offset);

    assertScanIsCorrupt(
        store,
        file("a/offsets")
            + ": offset "
            + text
            + " at row 7 is above the 8000 committed bytes of data");
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MIN_VALUE + 1, 8001, Long.MAX_VALUE})
  void aScanThatBeginsBehindABadOffsetFindsItToo(long offset) throws IOException {
    Store store = createByCrate();
    putLong("a/offsets", 7, offset);
    Snapshot snapshot = store.snapshot();

    assertThatThrownBy(() -> Rows.read(snapshot, snapshot.ranges(8, 20), TABLES))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining("a/offsets");
  }

  @ParameterizedTest
  @ValueSource(longs = {9000, Long.MAX_VALUE, Long.MIN_VALUE, -1})
  void aLastOffsetBeyondTheDataIsCorruption(long offset) throws IOException {
    Store store = createByCrate();
    putLong("a/offsets", ROWS - 1, offset);

    assertScanIsCorrupt(store, file("a").toString());
    assertAppendIsCorrupt(store, file("a").toString());
  }

  @Test
  void aMissingLengthOfAStoreWithRowsIsCorruption() throws IOException {
    Store store = createWithRows();
    Files.delete(file("length"));
    assertScanIsCorrupt(store, file("length") + " is missing from a store that has rows");
    assertAppendIsCorrupt(store, file("length") + " is missing from a store that has rows");

    Files.delete(file("record"));
    assertScanIsCorrupt(store, file("length") + " is missing from a store that has rows");
    assertThatThrownBy(this::create).isInstanceOf(CorruptStoreException.class);
  }

  @Test
  void aLengthOfFewerThanEightBytesIsCorruption() throws IOException {
    Store store = createWithRows();
    Files.write(file("length"), new byte[7]);

    assertScanIsCorrupt(store, file("length") + " has 7 bytes, expected at least 8");
  }

  @ParameterizedTest
  @ValueSource(
      longs = {
        -1,
        Long.MIN_VALUE,
        Long.MAX_VALUE,
        1L << 60,
        1L << 61,
        (1L << 61) + 1,
        (1L << 61) + ROWS
      })
  void aLengthOfMoreRowsThanAFileHoldsIsCorruption(long rows) throws IOException {
    Store store = createByCrate();
    Crate.writeLength(path, rows);
    assertScanIsCorrupt(store, path.toString());
    assertAppendIsCorrupt(store, path.toString());
    Files.delete(file("record"));
    assertScanIsCorrupt(store, path.toString());
  }

  @Test
  void aLengthOfTheCrateBelowOurRecordIsCorruption() throws IOException {
    Store store = createWithRows();
    Crate.writeLength(path, ROWS - 1);

    assertScanIsCorrupt(
        store,
        file("length") + ": 999 rows, but " + file("record") + " says that 1000 were committed");
  }

  @Test
  void aDamagedRecordBehindALengthOfTheCrateIsNamed() throws IOException {
    Store store = createByCrate();
    flip("record", Files.size(file("record")) - 10);
    assertScanIsCorrupt(store, file("record") + ": the commit record's CRC32C is ");
    assertAppendIsCorrupt(store, file("record") + ": the commit record's CRC32C is ");

    truncate("record", 8);
    assertScanIsCorrupt(store, file("record") + ": there is no commit record in it, nor in length");
  }

  @Test
  void aDamagedLengthIsNamedAndOurRecordIsNotTakenInItsPlace() throws IOException {
    Store store = createWithRows();
    Files.copy(file("length"), file("copy"));
    Files.delete(file("length"));
    Files.move(file("copy"), file("length"));
    flip("length", 30);

    assertScanIsCorrupt(store, file("length") + ": the commit record's CRC32C is ");
    assertAppendIsCorrupt(store, file("length") + ": the commit record's CRC32C is ");
  }

  @Test
  void aRecordOfANewerVersionIsRefusedByReadersAndWriters() throws IOException {
    Store store = createWithRows();
    try (RandomAccessFile length = new RandomAccessFile(file("length").toFile(), "rw")) {
      length.seek(16);
      length.writeInt(2);
    }
    String message = ": the commit record has version 2, this software reads up to version 1";

    assertScanIsCorrupt(store, file("length") + message);
    assertAppendIsCorrupt(store, file("length") + message);
  }

  @Test
  void aRecordOfAnotherStoreIsRefusedWithBothIds() throws IOException {
    Store store = createWithRows();
    Store other = Store.openOrCreate(directory.resolve("other"), Schema.ofTables(TABLES));
    byte[] foreign = Files.readAllBytes(directory.resolve("other/length"));
    String message =
        ": the commit record belongs to store "
            + other.id()
            + ", the one that was opened here is store "
            + store.id();

    Files.delete(file("length"));
    Files.write(file("length"), foreign);
    assertScanIsCorrupt(store, file("length") + message);
    assertAppendIsCorrupt(store, file("length") + message);
    assertThatThrownBy(() -> store.publisher().startWithoutState(other.id()))
        .hasMessage(file("length") + message);
    assertThat(Files.readAllBytes(file("record"))).as("ours stays").isNotEqualTo(foreign);

    Files.delete(file("record"));
    Files.write(file("record"), foreign);
    Crate.writeLength(path, ROWS);
    assertScanIsCorrupt(store, file("record") + message);
  }

  @Test
  void randomDamageIsFoundOrHarmlessAndNeverAnythingElse() throws IOException {
    long seed = Long.getLong("timestore.seed", System.nanoTime());
    System.out.println("Replay with -Dtimestore.seed=" + seed);
    Random random = new Random(seed);
    createByCrate();
    List<String> names = List.of("length", "record", "schema.json", "keys", "a/offsets", "b/data");
    for (int round = 0; round < 400; round++) {
      String name = names.get(random.nextInt(names.size()));
      byte[] sound = Files.readAllBytes(file(name));
      byte[] damaged = sound.clone();
      long value = random.nextLong() >> random.nextInt(64);
      int index = random.nextInt(damaged.length / Long.BYTES);
      ByteBuffer.wrap(damaged).putLong(index * Long.BYTES, value);
      Files.write(file(name), damaged);
      try {
        readInManyWays(random);
      } catch (IOException e) {
        assertThat(e).as("seed %d, round %d", seed, round).hasMessageContaining(path.toString());
      } catch (RuntimeException | Error e) {
        throw new AssertionError(
            "seed %d, round %d: %s with %d at %d".formatted(seed, round, name, value, index), e);
      }
      Files.write(file(name), sound);
    }
    assertThat(Rows.read(create(), TABLES)).isEqualTo(rows());
  }

  private void readInManyWays(Random random) throws IOException {
    Store store = Store.open(path);
    Snapshot snapshot = store.snapshot();
    long from = Math.floorMod(random.nextLong(), snapshot.rowCount() + 1);
    long key = random.nextInt(10_000);
    try (StoreReader reader = store.reader();
        RowIterator iterator = reader.iterate(KeyRange.covering(key, key + 5), "a")) {
      while (iterator.next()) {
        iterator.read("a");
        iterator.read("b");
      }
      reader.read("b", key);
    }
    assertThat(snapshot.sizeBytes(TABLES)).isNotNegative();
    Rows.read(snapshot, snapshot.ranges(from, Math.min(from + 50, snapshot.rowCount())), TABLES);
    Rows.read(snapshot, snapshot.ranges(), TABLES);
  }

  /** Lane 0 of the record is another one now, and all is signed. */
  private void changeLane(UnaryOperator<Lane> change) throws IOException {
    CommitRecord record = record();
    writeRecord(record.withLane(change.apply(record.lanes().get(0))));
  }

  private CommitRecord record() throws IOException {
    return CommitRecord.fromBytes(Files.readAllBytes(file("length")), "length").orElseThrow();
  }

  private void writeRecord(CommitRecord record) throws IOException {
    Files.write(file("length"), record.toBytes());
    Files.write(file("record"), record.toBytes());
  }

  private static Lane lane(
      Lane of, Owner owner, long from, long smallestKey, long largestKey, List<LaneTable> tables) {
    return new Lane(
        of.number(), 0, 0, 0, owner, 0, from, of.rows(), smallestKey, largestKey, 0, tables);
  }

  @Test
  void theKeysAtALanesEndsAreThoseOfTheRecord() throws IOException {
    Store store = createWithRows();
    changeLane(lane -> lane(lane, Owner.NONE, 0, 5, lane.largestKey(), lane.tables()));
    assertScanIsCorrupt(store, file("keys") + ": key 0 at row 0, the commit record has 5 there");

    changeLane(lane -> lane(lane, Owner.NONE, 0, 0, 9991, lane.tables()));
    assertScanIsCorrupt(
        store, file("keys") + ": key 9990 at row 999, the commit record has 9991 there");
  }

  @Test
  void aLengthOfTheCrateBelowTheHiddenRowsIsCorruption() throws IOException {
    Store store = createWithRows();
    changeLane(lane -> lane(lane, Owner.NONE, 500, 5000, lane.largestKey(), lane.tables()));
    Crate.writeLength(path, 499);

    assertScanIsCorrupt(
        store,
        file("length") + ": 499 rows, but " + file("record") + " says that 500 were committed");
  }

  @Test
  void aSchemaThatWasLostIsNotReplacedByAnother() throws IOException {
    createWithRows();
    Files.delete(file("schema.json"));

    assertThatThrownBy(this::create)
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining(file("schema.json") + " is missing, but " + file("length"));
    assertThat(file("schema.json")).doesNotExist();
  }

  @Test
  void aLaneThatWasLostIsNamedAndNotMadeAnew() throws IOException {
    Store store = createWithRows();
    List<LaneTable> tables = record().lanes().get(0).tables();
    Lane lost = new Lane(1, 0, 0, 0, Owner.NONE, 0, 0, 7, 20_000, 20_001, 0, tables);
    writeRecord(record().withLane(lost));

    assertAppendIsCorrupt(
        store, file("lanes/00001") + " is missing, expected the files of 7 committed rows in it");
    assertThat(file("lanes")).doesNotExist();
  }

  @Test
  void noLaneFollowsTheLastNumber() throws IOException {
    Store store = createWithRows();
    Owner other = new Owner(Owner.Kind.RUN, store.id());
    changeLane(lane -> lane(lane, other, 0, 0, lane.largestKey(), lane.tables()));
    Files.createDirectories(file("lanes/999999999"));

    assertAppendIsCorrupt(store, file("lanes") + ": lane 999999999 is taken");
  }

  @Test
  void aValueThatIsNotThereTakesNoMemory() throws IOException {
    Store store = createWithRows();
    putLong("a/offsets", 0, Integer.MAX_VALUE - 64);
    LaneTable huge = new LaneTable("a", 1L << 40, 0, 0);
    changeLane(lane -> lane(lane, Owner.NONE, 0, 0, lane.largestKey(), List.of(huge)));
    try (StoreReader reader = store.reader()) {
      assertThatThrownBy(() -> reader.read("a", 0))
          .isInstanceOf(CorruptStoreException.class)
          .hasMessage(
              file("a/data")
                  + " is truncated: it has "
                  + Files.size(file("a/data"))
                  + " bytes, 1099511627776 are committed");
    }
  }

  @Test
  void aRecordThatNobodyCouldReadIsNotWritten() throws IOException {
    Store store = createWithRows();
    byte[] before = Files.readAllBytes(file("length"));
    List<Integer> many = Collections.nCopies(4 << 20, 1);
    CommitRecord record = record();
    CommitRecord large =
        new CommitRecord(
            record.storeId(),
            record.revision(),
            record.commitCount(),
            record.nextLane(),
            record.lanes(),
            many,
            record.lineages(),
            record.finished(),
            record.journal());
    Entropy entropy = Entropy.ofSystem();
    RecordFile file = new RecordFile(new LocalDisk(), entropy, new StoreFiles(path), store.id());

    assertThatThrownBy(() -> file.replace(large))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file("length") + " can't be written: it would have 167");
    assertThat(Files.readAllBytes(file("length"))).isEqualTo(before);
    writeRecord(large);
    assertScanIsCorrupt(store, file("length") + " has 16777216 bytes or more");
  }

  @Test
  void theTablesOfTheRecordAreThoseOfTheStore() throws IOException {
    assertThat(createWithRows().snapshot().record().lanes().get(0).tables())
        .extracting(LaneTable::name, LaneTable::dataBytes)
        .containsExactly(tuple("a", 8000L), tuple("b", 3000L));
  }
}
