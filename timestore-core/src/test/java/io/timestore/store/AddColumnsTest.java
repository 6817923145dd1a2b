package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.Disk;
import io.timestore.disk.LocalDisk;
import io.timestore.format.CellType;
import io.timestore.format.CellType.Kind;
import io.timestore.format.Column;
import io.timestore.format.Commit;
import io.timestore.format.Endianness;
import io.timestore.format.Key;
import io.timestore.format.Lane.LaneTable;
import io.timestore.format.Schema;
import io.timestore.store.CrashingDisk.Fate;
import io.timestore.store.WriterOptions.LateRows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A store gets a table more; the rows that are there stay as they are, and lack it. */
class AddColumnsTest {
  private static final List<String> TABLES = List.of("a", "b");
  private static final Column DOUBLE = new Column("price", "price", CellType.of(Kind.DOUBLE), true);

  @TempDir Path directory;
  private Path path;
  private Store store;

  @BeforeEach
  void createStore() throws IOException {
    path = directory.resolve("store");
    store = Store.openOrCreate(path, Schema.ofTables(TABLES));
  }

  /** The rows of these keys, with an empty value in a third table. */
  private static List<String> widened(long from, long to) {
    return Rows.ofKeys(LongStream.range(from, to)).stream().map(row -> row + " -").toList();
  }

