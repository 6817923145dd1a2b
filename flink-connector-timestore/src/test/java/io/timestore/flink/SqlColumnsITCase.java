package io.timestore.flink;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.CorruptStoreException;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What {@code fields.COL.*} make of columns, and INSERTs of some or of more columns. */
class SqlColumnsITCase {
  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder().setNumberSlotsPerTaskManager(2).build());

  @TempDir Path directory;
  private final TableEnvironment tables =
      TableEnvironment.create(EnvironmentSettings.inBatchMode());
  private final Sql sql = new Sql(tables);

  private void table(String name, String columns, String... options) throws Exception {
    sql.run("DROP TABLE IF EXISTS " + name);
    sql.run(
        "CREATE TABLE "
            + name
            + " (k BIGINT NOT NULL, "
            + columns
            + ") WITH ('connector' = 'timestore', 'path' = '"
            + directory.resolve("store")
            + "'"
            + (options.length == 0 ? "" : ", " + String.join(", ", options))
            + ")");
  }

  @Test
  void bigEndianNumbersComeBackAndStandInTheFilesAsDeclared() throws Exception {
    String columns =
        "i16 SMALLINT NOT NULL, i32 INT, i64 BIGINT, f64 DOUBLE, d DECIMAL(20, 2), t TIMESTAMP(6),"
            + " b BOOLEAN, s STRING";
    List<String> options = new ArrayList<>();
    for (String column : List.of("i16", "i32", "i64", "f64", "d", "t", "b")) {
      options.add("'fields." + column + ".endianness' = 'big-endian'");
    }
    table("t", columns, options.toArray(String[]::new));
    sql.run(
        "INSERT INTO t VALUES (1, CAST(258 AS SMALLINT), 66051, -2, 1.5, -1.5,"
            + " TIMESTAMP '1969-12-31 23:59:59.999999', TRUE, 'a'), (2, CAST(1 AS SMALLINT),"
            + " CAST(NULL AS INT), CAST(NULL AS BIGINT), CAST(NULL AS DOUBLE),"
            + " CAST('900000000000000000.01' AS DECIMAL(20, 2)), CAST(NULL AS TIMESTAMP(6)), CAST(NULL AS BOOLEAN), 'b')");

    assertThat(sql.query("SELECT * FROM t"))
        .containsExactly(
            Row.of(
                1L,
                (short) 258,
                66_051,
                -2L,
                1.5,
                new BigDecimal("-1.50"),
                LocalDateTime.of(1969, 12, 31, 23, 59, 59, 999_999_000),
                true,
                "a"),
            Row.of(
                2L,
                (short) 1,
                null,
                null,
                null,
                new BigDecimal("900000000000000000.01"),
                null,
                null,
                "b"));
    assertThat(Files.readAllBytes(directory.resolve("store/i32/data"))).startsWith(0, 1, 2, 3);
    assertThat(Files.readAllBytes(directory.resolve("store/i16/data"))).startsWith(1, 2, 0, 1);
  }

  @Test
  void nestedValuesOfJsonAndAvroComeBackBetweenNulls() throws Exception {
    List<String> columns = new ArrayList<>();
    List<String> options = new ArrayList<>();
    for (String format : List.of("json", "avro")) {
      char letter = format.charAt(0);
      columns.add(letter + "_row ROW<a INT, b ROW<c STRING, d TIMESTAMP(3)>>");
      columns.add(letter + "_array ARRAY<STRING>");
      columns.add(letter + "_map MAP<STRING, ARRAY<INT>> NOT NULL");
      columns.add(letter + "_text STRING");
      columns.add(letter + "_bytes BYTES");
      for (String kind : List.of("row", "array", "map", "text", "bytes")) {
        options.add("'fields." + letter + "_" + kind + ".format' = '" + format + "'");
      }
    }
    options.add("'fields.j_row.json.timestamp-format.standard' = 'ISO-8601'");
    table("t", String.join(", ", columns), options.toArray(String[]::new));
    String values =
        "ROW(1, ROW('x', TIMESTAMP '2026-01-02 03:04:05.678')),"
            + " ARRAY['a', '', CAST(NULL AS STRING)], MAP['k', ARRAY[1, 2], '', ARRAY[3]],"
            + " '', X'FF'";
    String nulls =
        "CAST(NULL AS ROW<a INT, b ROW<c STRING, d TIMESTAMP(3)>>), CAST(NULL AS ARRAY<STRING>),"
            + " MAP['k', ARRAY[4]], CAST(NULL AS STRING), CAST(NULL AS BYTES)";
    sql.run("INSERT INTO t SELECT 1, " + values + ", " + values);
    sql.run("INSERT INTO t SELECT 2, " + nulls + ", " + nulls);

    List<Row> rows = sql.query("SELECT * FROM t");

    Object row = Row.of(1, Row.of("x", LocalDateTime.of(2026, 1, 2, 3, 4, 5, 678_000_000)));
    assertThat(rows).hasSize(2);
    for (int first : List.of(1, 6)) {
      assertThat(rows.get(0).getField(first)).isEqualTo(row);
      assertThat((Object[]) rows.get(0).getField(first + 1)).containsExactly("a", "", null);
      assertThat(((Map<?, ?>) rows.get(0).getField(first + 2)).keySet()).isEqualTo(Set.of("k", ""));
      assertThat(rows.get(0).getField(first + 3)).isEqualTo("");
      assertThat(rows.get(0).getField(first + 4)).isEqualTo(new byte[] {-1});
      for (int field : List.of(0, 1, 3, 4)) {
        assertThat(rows.get(1).getField(first + field)).isNull();
      }
      assertThat(((Map<?, ?>) rows.get(1).getField(first + 2)).keySet()).isEqualTo(Set.of("k"));
    }
    assertThat(directory.resolve("store/j_array/data"))
        .content(UTF_8)
        .startsWith("{\"j_array\":[\"a\",\"\",null]}\0");
    assertThat(directory.resolve("store/j_row/data"))
        .content(UTF_8)
        .startsWith("{\"a\":1,\"b\":{\"c\":\"x\",\"d\":\"2026-01-02T03:04:05.678\"}}\0");
    assertThat(directory.resolve("store/schema.json"))
        .content(UTF_8)
        .contains("\"type\" : \"ROW<`a` INT, `b` ROW<`c` VARCHAR(2147483647), `d` TIMESTAMP(3)>>\"")
        .contains("\"encoding\" : \"avro\"");
    assertThat(sql.query("SELECT j_row.b.c, a_map['k'][2], k FROM t WHERE k = 1"))
        .containsExactly(Row.of("x", 2, 1L));
    assertThat(sql.query("SELECT k FROM t WHERE a_text IS NULL")).containsExactly(Row.of(2L));
  }

  @Test
  void multisetsAndPlainFieldsOfRaw() throws Exception {
    table(
        "t",
        "words MULTISET<STRING NOT NULL>, r ROW<x BIGINT>",
        "'fields.words.format' = 'json'",
        "'fields.r.format' = 'raw'",
        "'fields.r.raw.endianness' = 'little-endian'");
    sql.run(
        "INSERT INTO t SELECT 1, COLLECT(w), ROW(CAST(258 AS BIGINT)) FROM"
            + " (VALUES 'a', 'b', 'a') AS v(w)");

    assertThat(sql.query("SELECT * FROM t"))
        .containsExactly(Row.of(1L, Map.of("a", 2, "b", 1), Row.of(258L)));
    assertThat(Files.readAllBytes(directory.resolve("store/r/data"))).startsWith(2, 1, 0, 0);
  }

  /** A message of default values has no bytes at all. */
  @Test
  void anEmptyMessageOfProtobufIsNotNull() throws Exception {
    String type = "ROW<seconds BIGINT, nanos INT>";
    String[] options = {
      "'fields.d.format' = 'protobuf'",
      "'fields.d.protobuf.message-class-name' = 'com.google.protobuf.Duration'",
      "'fields.d.protobuf.read-default-values' = 'true'",
      "'fields.n.format' = 'protobuf'",
      "'fields.n.protobuf.message-class-name' = 'com.google.protobuf.Duration'",
      "'fields.n.protobuf.read-default-values' = 'true'"
    };
    table("t", "d " + type + ", n " + type + " NOT NULL", options);
    sql.run(
        "INSERT INTO t SELECT * FROM (VALUES"
            + " (1, CAST(ROW(0, 0) AS "
            + type
            + "), CAST(ROW(0, 0) AS "
            + type
            + ")), (2, CAST(NULL AS "
            + type
            + "), CAST(ROW(-5, 6) AS "
            + type
            + ")))");

    assertThat(sql.query("SELECT * FROM t"))
        .containsExactly(
            Row.of(1L, Row.of(0L, 0), Row.of(0L, 0)), Row.of(2L, null, Row.of(-5L, 6)));
    assertThat(Files.readAllBytes(directory.resolve("store/d/offsets")))
        .startsWith(0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1);
    assertThat(Files.readAllBytes(directory.resolve("store/n/offsets"))).startsWith(new byte[8]);
  }

  /** The field of the message has the name of the column. */
  @Test
  void arraysAndMapsAreFieldsOfMessagesOfProtobuf() throws Exception {
    String[] options = {
      "'fields.paths.format' = 'protobuf'",
      "'fields.paths.protobuf.message-class-name' = 'com.google.protobuf.FieldMask'",
      "'fields.paths.protobuf.read-default-values' = 'true'",
      "'fields.fields.format' = 'protobuf'",
      "'fields.fields.protobuf.message-class-name' = 'com.google.protobuf.Struct'",
      "'fields.fields.protobuf.read-default-values' = 'true'"
    };
    table("t", "paths ARRAY<STRING>, `fields` MAP<STRING, ROW<number_value DOUBLE>>", options);
    sql.run(
        "INSERT INTO t SELECT 1, ARRAY['a', '', 'b'],"
            + " CAST(MAP['x', ROW(1.5), 'y', ROW(-2)] AS MAP<STRING, ROW<number_value DOUBLE>>)");
    sql.run("INSERT INTO t (k) VALUES (2)");
    sql.run("INSERT INTO t (k, paths) SELECT 3, ARRAY_REMOVE(ARRAY['a'], 'a')");

    List<Row> rows = sql.query("SELECT * FROM t");
    assertThat((Object[]) rows.get(0).getField(1)).containsExactly("a", "", "b");
    assertThat(rows.get(0).getField(2)).isEqualTo(Map.of("x", Row.of(1.5), "y", Row.of(-2.0)));
    assertThat(rows.get(1)).isEqualTo(Row.of(2L, null, null));
    assertThat((Object[]) rows.get(2).getField(1)).isEmpty();
  }

  @Test
  void bytesThatAFormatCannotReadAreNamedWithTheirPlace() throws Exception {
    table("t", "tags ARRAY<INT>", "'fields.tags.format' = 'json'");
    sql.run("INSERT INTO t VALUES (7, ARRAY[1])");
    Store store = Store.open(directory.resolve("store"));
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(8, "{\"tags\":[1,".getBytes(UTF_8));
      writer.commit();
    }

    assertThat(sql.query("SELECT k FROM t")).containsExactly(Row.of(7L), Row.of(8L));
    assertThatThrownBy(() -> sql.query("SELECT tags, k FROM t"))
        .rootCause()
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageStartingWith(
            "column tags, ARRAY<INT>: table 'tags' of "
                + directory.resolve("store")
                + ", row 1, key 8: the cell can't be read as 'json': Failed to deserialize JSON")
        .hasMessageContaining("Fail to deserialize at field: tags")
        .satisfies(e -> assertThat(e.getSuppressed()).isNotEmpty());
  }

  @Test
  void whatAPartialInsertLeavesOutIsNullWhereItMayBe() throws Exception {
    table("t", "a INT, b STRING NOT NULL, c ARRAY<INT>", "'fields.c.format' = 'json'");
    sql.run("INSERT INTO t (b, k) VALUES ('x', 1)");
    sql.run("INSERT INTO t (k, b, c) SELECT 2, 'y', ARRAY[1]");

    assertThat(sql.query("SELECT k, a, b, c IS NULL FROM t"))
        .containsExactly(Row.of(1L, null, "x", true), Row.of(2L, null, "y", false));
    assertThatThrownBy(() -> sql.run("INSERT INTO t (k, a) VALUES (3, 1)"))
        .hasMessageContaining("Column 'b' has no default value and does not allow NULLs");
    assertThatThrownBy(() -> sql.run("INSERT INTO t (b) VALUES ('z')"))
        .hasMessageContaining("Column 'k' has no default value and does not allow NULLs");
    assertThat(sql.query("SELECT COUNT(*) FROM t")).containsExactly(Row.of(2L));
  }

  @Test
  void anInsertWithNullableColumnsMoreAddsThemAndOldTablesGoOn() throws Exception {
    table("narrow", "a INT NOT NULL");
    sql.run("INSERT INTO narrow VALUES (1, 10)");
    String[] options = {"'fields.c.endianness' = 'big-endian'", "'fields.d.format' = 'json'"};
    table("wide", "a INT NOT NULL, b STRING, c BIGINT, d ARRAY<INT>", options);
    assertThatThrownBy(() -> sql.query("SELECT * FROM wide"))
        .hasStackTraceContaining("column b: not in " + directory.resolve("store/schema.json"));
    assertThat(tables.explainSql("INSERT INTO wide SELECT 2, 20, 'x', 1, ARRAY[1]"))
        .contains("Sink(");
    assertThat(directory.resolve("store/schema.json")).content(UTF_8).doesNotContain("\"b\"");

    sql.run("INSERT INTO wide SELECT 2, 20, 'x', 258, ARRAY[7]");

    assertThat(sql.query("SELECT k, a, b, c, d[1] FROM wide"))
        .containsExactly(Row.of(1L, 10, null, null, null), Row.of(2L, 20, "x", 258L, 7));
    assertThat(sql.query("SELECT * FROM narrow")).containsExactly(Row.of(1L, 10), Row.of(2L, 20));
    assertThatThrownBy(() -> sql.run("INSERT INTO narrow VALUES (3, 30)"))
        .hasStackTraceContaining(
            "the columns b STRING, c BIGINT, d ARRAY<INT> are missing from the DDL");
  }

  @Test
  void twoJobsThatAddTheSameColumnsAtOnceBothSucceed() throws Exception {
    table("narrow", "a INT NOT NULL");
    sql.run("INSERT INTO narrow VALUES (1, 10)");
    table("wide", "a INT NOT NULL, b STRING, c BIGINT");

    TableResult first = tables.executeSql("INSERT INTO wide VALUES (2, 20, 'x', 1)");
    TableResult second = tables.executeSql("INSERT INTO wide (k, a, c) VALUES (2, 21, 2)");
    first.await();
    second.await();

    assertThat(sql.query("SELECT * FROM wide"))
        .containsExactlyInAnyOrder(
            Row.of(1L, 10, null, null), Row.of(2L, 20, "x", 1L), Row.of(2L, 21, null, 2L));
  }

  @Test
  void aStoreOfTheCrateGetsColumnsMoreWhenItIsAdopted() throws Exception {
    Path crate = Path.of("src/test/resources/golden/rust-edge");
    Path store = directory.resolve("store");
    try (Stream<Path> files = Files.walk(crate)) {
      for (Path file : files.toList()) {
        Files.copy(file, store.resolve(crate.relativize(file).toString()));
      }
    }
    sql.run(
        "CREATE TABLE t (k DECIMAL(20, 0) NOT NULL, `first` BYTES NOT NULL, other BYTES NOT NULL,"
            + " more INT) WITH ('connector' = 'timestore', 'path' = '"
            + store
            + "', 'fields.other.table' = 'second table')");
    sql.run("INSERT INTO t SELECT CAST('18446744073709551615' AS DECIMAL(20, 0)), X'01', X'02', 5");

    assertThat(sql.query("SELECT more FROM t")).hasSize(11).last().isEqualTo(Row.of(5));
    assertThat(sql.query("SELECT k FROM t WHERE more IS NULL")).hasSize(10);
  }
}
