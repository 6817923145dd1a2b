package io.timestore.flink.table;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TableOptionsTest {
  private static final SqlSession SQL = SqlSession.batch();

  @TempDir Path directory;

  @Test
  void anUnknownOptionNamesTheNearestAndAll() {
    SQL.table(directory, "'sink.paralelism' = '1'")
        .refusedWrite()
        .hasMessage(
            "unknown option 'sink.paralelism', did you mean 'sink.parallelism'? The options of"
                + " this table are connector, fields.price.table, fields.size.table, key.field,"
                + " key.unit, path, property-version, scan.parallelism, scan.split.size,"
                + " scan.verify-checksums, sink.buffer-memory, sink.direct-io, sink.late-rows,"
                + " sink.ordering, sink.parallelism, sink.reorder-buffer, sink.restore.mode");
  }

  @ParameterizedTest
  @CsvSource({
    "fields.pirce.table, fields.price.table",
    "fields.price.tabel, fields.price.table",
    "scan.split.sise, scan.split.size",
    "format, path",
  })
  void misspeltOptionsAreRefused(String option, String nearest) {
    SQL.table(directory, "'" + option + "' = 'x'")
        .refusedWrite()
        .hasMessageStartingWith(
            "unknown option '" + option + "', did you mean '" + nearest + "'? ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "scan.startup.mode",
        "scan.startup.key",
        "scan.bounded.mode",
        "scan.bounded.row",
        "source.monitor-interval",
        "sink.lanes.max",
        "lookup.cache",
        "scan.watermark.idle-timeout",
        "fields.price.format",
        "fields.size.endianness",
      })
  void optionsOfLaterVersionsSaySo(String option) {
    SQL.table(directory, "'" + option + "' = '1'")
        .refusedWrite()
        .hasMessage(
            "option '"
                + option
                + "' is known to the contract of timestore tables, but this version doesn't have"
                + " it yet: leave it out");
  }

  @Test
  void optionsOfAFormatAreOfLaterVersionsToo() {
    SQL.table(directory, "'fields.price.format' = 'avro'", "'fields.price.avro.x' = '1'")
        .refusedWrite()
        .hasMessageStartingWith("option 'fields.price.avro.x' is known to the contract");
  }

  @ParameterizedTest
  @CsvSource({
    "sink.ordering, watermark, checkpoint",
    "sink.late-rows, keep, fail",
    "sink.late-rows, drop, fail",
    "sink.restore.mode, truncate, fail",
  })
  void valuesOfLaterVersionsSaySo(String option, String value, String only) {
    SQL.table(directory, "'" + option + "' = '" + value + "'")
        .refusedWrite()
        .hasMessage(
            "option '"
                + option
                + "' = '"
                + value
                + "' is known to the contract of timestore tables, but this version has '"
                + only
                + "' alone: leave the option out");
  }

  @Test
  void allOptionsOfThisVersionAreTaken() {
    assertThat(
            SQL.table(
                    directory,
                    "'key.field' = 'ts'",
                    "'key.unit' = 'ns'",
                    "'fields.price.table' = 'p'",
                    "'scan.parallelism' = '2'",
                    "'scan.split.size' = '1 mb'",
                    "'sink.parallelism' = '1'",
                    "'sink.ordering' = 'checkpoint'",
                    "'sink.late-rows' = 'fail'",
                    "'sink.reorder-buffer' = '1 mb'",
                    "'sink.buffer-memory' = '1 mb'",
                    "'sink.direct-io' = 'off'",
                    "'sink.restore.mode' = 'fail'")
                .explainWrite())
        .contains("Sink(table=[default_catalog.default_database.t]");
  }

  @Test
  void aSecondWriterIsRefused() {
    SQL.table(directory, "'sink.parallelism' = '2'")
        .refusedWrite()
        .hasMessage(
            "option 'sink.parallelism' = '2': this version writes with one writer alone, since"
                + " each further one needs lanes of its own, which are not there yet; leave the"
                + " option out");
  }

  @ParameterizedTest
  @ValueSource(strings = {"scan.split.size", "sink.reorder-buffer", "sink.buffer-memory"})
  void aSizeOfNothingIsRefused(String option) {
    SQL.table(directory, "'" + option + "' = '0'")
        .refusedWrite()
        .hasMessageStartingWith("option '" + option + "' = '0', expected a size above 0, such as ");
  }

  @Test
  void aMissingPathOptionIsRefused() {
    SqlSession sql = SqlSession.batch();
    sql.execute("CREATE TABLE t (ts BIGINT) WITH ('connector' = 'timestore')");
    sql.refusedRead().hasMessageContaining("Missing required options are:\n\npath");
  }

  @Test
  void anUnsupportedSchemeIsRefused() {
    SqlSession sql = SqlSession.batch();
    sql.execute(
        "CREATE TABLE t (ts BIGINT) WITH ('connector' = 'timestore', 'path' = 's3://b/ticks')");
    sql.refusedRead()
        .hasMessageStartingWith(
            "option 'path' = 's3://b/ticks': the scheme 's3' is not supported, expected a plain"
                + " path");
  }

  @Test
  void aWrongTableNameSaysHowToGiveAnother() {
    SQL.table(directory, "'fields.price.table' = 'keys'")
        .refusedWrite()
        .hasMessage(
            "column price: table name 'keys': is one of the store's own names; give its table"
                + " another name with 'fields.price.table'");
    SQL.table("ts BIGINT, `length` INT", "", directory);
    SQL.refused("INSERT INTO t VALUES (1, 1)")
        .hasMessage(
            "column length: table name 'length': is one of the store's own names; give its table"
                + " another name with 'fields.length.table'");
  }

  @Test
  void twoColumnsCannotShareATable() {
    SQL.table(directory, "'fields.price.table' = 'size'")
        .refusedWrite()
        .hasMessageContaining("two columns use the table 'size'");
  }

  @Test
  void theKeyHasNoTable() {
    SQL.table(directory, "'fields.ts.table' = 'x'")
        .refusedWrite()
        .hasMessage(
            "option 'fields.ts.table': ts is the key column, whose values are in the store's file"
                + " 'keys'; leave it out");
  }
}