  private static void append(Store store, List<String> rows) throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(rows));
      writer.commit();
    }
  }

  private static List<String> rows(long from, long to) {
    return Rows.ofKeys(LongStream.range(from, to));
  }

  private List<String> tablesOfLane(int number) throws IOException {
    return store.snapshot().record().lane(number).orElseThrow().tables().stream()
        .map(LaneTable::name)
        .toList();
  }

  @Test
  void rowsThatAreThereHaveTheEmptyValueByEveryWayOfReading() throws IOException {
    append(store, rows(0, 10));

    Store wider = store.addTables(List.of("c"));

    assertThat(wider.tables()).containsExactly("a", "b", "c");
    assertThat(Store.open(path).tables()).containsExactly("a", "b", "c");
    assertThat(Rows.read(wider, wider.tables())).isEqualTo(widened(0, 10));
    try (StoreReader reader = wider.reader();
        RowIterator all = reader.iterate(KeyRange.all(), "a")) {
      assertThat(reader.read("c", 3)).hasValue(new byte[0]);
      assertThat(reader.values("c", 3)).singleElement().returns(0L, Value::sizeBytes);
      assertThat(reader.valueAt("c", 9).read(List.of(new ByteRange(0, 0))))
          .singleElement()
          .isEqualTo(new byte[0]);
      assertThat(all.next()).isTrue();
      assertThat(all.read("c")).isEmpty();
    }
    assertThat(path.resolve("c")).doesNotExist();
  }

  @Test
  void rowsThatComeWithTheTableComeIntoALaneThatHasIt() throws IOException {
    append(store, rows(0, 10));
    Store wider = store.addTables(List.of("c"));

    append(wider, List.of("10 - - 07", "11 - 08 09"));
    append(wider, List.of("12 - - -"));

    List<String> expected = new ArrayList<>(widened(0, 10));
    expected.addAll(List.of("10 - - 07", "11 - 08 09", "12 - - -"));
    assertThat(Rows.read(wider, wider.tables())).isEqualTo(expected);
    assertThat(tablesOfLane(0)).isEqualTo(TABLES);
    assertThat(tablesOfLane(1)).containsExactly("a", "b", "c");
    assertThat(store.snapshot().record().lanes()).hasSize(2);
  }

  @Test
  void aStoreWithoutRowsNeedsNoFurtherLane() throws IOException {
    append(store.addTables(List.of("c")), List.of("10 - - 07"));

    assertThat(Rows.read(Store.open(path), List.of("c"))).containsExactly("10 07");
    assertThat(store.snapshot().record().lanes()).hasSize(1);
  }

  @Test
  void aRunThatWasOpenBeforeGoesOnWithoutTheTableInItsOwnLane() throws IOException {
    Store wider;
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(rows(0, 5)));
      wider = store.addTables(List.of("c"));
      writer.commit();
      writer.append(Rows.batch(rows(5, 10)));
      writer.commit();
    }
    assertThat(Rows.read(wider, wider.tables())).isEqualTo(widened(0, 10));
    assertThat(tablesOfLane(0)).isEqualTo(TABLES);

    append(wider, List.of("10 - - 07"));
    append(store, rows(11, 12));
    List<String> expected = new ArrayList<>(widened(0, 10));
    expected.add("10 - - 07");
    expected.addAll(widened(11, 12));
    assertThat(Rows.read(wider, wider.tables())).isEqualTo(expected);
    assertThat(store.snapshot().record().lanes()).hasSize(2);
  }

  @Test
  void aColumnAddedBetweenPrepareAndPublishLeavesNoRowsWithoutOffsets() throws IOException {
    Commit commit;
    try (SinkRun run = SinkRun.begin(store, new UUID(1, 1), new UUID(2, 1))) {
      commit = run.prepare(1, 0, 10);
    }
    Store wider = store.addTables(List.of("c"));
    wider.publisher().publish(List.of(commit), true);
    append(wider, List.of("10 - - 07"));

    List<String> expected = new ArrayList<>(widened(0, 10));
    expected.add("10 - - 07");
    assertThat(Rows.read(wider, wider.tables())).isEqualTo(expected);
    assertThat(path.resolve("c")).doesNotExist();
  }

  @Test
  void aNullableColumnOfAnyTypeCanBeAdded() throws IOException {
    append(store, rows(0, 2));
    Store wider = store.addColumns(List.of(DOUBLE));

    append(wider, List.of("2 - - 000000000000f03f", "3 - - -"));

    assertThat(wider.schema().orElseThrow().columns()).last().isEqualTo(DOUBLE);
    assertThat(Rows.read(wider, List.of("price")))
        .containsExactly("0 -", "1 -", "2 000000000000f03f", "3 -");
  }

  @Test
  void anAdditionCostsTheSameWhateverTheStoreHolds() throws IOException {
    append(store, rows(0, 10));
    Path large = directory.resolve("large");
    WriterOptions keeping = WriterOptions.defaults().withLateRows(LateRows.KEEP);
    Store many = Store.openOrCreate(large, Schema.ofTables(TABLES));
    try (StoreWriter writer = many.writer(keeping)) {
      for (long first : new long[] {40_000, 20_000, 0}) {
        writer.append(Rows.batch(rows(first, first + 40_000)));
      }
      writer.commit();
    }
    assertThat(many.snapshot().record().lanes()).hasSize(3);

    CountingDisk few = addColumnTo(path);
    CountingDisk counted = addColumnTo(large);

    assertThat(counted.callCounts()).containsKey("rename").isEqualTo(few.callCounts());
    assertThat(counted.bytesWritten()).isPositive().isEqualTo(few.bytesWritten());
    assertThat(counted.bytesRead()).as("what tells of lanes").isLessThan(1 << 16);
  }

  private static CountingDisk addColumnTo(Path path) throws IOException {
    CountingDisk disk = new CountingDisk(new LocalDisk());
    Store.open(disk.disk(), path).addColumns(List.of(DOUBLE));
    return disk;
  }

  static Stream<Arguments> refused() {
    CellType real = CellType.of(Kind.FLOAT);
    return Stream.of(
        Arguments.of(
            new Column("c", "c", real, false),
            "column c: FLOAT NOT NULL can't be added, since the rows that are there have no value"
                + " of it; expected a nullable type"),
        Arguments.of(
            new Column("a", "a", real, true),
            "column a: FLOAT in table 'a', but the store has it as VARBINARY(2147483647) NOT NULL"
                + " in table 'a'"),
        Arguments.of(
            new Column("a", "c", CellType.bytes(), false),
            "column a: VARBINARY(2147483647) NOT NULL in table 'c', but the store has it as"
                + " VARBINARY(2147483647) NOT NULL in table 'a'"),
        Arguments.of(
            new Column("a", "a", new Column.Format("json", "ROW<`x` INT>"), false),
            "column a: ROW<`x` INT> NOT NULL in the format 'json' in table 'a', but the store has"
                + " it as VARBINARY(2147483647) NOT NULL in table 'a'"),
        Arguments.of(
            new Column("c", "c", new Column.Format("json", "ROW<`x` INT>"), false),
            "column c: ROW<`x` INT> NOT NULL can't be added, since the rows that are there have no"
                + " value of it; expected a nullable type"),
        Arguments.of(
            new Column("a", "a", real, true).withEndianness(Endianness.BIG),
            "column a: FLOAT in big-endian bytes in table 'a', but the store has it as"
                + " VARBINARY(2147483647) NOT NULL in table 'a'"),
        Arguments.of(new Column("c", "a", real, true), "two columns use the table 'a'"),
        Arguments.of(new Column("key", "c", real, true), "two columns are named 'key'"));
  }

  @ParameterizedTest
  @MethodSource("refused")
  void whatCannotBeAddedIsRefusedAndNothingChanges(Column column, String message)
      throws IOException {
    Path schema = path.resolve("schema.json");
    byte[] before = Files.readAllBytes(schema);

    assertThatThrownBy(() -> store.addColumns(List.of(DOUBLE, column)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
    assertThat(schema).hasBinaryContent(before);
  }

  @Test
  void aColumnThatIsThereAlreadyStaysAsItIs() throws IOException {
    store.addColumns(List.of(DOUBLE));
    Path schema = path.resolve("schema.json");
    Object file = Files.readAttributes(schema, "unix:ino").get("ino");

    Store same = store.addColumns(List.of(DOUBLE, Column.ofTable("a"), DOUBLE));

    assertThat(same.tables()).containsExactly("a", "b", "price");
    assertThat(Files.readAttributes(schema, "unix:ino")).containsEntry("ino", file);
  }

  @Test
  void openingWithMoreTablesThanThereAreAddsNone() throws IOException {
    assertThatThrownBy(() -> Store.openOrCreate(path, List.of("a", "b", "c")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(path + " has the tables [a, b], [a, b, c] were given");
    store.addTables(List.of("c"));
    assertThat(Store.openOrCreate(path, List.of("c", "a", "b")).tables())
        .containsExactly("c", "a", "b");
    assertThatThrownBy(() -> Store.openOrCreate(path, TABLES))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theOrderInWhichAStoreWasOpenedStays() throws IOException {
    Store turned = Store.openOrCreate(path, List.of("b", "a"));
    store.addTables(List.of("d"));

    assertThat(turned.addTables(List.of("c")).tables()).containsExactly("b", "a", "d", "c");
  }

  @Test
  void whatACatalogKeepsInTheSchemaStays() throws IOException {
    Path typed = directory.resolve("typed");
    Map<String, Object> flink = Map.of("comment", "of a catalog");
    Key key = Key.of("ts", CellType.parse("TIMESTAMP_LTZ(3)"));
    Schema before = new Schema(new UUID(1, 2), key, List.of(DOUBLE), flink);

    Store.openOrCreate(typed, before).addTables(List.of("c"));

    assertThat(Store.open(typed).schema())
        .hasValue(new Schema(new UUID(1, 2), key, List.of(DOUBLE, Column.ofTable("c")), flink));
  }

  @Test
  void aStoreOfTheCrateHasNoSchemaToAddTo() throws IOException {
    Path crate = Files.createDirectory(directory.resolve("crate"));
    Crate.writeLength(crate, 0);

    assertThatThrownBy(() -> Store.open(crate).addTables(List.of("c")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(crate + " has no schema.json: open it with openOrCreate to write it");
  }

  @Test
  void aTableOfNotNullColumnThatNoLaneHasIsStillNotReadAsEmpty() throws IOException {
    append(store, rows(0, 2));
    Path schema = path.resolve("schema.json");
    List<Column> columns = new ArrayList<>(store.schema().orElseThrow().columns());
    columns.add(new Column("c", "c", CellType.of(Kind.DOUBLE), false));
    Key key = store.schema().orElseThrow().key();
    Files.write(schema, new Schema(store.id(), key, columns, Map.of()).toJson());

    assertThatThrownBy(() -> Rows.read(Store.open(path), List.of("c")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("has no table 'c', found [a, b]");
  }

  @Test
  void ofTwoWhoAddAtOnceBothSucceed() throws Exception {
    int count = 8;
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      List<Future<List<String>>> added = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        Store own = Store.open(path);
        List<String> tables = List.of("c" + i, "both" + i / 2);
        added.add(threads.submit(() -> own.addTables(tables).tables()));
      }
      for (int i = 0; i < count; i++) {
        assertThat(get(added.get(i))).contains("a", "b", "c" + i, "both" + i / 2);
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(Store.open(path).tables())
        .contains("a", "b", "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7")
        .contains("both0", "both1", "both2", "both3")
        .hasSize(14);
  }

  private static <T> T get(Future<T> future) throws InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw new AssertionError(e.getCause());
    }
  }

  @Test
  void theColumnIsDurableWhenTheCallReturns() throws IOException {
    List<String> calls = new ArrayList<>();
    Disk disk =
        Around.calls(
            Disk.class,
            new LocalDisk(),
            (method, arguments, original) -> {
              if (List.of("createDurably", "syncDirectory", "rename").contains(method.getName())) {
                calls.add(method.getName());
              }
              return original.call();
            });
    Store.open(disk, path).addTables(List.of("c"));

    assertThat(calls).endsWith("createDurably", "rename", "syncDirectory");
    calls.clear();
    // The one who added it may have died before the directory was synced.
    Store.open(disk, path).addTables(List.of("c"));
    assertThat(calls).containsExactly("syncDirectory");
  }

  @ParameterizedTest
  @EnumSource(Fate.class)
  void anAdditionThatDiesIsThereWholeOrNotAtAll(Fate fate) throws IOException {
    boolean crashed = true;
    int crashes = 0;
    for (int operation = 0; crashed; operation++) {
      Path each = directory.resolve(fate + "-" + operation);
      append(Store.openOrCreate(each, Schema.ofTables(TABLES)), rows(0, 5));
      CrashingDisk disk = new CrashingDisk(operation, fate);
      try {
        Store.open(disk, each).addTables(List.of("c"));
        crashed = false;
      } catch (CrashingDisk.CrashException e) {
        crashes++;
      } finally {
        disk.bury();
      }
      assertThat(Store.open(each).tables()).isIn(TABLES, List.of("a", "b", "c"));
      assertThat(crashed || Store.open(each).tables().size() == 3).isTrue();

      Store wider = Store.open(each).addTables(List.of("c"));
      append(wider, List.of("5 - - 07"));
      List<String> expected = new ArrayList<>(widened(0, 5));
      expected.add("5 - - 07");
      assertThat(Rows.read(Store.open(each), wider.tables())).isEqualTo(expected);
      assertThat(each.toFile().list((parent, name) -> name.startsWith("."))).isEmpty();
    }
    assertThat(crashes).isGreaterThan(2);
  }
}
