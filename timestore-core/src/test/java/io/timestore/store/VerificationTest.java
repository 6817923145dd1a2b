package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess;
import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.JournalEntry;
import io.timestore.format.Key;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is told of a store that is read through. */
class VerificationTest {
  private static final Path PATH = Path.of("/store");
  private static final int ROWS = 100;
  private static final Schema SCHEMA =
      Schema.create(
          Key.of("k", CellType.parse("BIGINT")),
          List.of(
              new Column("price", "price", CellType.parse("DOUBLE"), false),
              new Column("size", "size", CellType.parse("BIGINT"), true)));

  private final SimulatedDisk disk = new SimulatedDisk();
  private final SimulatedProcess process = disk.process();

  @BeforeEach
  void create() throws IOException {
    try (StoreWriter writer = store().writer(WriterOptions.defaults())) {
      Batch batch = new Batch(2);
      for (int i = 0; i < ROWS; i++) {
        batch.appendKey(1000 + i);
        batch.column(0).appendBytes(new byte[8], 0, 8);
        batch.column(1).appendBytes(new byte[8], 0, i % 2 * 8);
      }
      writer.append(batch);
      writer.commit();
    }
  }

  private Store store() throws IOException {
    return Store.openOrCreate(process, PATH, SCHEMA);
  }

  private List<String> faults() throws IOException {
    List<String> faults = new ArrayList<>();
    Verified verified = store().verify(fault -> faults.add(fault.message()));
    assertThat(verified.faultCount()).isEqualTo(faults.size());
    return faults;
  }

  private byte[] read(String file) throws IOException {
    return process.readUpTo(PATH.resolve(file), Integer.MAX_VALUE);
  }

  private void replace(String file, byte[] bytes) throws IOException {
    process.delete(PATH.resolve(file));
    process.writeVolatile(PATH.resolve(file), ByteBuffer.wrap(bytes));
  }

  private void putNumber(String file, int row, long number) throws IOException {
    replace(file, ByteBuffer.wrap(read(file)).putLong(row * 8, number).array());
  }

  /** Checksums would find it all first: here they are not known. */
  private void forgetChecksums() throws IOException {
    byte[] rows = ByteBuffer.allocate(8).putLong(ROWS).array();
    process.delete(PATH.resolve("record"));
    replace("length", rows);
  }

  @Test
  void aHealthyStoreIsReadThrough() throws IOException {
    assertThat(faults()).isEmpty();
    long dataBytes = ROWS * 8 + ROWS / 2 * 8;
    assertThat(store().verify(fault -> {}))
        .isEqualTo(new Verified(ROWS, 3 * ROWS * 8 + dataBytes, 5, 0, 0));
  }

  @Test
  void aStoreOfTheReferenceIsReadThroughAndNothingInItIsVerified() throws IOException {
    forgetChecksums();
    assertThat(faults()).isEmpty();
    assertThat(store().verify(fault -> {}).unverifiedChunkCount()).isEqualTo(5);
  }

  @Test
  void everyFaultIsToldNotOnlyTheFirst() throws IOException {
    process.delete(PATH.resolve("size/data"));
    byte[] keys = read("keys");
    keys[7] ^= 1;
    replace("keys", keys);
    replace("price/data", Arrays.copyOf(read("price/data"), 40));

    assertThat(faults())
        .satisfiesExactly(
            keyFault ->
                assertThat(keyFault)
                    .startsWith("/store/keys: chunk 0, bytes 0 to 800, has the CRC32C")
                    .endsWith("; rows 0 to 99 are in it"),
            priceFault ->
                assertThat(priceFault)
                    .isEqualTo("/store/price/data: ends at byte 40 of 800 committed ones"),
            sizeFault ->
                assertThat(sizeFault)
                    .isEqualTo("/store/size/data: is missing, expected 400 committed bytes in it"));
  }

  @Test
  void rowsOfALostEndAreNamed() throws IOException {
    replace("price/data", Arrays.copyOf(read("price/data"), 44));
    List<Fault> faults = new ArrayList<>();
    store().verify(faults::add);
    assertThat(faults)
        .singleElement()
        .extracting(Fault::firstRow, Fault::endRow)
        .containsExactly(5L, 100L);
  }

  @Test
  void keysOutOfOrderAreFoundWithoutChecksums() throws IOException {
    forgetChecksums();
    putNumber("keys", 50, 7);
    assertThat(faults()).containsExactly("/store/keys: key 7 at row 50 is below 1049");
  }

  @Test
  void offsetsOutOfOrderAreFoundWithoutChecksums() throws IOException {
    forgetChecksums();
    putNumber("price/offsets", 50, 7);
    assertThat(faults())
        .containsExactly(
            "/store/price/offsets: offset 7 at row 50 is below 400",
            "/store/price/offsets: the cell of row 51 has 409 bytes, expected 8 of DOUBLE NOT NULL");
    putNumber("price/offsets", 50, 1L << 62);
    assertThat(faults())
        .contains(
            "/store/price/offsets: offset 4611686018427387904 at row 50 is above the 800 bytes");
  }

