package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.DiskLock;
import io.timestore.disk.LocalDisk;
import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Schema;
import java.io.IOException;
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

    assertThatThrownBy(() -> store.snapshot().read("c", 1))
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
