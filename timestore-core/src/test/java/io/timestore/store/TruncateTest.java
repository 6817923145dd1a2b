package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.Disk;
import io.timestore.disk.LocalDisk;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.format.Owner;
import io.timestore.format.Schema;
import io.timestore.store.CrashingDisk.Fate;
import io.timestore.store.Publisher.Outcome;
import io.timestore.store.Publisher.Restored;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rule 2: rows are hidden for good, and no byte of them changes. */
class TruncateTest {
  private static final List<String> TABLES = List.of("a", "b");
  private static final UUID LINEAGE = new UUID(1, 1);
  private static final UUID SUBMISSION = new UUID(2, 1);

  @TempDir Path directory;
  private Path path;
  private Store store;

  @BeforeEach
  void createStore() throws IOException {
    path = directory.resolve("store");
    store = Store.openOrCreate(path, Schema.ofTables(TABLES));
  }

  private SinkRun begin() throws IOException {
    return SinkRun.begin(store, LINEAGE, SUBMISSION);
  }

  private Outcome publish(Commit commit) throws IOException {
    return store.publisher().publish(List.of(commit), false).get(0);
  }

  private long truncate(long rowCount) throws IOException {
    return store.publisher().truncate(rowCount);
  }

  private CommitRecord record() throws IOException {
    return store.snapshot().record();
  }

  private Lane lane(int number) throws IOException {
    return record().lane(number).orElseThrow();
  }

  private void assertHasKeys(LongStream keys) throws IOException {
    assertThat(Rows.read(store, TABLES)).isEqualTo(Rows.ofKeys(keys));
  }

  private void append(StoreWriter writer, long from, long to) throws IOException {
    writer.append(Rows.batch(Rows.ofKeys(LongStream.range(from, to))));
  }