  @Test
  void anEmptyFileThatIsMissingIsFoundByScansAndVerifying() throws IOException {
    Path path = Path.of("/other");
    try (StoreWriter writer =
        Store.openOrCreate(process, path, Schema.ofTables(List.of("a")))
            .writer(WriterOptions.defaults())) {
      writer.append(1, new byte[0]);
      writer.commit();
    }
    process.delete(path.resolve("a/data"));
    Store store = Store.open(process, path);
    List<String> faults = new ArrayList<>();
    store.verify(fault -> faults.add(fault.message()));
    assertThat(faults)
        .containsExactly("/other/a/data: is missing, expected 0 committed bytes in it");
    assertThatThrownBy(() -> Rows.read(store, List.of("a")))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessage("/other/a/data is missing, expected 0 committed bytes in it");
  }

  @Test
  void aLastOffsetThatDoesNotEndTheDataIsFoundByScansAndVerifying() throws IOException {
    Lane lane = store().snapshot().record().lanes().get(0);
    List<LaneTable> tables = new ArrayList<>(lane.tables());
    LaneTable price = tables.get(0);
    tables.set(0, new LaneTable("price", 792, price.offsetsTailCrc(), 0));
    Lane other = lane.withTailCrcs(lane.keysTailCrc(), tables);
    CommitRecord record = store().snapshot().record().withLane(other);

    List<String> faults = new ArrayList<>();
    new Verification(
            process,
            new StoreFiles(PATH),
            SCHEMA,
            fault -> faults.add(fault.message()),
            Progress.NONE)
        .run(record);
    assertThat(faults)
        .containsExactly(
            "/store/price/offsets: offset 800 at row 99 is above the 792 bytes",
            "/store/price/offsets: offset 800 at row 99, but the commit record says 792");
    tables.set(0, new LaneTable("price", 808, price.offsetsTailCrc(), 0));
    CommitRecord longer = record.withLane(lane.withTailCrcs(lane.keysTailCrc(), tables));
    List<LaneRange> rows = List.of(new LaneRange(0, 0, ROWS));
    try (Scan scan =
        new Scan(process, new StoreFiles(PATH), longer, rows, List.of("price"), true)) {
      assertThatThrownBy(() -> scan.next(new Batch(1)))
          .isInstanceOf(CorruptStoreException.class)
          .hasMessage(
              "/store/price/offsets: offset 800 at row 99, the last one, but 808 bytes of data are"
                  + " committed");
    }
  }

  @Test
  void cellsOfAWrongWidthAreFound() throws IOException {
    forgetChecksums();
    putNumber("size/offsets", 2, 9);
    assertThat(faults())
        .containsExactly(
            "/store/size/offsets: the cell of row 2 has 1 bytes, expected 8 of BIGINT",
            "/store/size/offsets: the cell of row 3 has 7 bytes, expected 8 of BIGINT");
  }

  @Test
  void keysThatTheRecordDoesNotNameAreFound() throws IOException {
    StoreFiles files = new StoreFiles(PATH);
    CommitRecord record = store().snapshot().record();
    Lane lane = record.lanes().get(0);
    Lane other =
        new Lane(
            0, 0, 0, 0, lane.owner(), 0, 0, ROWS, 999, 1100, lane.keysTailCrc(), lane.tables());
    List<String> faults = new ArrayList<>();
    new Verification(process, files, SCHEMA, fault -> faults.add(fault.message()), Progress.NONE)
        .run(record.withLane(other));
    assertThat(faults)
        .containsExactly(
            "/store/keys: key 1000 at row 0, but the commit record says 999",
            "/store/keys: key 1099 at row 99, but the commit record says 1100");
  }

  @Test
  void aTableThatTheSchemaLacksAndOneThatTheLaneLacksAreFound() throws IOException {
    Lane lane = store().snapshot().record().lanes().get(0);
    List<LaneTable> tables = new ArrayList<>(lane.tables());
    tables.set(0, new LaneTable("cost", 0, 0, 0));
    CommitRecord record =
        store().snapshot().record().withLane(lane.withTailCrcs(lane.keysTailCrc(), tables));
    List<String> faults = new ArrayList<>();
    new Verification(
            process,
            new StoreFiles(PATH),
            SCHEMA,
            fault -> faults.add(fault.message()),
            Progress.NONE)
        .run(record);
    assertThat(faults)
        .startsWith(
            "/store/length: lane 0 of 100 rows has the table 'cost', which /store/schema.json does"
                + " not name",
            "/store/length: lane 0 of 100 rows lacks the table 'price' of DOUBLE NOT NULL");
  }

