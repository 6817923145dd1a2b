package io.timestore.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.DiskLock;
import io.timestore.disk.IoThreads;
import io.timestore.disk.LocalDisk;
import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Commit;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.JournalEntry;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a writer refuses, and what it leaves behind when it can't go on. */
class StoreWriterTest {
  private static final List<String> TABLES = List.of("a", "b");

  @TempDir Path directory;
  private Path path;
  private Store store;

  @BeforeEach
  void createStore() throws IOException {
    path = directory.resolve("store");
    store = Store.openOrCreate(path, Schema.ofTables(TABLES));
  }

  private void commit(List<String> rows) throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(rows));
      writer.commit();
    }
  }

  @Test
  void aBatchWithFewerCellsThanKeysIsRefused() throws IOException {
    Batch batch = Rows.batch(List.of("1 61 62"));
    batch.appendKey(2);
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      assertThatThrownBy(() -> writer.append(batch))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("table a: a batch has 1 cells for 2 keys");
    }
  }

  @Test
  void rowsThatEndBeforeTheyBeginAreRefusedAndTheWriterGoesOn() throws IOException {
    Batch batch = Rows.batch(List.of("1 61 62", "2 63 64", "3 65 66"));
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(batch);
      for (int[] part : new int[][] {{2, 1}, {-1, 1}, {0, 4}}) {
        assertThatThrownBy(() -> writer.append(batch, null, part[0], part[1]))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage("rows " + part[0] + " to " + part[1] + " of a batch of 3");
      }
      assertThat(writer.commit()).isEqualTo(3);
    }
    assertThat(Rows.read(store, TABLES)).isEqualTo(Rows.of(batch));
  }

  @Test
  void singleRowsAndBatchesMakeTheSameStore() throws IOException {
    Store other = Store.openOrCreate(directory.resolve("other"), TABLES);
    List<String> rows = Rows.ofKeys(LongStream.range(0, 5000).map(i -> i / 3));
    commit(rows);
    try (StoreWriter writer = other.writer(WriterOptions.defaults())) {
      for (long i = 0; i < 5000; i++) {
        long key = i / 3;
        byte[] value = ("v" + key).getBytes(UTF_8);
        if (i % 2 == 0) {
          writer.append(key, value, new byte[0]);
        } else {
          writer.append(
              key, List.of(new ByteArrayInputStream(value), InputStream.nullInputStream()));
        }
      }
      assertThat(writer.commit()).isEqualTo(5000);
    }

    assertThat(Rows.read(other, TABLES)).isEqualTo(rows);
    for (String file : List.of("keys", "a/offsets", "a/data", "b/offsets", "b/data")) {
      assertThat(other.directory().resolve(file)).hasSameBinaryContentAs(path.resolve(file));
    }
  }

  @Test
  void aRowOfStreamsFollowsAllThatWasAppendedOrCommittedBefore() throws IOException {
    List<InputStream> empty = List.of(InputStream.nullInputStream(), InputStream.nullInputStream());
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(50, empty);
      writer.commit();
      assertThat(store.snapshot().record().lanes().get(0).smallestKey()).isEqualTo(50);
    }
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      commit(List.of("100 61 62"));
      assertThatThrownBy(() -> writer.append(99, empty))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("key 99 is below 100, the newest key in " + path);
      writer.append(105, empty);
      assertThatThrownBy(() -> writer.append(104, empty))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("key 104 is below 105, the newest key in " + path);
      assertThat(writer.lastKey()).hasValue(105);
      writer.append(106, empty);
      writer.commit();
    }
    assertThat(Rows.read(store, TABLES))
        .containsExactly("50 - -", "100 61 62", "105 - -", "106 - -");
  }

  @Test
  void everySingleRowIsDurableWhenItsCommitReturns() throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      for (long key = 0; key < 20; key++) {
        writer.append(key, new byte[] {(byte) key}, new byte[0]);
        assertThat(writer.commit()).isEqualTo(1);
        assertThat(store.snapshot().rowCount()).isEqualTo(key + 1);
      }
      assertThat(writer.commit()).isZero();
    }
  }

  @Test
  void aRowThatDoesNotFitIsRefusedAndTheWriterGoesOn() throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(5, new byte[0], new byte[0]);
      assertThatThrownBy(() -> writer.append(6, new byte[0]))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("a row of 1 values, expected one for each of [a, b]");
      assertThatThrownBy(() -> writer.append(4, new byte[0], new byte[0]))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("key 4 is below 5, the newest key in " + path);
      assertThatThrownBy(
              () ->
                  writer.append(
                      4, List.of(InputStream.nullInputStream(), InputStream.nullInputStream())))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("key 4 is below 5, the newest key in " + path);
      writer.append(-1, new byte[0], new byte[0]);
      writer.commit();
    }
    assertThat(Rows.read(store, TABLES))
        .containsExactly("5 - -", Long.toUnsignedString(-1) + " - -");
  }

  @Test
  void whatWasPreparedIsPublishedAfterItsWriterByTheCallersName() throws IOException {
    byte[] kept;
    try (StoreWriter writer = store.writer(WriterOptions.preparing())) {
      writer.append(Rows.batch(List.of("1 61 62", "2 63 64")));
      kept = writer.prepare("load 7", true).orElseThrow().toBytes();
    }
    assertThat(store.snapshot().rowCount()).isZero();

    Commit commit = Commit.fromBytes(kept);
    try (Publisher publisher = Store.open(path).publisher()) {
      assertThat(publisher.publish(List.of(commit), true))
          .containsExactly(Publisher.Outcome.PUBLISHED);
      assertThat(publisher.publish(List.of(commit), true))
          .containsExactly(Publisher.Outcome.ALREADY_PUBLISHED);
    }
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(List.of("3 - -")));
      writer.commit("load 8");
    }
    assertThat(store.snapshot().rowCount()).isEqualTo(3);
    assertThat(store.snapshot().record().lanes()).hasSize(1);
    assertThat(store.snapshot().record().journal())
        .extracting(JournalEntry::insertId)
        .containsExactly("load 7", "load 8");
  }

  @Test
  void valuesStandInTheOrderInWhichTheTablesWereGiven() throws IOException {
    Store other = Store.openOrCreate(path, List.of("b", "a"));
    assertThat(other.tables()).containsExactly("b", "a");
    try (StoreWriter writer = other.writer(WriterOptions.defaults())) {
      assertThat(writer.tables()).containsExactly("b", "a");
      writer.append(1, new byte[] {0xb}, new byte[] {0xa});
      writer.commit();
    }
    assertThat(Rows.read(store, TABLES)).containsExactly("1 0a 0b");
    assertThat(store.tables()).isEqualTo(TABLES);
  }

  @Test
  void aValueOfAnotherWidthThanItsTypeIsRefused() throws IOException {
    Store typed =
        Store.openOrCreate(
            directory.resolve("typed"),
            Schema.create(
                Key.of("k", CellType.of(CellType.Kind.BIGINT)),
                List.of(
                    new Column("price", "p", CellType.of(CellType.Kind.DOUBLE), false),
                    new Column("size", "s", CellType.of(CellType.Kind.INT), true))));
    StoreWriter writer = typed.writer(WriterOptions.defaults());
    writer.append(1, new byte[8], new byte[4]);
    writer.append(2, new byte[8], new byte[0]);
    String where = typed.directory() + ": column ";
    assertThatThrownBy(() -> writer.append(3, new byte[3], new byte[4]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(where + "price: a value of 3 bytes, expected the 8 of DOUBLE NOT NULL");
    assertThatThrownBy(() -> writer.append(3, new byte[0], new byte[4]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(where + "price: a value of 0 bytes, expected the 8 of DOUBLE NOT NULL");
    assertThatThrownBy(() -> writer.append(3, new byte[8], new byte[5]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(where + "size: a value of 5 bytes, expected the 4 of INT");
    assertThat(writer.commit()).isEqualTo(2);

    List<InputStream> streams =
        List.of(new ByteArrayInputStream(new byte[7]), InputStream.nullInputStream());
    assertThatThrownBy(() -> writer.append(3, streams))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(where + "price: a value of 7 bytes, expected the 8 of DOUBLE NOT NULL");
    assertThatThrownBy(writer::commit).hasMessageContaining("this writer failed before");
    writer.close();
    assertThat(typed.snapshot().rowCount()).isEqualTo(2);
  }

  @Test
  void anOrderThatLeavesTheBatchIsRefused() throws IOException {
    Batch batch = Rows.batch(List.of("1 61 62", "2 63 64"));
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      for (int row : new int[] {-1, 2}) {
        assertThatThrownBy(() -> writer.append(batch, new int[] {0, row}, 0, 2))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage("the order has row " + row + " of a batch of 2");
      }
      assertThat(writer.commit()).isZero();
    }
  }

  @Test
  void aWriterThatIsClosedSaysSo() throws IOException {
    StoreWriter writer = store.writer(WriterOptions.defaults());
    writer.append(1, new byte[0], new byte[0]);
    writer.close();
    writer.close();

    assertThatThrownBy(writer::commit)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(path + ": this writer is closed");
    assertThatThrownBy(() -> writer.append(2, new byte[0], new byte[0]))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(path + ": this writer is closed");
    assertThat(store.snapshot().rowCount()).isZero();
  }

  @Test
  void aMissingValueIsNamed() throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      assertThatThrownBy(() -> writer.append(1, new byte[0], null))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("table b: null, expected a value, which may be empty");
      assertThatThrownBy(() -> writer.append(1, Arrays.asList(null, InputStream.nullInputStream())))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("table a: null, expected a value, which may be empty");
      writer.append(1, new byte[0], new byte[0]);
      assertThat(writer.commit()).isEqualTo(1);
    }
  }

  @Test
  void twoThreadsOnOneWriterLoseNothing() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      List<Future<?>> both = new ArrayList<>();
      for (int thread = 0; thread < 2; thread++) {
        byte[] value = {(byte) thread};
        both.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 5000; i++) {
                    writer.append(7, value, value);
                    if (i % 1000 == 0) {
                      writer.commit();
                    }
                  }
                  return null;
                }));
      }
      for (Future<?> one : both) {
        one.get();
      }
      writer.commit();
    } finally {
      threads.shutdownNow();
    }
    assertThat(Rows.read(store, TABLES)).hasSize(10_000).containsOnly("7 00 00", "7 01 01");
  }

  @Test
  void aWriterThatWasOvertakenGoesOnBehindTheNewestKey() throws IOException {
    try (StoreWriter first = store.writer(WriterOptions.defaults());
        StoreWriter second = store.writer(WriterOptions.defaults())) {
      first.append(0, new byte[0], new byte[0]);
      first.commit();
      second.append(1, new byte[0], new byte[0]);
      second.commit();

      assertThatThrownBy(() -> first.append(0, new byte[0], new byte[0]))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("key 0 is below 1, the newest key in");
      first.append(2, new byte[0], new byte[0]);
      first.commit();
    }
    assertThat(store.snapshot().rowCount()).isEqualTo(3);
  }

  @Test
  void anInterruptDoesNotLeaveTheOutcomeOfACommitOpen() throws IOException {
    int visible = 0;
    for (int round = 0; round < 20; round++) {
      boolean published;
      try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
        writer.append(round, new byte[0], new byte[0]);
        Thread.currentThread().interrupt();
        writer.commit();
        published = true;
      } catch (InterruptedIOException e) {
        published = false;
      }
      assertThat(Thread.interrupted()).isTrue();
      visible += published ? 1 : 0;
      assertThat(store.snapshot().rowCount()).isEqualTo(visible);
    }
  }

  /** While keys and values are written, synced and published, or before, or after. */
  @Test
  void anInterruptAtAnyMomentClosesNoFileAndWhatCommitReportsIsTrue() throws Exception {
    long seed = Long.getLong("timestore.seed", System.nanoTime());
    System.out.println("Replay with -Dtimestore.seed=" + seed);
    Random random = new Random(seed);
    ExecutorService threads = Executors.newSingleThreadExecutor();
    long committed = 0;
    int interrupted = 0;
    try {
      for (int round = 0; round < 100; round++) {
        String when = "seed " + seed + ", round " + round;
        long nanos = random.nextLong(8_000_000);
        Thread writing = Thread.currentThread();
        long next = committed;
        try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
          Future<?> interrupt =
              threads.submit(
                  () -> {
                    LockSupport.parkNanos(nanos);
                    writing.interrupt();
                  });
          try {
            while (!writing.isInterrupted()) {
              int rowCount = 1 + random.nextInt(500);
              writer.append(Rows.batch(Rows.ofKeys(LongStream.range(next, next + rowCount))));
              assertThat(writer.commit()).as(when).isEqualTo(rowCount);
              next += rowCount;
            }
          } catch (InterruptedIOException e) {
            interrupted++;
          } finally {
            awaitEnd(interrupt);
          }
        }
        committed = next;
        assertThat(store.snapshot().rowCount()).as(when).isEqualTo(committed);
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(interrupted).isPositive();
    assertThat(Rows.read(store, TABLES).equals(Rows.ofKeys(LongStream.range(0, committed))))
        .isTrue();
  }

  /** The interrupt has come then, and is over. */
  private static void awaitEnd(Future<?> interrupt) {
    IoThreads.awaitEnd(interrupt);
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void nullableColumnsMayBeLeftOutAndNoOthers() throws IOException {
    Column size = new Column("size", "size", CellType.parse("BIGINT"), true);
    Store wider = store.addColumns(List.of(size));
    try (StoreWriter writer = wider.writer(WriterOptions.defaults(), TABLES)) {
      writer.append(Rows.batch(List.of("5 61 62")));
      writer.commit();
    }
    assertThat(Rows.read(Store.open(wider.directory()), List.of("a", "b", "size")))
        .containsExactly("5 61 62 -");
    assertThatThrownBy(() -> wider.writer(WriterOptions.defaults(), List.of("a", "size")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("has the tables [a, b, size], [a, size] were given");
  }

  @Test
  void whatWasPreparedIsPublishedBehindNewerRowsOfOthers() throws IOException {
    Commit prepared;
    try (StoreWriter writer = store.writer(WriterOptions.preparing())) {
      writer.append(Rows.batch(List.of("5 61 62")));
      prepared = writer.prepare("load", true).orElseThrow();
    }
    commit(List.of("3 - -", "9 - -"));
    try (Publisher publisher = store.publisher()) {
      publisher.publish(List.of(prepared), true);
    }
    assertThat(Rows.read(store, TABLES)).containsExactly("3 - -", "5 61 62", "9 - -");
  }

  @Test
  void commitsOfTwoNamesAreNotPublishedAtOnce() throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.preparing());
        Publisher publisher = store.publisher()) {
      writer.append(Rows.batch(List.of("1 61 62")));
      Commit one = writer.prepare("one", false).orElseThrow();
      writer.append(Rows.batch(List.of("1 61 62")));
      Commit two = writer.prepare("two", true).orElseThrow();

      assertThatThrownBy(() -> publisher.publish(List.of(one, two), false))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("several insert ids: [one, two]");
      publisher.publish(List.of(one), false);
      publisher.publish(List.of(two), false);
    }
    assertThat(store.snapshot().rowCount()).isEqualTo(2);
  }

  @Test
  void aDirectWriterPreparesNothingForOthers() throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(List.of("1 61 62")));
      assertThatThrownBy(() -> writer.prepare(true, 0)).isInstanceOf(IllegalStateException.class);
    }
    assertThat(Rows.read(store, TABLES)).isEmpty();
  }

  @Test
  void aTruncatedFileIsNotGoneOnWithEvenAtAChunksEnd() throws IOException {
    List<String> rows = new ArrayList<>();
    String value = HexFormat.of().formatHex(new byte[512]);
    for (int i = 0; i < 1024; i++) {
      rows.add(i + " " + value + " 01");
    }
    commit(rows);
    Path data = path.resolve("a/data");
    assertThat(Files.size(data)).isEqualTo(524_288);
    try (RandomAccessFile file = new RandomAccessFile(data.toFile(), "rw")) {
      file.setLength(0);
    }

    assertThatThrownBy(() -> commit(List.of("5000 61 62")))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining("a/data is truncated: it has 0 bytes, 524288 are committed");
  }

  @Test
  void aFallingOffsetOfTheCrateIsRefusedBeforeAnythingIsWritten() throws IOException {
    Crate.append(path, TABLES, List.of("1 6161 62", "2 6161 62", "3 6161 62"));
    try (RandomAccessFile offsets =
        new RandomAccessFile(path.resolve("a/offsets").toFile(), "rw")) {
      offsets.seek(16);
      offsets.writeLong(1);
    }
    byte[] data = Files.readAllBytes(path.resolve("a/data"));

    assertThatThrownBy(() -> commit(List.of("4 63 63")))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining("offset 2 at row 0 is above the 1 committed bytes of data");
    assertThat(Files.readAllBytes(path.resolve("a/data"))).isEqualTo(data);
  }

  @Test
  void aTableThatIsNowhereIsNamedWithThoseThatAreThere() throws IOException {
    commit(List.of("1 61 62"));

    assertThatThrownBy(() -> store.reader().read("c", 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("has no table 'c', found [a, b]");
  }

  @Test
  void aCommitStandsWhereALanesOwnLengthCanNotBeWritten() throws IOException {
    try (SinkRun first = SinkRun.begin(store, UUID.randomUUID(), UUID.randomUUID());
        SinkRun second = SinkRun.begin(store, UUID.randomUUID(), UUID.randomUUID());
        Publisher publisher = store.publisher()) {
      publisher.publish(List.of(first.prepare(1, 0, 10)), false);
      Commit commit = second.prepare(1, 100, 110);
      Files.createDirectory(path.resolve("lanes/00001/.length"));

      publisher.publish(List.of(commit), false);
    }
    assertThat(store.snapshot().rowCount()).isEqualTo(20);
  }

  @Test
  void aLaneThatAnInterruptedCallerDidNotWaitForIsLetGo() throws Exception {
    LocalDisk disk = new LocalDisk();
    Path lockFile = path.resolve("commit.lock");
    DiskLock commitLock = disk.tryLock(lockFile, "test").orElseThrow();
    StoreWriter writer = store.writer(WriterOptions.defaults());
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> writer.append(Rows.batch(List.of("1 61 62"))))
        .isInstanceOf(InterruptedIOException.class);
    assertThat(Thread.interrupted()).isTrue();
    commitLock.close();
    writer.close();

    DiskLock writerLock = disk.tryLock(path.resolve("writer.lock"), "test").orElseThrow();
    writerLock.close();
    commit(List.of("1 61 62"));
    assertThat(Rows.read(store, TABLES)).containsExactly("1 61 62");
  }

  @Test
  void theLinkThatKeepsTheRecordIsMendedByTheNextWriter() throws IOException {
    commit(Rows.ofKeys(LongStream.range(0, 5)));
    byte[] record = Files.readAllBytes(path.resolve("length"));
    commit(Rows.ofKeys(LongStream.range(5, 8)));
    // As if the last rename had never come: `record` is newer than `length`.
    Files.delete(path.resolve("length"));
    Files.write(path.resolve("length"), record);

    store.publisher().startWithoutState(UUID.randomUUID());
    Crate.append(path, TABLES, List.of("9 61 62"));

    assertThat(store.snapshot().rowCount()).isEqualTo(6);
  }

  @Test
  void aLengthOfMoreRowsThanAFileHoldsIsCorruption() throws IOException {
    Path length = path.resolve("length");
    Files.write(length, ByteBuffer.allocate(8).putLong(1L << 60).array());

    assertThatThrownBy(() -> store.snapshot())
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining("rows are more than a store holds");
  }
}