  private void appendDirectly(long from, long to) throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      append(writer, from, to);
      writer.commit();
    }
  }

  /** Lanes 0, 1 and 2 of ten rows each, of runs that are dead. */
  private void makeThreeLanes() throws IOException {
    for (long i = 0; i < 3; i++) {
      try (SinkRun run = begin()) {
        publish(run.prepare(i + 1, i * 10, i * 10 + 10));
      }
    }
    assertThat(record().lanes()).hasSize(3);
  }

  private List<byte[]> bytesOfRows() throws IOException {
    List<byte[]> bytes = new ArrayList<>();
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.sorted().toList()) {
        if (List.of("keys", "offsets", "data").contains(file.getFileName().toString())) {
          bytes.add(Files.readAllBytes(file));
        }
      }
    }
    return bytes;
  }

  @Test
  void everyNumberOfRowsCanBeKeptAndNoByteOfThemChanges() throws IOException {
    makeThreeLanes();
    List<byte[]> before = bytesOfRows();
    for (int rowCount = 30; rowCount >= 0; rowCount--) {
      assertThat(truncate(rowCount)).isEqualTo(rowCount == 30 ? 0 : 1);
      assertHasKeys(LongStream.range(0, rowCount));
      try (StoreReader reader = store.reader()) {
        assertThat(reader.read("a", rowCount)).isEmpty();
        assertThat(reader.read("a", rowCount - 1).isPresent()).isEqualTo(rowCount > 0);
      }
    }
    assertThat(bytesOfRows()).usingRecursiveComparison().isEqualTo(before);
  }

  @Test
  void whatIsCutIsWhatSomebodyLookedAtOrNothing() throws IOException {
    appendDirectly(0, 10);
    Snapshot seen = store.snapshot();
    appendDirectly(10, 12);
    assertThatThrownBy(() -> store.publisher().truncate(5, seen))
        .isInstanceOf(ConflictException.class)
        .hasMessage(path + ": rows came or went since it was looked at; nothing was changed");
    assertHasKeys(LongStream.range(0, 12));
    assertThat(store.publisher().truncate(5, store.snapshot())).isEqualTo(7);
    assertHasKeys(LongStream.range(0, 5));
  }

  @Test
  void theLaneThatWasCutIsClosedAndThoseBehindItAreHiddenWithTheirOwners() throws IOException {
    makeThreeLanes();
    CommitRecord before = record();

    assertThat(truncate(4)).isEqualTo(26);

    assertThat(lane(0))
        .returns(Lane.CUT, Lane::state)
        .returns(Owner.NONE, Lane::owner)
        .returns(4L, Lane::rows)
        .returns(3L, Lane::largestKey);
    for (int number = 1; number <= 2; number++) {
      assertThat(lane(number))
          .returns(Lane.OPEN, Lane::state)
          .returns(before.lane(number).orElseThrow().owner(), Lane::owner)
          .returns(10L, Lane::from)
          .returns(10L, Lane::rows);
    }
    assertThat(record().journal()).isEqualTo(before.journal());
    assertThat(record().commitCount()).isEqualTo(before.commitCount());
    assertThat(record().revision()).isEqualTo(before.revision() + 1);
    ByteBuffer length = ByteBuffer.wrap(Files.readAllBytes(path.resolve("length")));
    assertThat(length.getLong()).isEqualTo(4);
    assertThat(path.resolve("lanes/00001/length")).hasBinaryContent(new byte[Long.BYTES]);
  }

  @Test
  void aLaneIsCutBelowTheRowsThatItsOwnerTookItWith() throws IOException {
    appendDirectly(0, 10);
    appendDirectly(10, 20);
    assertThat(lane(0).base()).isEqualTo(10);

    truncate(7);

    assertThat(lane(0).base()).isEqualTo(7);
    assertHasKeys(LongStream.range(0, 7));
  }

  @Test
  void checksumsOfTheNewEndAreThoseOfTheBytes() throws IOException {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 70_000; i++) {
      rows.add(i + " " + (i % 1000 == 0 ? "5a".repeat(10_000) : "-") + " 0" + i % 10);
    }
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(rows));
      writer.commit();
    }
    // In the last chunk of keys, at its beginning, before it, and at the end of the first block.
    for (int rowCount : new int[] {69_999, 65_537, 65_536, 65_535, 52_429, 52_428, 512, 1}) {
      truncate(rowCount);

      Lane lane = lane(0);
      long bytes = rowCount * 8L;
      assertThat(lane.keysTailCrc()).isEqualTo(tailCrc(path.resolve("keys"), bytes));
      for (LaneTable table : lane.tables()) {
        Path files = path.resolve(table.name());
        assertThat(table.offsetsTailCrc()).isEqualTo(tailCrc(files.resolve("offsets"), bytes));
        assertThat(table.dataTailCrc())
            .isEqualTo(tailCrc(files.resolve("data"), table.dataBytes()));
      }
      assertThat(Rows.read(store, TABLES).equals(rows.subList(0, rowCount))).isTrue();
    }
  }

  private static int tailCrc(Path file, long sizeBytes) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    long start = sizeBytes - sizeBytes % CommitRecord.CHUNK_BYTES;
    CRC32C crc = new CRC32C();
    crc.update(bytes, (int) start, (int) (sizeBytes - start));
    return (int) crc.getValue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"keys", "a/offsets", "a/data", "b/offsets"})
  void bytesThatAreNotThoseOfTheirChecksumAreNotSealedWithANewOne(String name) throws IOException {
    appendDirectly(0, 10);
    CommitRecord before = record();
    Path file = path.resolve(name);
    byte[] bytes = Files.readAllBytes(file);
    bytes[2] ^= 1;
    Files.write(file, bytes);

    assertThatThrownBy(() -> truncate(5))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageStartingWith(file + ": chunk 0, bytes 0 to ");
    assertThat(record()).isEqualTo(before);
  }

  @Test
  void theSameNumberOfRowsIsNoPublication() throws IOException {
    makeThreeLanes();
    CommitRecord before = record();

    assertThat(truncate(30)).isZero();

    assertThat(record()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 31, Long.MAX_VALUE})
  void moreRowsThanThereAreIsAMistake(long rowCount) throws IOException {
    makeThreeLanes();
    CommitRecord before = record();

    assertThatThrownBy(() -> truncate(rowCount))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(path + " has 30 rows, it can't be cut to " + rowCount);
    assertThat(record()).isEqualTo(before);
  }

  @Test
  void aSnapshotThatWasTakenBeforeStaysAsItIs() throws IOException {
    makeThreeLanes();
    try (StoreReader reader = store.reader();
        RowIterator rows = reader.iterate(KeyRange.all(), "a")) {
      Snapshot before = reader.snapshot();
      truncate(13);
      appendDirectly(13, 20);

      assertThat(Rows.read(before, before.ranges(), TABLES))
          .isEqualTo(Rows.ofKeys(LongStream.range(0, 30)));
      long rowCount = 0;
      while (rows.next()) {
        assertThat(rows.key()).isEqualTo(rowCount);
        assertThat(rows.read("b")).isEmpty();
        rowCount++;
      }
      assertThat(rowCount).isEqualTo(30);

      assertThat(reader.refresh()).isTrue();
      assertThat(Rows.read(reader.snapshot(), reader.snapshot().rangesSince(before), TABLES))
          .isEqualTo(Rows.ofKeys(LongStream.range(13, 20)));
      assertThat(reader.rowCount()).isEqualTo(20);
    }
  }

  @Test
  void rowsOlderThanHiddenOnesComeIntoALaneOfTheirOwn() throws IOException {
    appendDirectly(0, 10);
    truncate(4);

    appendDirectly(4, 8);
    appendDirectly(8, 9);

    assertHasKeys(LongStream.range(0, 9));
    assertThat(record().lanes()).hasSize(2);
    assertThat(lane(0).rows()).isEqualTo(4);
  }

  @Test
  void aStoreThatWasCutToNothingBeginsAgainBehindItsHiddenRows() throws IOException {
    appendDirectly(10, 20);

    assertThat(truncate(0)).isEqualTo(10);
    assertHasKeys(LongStream.empty());
    ByteBuffer length = ByteBuffer.wrap(Files.readAllBytes(path.resolve("length")));
    assertThat(length.getLong()).isZero();
    appendDirectly(3, 6);

    assertHasKeys(LongStream.range(3, 6));
    assertThat(record().lanes()).hasSize(1);
    assertThat(lane(0)).returns(10L, Lane::from).returns(13L, Lane::rows);
    assertIsSound();
    truncate(1);
    assertHasKeys(LongStream.range(3, 4));
    truncate(0);
    appendDirectly(1, 2);
    assertHasKeys(LongStream.range(1, 2));
    assertThat(record().lanes()).hasSize(2);
    assertIsSound();
  }

  private void assertIsSound() throws IOException {
    List<Fault> faults = new ArrayList<>();
    store.verify(faults::add);
    assertThat(faults).isEmpty();
  }

  @Test
  void aWriterThatHasNoLaneYetForgetsTheKeysThatAreHidden() throws IOException {
    appendDirectly(0, 10);
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      assertThat(writer.lastKey()).hasValue(9);
      truncate(4);
      append(writer, 4, 6);
      writer.commit();
    }
    assertHasKeys(LongStream.range(0, 6));
  }

  @Test
  void aLiveWriterWhoseLaneWasCutFailsAtItsNextBatchAndANewOneGoesOn() throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      append(writer, 0, 10);
      writer.commit();
      truncate(5);

      assertThatThrownBy(() -> append(writer, 10, 12))
          .isInstanceOf(ConflictException.class)
          .hasMessage(
              path
                  + " was cut to 5 rows while this writer held it, by a truncation or by a job that"
                  + " went back to an older checkpoint: open a new writer");
      appendDirectly(5, 7);
    }
    assertHasKeys(LongStream.range(0, 7));
  }

  @Test
  void aLiveWriterWhoseLaneWasCutInTheMiddleOfABatchFailsBeforeItCommits() throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      append(writer, 0, 10);
      writer.commit();
      append(writer, 10, 12);
      truncate(5);

      assertThatThrownBy(writer::commit)
          .isInstanceOf(ConflictException.class)
          .hasMessage(
              path
                  + " was cut to 5 rows while this writer held it, by a truncation or by a job that"
                  + " went back to an older checkpoint: open a new writer");
      appendDirectly(5, 7);
    }
    assertHasKeys(LongStream.range(0, 7));
  }

  @Test
  void aLiveWriterWhoseRowsAreAllHiddenGoesOnBehindThem() throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      append(writer, 0, 10);
      writer.commit();
      append(writer, 10, 12);
      truncate(0);
      writer.commit();
      assertHasKeys(LongStream.range(10, 12));
      append(writer, 12, 15);
      writer.commit();
    }
    appendDirectly(15, 16);
    assertHasKeys(LongStream.range(10, 16));
    assertThat(record().lanes()).hasSize(1);
  }

  @Test
  void aPendingCommitOfTheLaneThatWasCutIsRefused() throws IOException {
    try (SinkRun run = begin()) {
      publish(run.prepare(1, 0, 10));
      Commit pending = run.prepare(2, 10, 20);
      truncate(5);

      assertThatThrownBy(() -> publish(pending))
          .isInstanceOf(ConflictException.class)
          .hasMessageContaining("the lane was cut to 5 rows by a truncation since");
    }
    assertHasKeys(LongStream.range(0, 5));
  }

  @ParameterizedTest
  @ValueSource(longs = {3, 10, 15})
  void aPublishedCommitWhoseRowsWereHiddenIsDoneAndTheyStayHidden(long rowCount)
      throws IOException {
    try (SinkRun run = begin()) {
      Commit first = run.prepare(1, 0, 10);
      publish(first);
      Commit second = run.prepare(2, 10, 20);
      publish(second);
      truncate(rowCount);

      assertThat(publish(first)).isEqualTo(Outcome.ALREADY_PUBLISHED);
      assertThat(publish(second)).isEqualTo(Outcome.ALREADY_PUBLISHED);
    }
    assertHasKeys(LongStream.range(0, rowCount));
  }

  @Test
  void aPendingCommitOfALaneThatWasCutAndRemovedIsStillRefused() throws IOException {
    Commit published;
    Commit pending;
    try (SinkRun holder = begin();
        SinkRun run = begin()) {
      publish(holder.prepare(1, 0, 10));
      published = run.prepare(1, 20, 30);
      publish(published);
      pending = run.prepare(2, 30, 40);
    }
    truncate(15);
    truncate(10);
    assertThat(store.publisher().removeHidden()).isPositive();
    assertThat(record().tombstones()).containsExactly(published.lanes().get(0).number());

    assertThat(publish(published)).isEqualTo(Outcome.ALREADY_PUBLISHED);
    assertThatThrownBy(() -> publish(pending))
        .isInstanceOf(ConflictException.class)
        .hasMessageContaining("was not published before the lane was removed");
    assertHasKeys(LongStream.range(0, 10));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 100})
  void aPublishedCheckpointOfWhichRowsWereHiddenIsFoundDoneWhenAJobGoesOnFromIt(int commits)
      throws IOException {
    Commit pending;
    Commit last;
    try (SinkRun run = begin()) {
      publish(run.prepare(1, 0, 10));
      last = run.prepare(2, 10, 20);
      publish(last);
      pending = run.prepare(3, 20, 30);
    }
    truncate(15);
    for (int i = 0; i < commits; i++) { // What the record knows of the lane is in the journal then.
      appendDirectly(100 + i, 101 + i);
    }
    UUID successor = new UUID(2, 2);
    store.publisher().register(new Restored(LINEAGE, SUBMISSION, successor, 2));
    assertThat(store.publisher().publish(List.of(last), true))
        .containsExactly(Outcome.ALREADY_PUBLISHED);
    assertThatThrownBy(() -> publish(pending)).isInstanceOf(ConflictException.class);
    try (SinkRun run = SinkRun.begin(store, LINEAGE, successor)) {
      assertThat(publish(run.prepare(3, 1000, 1010))).isEqualTo(Outcome.PUBLISHED);
    }
    assertHasKeys(
        LongStream.concat(
            LongStream.concat(LongStream.range(0, 15), LongStream.range(100, 100 + commits)),
            LongStream.range(1000, 1010)));
  }

  @Test
  void aPendingCommitBehindHiddenRowsBringsItsOwnRowsAndNoOthers() throws IOException {
    try (SinkRun run = begin()) {
      publish(run.prepare(1, 0, 5));
    }
    try (SinkRun run = begin()) {
      Commit first = run.prepare(1, 10, 20);
      Commit second = run.prepare(2, 20, 30);
      publish(first);
      Commit third = run.prepare(3, 30, 40);
      publish(second);
      truncate(5);

      assertThat(publish(first)).isEqualTo(Outcome.ALREADY_PUBLISHED);
      assertThat(publish(third)).isEqualTo(Outcome.PUBLISHED);
    }
    assertHasKeys(LongStream.concat(LongStream.range(0, 5), LongStream.range(30, 40)));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 3})
  void theCrateCannotAppendOverTheBytesOfHiddenRows(long rowCount) throws IOException {
    appendDirectly(0, 10);
    Crate.append(path, TABLES, Rows.ofKeys(LongStream.range(10, 12)));
    List<byte[]> before = bytesOfRows();
    Files.write(path.resolve("new_length"), new byte[8]);

    truncate(rowCount);

    assertThat(path.resolve("new_length")).isEmptyDirectory();
    assertThatThrownBy(() -> Crate.writeLength(path, rowCount + 1))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertHasKeys(LongStream.range(0, rowCount));
    assertThat(bytesOfRows()).usingRecursiveComparison().isEqualTo(before);
  }

  @Test
  void theCrateIsStoppedDurablyBeforeItsRowsAreHidden() throws IOException {
    appendDirectly(0, 10);
    List<String> calls = new ArrayList<>();
    Disk disk =
        Around.calls(
            Disk.class,
            new LocalDisk(),
            (method, arguments, original) -> {
              Object result = original.call();
              if (List.of("createDirectory", "syncDirectory", "rename")
                  .contains(method.getName())) {
                calls.add(method.getName() + " " + Path.of("" + arguments[0]).getFileName());
              }
              return result;
            });
    Store.open(disk, path).publisher().truncate(5);

    int made = calls.indexOf("createDirectory new_length");
    List<String> after = calls.subList(made + 1, calls.size());
    assertThat(made).isNotNegative();
    assertThat(after.get(0)).isEqualTo("syncDirectory store");
    assertThat(after.get(1)).startsWith("rename .length");
  }

  @ParameterizedTest
  @EnumSource(Fate.class)
  void aTruncationThatDiesIsThereWholeOrNotAtAll(Fate fate) throws IOException {
    assertDiesWholeOrNotAtAll(
        fate,
        directory.resolve("ours"),
        store -> {
          try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
            append(writer, 0, 300);
            writer.commit();
          }
        });
  }

  @ParameterizedTest
  @EnumSource(Fate.class)
  void soDoesOneWhereTheCrateWroteLast(Fate fate) throws IOException {
    assertDiesWholeOrNotAtAll(
        fate,
        directory.resolve("crate"),
        store -> Crate.append(store.directory(), TABLES, Rows.ofKeys(LongStream.range(0, 300))));
  }

  private interface Filling {
    void fill(Store store) throws IOException;
  }

  private void assertDiesWholeOrNotAtAll(Fate fate, Path parent, Filling filling)
      throws IOException {
    for (long rowCount : new long[] {0, 100}) {
      int crashes = 0;
      boolean crashed = true;
      for (int operation = 0; crashed; operation++) {
        Path each = parent.resolve(rowCount + "-" + operation);
        filling.fill(Store.openOrCreate(each, Schema.ofTables(TABLES)));
        CrashingDisk disk = new CrashingDisk(operation, fate);
        try (Publisher publisher = Store.open(disk, each).publisher()) {
          publisher.truncate(rowCount);
          crashed = false;
        } catch (CrashingDisk.CrashException e) {
          crashes++;
        } finally {
          disk.bury();
        }
        Store reopened = Store.open(each);
        List<String> rows = Rows.read(reopened, TABLES);
        assertThat(rows)
            .as("%s at operation %d", fate, operation)
            .isIn(
                Rows.ofKeys(LongStream.range(0, rowCount)), Rows.ofKeys(LongStream.range(0, 300)));
        assertThat(crashed || rows.size() == rowCount).isTrue();

        long next = rows.size();
        try (StoreWriter writer = reopened.writer(WriterOptions.defaults())) {
          append(writer, next, next + 10);
          writer.commit();
        }
        assertThat(Rows.read(reopened, TABLES))
            .isEqualTo(Rows.ofKeys(LongStream.range(0, next + 10)));
        reopened.publisher().truncate(50 % (next + 1));
        assertThat(Rows.read(reopened, TABLES))
            .isEqualTo(Rows.ofKeys(LongStream.range(0, 50 % (next + 1))));
      }
      assertThat(crashes).isGreaterThan(5);
    }
  }

  @Test
  void aRecordOfALaneThatWasCutComesBackFromItsBytes() throws IOException {
    makeThreeLanes();
    truncate(14);

    CommitRecord record = record();
    CommitRecord again = CommitRecord.fromBytes(record.toBytes(), "again").orElseThrow();

    assertThat(again).isEqualTo(record);
    assertThat(Arrays.equals(record.toBytes(), Files.readAllBytes(path.resolve("length"))))
        .isTrue();
  }
}