  @Test
  void aKeyThatIsNoBigintIsFound() throws IOException {
    Path path = Path.of("/large");
    Store store = Store.openOrCreate(process, path, SCHEMA);
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Long.MIN_VALUE, new byte[8], new byte[0]);
      writer.commit();
    }
    List<Fault> faults = new ArrayList<>();
    store.verify(faults::add);
    assertThat(faults)
        .containsExactly(
            new Fault(
                path.resolve("keys"),
                0,
                8,
                0,
                1,
                "/large/keys: key 9223372036854775808 at row 0 is above 2^63 - 1, which is no"
                    + " BIGINT"));
  }

  @Test
  void aCommitThatIsMissingFromTheJournalIsFound() throws IOException {
    try (StoreWriter writer = store().writer(WriterOptions.defaults())) {
      for (int i = 0; i < 100; i++) {
        writer.append(2000 + i, new byte[8], new byte[0]);
        writer.commit();
      }
    }
    assertThat(faults()).isEmpty();
    CommitRecord record = store().snapshot().record();
    List<JournalEntry> journal = new ArrayList<>(record.journal());
    long lost = journal.remove(3).sequence();
    replace(
        "length",
        new CommitRecord(
                record.storeId(),
                record.revision(),
                record.commitCount(),
                record.nextLane(),
                record.lanes(),
                record.tombstones(),
                record.lineages(),
                record.finished(),
                journal)
            .toBytes());
    assertThat(faults())
        .isNotEmpty()
        .last()
        .asString()
        .startsWith("/store/length: the journal's commit " + (lost + 1) + " at ")
        .endsWith(" follows commit " + (lost - 1));
  }

  @Test
  void aJournalThatIsDamagedIsToldOfLikeOtherFiles() throws IOException {
    try (StoreWriter writer = store().writer(WriterOptions.defaults())) {
      for (int i = 0; i < 64; i++) {
        writer.append(2000 + i, new byte[8], new byte[0]);
        writer.commit();
      }
    }
    byte[] data = read("commits/lane_rows/data");
    data[3] ^= 1;
    replace("commits/lane_rows/data", data);
    assertThat(faults())
        .hasSize(1)
        .first()
        .asString()
        .startsWith("/store/commits/lane_rows/data: chunk 0, ");
  }

  @Test
  void progressGrowsUpToAllBytesAndMayEndTheWork() throws IOException {
    List<Long> done = new ArrayList<>();
    Store store = store();
    Verified verified =
        store.verify(
            fault -> {},
            (doneBytes, allBytes) -> {
              done.add(doneBytes);
              assertThat(allBytes).isEqualTo(3600);
            });
    assertThat(done).isSorted().hasSize(5).last().isEqualTo(3600L);
    assertThat(verified.sizeBytes()).isEqualTo(3600);
    IllegalStateException enough = new IllegalStateException("enough");
    assertThatThrownBy(
            () ->
                store.verify(
                    fault -> {},
                    (doneBytes, allBytes) -> {
                      throw enough;
                    }))
        .isSameAs(enough);
  }

  @Test
  void aRecordThatIsDamagedLeavesNothingToVerify() throws IOException {
    byte[] length = read("length");
    length[40] ^= 4;
    replace("length", length);
    assertThatThrownBy(this::faults)
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining("/store/length");
  }

  @ParameterizedTest
  @ValueSource(strings = {"keys", "price/offsets", "size/data"})
  void aChunkThatCanNotBeReadIsAFaultLikeOthers(String file) throws IOException {
    Disk failing =
        Around.calls(
            Disk.class,
            process,
            (method, arguments, original) -> {
              Object result = original.call();
              if (result instanceof DiskFile open && arguments[0].equals(PATH.resolve(file))) {
                return Around.calls(
                    DiskFile.class,
                    open,
                    (fileMethod, fileArguments, fileOriginal) -> {
                      if (fileMethod.getName().equals("read")) {
                        throw new IOException(file + ": Input/output error");
                      }
                      return fileOriginal.call();
                    });
              }
              return result;
            });
    List<String> faults = new ArrayList<>();
    Store.open(failing, PATH).verify(fault -> faults.add(fault.message()));
    assertThat(faults).containsExactly(file + ": Input/output error");
  }

  @ParameterizedTest
  @EnumSource
  void allGoldenStoresAreHealthy(GoldenStore golden) throws IOException {
    List<Fault> faults = new ArrayList<>();
    Path path = GoldenStore.V1.resolve(golden.directoryName());
    Verified verified = Store.open(path).verify(faults::add);
    assertThat(faults).isEmpty();
    assertThat(verified.unverifiedChunkCount() > 0)
        .isEqualTo(golden.directoryName().equals("ours-then-reference"));
  }
}
