package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.DirectIo;
import io.timestore.disk.Disk;
import io.timestore.disk.LocalDisk;
import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Commit;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StoreTest {
  private static final List<String> TABLES = List.of("a", "b");

  @TempDir Path directory;

  private Store create() throws IOException {
    return Store.openOrCreate(directory.resolve("store"), Schema.ofTables(TABLES));
  }

  private static void commit(Store store, List<String> rows) throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(rows));
      writer.commit();
    }
  }

  @Test
  void aNewStoreIsEmpty() throws IOException {
    Store store = create();

    assertThat(store.snapshot().rowCount()).isZero();
    assertThat(store.tables()).isEqualTo(TABLES);
    assertThat(Rows.read(store, TABLES)).isEmpty();
    assertThat(store.snapshot().ranges(KeyRange.atLeast(5))).isEmpty();
  }

  @Test
  void committedRowsComeBackAfterReopening() throws IOException {
    List<String> rows = List.of("0 - ff", "7 61 -", "7 62 ffff", "9223372036854775808 - -");
    commit(create(), rows);
    commit(create(), List.of("18446744073709551615 00 01"));

    Store store = Store.open(directory.resolve("store"));
    assertThat(Rows.read(store, TABLES))
        .containsExactlyElementsOf(append(rows, List.of("18446744073709551615 00 01")));
    assertThat(store.schema()).isPresent();
  }

  private static long firstRow(Snapshot snapshot, long key) throws IOException {
    return snapshot.ranges(KeyRange.atLeast(key)).get(0).start();
  }

  @Test
  void rowsAreReadByKey() throws IOException {
    commit(create(), Rows.ofKeys(LongStream.range(0, 10_000).map(i -> i * 3)));
    Snapshot snapshot = create().snapshot();

    for (long key = 0; key < 30_000; key += 97) {
      assertThat(firstRow(snapshot, key)).isEqualTo((key + 2) / 3);
    }
    assertThat(snapshot.ranges(KeyRange.atLeast(29_998))).isEmpty();
  }

  @Test
  void theFirstOfEqualKeysIsFound() throws IOException {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 3000; i++) {
      rows.add((i / 1000) + " " + HexFormat.of().toHexDigits(i) + " -");
    }
    commit(create(), rows);

    assertThat(firstRow(create().snapshot(), 1)).isEqualTo(1000);
    assertThat(firstRow(create().snapshot(), 2)).isEqualTo(2000);
  }

  @Test
  void anyPartOfTheSequenceCanBeScanned() throws IOException {
    List<String> rows = Rows.ofKeys(LongStream.range(0, 9_000));
    commit(create(), rows);
    Snapshot snapshot = create().snapshot();

    for (int from : new int[] {0, 1, 4095, 4096, 8_999, 9_000}) {
      assertThat(Rows.read(snapshot, snapshot.ranges(from, 9_000), TABLES))
          .isEqualTo(rows.subList(from, 9_000));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"AUTO", "OFF"})
  void manyCommitsOfAnySizeMakeOneSequence(DirectIo directIo) throws IOException {
    Random random = new Random(7);
    Store store = create();
    List<String> all = new ArrayList<>();
    long key = 0;
    for (int run = 0; run < 5; run++) {
      WriterOptions options =
          WriterOptions.defaults().withDirectIo(directIo).withBufferMemoryBytes(1 << 20);
      try (StoreWriter writer = store.writer(options)) {
        for (int commit = 0; commit < 6; commit++) {
          List<String> rows = new ArrayList<>();
          int count = random.nextInt(700);
          for (int i = 0; i < count; i++) {
            key += random.nextInt(3);
            byte[] value = new byte[random.nextInt(100) == 0 ? 70_000 : random.nextInt(300)];
            random.nextBytes(value);
            rows.add(
                key + " " + (value.length == 0 ? "-" : HexFormat.of().formatHex(value)) + " 01");
          }
          writer.append(Rows.batch(rows.isEmpty() ? List.of(key + " - 01") : rows));
          all.addAll(rows.isEmpty() ? List.of(key + " - 01") : rows);
          writer.commit();
        }
      }
    }
    assertThat(Rows.read(store, TABLES)).isEqualTo(all);
    assertThat(store.snapshot().record().lanes()).hasSize(1);
  }

  @Test
  void aStoreThatIsMadeWhileOneLooksIsFound() throws IOException {
    Path path = Files.createDirectory(directory.resolve("made meanwhile"));
    Disk slow =
        Around.calls(
            Disk.class,
            new LocalDisk(),
            (method, arguments, original) -> {
              if (method.getName().equals("list")) {
                Store.openOrCreate(path, TABLES);
              }
              return original.call();
            });

    assertThat(Store.open(slow, path).tables()).isEqualTo(TABLES);
  }

  @Test
  void batchesOfManyTablesStaySmall() throws IOException {
    List<String> tables = IntStream.range(0, 64).mapToObj(i -> "t" + i).toList();
    Store store = Store.openOrCreate(directory.resolve("wide"), tables);
    byte[][] values = new byte[64][1000];
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      for (int key = 0; key < 1500; key++) {
        writer.append(key, values);
      }
      writer.commit();
    }
    Snapshot snapshot = store.snapshot();
    Batch batch = new Batch(64);
    long rowCount = 0;
    try (Scan scan = snapshot.scan(snapshot.ranges(), tables)) {
      while (scan.next(batch)) {
        assertThat(batch.sizeBytes()).isLessThan(33 << 20);
        rowCount += batch.rowCount();
      }
    }
    assertThat(rowCount).isEqualTo(1500);
  }

  @Test
  void preparedRowsAreInvisibleUntilTheyArePublished() throws IOException {
    Store store = create();
    List<String> rows = Rows.ofKeys(LongStream.range(0, 100));
    WriterOptions options =
        WriterOptions.ofSink(DirectIo.AUTO, 1 << 20, UUID.randomUUID(), UUID.randomUUID());
    try (StoreWriter writer = store.writer(options)) {
      writer.append(Rows.batch(rows));
      Commit commit = writer.prepare(true, Long.MIN_VALUE).orElseThrow();
      assertThat(store.snapshot().rowCount()).isZero();

      Commit copy = Commit.fromBytes(commit.toBytes());
      assertThat(copy).isEqualTo(commit);
      store.publisher().publish(List.of(copy.ofCheckpoint(1, false)), true);
    }
    assertThat(Rows.read(store, TABLES)).isEqualTo(rows);
  }

  @Test
  void aFallingKeyIsRefusedAndNothingOfItsBatchIsKept() throws IOException {
    Store store = create();
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(List.of("5 61 -")));
      assertThatThrownBy(() -> writer.append(Rows.batch(List.of("6 62 -", "4 63 -"))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("key 4 is below the previous 6");
      assertThatThrownBy(() -> writer.append(Rows.batch(List.of("4 63 -"))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("key 4 is below 5, the newest key in ");
      writer.append(Rows.batch(List.of("5 64 -")));
      writer.commit();
    }
    assertThat(Rows.read(store, TABLES)).containsExactly("5 61 -", "5 64 -");
  }

  @Test
  void rowsOfABatchAreAppendedInTheOrderGiven() throws IOException {
    Batch batch = Rows.batch(List.of("3 33 -", "1 11 -", "2 22 -"));
    Store store = create();
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(batch, new int[] {1, 2, 0}, 0, 2);
      writer.append(batch, new int[] {1, 2, 0}, 2, 3);
      writer.commit();
    }
    assertThat(Rows.read(store, TABLES)).containsExactly("1 11 -", "2 22 -", "3 33 -");
  }

  @Test
  void anInterruptedCallerClosesNoFile() throws IOException {
    Store store = create();
    List<String> rows = Rows.ofKeys(LongStream.range(0, 1000));
    StoreWriter writer = store.writer(WriterOptions.defaults());
    writer.append(Rows.batch(rows));
    writer.commit();
    Thread.currentThread().interrupt();
    assertThatThrownBy(
            () -> {
              writer.append(Rows.batch(List.of("2000 00 -")));
              writer.commit();
            })
        .isInstanceOf(InterruptedIOException.class);
    assertThat(Thread.interrupted()).isTrue();
    assertThatThrownBy(writer::commit).hasMessageContaining("failed before");
    writer.close();

    assertThat(Rows.read(store, TABLES)).startsWith(rows.toArray(String[]::new));
    commit(store, List.of("3000 00 -"));
    assertThat(Rows.read(store, TABLES)).endsWith("3000 00 -");
  }

  @Test
  void aCreatorThatComesLaterFindsTheFirstOnesSchema() throws IOException {
    Store first = create();
    Schema other =
        Schema.create(
            Key.of("ts", CellType.of(CellType.Kind.TIMESTAMP, 3)),
            List.of(new Column("c", "c", CellType.of(CellType.Kind.INT), true)));

    Store second = Store.openOrCreate(directory.resolve("store"), other);

    assertThat(second.id()).isEqualTo(first.id());
    assertThat(second.schema()).isEqualTo(first.schema());
  }

  @Test
  void whatIsNoStoreIsToldApart() throws IOException {
    Path missing = directory.resolve("missing");
    assertThatThrownBy(() -> Store.open(missing))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining(missing.toString())
        .hasMessageContaining("there is no such directory");

    Path empty = Files.createDirectory(directory.resolve("empty"));
    assertThatThrownBy(() -> Store.open(empty)).hasMessageContaining("the directory is empty");

    Path file = Files.createFile(directory.resolve("file"));
    assertThatThrownBy(() -> Store.open(file)).hasMessageContaining("is a file");

    Path other = Files.createDirectory(directory.resolve("other"));
    Files.createFile(other.resolve("photo.jpg"));
    assertThatThrownBy(() -> Store.open(other)).hasMessageContaining("but photo.jpg");
    assertThatThrownBy(() -> Store.openOrCreate(other, Schema.ofTables(TABLES)))
        .hasMessageContaining("is no store");
    assertThat(other.toFile().list()).containsExactly("photo.jpg");
  }

  private static List<String> append(List<String> left, List<String> right) {
    List<String> all = new ArrayList<>(left);
    all.addAll(right);
    return all;
  }
}
