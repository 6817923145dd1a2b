package io.timestore.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.DirectIo;
import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.format.Schema;
import io.timestore.store.ConflictException;
import io.timestore.store.Scan;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** This project and the Rust crate with the same stores. */
class CrateHistoriesITCase {
  private static final List<String> TABLES = List.of("price", "größe in €");
  private static final int SEGMENT_LENGTH = 64;

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private static Path directory;

  private static RustProgram program;
  private final Random random = new Random(1);
  private final RandomRows randomRows = new RandomRows(random);
  private final ExpectedRows expected = new ExpectedRows(TABLES);

  @BeforeAll
  static void startProgram() throws IOException {
    program = RustProgram.start(directory);
  }

  @AfterAll
  static void endProgram() throws IOException {
    if (program != null) { // null where it can't work
      program.close();
    }
  }

  @Test
  void eachSideReadsWhatTheOtherAppended() throws IOException {
    long firstSeed = Long.getLong("timestore.seed", System.nanoTime());
    int historyCount = Integer.getInteger("histories", 300);
    System.out.printf("Replay with -Dhistories=%d -Dtimestore.seed=%d%n", historyCount, firstSeed);
    Coverage coverage = new Coverage();
    ExecutorService appending = Executors.newSingleThreadExecutor();
    try {
      for (long seed = firstSeed; seed < firstSeed + historyCount; seed++) {
        Path path = directory.resolve("history-" + seed);
        try (History history = new History(program, appending, path, seed, coverage)) {
          history.run();
        } catch (AssertionError | IOException | RuntimeException e) {
          throw new AssertionError(
              "%s; replay with -Dhistories=1 -Dtimestore.seed=%d: %s"
                  .formatted(path, seed, e.getMessage()),
              e);
        }
        delete(path);
      }
    } finally {
      appending.shutdownNow();
    }
    System.out.println(coverage.counts());
    if (historyCount >= 40) {
      assertThat(coverage.counts()).containsOnlyKeys(Coverage.Event.values());
    }
  }

  @Test
  void aStoreOfTheCrateIsReadAsItIsAndAdoptedByTheFirstWriter() throws IOException {
    Path path = directory.resolve("adopted");
    appendWithRust(program.create(path, TABLES, SEGMENT_LENGTH), randomRows.after(expected, 3));
    byte[] length = Files.readAllBytes(path.resolve("length"));

    assertThat(Store.open(path).schema()).isEmpty();
    JavaReading.check(path, expected, random);
    assertThat(path.resolve("schema.json")).doesNotExist();

    Schema schema = JavaWriting.create(path, expected, random).schema().orElseThrow();
    assertThat(schema.tables()).containsExactlyInAnyOrderElementsOf(TABLES);
    assertThat(path.resolve("schema.json")).exists();
    assertThat(path.resolve("length")).hasBinaryContent(length);
    JavaReading.check(path, expected, random);
    checkWithRust(path);

    appendWithRust(program.open(path, TABLES, SEGMENT_LENGTH), randomRows.after(expected, 3));
    appendWithJava(path, 3);
    appendWithRust(program.open(path, TABLES, SEGMENT_LENGTH), randomRows.after(expected, 3));
    JavaReading.check(path, expected, random);
    assertThat(Store.open(path).id()).isEqualTo(schema.storeId());
  }

  @Test
  void theCrateReadsLaneZeroOfAStoreWithLanesAndItsAppendIsRefused() throws IOException {
    Path path = directory.resolve("lanes");
    Store store = JavaWriting.create(path, expected, random);
    ExpectedRows laneZero;
    ExpectedRows laneOne = new ExpectedRows(TABLES);
    try (StoreWriter first = sinkWriter(store);
        StoreWriter second = sinkWriter(store)) {
      publish(store, first, 30);
      laneZero = expected.copy();
      publish(store, second, 20);
      laneOne.addAll(expected.rows().subList(30, 50));
    }
    JavaReading.check(path, expected, random);
    checkWithRust(path, laneZero);
    checkWithRust(path.resolve("lanes/00001"), laneOne);

    for (Path lane : List.of(path, path.resolve("lanes/00001"))) {
      assertThatThrownBy(
              () ->
                  appendWithRust(
                      program.open(lane, TABLES, SEGMENT_LENGTH), randomRows.after(expected, 1)))
          .hasMessageContaining("new length file")
          .hasMessageContaining("File exists");
    }

    JavaReading.check(path, expected, random);
    checkWithRust(path, laneZero);
    checkWithRust(path.resolve("lanes/00001"), laneOne);
    appendWithJava(path, 10);
    JavaReading.check(path, expected, random);
  }

  @Test
  void anExportOfAStoreWithLanesIsAPlainStoreForTheCrate() throws IOException {
    Store store = JavaWriting.create(directory.resolve("exported"), expected, random);
    try (StoreWriter first = sinkWriter(store);
        StoreWriter second = sinkWriter(store)) {
      publish(store, first, 30);
      publish(store, second, 20);
    }
    Path plain = directory.resolve("plain");
    store.export(plain);

    checkWithRust(plain);
    appendWithRust(program.open(plain, TABLES, SEGMENT_LENGTH), randomRows.after(expected, 3));
    checkWithRust(plain);
    JavaReading.check(plain, expected, random);
  }

