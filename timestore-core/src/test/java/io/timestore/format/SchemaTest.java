package io.timestore.format;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchemaTest {
  private static final String FILE = "store/schema.json";

  /** A {@code schema.json} to the letter. */
  private static final String SMALL_JSON =
      """
      {
        "formatVersion" : 1,
        "uuid" : "00112233-4455-6677-8899-aabbccddeeff",
        "key" : {
          "name" : "ts",
          "type" : "TIMESTAMP_LTZ(3)",
          "unit" : "us"
        },
        "columns" : [ {
          "name" : "sym",
          "table" : "symbol",
          "type" : "VARCHAR(2147483647)",
          "nullable" : false,
          "encoding" : "plain",
          "endianness" : "little"
        } ],
        "flink" : {
          "comment" : "ticks"
        }
      }
      """;

  private static final Schema SMALL =
      new Schema(
          UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"),
          new Key("ts", CellType.parse("TIMESTAMP_LTZ(3)"), TimeUnit.MICROS),
          List.of(column("sym", "symbol", "VARCHAR(2147483647)")),
          Map.of("comment", "ticks"));

  private static Column column(String name, String table, String type) {
    return new Column(name, table, CellType.parse(type), false);
  }

  private static Schema fromJson(String json) throws IOException {
    return Schema.fromJson(json.getBytes(UTF_8), FILE);
  }

  @Test
  void aTableMayHaveTheNameThatTheKeyWouldHave() {
    assertThat(Schema.ofTables(List.of("a", "key")).key().name()).isEqualTo("_key");
    assertThat(Schema.ofTables(List.of("a")).key().name()).isEqualTo("key");
  }

  @Test
  void aSmallSchemaIsWrittenAndReadToTheLetter() throws IOException {
    assertThat(new String(SMALL.toJson(), UTF_8)).isEqualTo(SMALL_JSON);
    assertThat(fromJson(SMALL_JSON)).isEqualTo(SMALL);
  }

  @Test
  void bigEndianNumbersAndValuesOfFormatsAreWrittenAndReadToTheLetter() throws IOException {
    String columnsJson =
        """
          "columns" : [ {
            "name" : "size",
            "table" : "size",
            "type" : "BIGINT",
            "nullable" : true,
            "encoding" : "plain",
            "endianness" : "big"
          }, {
            "name" : "tags",
            "table" : "t",
            "type" : "ROW<`a` INT, `b c` ARRAY<VARCHAR(2147483647)>>",
            "nullable" : false,
            "encoding" : "json",
            "endianness" : "little"
          } ],
          "flink\
        """;
    String json =
        SMALL_JSON.replaceFirst(
            "(?s)  \"columns\".*\"flink", Matcher.quoteReplacement(columnsJson));
    Column.Format format =
        new Column.Format("json", "ROW<`a` INT, `b c` ARRAY<VARCHAR(2147483647)>>");
    Schema schema =
        new Schema(
            SMALL.storeId(),
            SMALL.key(),
            List.of(
                new Column("size", "size", CellType.parse("BIGINT"), true)
                    .withEndianness(Endianness.BIG),
                new Column("tags", "t", format, false)),
            SMALL.flink());

    assertThat(new String(schema.toJson(), UTF_8)).isEqualTo(json);
    assertThat(fromJson(json)).isEqualTo(schema);
  }

  @ParameterizedTest
  @ValueSource(strings = {"BOOLEAN", "TINYINT"})
  void aSingleByteHasNoOrder(String type) throws IOException {
    Column column = column("c", "c", type);
    Schema schema = Schema.create(SMALL.key(), List.of(column));
    String json = new String(schema.toJson(), UTF_8).replace("\"little\"", "\"big\"");

    assertThat(column.withEndianness(Endianness.BIG)).isEqualTo(column);
    assertThat(fromJson(json)).isEqualTo(schema);
  }

  @Test
  void columnsOfAFormatAreBytesWhichRowsCannotLack() {
    Column column = new Column("c", "c", new Column.Format("avro", "ROW<`a` INT>"), false);

    assertThat(column.type()).isEqualTo(CellType.bytes());
    assertThat(column.sqlType()).isEqualTo("ROW<`a` INT> NOT NULL");
    assertThat(column.mayBeAbsent()).isFalse();
    assertThat(Column.ofTable("c").mayBeAbsent()).isTrue();
    assertThatThrownBy(
            () ->
                new Column(
                    "c", "c", CellType.parse("INT"), true, Endianness.LITTLE, column.format()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("cells of the format 'avro' are bytes, not INT");
  }

  @ParameterizedTest
  @ValueSource(strings = {"BIGINT", "DECIMAL(20, 0)", "TIMESTAMP(9)", "TIMESTAMP_LTZ(0)"})
  void schemasComeBackWithEveryKindOfKeyAndManyColumns(String keyType) throws IOException {
    Schema schema =
        Schema.create(
            Key.of("größe \"q\"", CellType.parse(keyType)),
            List.of(
                column("a", "a", "DECIMAL(38, 10)"),
                new Column("b", "second table", CellType.parse("INTERVAL YEAR TO MONTH"), true),
                new Column("c", "ünï", CellType.parse("TIME(3)"), true)));

    assertThat(Schema.fromJson(schema.toJson(), FILE)).isEqualTo(schema);
    assertThat(schema.tables()).containsExactly("a", "second table", "ünï");
  }

  @Test
  void everyNewSchemaHasAUuidOfItsOwn() {
    assertThat(Schema.ofTables(List.of("a")).storeId())
        .isNotEqualTo(Schema.ofTables(List.of("a")).storeId());
  }

  @Test
  void aStoreOfPlainTablesHasU64KeysAndBytes() {
    Schema schema = Schema.ofTables(List.of("b", "a"));

    assertThat(schema.key()).isEqualTo(new Key("key", CellType.decimal(20, 0), null));
    assertThat(schema.columns())
        .containsExactly(
            column("b", "b", "VARBINARY(2147483647)"), column("a", "a", "VARBINARY(2147483647)"));
  }

  @Test
  void whatACatalogKeepsIsCarriedAlong() throws IOException {
    Map<String, Object> flink =
        Map.of("options", Map.of("path", "/data"), "list", List.of(1, "two", true), "number", 3);
    Schema schema = new Schema(SMALL.storeId(), SMALL.key(), SMALL.columns(), flink);

    Schema read = Schema.fromJson(schema.toJson(), FILE);
    assertThat(read.flink()).isEqualTo(flink);
    assertThat(Schema.fromJson(read.toJson(), FILE)).isEqualTo(schema);
  }

  @Test
  void aSchemaWithoutCatalogEntriesIsRead() throws IOException {
    String json = SMALL_JSON.replaceFirst("(?s),\\s+\"flink\".*", "\n}");

    assertThat(fromJson(json).flink()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2, -1})
  void anotherFormatVersionIsRefusedWithBothNamed(int version) {
    String json = SMALL_JSON.replace("\"formatVersion\" : 1", "\"formatVersion\" : " + version);

    assertThatThrownBy(() -> fromJson(json))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessage(
            FILE + ": written in format version " + version + ", this software reads version 1");
  }

  @Test
  void aSchemaCutAnywhereIsRefused() {
    byte[] bytes = SMALL_JSON.stripTrailing().getBytes(UTF_8);
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> Schema.fromJson(cut, FILE))
          .as("%d bytes", length)
          .isInstanceOf(CorruptStoreException.class)
          .hasMessageStartingWith(FILE + ": no schema of a store: ");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "null", "[]", "[{}]", "1", "\"text\"", "{}", "<xml/>", "\u0000\u0000"})
  void whatIsNoSchemaIsRefused(String json) {
    assertThatThrownBy(() -> fromJson(json))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageStartingWith(FILE + ": no schema of a store: ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "formatVersion" : 1    | "formatVersion" : "1"   | field 'formatVersion' is 1, expected
          "uuid" : "0011         | "uuid" : "xyz           | xyz
          "uuid"                 | "UUID"                  | field 'uuid' is null
          "key" : {              | "kee" : {               | field 'key' is null
          "key" : {              | "key" : 1, "kee" : {    | field 'key' is 1
          "name" : "ts"          | "name" : 5              | field 'name' is 5
          "TIMESTAMP_LTZ(3)"     | "VARCHAR(3)"            | VARCHAR(3) can't be a key
          "TIMESTAMP_LTZ(3)"     | "STAMP(3)"              | unknown type 'STAMP(3)'
          "TIMESTAMP_LTZ(3)"     | "BIGINT"                | BIGINT has no unit
          "unit" : "us"          | "unit" : "s"            | would lose digits
          "unit" : "us"          | "unit" : "h"            | unknown unit 'h'
          "unit" : "us"          | "unit" : 5              | unknown unit '5'
          "columns" : [          | "columns" : [ 7,        | 'columns' holds 7, expected an object
          "columns" : [          | "columns" : 7, "c" : [  | field 'columns' is 7
          "nullable" : false     | "nullable" : "no"       | field 'nullable' is no
          "VARCHAR(2147483647)"  | "VARCHAR(0)"            | VARCHAR can't have the parameter 0
          "table" : "symbol"     | "table" : "keys"        | table name 'keys'
          "table" : "symbol"     | "table" : null          | field 'table' is null
          "plain"                | ""                      | column sym: '' of 'VARCHAR(2147483647)' is no format
          "encoding"             | "e"                     | field 'encoding' is null
          "endianness"           | "e"                     | field 'endianness' is null
          "little"               | "big"                   | column sym: endianness 'big', but cells of variable width
          "little"               | "LITTLE"                | column sym: endianness 'LITTLE', expected 'little' or 'big'
          """,
      quoteCharacter = '`')
  void wrongFieldsAreNamed(String right, String wrong, String message) {
    assertThat(SMALL_JSON).contains(right);

    assertThatThrownBy(() -> fromJson(SMALL_JSON.replace(right, wrong)))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageStartingWith(FILE + ": no schema of a store: ")
        .hasMessageContaining(message);
  }

  @Test
  void columnsHaveDifferentNamesAndTables() {
    Key key = Key.of("ts", CellType.parse("BIGINT"));

    assertThatThrownBy(
            () -> Schema.create(key, List.of(column("a", "a", "INT"), column("a", "b", "INT"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("two columns are named 'a'");
    assertThatThrownBy(() -> Schema.create(key, List.of(column("ts", "a", "INT"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("two columns are named 'ts'");
    assertThatThrownBy(
            () -> Schema.create(key, List.of(column("a", "t", "INT"), column("b", "t", "INT"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("two columns use the table 't'");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ''          | empty
          .           | begins with a dot
          ..          | begins with a dot
          .hidden     | begins with a dot
          a/b         | holds a character that no file name has
          /           | holds a character that no file name has
          length      | is one of the store's own names
          new_length  | is one of the store's own names
          keys        | is one of the store's own names
          schema.json | is one of the store's own names
          record      | is one of the store's own names
          commits     | is one of the store's own names
          lanes       | is one of the store's own names
          a.crc       | is one of the store's own names
          keys.crc    | is one of the store's own names
          commit.lock | is one of the store's own names
          writer.holder | is one of the store's own names
          """)
  void badTableNamesAreRefused(String table, String fault) {
    assertThatThrownBy(() -> column("c", table, "INT"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("table name '" + table + "': " + fault);
  }

  @Test
  void namesThatNoFileCanHaveAreRefused() {
    assertThatThrownBy(() -> column("c", "a\0b", "INT"))
        .hasMessageEndingWith("holds a character that no file name has");
    assertThatThrownBy(() -> column("c", "ü".repeat(127) + "ab", "INT"))
        .hasMessageEndingWith("has 256 bytes in UTF-8, a file name has at most 255");
    assertThat(column("c", "ü".repeat(127) + "a", "INT").table()).hasSize(128);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"a", "second table", "Length", "keys2", "crc", "a.crc.b", "größe", "-", "~"})
  void anyOtherFileNameIsATable(String table) {
    assertThat(column("c", table, "INT").table()).isEqualTo(table);
  }
}
