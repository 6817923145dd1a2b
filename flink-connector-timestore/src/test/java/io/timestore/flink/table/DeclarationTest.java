package io.timestore.flink.table;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.TableDescriptor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeclarationTest {
  private static final SqlSession SQL = SqlSession.batch();

  @TempDir Path directory;

  @Test
  void primaryKeyIsRefused() {
    SQL.table("ts BIGINT, v INT, PRIMARY KEY (ts, v) NOT ENFORCED", "", directory)
        .refusedRead()
        .hasMessage(
            "PRIMARY KEY (ts, v) is not supported: equal keys are legal in a store, which only"
                + " ever grows; leave it out, the option 'key.field' names the key column");
  }

  @Test
  void partitionedByIsRefused() {
    SQL.table("ts BIGINT, v INT", "PARTITIONED BY (v)", directory)
        .refusedRead()
        .hasMessage(
            "PARTITIONED BY (v) is not supported: a store is one run of rows in the order of their"
                + " keys; leave it out");
  }

  @ParameterizedTest
  @ValueSource(strings = {"STRING", "INT", "DECIMAL(19, 0)", "DECIMAL(20, 1)", "DATE", "DOUBLE"})
  void aKeyOfAnotherTypeIsRefused(String type) {
    String cells = type.equals("STRING") ? "VARCHAR(2147483647)" : type;
    SQL.table("k " + type + ", v INT", "", directory)
        .refusedRead()
        .hasMessage(
            "key column k: "
                + cells
                + " can't be a key, expected TIMESTAMP(p), TIMESTAMP_LTZ(p), BIGINT or DECIMAL(20,"
                + " 0); the option 'key.field' names the key column");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "TIMESTAMP(6) | ms | the unit 'ms' would lose digits of TIMESTAMP(6), expected 'us' or"
            + " finer",
        "TIMESTAMP_LTZ(1) | s | the unit 's' would lose digits of TIMESTAMP_LTZ(1), expected 'ms'"
            + " or finer",
        "BIGINT | ms | BIGINT has no unit: its keys are the number itself",
      })
  void aUnitThatDoesNotFitTheKeyIsRefused(String type, String unit, String fault) {
    SQL.table("k " + type + ", v INT", "", directory, "'key.unit' = '" + unit + "'")
        .refusedRead()
        .hasMessage("option 'key.unit' = '" + unit + "': key column k: " + fault);
  }

  @Test
  void anUnknownUnitIsRefused() {
    SQL.table("k TIMESTAMP(3), v INT", "", directory, "'key.unit' = 'h'")
        .refusedRead()
        .hasMessageContaining("unknown unit 'h', expected s, ms, us or ns");
  }

  @Test
  void theKeyIsTheWatermarkColumnElseTheFirstPhysicalOne() {
    String columns = "v STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts";
    String write = "INSERT INTO t VALUES ('', TIMESTAMP '2020-01-01 00:00:00')";
    assertThat(SQL.table(columns, "", directory).explain(write)).contains("Sink(");

    SQL.table("v STRING, ts TIMESTAMP(3)", "", directory)
        .refused(write)
        .hasMessageStartingWith("key column v: ");
    SQL.table("v STRING, c AS TO_TIMESTAMP(v), WATERMARK FOR c AS c", "", directory)
        .refused("INSERT INTO t VALUES ('')")
        .hasMessageStartingWith("key column v: ");
  }

  @Test
  void keyFieldNamesAnotherKey() {
    String write = "INSERT INTO t VALUES ('', TIMESTAMP '2020-01-01 00:00:00')";
    assertThat(
            SQL.table("v STRING, ts TIMESTAMP(3)", "", directory, "'key.field' = 'ts'")
                .explain(write))
        .contains("Sink(");
    String columns = "v STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts";
    SQL.table(columns, "", directory, "'key.field' = 'v'")
        .refused(write)
        .hasMessageStartingWith("key column v: ");
  }

  @Test
  void aKeyFieldThatIsNoPhysicalColumnIsRefused() {
    SQL.table("k BIGINT, v INT, c AS v + 1", "", directory, "'key.field' = 'c'")
        .refusedRead()
        .hasMessage("option 'key.field' = 'c' names no physical column, expected one of k, v");
  }

  @Test
  void nestedTypesNeedAFormat() {
    SQL.table("k BIGINT, tags ARRAY<INT>", "", directory)
        .refusedRead()
        .hasMessageStartingWith(
            "column tags: the nested type ARRAY<INT> needs a format: set 'fields.tags.format'");
    assertThat(
            SQL.table("k BIGINT, tags ARRAY<INT>", "", directory, "'fields.tags.format' = 'json'")
                .explain("INSERT INTO t SELECT CAST(1 AS BIGINT), ARRAY[1]"))
        .contains("Sink(");
  }

  @Test
  void everyScalarTypeCanBeDeclared() {
    SQL.table(
        "k DECIMAL(20, 0), a BOOLEAN, b TINYINT, c SMALLINT, d INT, e BIGINT, f FLOAT, g DOUBLE,"
            + " h DATE, i TIME(3), j TIMESTAMP(9), l TIMESTAMP_LTZ(6), m DECIMAL(38, 3),"
            + " p CHAR(3), q VARCHAR(3), r BINARY(3), s VARBINARY(3), u STRING, v BYTES",
        "",
        directory);
    assertThat(SQL.explain("INSERT INTO t (k) VALUES (CAST(1 AS DECIMAL(20, 0)))"))
        .contains("Sink(");
  }

  @Test
  void intervalsCanBeDeclaredInTheTableApiThatAloneCan() {
    SQL.table(
        TableDescriptor.forConnector("timestore")
            .schema(
                Schema.newBuilder()
                    .column("k", DataTypes.BIGINT())
                    .column("months", DataTypes.INTERVAL(DataTypes.MONTH()))
                    .column("time", DataTypes.INTERVAL(DataTypes.SECOND(3)))
                    .build())
            .option(TimestoreOptions.PATH, directory.toString())
            .build());
    assertThat(
            SQL.explain(
                "INSERT INTO t SELECT CAST(1 AS BIGINT), INTERVAL '3' MONTH, INTERVAL '1' SECOND"))
        .contains("Sink(");
  }

  @Test
  void updatingInputIsRefused() {
    SqlSession sql = SqlSession.streaming();
    sql.table("k BIGINT, n BIGINT", "", directory);
    sql.execute(
        "CREATE TABLE numbers (k BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '9')");

    sql.refused("INSERT INTO t SELECT k, COUNT(*) FROM numbers GROUP BY k")
        .hasMessage(
            "the query updates or deletes rows that it brought ([INSERT,"
                + " UPDATE_BEFORE, UPDATE_AFTER]), but the store '"
                + directory
                + "' takes insertions only: make the query append-only, for example by a window"
                + " aggregation in place of an unbounded one, or run it in batch mode");
    assertThat(sql.explain("INSERT INTO t SELECT k, k FROM numbers")).contains("Sink(");
  }
}