  /** {@code commits/} is a store, whose tables are in docs/format.md. */
  @Test
  void theCrateReadsTheJournalOfAStore() throws IOException {
    Path path = directory.resolve("journal");
    try (StoreWriter writer =
        JavaWriting.create(path, expected, random).writer(WriterOptions.defaults())) {
      for (int i = 0; i < 70; i++) {
        writer.append(i, new byte[0], new byte[0]);
        writer.commit("insert " + i);
      }
    }
    Path commits = path.resolve("commits");
    ExpectedRows journal =
        new ExpectedRows(
            List.of(
                "sequence",
                "lineage",
                "submission",
                "checkpoint_id",
                "watermark",
                "insert_id",
                "row_count",
                "lane_rows"));
    Snapshot snapshot = Store.open(commits).snapshot();
    Batch batch = new Batch(0);
    try (Scan scan = snapshot.scan(snapshot.ranges(), List.of())) {
      assertThat(scan.next(batch)).isTrue();
    }
    Value none = Value.of(new byte[0]);
    for (int i = 0; i < 32; i++) {
      Value insertId = text("insert " + i);
      Value laneRows = text("0:0-" + (i + 1));
      journal.addAll(
          List.of(
              new Row(
                  batch.key(i),
                  List.of(bigint(i), none, none, none, none, insertId, bigint(i + 1), laneRows))));
    }

    checkWithRust(commits, journal);
    JavaReading.check(commits, journal, random);
  }

  private static Value bigint(long value) {
    return Value.of(
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
  }

  private static Value text(String text) {
    return Value.of(text.getBytes(UTF_8));
  }

  @Test
  void aWriterThatTheCrateOvertookRefusesFurtherRows() throws IOException {
    Path path = directory.resolve("overtaken");
    try (JavaWriting writing = JavaWriting.open(path, expected, random)) {
      List<Row> rows = randomRows.after(expected, 5);
      writing.append(rows, random);
      expected.addAll(rows);
      appendWithRust(program.open(path, TABLES, SEGMENT_LENGTH), randomRows.after(expected, 2));

      List<Row> refused = randomRows.after(expected, 1);
      assertThatThrownBy(() -> writing.append(refused, random))
          .isInstanceOf(ConflictException.class)
          .hasMessageContaining("has 7 rows, this writer knows of 5");
    }
    JavaReading.check(path, expected, random);
    checkWithRust(path);
    appendWithJava(path, 5);
    checkWithRust(path);
  }

  @Test
  void aWriterThatTheCrateOvertookLeavesItsRowsWhenItCloses() throws IOException {
    Path path = directory.resolve("overtaken-idle");
    try (JavaWriting writing = JavaWriting.open(path, expected, random)) {
      List<Row> rows = randomRows.after(expected, 5);
      writing.append(rows, random);
      expected.addAll(rows);
      appendWithRust(program.open(path, TABLES, SEGMENT_LENGTH), randomRows.after(expected, 2));
    }
    JavaReading.check(path, expected, random);
    checkWithRust(path);
  }

  /** Keys and offsets of more than one chunk. */
  @Test
  void manyRowsOfBothSidesAreOneSequence() throws IOException {
    Path path = directory.resolve("many-rows");
    for (int rowCount : new int[] {100_000, 70_000, 1}) {
      List<Row> rows = narrowRows(rowCount);
      try (JavaWriting writing = JavaWriting.open(path, expected, random)) {
        writing.append(rows, random);
      }
      expected.addAll(rows);
      try (RustStore store = program.open(path, TABLES, SEGMENT_LENGTH)) {
        RustReading.checkColumns(store, expected);
      }
      appendWithRust(program.open(path, TABLES, SEGMENT_LENGTH), narrowRows(3));
      JavaReading.check(path, expected, random);
    }
  }

  /** Rows of 8 bytes and of 0 to 3, three to a key. */
  private List<Row> narrowRows(int rowCount) {
    long start = expected.rowCount();
    return LongStream.range(start, start + rowCount)
        .mapToObj(i -> new Row(1 + i / 3, List.of(Value.of(i, 8), Value.of(i, (int) i % 4))))
        .toList();
  }

  private static StoreWriter sinkWriter(Store store) throws IOException {
    UUID lineage = new UUID(1, 1);
    UUID submission = new UUID(2, 1);
    return store.writer(WriterOptions.ofSink(DirectIo.AUTO, 1 << 20, lineage, submission), TABLES);
  }

  private void publish(Store store, StoreWriter writer, int rowCount) throws IOException {
    List<Row> rows = randomRows.after(expected, rowCount);
    writer.append(JavaWriting.batch(rows, TABLES, expected));
    Commit commit = writer.prepare(false, Long.MIN_VALUE).orElseThrow().ofCheckpoint(1, false);
    store.publisher().publish(List.of(commit), false);
    expected.addAll(rows);
  }

  private void appendWithJava(Path path, int rowCount) throws IOException {
    List<Row> rows = randomRows.after(expected, rowCount);
    try (JavaWriting writing = JavaWriting.open(path, expected, random)) {
      writing.append(rows, random);
    }
    expected.addAll(rows);
  }

  /** Closes the store. */
  private void appendWithRust(RustStore store, List<Row> rows) throws IOException {
    try (store) {
      for (Row row : rows) {
        store.append(row.key(), row.values());
        expected.addAll(List.of(row));
      }
    }
  }

  private void checkWithRust(Path path) throws IOException {
    checkWithRust(path, expected);
  }

  private void checkWithRust(Path path, ExpectedRows rows) throws IOException {
    try (RustStore store = program.open(path, rows.tables(), SEGMENT_LENGTH)) {
      RustReading.checkAll(store, rows);
      RustReading.checkParts(store, rows, random);
    }
  }

  /** Large values would fill the disk otherwise. */
  private static void delete(Path store) throws IOException {
    try (Stream<Path> paths = Files.walk(store)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
