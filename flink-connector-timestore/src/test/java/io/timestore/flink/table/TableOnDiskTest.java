package io.timestore.flink.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class TableOnDiskTest {
  private static final Path CRATE_STORE =
      Path.of("src/test/resources/golden/rust-ticks").toAbsolutePath();
  private static final String CRATE_COLUMNS =
      "ts TIMESTAMP_LTZ(3) NOT NULL, sym STRING NOT NULL, price DOUBLE NOT NULL,"
          + " size BIGINT NOT NULL";

  @RegisterExtension static final MiniClusterExtension CLUSTER = TestCluster.start();

  @TempDir Path parent;
  private final SqlSession sql = SqlSession.batch();
  private Path directory;

  @BeforeEach
  void chooseDirectory() {
    directory = parent.resolve("ticks");
  }

  private void createStore() throws IOException {
    Store.openOrCreate(
        directory,
        Schema.create(
            Key.of("ts", CellType.parse("TIMESTAMP(3)")),
            List.of(
                new Column("price", "price", CellType.parse("DOUBLE"), true),
                new Column("size", "volume", CellType.parse("BIGINT"), true))));
  }

  @Test
  void readingNothingNamesThePath() {
    sql.table(directory)
        .refusedRead()
        .hasMessage(
            "path '"
                + directory
                + "': no store: there is no such directory; an INSERT would make one");
    sql.table(parent)
        .refusedRead()
        .hasMessage(
            "path '" + parent + "': no store: the directory is empty; an INSERT would make one");
  }

  @Test
  void writingToNothingIsPlanned() {
    assertThat(sql.table(directory).explainWrite()).contains("Sink(");
    assertThat(directory).doesNotExist();
  }

  @Test
  void aDirectoryOfOtherThingsSaysWhatWasFound() throws IOException {
    Files.createDirectory(directory);
    Files.createFile(directory.resolve("report.txt"));
    String message =
        "option 'path': "
            + directory
            + " is no store: it has neither schema.json nor length, but report.txt";
    sql.table(directory).refusedRead().hasMessage(message);
    sql.table(directory).refusedWrite().hasMessage(message);
  }

  @Test
  void aFileInPlaceOfTheDirectoryIsRefused() throws IOException {
    Files.createFile(directory);
    sql.table(directory)
        .refusedRead()
        .hasMessage(
            "option 'path': " + directory + " is a file, expected the directory of a store");
  }

  @Test
  void aDamagedSchemaIsNoMistakeOfTheUser() throws IOException {
    Files.createDirectory(directory);
    Files.writeString(directory.resolve("schema.json"), "{}");
    sql.table(directory)
        .refusedRead()
        .hasMessageStartingWith("Unable to create a source for reading table")
        .hasCauseInstanceOf(UncheckedIOException.class)
        .cause()
        .hasCauseInstanceOf(CorruptStoreException.class)
        .hasMessageContaining(directory.resolve("schema.json").toString());
  }

  @Test
  void aDamagedChunkEndsTheQueryUnlessChecksumsAreNotVerified() throws Exception {
    Store store =
        Store.openOrCreate(
            directory,
            Schema.create(
                Key.of("k", CellType.parse("BIGINT")),
                List.of(new Column("price", "price", CellType.bytes(), false))));
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      for (int i = 0; i < 100; i++) {
        writer.append(i, "cell".getBytes(StandardCharsets.UTF_8));
      }
      writer.commit();
    }
    Path data = directory.resolve("price/data");
    byte[] bytes = Files.readAllBytes(data);
    bytes[4 * 50] = 'C';
    Files.write(data, bytes);
    String columns = "k BIGINT NOT NULL, price BYTES NOT NULL";

    sql.table(columns, "", directory, "'scan.verify-checksums' = 'false'");
    assertThat(sql.rows("SELECT k FROM t WHERE price <> X'63656C6C'")).containsExactly(Row.of(50L));
    sql.table(columns, "", directory);
    assertThatThrownBy(() -> sql.rows("SELECT k FROM t WHERE price <> X'63656C6C'"))
        .rootCause()
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageStartingWith(data + ": chunk 0, bytes 0 to 400, has the CRC32C")
        .hasMessageEndingWith("; rows 0 to 99 are in it");
  }

  @Test
  void tablesComeFromTheSchemaUnlessTheDdlNamesThem() throws IOException {
    createStore();
    assertThat(sql.table(directory).explainWrite()).contains("Sink(");
    assertThat(sql.table(directory, "'fields.size.table' = 'volume'").explainRead())
        .contains("TableSourceScan");
    sql.table(directory, "'fields.size.table' = 'size'")
        .refusedRead()
        .hasMessage(
            "column size: the DDL names the table 'size', but "
                + directory.resolve("schema.json")
                + " says 'volume'; leave 'fields.size.table' out");
  }

  @Test
  void aDdlThatDisagreesWithTheSchemaIsRefused() throws IOException {
    createStore();
    String message =
        "column price: the DDL declares FLOAT, but "
            + directory.resolve("schema.json")
            + " says DOUBLE; declare it as DOUBLE";
    sql.table("ts TIMESTAMP(3), price FLOAT, size BIGINT", "", directory)
        .refusedRead()
        .hasMessage(message);
    sql.refused("INSERT INTO t VALUES (TIMESTAMP '2020-01-01 00:00:00', CAST(1 AS FLOAT), 2)")
        .hasMessage(message);
  }

  @Test
  void theOrderOfColumnsIsFree() throws IOException {
    createStore();
    sql.table("price DOUBLE, size BIGINT, ts TIMESTAMP(3)", "", directory, "'key.field' = 'ts'");
    assertThat(
            sql.explain(
                "INSERT INTO t VALUES (CAST(1 AS DOUBLE), 2, TIMESTAMP '2020-01-01 00:00:00')"))
        .contains("Sink(");
  }

  @Test
  void readersMayLeaveColumnsOutAndWritersMayNot() throws IOException {
    createStore();
    sql.table("size BIGINT, ts TIMESTAMP(3)", "", directory, "'key.field' = 'ts'");
    assertThat(sql.explainRead()).contains("TableSourceScan");
    sql.refused("INSERT INTO t VALUES (1, TIMESTAMP '2020-01-01 00:00:00')")
        .hasMessage(
            "a table that is written to must declare all of "
                + directory.resolve("schema.json")
                + ": the columns price DOUBLE are missing from the DDL");
  }

  @Test
  void aColumnWithoutATableIsRefusedWithThoseFound() {
    sql.table("ts TIMESTAMP_LTZ(3), bid DOUBLE", "", CRATE_STORE)
        .refusedRead()
        .hasMessage(
            "column bid: '"
                + CRATE_STORE
                + "' has no table 'bid', found 'price', 'size', 'sym'; leave the column out, or"
                + " name its table with 'fields.bid.table'");
  }

  @Test
  void aStoreOfTheCrateIsReadByTheDdlAlone() throws IOException {
    sql.table(CRATE_COLUMNS, "", CRATE_STORE);
    List<Row> expected = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(CRATE_STORE + ".rows"))) {
      String[] cells = line.split(" ", -1);
      expected.add(
          Row.of(
              Instant.ofEpochMilli(Long.parseLong(cells[0])),
              new String(bytes(cells[1]), StandardCharsets.UTF_8),
              littleEndian(cells[2]).getDouble(),
              littleEndian(cells[3]).getLong()));
    }
    assertThat(sql.rows("SELECT * FROM t"))
        .hasSize(1000)
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void keysOfTheWholeRangeAndAnyBytesAreReadFromAStoreOfTheCrate() throws IOException {
    Path store = CRATE_STORE.resolveSibling("rust-edge");
    sql.table(
        "k DECIMAL(20, 0) NOT NULL, `first` BYTES NOT NULL, other BYTES NOT NULL",
        "",
        store,
        "'fields.other.table' = 'second table'");
    List<Row> expected = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(store + ".rows"))) {
      String[] cells = line.split(" ", -1);
      expected.add(Row.of(new BigDecimal(cells[0]), bytes(cells[1]), bytes(cells[2])));
    }
    assertThat(sql.rows("SELECT * FROM t"))
        .hasSize(10)
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void bigEndianNumbersOfTheCrateAreReadByTheDdlAlone() {
    String query = "SELECT ts, size FROM t WHERE sym = 'BTC'";
    List<Row> expected = sql.table(CRATE_COLUMNS, "", CRATE_STORE).rows(query);
    expected.replaceAll(row -> Row.of(row.getField(0), Long.reverseBytes((Long) row.getField(1))));

    sql.table(CRATE_COLUMNS, "", CRATE_STORE, "'fields.size.endianness' = 'big-endian'");

    assertThat(expected).hasSizeGreaterThan(100);
    assertThat(sql.rows(query)).containsExactlyInAnyOrderElementsOf(expected);
  }

  private static byte[] bytes(String hex) {
    return hex.equals("-") ? new byte[0] : HexFormat.of().parseHex(hex);
  }

  private static ByteBuffer littleEndian(String hex) {
    return ByteBuffer.wrap(bytes(hex)).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  void onlyTheColumnsOfTheQueryAreRead() {
    sql.table(CRATE_COLUMNS, "", CRATE_STORE);
    assertThat(sql.explain("SELECT price, ts FROM t")).contains("project=[price, ts]");
    assertThat(sql.rows("SELECT size, sym FROM t WHERE size = 118447049"))
        .containsExactly(Row.of(118447049L, "BTC"));
    assertThat(sql.rows("SELECT COUNT(*) FROM t")).containsExactly(Row.of(1000L));
  }

  @Test
  void oneWriterIsPlannedHoweverManyReaders() {
    sql.table(CRATE_COLUMNS, "", CRATE_STORE, "'scan.parallelism' = '3'");
    sql.execute(
        "CREATE TEMPORARY TABLE copies WITH ('path' = '"
            + directory
            + "') LIKE t"
            + " (OVERWRITING OPTIONS)");
    String plan = sql.executionPlan("INSERT INTO copies SELECT * FROM t");
    assertThat(plan).containsPattern("Source: t\\S*\",[^}]*\"parallelism\" : 3");
    assertThat(plan).containsPattern("copies\\S* ?: Writer\",[^}]*\"parallelism\" : 1");
  }

  /** Stores of two days, beside a directory of other things. */
  private void createDays() throws Exception {
    for (String day : List.of("2", "1")) {
      sql.table("k BIGINT NOT NULL, v STRING", "", parent.resolve("ticks-" + day));
      sql.insert("INSERT INTO t VALUES (1" + day + ", 'a'), (3, 'b" + day + "')");
    }
    Files.createDirectory(parent.resolve("ticks-empty"));
    Files.createFile(Files.createDirectory(parent.resolve("ticks-other")).resolve("f"));
  }

  @Test
  void aPatternReadsAllStoresThatMatch() throws Exception {
    createDays();
    sql.table(
        "k BIGINT NOT NULL, v STRING, p STRING METADATA FROM 'path' VIRTUAL",
        "",
        parent.resolve("ticks-*"),
        "'scan.parallelism' = '1'");
    assertThat(sql.rows("SELECT k, v, RIGHT(p, 7) FROM t"))
        .containsExactlyInAnyOrder(
            Row.of(3L, "b1", "ticks-1"),
            Row.of(3L, "b2", "ticks-2"),
            Row.of(11L, "a", "ticks-1"),
            Row.of(12L, "a", "ticks-2"));
    assertThat(sql.rows("SELECT COUNT(*), MIN(k), MAX(k) FROM t WHERE k > 3"))
        .containsExactly(Row.of(2L, 11L, 12L));
    assertThat(sql.estimate("SELECT k FROM t")).contains("rowcount = 4.0");
  }

  @Test
  void aPathThatIsThereIsNoPattern() throws Exception {
    createDays();
    Path literal = parent.resolve("ticks-[12]");
    Files.createDirectory(literal);
    sql.table("k BIGINT NOT NULL, v STRING", "", literal);
    sql.insert("INSERT INTO t VALUES (7, 'c')");
    assertThat(sql.rows("SELECT k FROM t")).containsExactly(Row.of(7L));
  }

  @Test
  void aPatternThatNothingMatchesIsRefused() {
    sql.table(parent.resolve("tocks-*"))
        .refusedRead()
        .hasMessage(
            "path '"
                + parent.resolve("tocks-*")
                + "': no directory whose name matches holds a store");
  }

  @Test
  void aPatternThatIsNoneIsRefused() {
    sql.table(parent.resolve("ticks-[1"))
        .refusedRead()
        .hasMessageStartingWith(
            "option 'path': '" + parent.resolve("ticks-[1") + "' is no pattern: ");
  }

  @Test
  void storesOfAPatternThatDifferAreRefused() throws Exception {
    createDays();
    sql.table("k BIGINT NOT NULL, v INT", "", parent.resolve("ticks-3"));
    sql.insert("INSERT INTO t VALUES (1, 1)");
    sql.table("k BIGINT NOT NULL, v STRING", "", parent.resolve("ticks-*"))
        .refusedRead()
        .hasMessage(
            "column v: the DDL declares STRING, but "
                + parent.resolve("ticks-3/schema.json")
                + " says INT; declare it as INT");
  }

  @Test
  void writingToAPatternIsRefused() {
    sql.table(parent.resolve("ticks-*"))
        .refusedWrite()
        .hasMessage(
            "path '"
                + parent.resolve("ticks-*")
                + "' stands for all stores that match it, but rows are written to one: name its"
                + " directory");
  }

  @Test
  void aRowIsNoPlaceInAPattern() throws Exception {
    createDays();
    sql.table(
            "k BIGINT NOT NULL, v STRING",
            "",
            parent.resolve("ticks-*"),
            "'scan.startup.mode' = 'row'",
            "'scan.startup.row' = '1'")
        .refusedRead()
        .hasMessageContaining("stands for several stores");
  }

  @Test
  void aScanThatWaitsForRowsIsPlannedBeforeThereIsAStore() {
    SqlSession streaming = SqlSession.streaming();
    assertThat(streaming.table(directory, "'source.monitor-interval' = '1 s'").explainRead())
        .contains("TableSourceScan");
    assertThat(
            streaming
                .table(parent.resolve("tocks-*"), "'source.monitor-interval' = '1 s'")
                .explainRead())
        .contains("TableSourceScan");
  }

  @Test
  void aScanBeginsAndEndsWhereItsOptionsSay() throws Exception {
    String columns = "k BIGINT NOT NULL";
    sql.table(columns, "", directory);
    sql.insert("INSERT INTO t VALUES (10), (20), (20), (30), (40)");
    sql.table(
        columns,
        "",
        directory,
        "'source.monitor-interval' = '1 s'", // ignored in batch
        "'scan.startup.mode' = 'key'",
        "'scan.startup.key' = '15'",
        "'scan.bounded.mode' = 'row'",
        "'scan.bounded.row' = '4'");
    assertThat(sql.rows("SELECT k FROM t"))
        .containsExactlyInAnyOrder(Row.of(20L), Row.of(20L), Row.of(30L));
    assertThat(sql.rows("SELECT COUNT(*), MAX(k) FROM t WHERE k <> 20"))
        .containsExactly(Row.of(1L, 30L));
  }
}
