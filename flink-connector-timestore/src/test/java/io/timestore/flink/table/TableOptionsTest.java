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

  private static final Path CRATE_STORE =
      Path.of("src/test/resources/golden/rust-ticks").toAbsolutePath();
  private static final String CRATE_COLUMNS = "ts TIMESTAMP_LTZ(3) NOT NULL, sym STRING NOT NULL";

  @TempDir Path directory;

  @Test
  void anUnknownOptionNamesTheNearestAndAll() {
    SQL.table(directory, "'sink.paralelism' = '1'")
        .refusedWrite()
        .hasMessage(
            "unknown option 'sink.paralelism', did you mean 'sink.parallelism'? The options of"
                + " this table are connector, fields.price.endianness, fields.price.format,"
                + " fields.price.table, fields.size.endianness, fields.size.format,"
                + " fields.size.table, key.field,"
                + " key.unit, lookup.cache, lookup.max-retries, lookup.partial-cache.cache-missing-key,"
                + " lookup.partial-cache.expire-after-access,"
                + " lookup.partial-cache.expire-after-write, lookup.partial-cache.max-rows, path,"
                + " property-version, scan.bounded.key, scan.bounded.mode, scan.bounded.row,"
                + " scan.bounded.timestamp, scan.parallelism, scan.split.size, scan.startup.key,"
                + " scan.startup.mode, scan.startup.row, scan.startup.timestamp,"
                + " scan.verify-checksums, scan.watermark.alignment.group,"
                + " scan.watermark.alignment.max-drift,"
                + " scan.watermark.alignment.update-interval, scan.watermark.emit.strategy,"
                + " scan.watermark.idle-timeout, sink.buffer-memory, sink.direct-io, sink.lanes.max,"
                + " sink.late-rows, sink.ordering, sink.parallelism, sink.reorder-buffer,"
                + " sink.restore.mode, source.monitor-interval");
  }

  @ParameterizedTest
  @CsvSource({
    "fields.pirce.table, fields.price.table",
    "fields.price.tabel, fields.price.table",
    "fields.price.endianes, fields.price.endianness",
    "scan.split.sise, scan.split.size",
    "format, path",
  })
  void misspeltOptionsAreRefused(String option, String nearest) {
    SQL.table(directory, "'" + option + "' = 'x'")
        .refusedWrite()
        .hasMessageStartingWith(
            "unknown option '" + option + "', did you mean '" + nearest + "'? ");
  }

  private static SqlSession tags(Path path, String... options) {
    return SQL.table("ts BIGINT, tags ARRAY<INT>", "", path, options);
  }

  @Test
  void anUnknownFormatNamesThoseThatAreThere() {
    tags(directory, "'fields.tags.format' = 'jsn'")
        .refusedRead()
        .message()
        .startsWith(
            "option 'fields.tags.format' = 'jsn': Could not find any factory for identifier")
        .contains(" avro ", " json ", " protobuf ", " raw")
        .doesNotContain("\n");
  }

  @Test
  void aFormatThatOnlyReadsIsRefusedWhereItWouldWrite() {
    tags(directory, "'fields.tags.format' = 'ogg-jsn'")
        .refused("INSERT INTO t SELECT CAST(1 AS BIGINT), ARRAY[1]")
        .message()
        .startsWith("option 'fields.tags.format' = 'ogg-jsn': ")
        .contains("SerializationFormatFactory");
  }

  @Test
  void aFormatOfChangesIsRefused() {
    tags(directory, "'fields.tags.format' = 'debezium-json'")
        .refusedRead()
        .hasMessageStartingWith(
            "option 'fields.tags.format' = 'debezium-json': a format of changes")
        .hasMessageEndingWith("but a cell is one value, expected a format of insertions");
  }

  @ParameterizedTest
  @CsvSource({
    "fields.tags.json.ignore-parse-errrors, fields.tags.json.ignore-parse-errors",
    "fields.tags.jsn.ignore-parse-errors, fields.tags.json.ignore-parse-errors",
    "fields.tags.formt, fields.tags.format",
  })
  void misspeltOptionsOfAFormatAreRefused(String option, String nearest) {
    tags(directory, "'fields.tags.format' = 'json'", "'" + option + "' = 'true'")
        .refusedRead()
        .hasMessageStartingWith(
            "unknown option '" + option + "', did you mean '" + nearest + "'? ");
  }

  @ParameterizedTest
  @CsvSource({
    "json, json.fail-on-missing-field, perhaps, Invalid value for option 'fail-on-missing-field'. Could not parse value 'perhaps'",
    "json, json.timestamp-format.standard, ISO, Unsupported value 'ISO' for timestamp-format",
    "avro, avro.encoding, xml, Invalid value for option 'encoding'. Could not parse value 'xml'",
    "protobuf, protobuf.read-default-values, true, One or more required options are missing.",
  })
  void aWrongValueOfAFormatsOptionIsShown(
      String format, String option, String value, String fault) {
    tags(
            directory,
            "'fields.tags.format' = '" + format + "'",
            "'fields.tags." + option + "' = '" + value + "'")
        .refusedRead()
        .hasMessageStartingWith("option 'fields.tags.format' = '" + format + "': " + fault);
  }

  @Test
  void valuesOfFixedWidthHaveNoFormat() {
    SQL.table(directory, "'fields.price.format' = 'json'")
        .refusedWrite()
        .hasMessageStartingWith("option 'fields.price.format' = 'json': a column of DOUBLE");
  }

  @Test
  void allOptionsOfThisVersionAreTaken() {
    assertThat(
            SQL.table(
                    directory,
                    "'key.field' = 'ts'",
                    "'key.unit' = 'ns'",
                    "'fields.price.table' = 'p'",
                    "'fields.price.endianness' = 'little-endian'",
                    "'fields.size.endianness' = 'big-endian'",
                    "'scan.parallelism' = '2'",
                    "'scan.split.size' = '1 mb'",
                    "'scan.startup.mode' = 'key'",
                    "'scan.startup.key' = '1'",
                    "'scan.bounded.mode' = 'row'",
                    "'scan.bounded.row' = '7'",
                    "'source.monitor-interval' = '1 s'",
                    "'scan.watermark.emit.strategy' = 'on-event'",
                    "'scan.watermark.alignment.group' = 'g'",
                    "'scan.watermark.alignment.max-drift' = '1 min'",
                    "'scan.watermark.alignment.update-interval' = '1 s'",
                    "'scan.watermark.idle-timeout' = '1 min'",
                    "'lookup.cache' = 'PARTIAL'",
                    "'lookup.max-retries' = '1'",
                    "'lookup.partial-cache.expire-after-access' = '1 min'",
                    "'lookup.partial-cache.expire-after-write' = '1 min'",
                    "'lookup.partial-cache.cache-missing-key' = 'false'",
                    "'lookup.partial-cache.max-rows' = '1000'",
                    "'sink.parallelism' = '2'",
                    "'sink.ordering' = 'watermark'",
                    "'sink.late-rows' = 'drop'",
                    "'sink.lanes.max' = '3'",
                    "'sink.reorder-buffer' = '1 mb'",
                    "'sink.buffer-memory' = '1 mb'",
                    "'sink.direct-io' = 'off'",
                    "'sink.restore.mode' = 'fail'")
                .explainWrite())
        .contains("Sink(table=[default_catalog.default_database.t]");
  }

  @Test
  void theSinkHasTheParallelismOfTheOption() {
    String insert = "INSERT INTO t VALUES (TIMESTAMP '2020-01-01 00:00:00', CAST(1 AS DOUBLE), 2)";

    assertThat(SQL.table(directory).executionPlan(insert)).doesNotContain("\"parallelism\" : 3");
    assertThat(SQL.table(directory, "'sink.parallelism' = '3'").executionPlan(insert))
        .containsPattern("\"type\" : \"t.*Writer\",[^}]*\"parallelism\" : 3");
  }

  @Test
  void lessThanOneLaneIsRefused() {
    SQL.table(directory, "'sink.lanes.max' = '0'")
        .refusedWrite()
        .hasMessage("option 'sink.lanes.max' = '0', expected 1 or more");
  }

  @Test
  void aNumberIsNoKeyForTheOrderingByWatermarks() {
    SQL.table("k BIGINT, v BIGINT", "", directory, "'sink.ordering' = 'watermark'");
    SQL.refused("INSERT INTO t VALUES (1, 1)")
        .hasMessage(
            "the ordering 'watermark' holds rows until the watermark passes their keys, but k,"
                + " BIGINT, is no time: declare the key as TIMESTAMP or TIMESTAMP_LTZ, or use the"
                + " ordering 'checkpoint'");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "scan.startup.mode | newest | expected one of earliest, latest, timestamp, key, row",
        "scan.bounded.mode | oldest | expected one of latest, unbounded, timestamp, key, row",
        "scan.parallelism | two | expected a whole number",
        "scan.verify-checksums | perhaps | Unrecognized option for boolean: perhaps. Expected either true or false(case insensitive)",
        "sink.ordering | none | expected one of checkpoint, watermark",
        "sink.late-rows | lose | expected one of keep, drop, fail",
        "sink.restore.mode | forget | expected one of fail, truncate",
        "sink.direct-io | on | expected one of auto, required, off",
        "sink.lanes.max | 1.5 | expected a whole number",
        "lookup.cache | some | expected one of none, partial, full",
        "lookup.max-retries | -  | expected a whole number",
        "lookup.partial-cache.max-rows | all | expected a whole number",
        "scan.watermark.emit.strategy | never | expected one of on-event, on-periodic",
      })
  void aValueOfTheWrongTypeIsRefusedWithWhatIsExpected(
      String option, String value, String expected) {
    SQL.table(directory, "'" + option + "' = '" + value + "'")
        .refusedWrite()
        .hasMessage("option '" + option + "' = '" + value + "': " + expected);
  }

  @ParameterizedTest
  @CsvSource({
    "source.monitor-interval, often",
    "scan.watermark.idle-timeout, 5 blinks",
    "scan.split.size, big",
    "lookup.partial-cache.expire-after-write, soon",
  })
  void whatIsNoTimeOrSizeIsRefused(String option, String value) {
    SQL.table(directory, "'" + option + "' = '" + value + "'")
        .refusedWrite()
        .hasMessageStartingWith("option '" + option + "' = '" + value + "': ");
  }

  @Test
  void anAlignmentWithoutItsDriftIsRefused() {
    SQL.table(directory, "'scan.watermark.alignment.group' = 'g'")
        .refusedWrite()
        .hasMessage(
            "options 'scan.watermark.*': 'scan.watermark.alignment.group' and 'scan.watermark.alignment.max-drift' must be set"
                + " when configuring watermark alignment");
  }

  @Test
  void aFullCacheIsRefused() {
    SQL.table(CRATE_COLUMNS, "", CRATE_STORE, "'lookup.cache' = 'FULL'")
        .refusedRead()
        .hasMessage(
            "option 'lookup.cache' = 'FULL': Flink's full cache is loaded by an InputFormat only,"
                + " an interface that is replaced by sources such as this one; use 'PARTIAL', or"
                + " 'NONE', which reads a few pages of the store a key");
  }

  @Test
  void aPartialCacheNeedsABound() {
    SQL.table(CRATE_COLUMNS, "", CRATE_STORE, "'lookup.cache' = 'PARTIAL'")
        .refusedRead()
        .hasMessageStartingWith(
            "option 'lookup.cache' = 'PARTIAL': Missing"
                + " 'lookup.partial-cache.expire-after-access',"
                + " 'lookup.partial-cache.expire-after-write' or 'lookup.partial-cache.max-rows'");
    SQL.table(CRATE_COLUMNS, "", CRATE_STORE, "'lookup.partial-cache.max-rows' = '5'")
        .refusedRead()
        .hasMessage(
            "option 'lookup.partial-cache.max-rows' means nothing where 'lookup.cache' is 'NONE':"
                + " set that to 'PARTIAL', or leave the former out");
  }

  @ParameterizedTest
  @CsvSource({
    "lookup.max-retries, -1, 'expected 0 or more'",
    "lookup.partial-cache.max-rows, 0, expected more than 0",
  })
  void aNumberBelowTheSmallestOfALookupIsRefused(String option, String value, String expected) {
    SQL.table(CRATE_COLUMNS, "", CRATE_STORE, "'" + option + "' = '" + value + "'")
        .refusedRead()
        .hasMessage("option '" + option + "' = '" + value + "', " + expected);
  }

  @Test
  void positionsAreCheckedWhereATableIsRead() {
    SQL.table(CRATE_COLUMNS, "", CRATE_STORE, "'scan.startup.mode' = 'row'")
        .refusedRead()
        .hasMessage("option 'scan.startup.mode' = 'row' needs the option 'scan.startup.row'");
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

  @ParameterizedTest
  @ValueSource(strings = {"fields.ts.table", "fields.ts.endianness", "fields.ts.format"})
  void theKeyHasNoOptionsOfAColumn(String option) {
    SQL.table(directory, "'" + option + "' = 'raw'")
        .refusedWrite()
        .hasMessage(
            "option '"
                + option
                + "': ts is the key column, whose values are in the store's file 'keys', u64 in"
                + " big-endian bytes; leave it out");
  }

  @ParameterizedTest
  @ValueSource(strings = {"big", "BIG-ENDIAN", "", "network"})
  void anUnknownEndiannessNamesBoth(String value) {
    SQL.table(directory, "'fields.size.endianness' = '" + value + "'")
        .refusedWrite()
        .hasMessage(
            "option 'fields.size.endianness' = '"
                + value
                + "', expected 'little-endian' or 'big-endian'");
  }

  @ParameterizedTest
  @CsvSource({
    "STRING, little-endian, STRING",
    "VARCHAR(3), big-endian, VARCHAR(3)",
    "CHAR(3) NOT NULL, big-endian, CHAR(3) NOT NULL",
    "BYTES, big-endian, BYTES",
    "BINARY(3), x, BINARY(3)",
  })
  void valuesOfVariableWidthHaveNoOrderOfBytes(String type, String value, String shown) {
    SQL.table("ts BIGINT, v " + type, "", directory, "'fields.v.endianness' = '" + value + "'")
        .refusedRead()
        .hasMessage(
            "option 'fields.v.endianness' = '"
                + value
                + "': values of "
                + shown
                + " have no order of bytes, expected a column of fixed width; leave it out");
  }
}
