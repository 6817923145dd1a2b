package io.timestore.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.DiskLock;
import io.timestore.disk.LocalDisk;
import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.JournalEntry;
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
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
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
