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
import org.apache.flink.types.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TableOnDiskTest {
  private static final SqlSession SQL = SqlSession.batch();
  private static final Path CRATE_STORE =
      Path.of("src/test/resources/golden/rust-ticks").toAbsolutePath();
  private static final String CRATE_COLUMNS =
      "ts TIMESTAMP_LTZ(3) NOT NULL, sym STRING NOT NULL, price DOUBLE NOT NULL,"
          + " size BIGINT NOT NULL";

  @TempDir Path parent;
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
    SQL.table(directory)
        .refusedRead()
        .hasMessage(
            "path '"
                + directory
                + "': no store: there is no such directory; an INSERT would make one");
    SQL.table(parent)
        .refusedRead()
        .hasMessage(
            "path '" + parent + "': no store: the directory is empty; an INSERT would make one");
  }

  @Test
  void writingToNothingIsPlanned() {
    assertThat(SQL.table(directory).explainWrite()).contains("Sink(");
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
    SQL.table(directory).refusedRead().hasMessage(message);
    SQL.table(directory).refusedWrite().hasMessage(message);
  }

  @Test
  void aFileInPlaceOfTheDirectoryIsRefused() throws IOException {
    Files.createFile(directory);
    SQL.table(directory)
        .refusedRead()
        .hasMessage(
            "option 'path': " + directory + " is a file, expected the directory of a store");
  }

  @Test
  void aDamagedSchemaIsNoMistakeOfTheUser() throws IOException {
    Files.createDirectory(directory);
    Files.writeString(directory.resolve("schema.json"), "{}");
    SQL.table(directory)
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

    SQL.table(columns, "", directory, "'scan.verify-checksums' = 'false'");
    assertThat(SQL.rows("SELECT k FROM t WHERE price <> X'63656C6C'")).containsExactly(Row.of(50L));
    SQL.table(columns, "", directory);
    assertThatThrownBy(() -> SQL.rows("SELECT k FROM t WHERE price <> X'63656C6C'"))
        .rootCause()
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageStartingWith(data + ": chunk 0, bytes 0 to 400, has the CRC32C")
        .hasMessageEndingWith("; rows 0 to 99 are in it");
  }

  @Test
  void tablesComeFromTheSchemaUnlessTheDdlNamesThem() throws IOException {
    createStore();
    assertThat(SQL.table(directory).explainWrite()).contains("Sink(");
    assertThat(SQL.table(directory, "'fields.size.table' = 'volume'").explainRead())
        .contains("TableSourceScan");
    SQL.table(directory, "'fields.size.table' = 'size'")
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
    SQL.table("ts TIMESTAMP(3), price FLOAT, size BIGINT", "", directory)
        .refusedRead()
        .hasMessage(message);
    SQL.refused("INSERT INTO t VALUES (TIMESTAMP '2020-01-01 00:00:00', CAST(1 AS FLOAT), 2)")
        .hasMessage(message);
  }

  @Test
  void theOrderOfColumnsIsFree() throws IOException {
    createStore();
    SQL.table("price DOUBLE, size BIGINT, ts TIMESTAMP(3)", "", directory, "'key.field' = 'ts'");
    assertThat(
            SQL.explain(
                "INSERT INTO t VALUES (CAST(1 AS DOUBLE), 2, TIMESTAMP '2020-01-01 00:00:00')"))
        .contains("Sink(");
  }

  @Test
  void readersMayLeaveColumnsOutAndWritersMayNot() throws IOException {
    createStore();
    SQL.table("size BIGINT, ts TIMESTAMP(3)", "", directory, "'key.field' = 'ts'");
    assertThat(SQL.explainRead()).contains("TableSourceScan");
    SQL.refused("INSERT INTO t VALUES (1, TIMESTAMP '2020-01-01 00:00:00')")
        .hasMessage(
            "a table that is written to must declare all of "
                + directory.resolve("schema.json")
                + ": the columns price DOUBLE are missing from the DDL");
  }

  @Test
  void aColumnWithoutATableIsRefusedWithThoseFound() {
    SQL.table("ts TIMESTAMP_LTZ(3), bid DOUBLE", "", CRATE_STORE)
        .refusedRead()
        .hasMessage(
            "column bid: '"
                + CRATE_STORE
                + "' has no table 'bid', found 'price', 'size', 'sym'; leave the column out, or"
                + " name its table with 'fields.bid.table'");
  }

  @Test
  void aStoreOfTheCrateIsReadByTheDdlAlone() throws IOException {
    SQL.table(CRATE_COLUMNS, "", CRATE_STORE);
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
    assertThat(SQL.rows("SELECT * FROM t"))
        .hasSize(1000)
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void keysOfTheWholeRangeAndAnyBytesAreReadFromAStoreOfTheCrate() throws IOException {
    Path store = CRATE_STORE.resolveSibling("rust-edge");
    SQL.table(
        "k DECIMAL(20, 0) NOT NULL, `first` BYTES NOT NULL, other BYTES NOT NULL",
        "",
        store,
        "'fields.other.table' = 'second table'");
    List<Row> expected = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(store + ".rows"))) {
      String[] cells = line.split(" ", -1);
      expected.add(Row.of(new BigDecimal(cells[0]), bytes(cells[1]), bytes(cells[2])));
    }
    assertThat(SQL.rows("SELECT * FROM t"))
        .hasSize(10)
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void bigEndianNumbersOfTheCrateAreReadByTheDdlAlone() {
    String query = "SELECT ts, size FROM t WHERE sym = 'BTC'";
    List<Row> expected = SQL.table(CRATE_COLUMNS, "", CRATE_STORE).rows(query);
    expected.replaceAll(row -> Row.of(row.getField(0), Long.reverseBytes((Long) row.getField(1))));

    SQL.table(CRATE_COLUMNS, "", CRATE_STORE, "'fields.size.endianness' = 'big-endian'");

    assertThat(expected).hasSizeGreaterThan(100);
    assertThat(SQL.rows(query)).containsExactlyInAnyOrderElementsOf(expected);
  }

  private static byte[] bytes(String hex) {
    return hex.equals("-") ? new byte[0] : HexFormat.of().parseHex(hex);
  }

  private static ByteBuffer littleEndian(String hex) {
    return ByteBuffer.wrap(bytes(hex)).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  void onlyTheColumnsOfTheQueryAreRead() {
    SQL.table(CRATE_COLUMNS, "", CRATE_STORE);
    assertThat(SQL.explain("SELECT price, ts FROM t")).contains("project=[price, ts]");
    assertThat(SQL.rows("SELECT size, sym FROM t WHERE size = 118447049"))
        .containsExactly(Row.of(118447049L, "BTC"));
    assertThat(SQL.rows("SELECT COUNT(*) FROM t")).containsExactly(Row.of(1000L));
  }

  @Test
  void oneWriterIsPlannedHoweverManyReaders() {
    SQL.table(CRATE_COLUMNS, "", CRATE_STORE, "'scan.parallelism' = '3'");
    SQL.execute(
        "CREATE TEMPORARY TABLE copies WITH ('path' = '"
            + directory
            + "') LIKE t"
            + " (OVERWRITING OPTIONS)");
    String plan = SQL.executionPlan("INSERT INTO copies SELECT * FROM t");
    assertThat(plan).containsPattern("Source: t\\S*\",[^}]*\"parallelism\" : 3");
    assertThat(plan).containsPattern("copies\\S* ?: Writer\",[^}]*\"parallelism\" : 1");
  }
}
