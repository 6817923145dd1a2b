package io.timestore.flink.types;

import static io.timestore.flink.types.TestTable.column;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Endianness;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.format.TimeUnit;
import io.timestore.store.Holder;
import io.timestore.store.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.util.InstantiationUtil;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TableLayoutTest {
  private static final Key KEY = Key.of("ts", CellType.parse("TIMESTAMP(3)"));
  private static final Path CRATE_STORE = Path.of("src/test/resources/golden/rust-ticks");

  @TempDir Path directory;

  private TableLayout layout(@Nullable UUID storeId, Key key, Column... columns) {
    return new TableLayout(directory.toString(), storeId, "planner", key, 0, List.of(columns));
  }

  private TableLayout layout(Column... columns) {
    return layout(null, KEY, columns);
  }

  private static TableLayout crateLayout(Column... columns) {
    return new TableLayout(
        CRATE_STORE.toAbsolutePath().toString(), null, "planner", KEY, 0, List.of(columns));
  }

  private Store store() throws IOException {
    Column renamed = new Column("size", "volume", CellType.parse("BIGINT"), true);
    return Store.openOrCreate(
        directory, Schema.create(KEY, List.of(column("price", "DOUBLE NOT NULL"), renamed)));
  }

  private static Column size() {
    return new Column("size", "volume", CellType.parse("BIGINT"), true);
  }

  private static void assertRefused(ThrowingCallable call, String message) {
    assertThatThrownBy(call).isInstanceOf(ValidationException.class).hasMessage(message);
  }

  @Test
  void travelsToTheClusterAsItIs() throws Exception {
    TableLayout layout = layout(UUID.randomUUID(), KEY, size());
    byte[] bytes = InstantiationUtil.serializeObject(layout);
    TableLayout copy = InstantiationUtil.deserializeObject(bytes, getClass().getClassLoader());
    assertThat(copy).isEqualTo(layout);
  }

  @Test
  void readersMayLeaveColumnsOutAndWritersMayOrderThemAnew() throws IOException {
    Store store = store();
    assertThatCode(
            () -> {
              layout(store.id(), KEY).checkReadable(store);
              layout(store.id(), KEY, size()).checkReadable(store);
              layout(null, KEY, size(), column("price", "DOUBLE NOT NULL")).checkWritable(store);
            })
        .doesNotThrowAnyException();
  }

  @Test
  void writersDeclareAllColumns() throws IOException {
    Store store = store();
    assertRefused(
        () -> layout(size()).checkWritable(store),
        "a table that is written to must declare all of "
            + directory.resolve("schema.json")
            + ": the columns price DOUBLE NOT NULL are missing from the DDL");
  }

  @Test
  void anotherStoreUnderTheSamePathNamesBothHosts() throws IOException {
    Store store = store();
    UUID planned = UUID.randomUUID();
    String message =
        "path '"
            + directory
            + "' is the store "
            + planned
            + " on host planner, where the statement was planned, but the store "
            + store.id()
            + " on host "
            + Holder.host()
            + "; expected one directory that all hosts share";
    assertRefused(() -> layout(planned, KEY, size()).checkReadable(store), message);
    assertRefused(() -> layout(planned, KEY, size()).checkWritable(store), message);
  }

  @Test
  void anotherTypeNamesColumnBothTypesAndTheFile() throws IOException {
    Store store = store();
    assertRefused(
        () -> layout(column("price", "VARCHAR(2147483647) NOT NULL")).checkReadable(store),
        "column price: the DDL declares STRING NOT NULL, but "
            + directory.resolve("schema.json")
            + " says DOUBLE NOT NULL; declare it as DOUBLE NOT NULL");
  }

  @Test
  void anotherNullabilityIsRefused() throws IOException {
    Store store = store();
    assertRefused(
        () -> layout(column("price", "DOUBLE")).checkReadable(store),
        "column price: the DDL declares DOUBLE, but "
            + directory.resolve("schema.json")
            + " says DOUBLE NOT NULL; declare it as DOUBLE NOT NULL");
  }

  @Test
  void anotherEndiannessNamesBothAndTheFile() throws IOException {
    Store store = store();
    assertRefused(
        () -> layout(size().withEndianness(Endianness.BIG)).checkReadable(store),
        "column size: the DDL declares big-endian bytes, but "
            + directory.resolve("schema.json")
            + " says little-endian; set 'fields.size.endianness' = 'little-endian'");
  }

  @Test
  void anotherKeyIsRefused() throws IOException {
    Store store = store();
    Path file = directory.resolve("schema.json");
    assertRefused(
        () -> layout(null, Key.of("t", KEY.type())).checkReadable(store),
        "key column t: the key is named ts in " + file + "; set 'key.field' = 'ts'");
    assertRefused(
        () -> layout(null, Key.of("ts", CellType.parse("BIGINT"))).checkReadable(store),
        "key column ts: the DDL declares BIGINT, but "
            + file
            + " says TIMESTAMP(3); declare it as TIMESTAMP(3)");
    assertRefused(
        () -> layout(null, new Key("ts", KEY.type(), TimeUnit.NANOS)).checkReadable(store),
        "key column ts: the DDL counts in 'ns', but " + file + " says 'ms'; set 'key.unit' = 'ms'");
  }

  @Test
  void anotherTableNameIsRefused() throws IOException {
    Store store = store();
    assertRefused(
        () -> layout(column("size", "BIGINT")).checkReadable(store),
        "column size: the DDL names the table 'size', but "
            + directory.resolve("schema.json")
            + " says 'volume'; leave 'fields.size.table' out");
  }

  @Test
  void aColumnThatTheSchemaLacksCannotBeRead() throws IOException {
    Store store = store();
    assertRefused(
        () -> layout(column("bid", "DOUBLE")).checkReadable(store),
        "column bid: not in "
            + directory.resolve("schema.json")
            + ", which has the columns price, size beside the key; leave the column out, or"
            + " name it as it is there");
  }

  @Test
  void aStoreOfTheCrateIsReadByTheDdlAlone() throws IOException {
    Store store = Store.open(CRATE_STORE);
    assertThatCode(() -> crateLayout(column("price", "DOUBLE NOT NULL")).checkReadable(store))
        .doesNotThrowAnyException();
    TableLayout layout = crateLayout(column("bid", "DOUBLE"));
    String message =
        "column bid: '"
            + layout.path()
            + "' has no table 'bid', found 'price', 'size', 'sym'; leave the column out, or name"
            + " its table with 'fields.bid.table'";
    assertRefused(() -> layout.checkReadable(store), message);
  }

  @Test
  void writersAddNullableColumnsAlone() throws IOException {
    Store store = store();
    Column price = column("price", "DOUBLE NOT NULL");
    Column bid = column("bid", "DOUBLE");
    TableLayout wider = layout(bid, price, size());
    String advice =
        "; an INSERT can't add a column of VARBINARY(9) NOT NULL, since the rows that are there"
            + " have no value of it: declare it without NOT NULL";

    wider.checkWritable(store);
    assertThat(Store.open(directory).tables()).containsExactly("price", "volume");
    assertThat(wider.writable(store).tables()).containsExactly("price", "volume", "bid");
    assertThat(Store.open(directory).schema().orElseThrow().columns())
        .containsExactly(price, size(), bid);
    assertRefused(
        () -> layout(price, size(), bid, column("ask", "VARBINARY(9) NOT NULL")).writable(store),
        "column ask: not in "
            + directory.resolve("schema.json")
            + ", which has the columns price, size beside the key"
            + advice
            + ", or name it as it is there");
    Store crate = Store.open(CRATE_STORE);
    TableLayout more =
        crateLayout(
            column("price", "DOUBLE"),
            column("size", "BIGINT"),
            column("sym", "CHAR(3)"),
            column("ask", "VARBINARY(9) NOT NULL"));
    assertRefused(
        () -> more.checkWritable(crate),
        "column ask: '"
            + more.path()
            + "' has no table 'ask', found 'price', 'size', 'sym'"
            + advice
            + ", or name its table with 'fields.ask.table'");
  }

  @Test
  void aJobWritesOnThoughOthersAddedNullableColumnsSinceItWasPlanned() throws IOException {
    Store store = store();
    Column price = column("price", "DOUBLE NOT NULL");
    layout(price, size(), column("ask", "DOUBLE")).writable(store);

    TableLayout planned = layout(price, size(), column("bid", "DOUBLE"));
    assertRefused(
        () -> planned.checkWritable(Store.open(directory)),
        "a table that is written to must declare all of "
            + directory.resolve("schema.json")
            + ": the columns ask DOUBLE are missing from the DDL");
    assertThat(planned.writable(store).tables()).containsExactly("price", "volume", "ask", "bid");
    assertRefused(
        () -> layout(size()).writable(store),
        "a table that is written to must declare all of "
            + directory.resolve("schema.json")
            + ": the columns price DOUBLE NOT NULL are missing from the DDL");
  }

  @Test
  void anotherFormatNamesBothAndTheFile() throws IOException {
    Column json = new Column("tags", "tags", new Column.Format("json", "ARRAY<INT>"), true);
    Column avro = new Column("tags", "tags", new Column.Format("avro", "ARRAY<INT>"), true);
    Column text = column("tags", "VARCHAR(2147483647)");
    Column jsonText =
        new Column("tags", "tags", new Column.Format("json", "VARCHAR(2147483647)"), true);
    Path file = directory.resolve("schema.json");
    Store store = Store.openOrCreate(directory, Schema.create(KEY, List.of(json)));

    layout(json).checkReadable(store);
    assertRefused(
        () -> layout(avro).checkReadable(store),
        "column tags: the DDL declares the format 'avro', but "
            + file
            + " says the format 'json'; set 'fields.tags.format' = 'json'");
    assertRefused(
        () -> layout(text).checkReadable(store),
        "column tags: the DDL declares STRING, but "
            + file
            + " says ARRAY<INT>; declare it as ARRAY<INT>");
    Path other = directory.resolve("text");
    Store plain = Store.openOrCreate(other, Schema.create(KEY, List.of(text)));
    assertRefused(
        () ->
            new TableLayout(other.toString(), null, "planner", KEY, 0, List.of(jsonText))
                .checkReadable(plain),
        "column tags: the DDL declares the format 'json', but "
            + other.resolve("schema.json")
            + " says no format; leave 'fields.tags.format' out");
  }

  @Test
  void writersToAStoreOfTheCrateDeclareAllItsTables() throws IOException {
    Store store = Store.open(CRATE_STORE);
    TableLayout layout = crateLayout(column("price", "DOUBLE NOT NULL"));
    assertRefused(
        () -> layout.checkWritable(store),
        "a table that is written to must declare all of '"
            + layout.path()
            + "': a column for each of the tables size, sym are missing from the DDL");
    assertThatCode(
            () ->
                crateLayout(
                        column("price", "DOUBLE"),
                        column("size", "BIGINT"),
                        column("sym", "CHAR(3)"))
                    .checkWritable(store))
        .doesNotThrowAnyException();
  }

  @Test
  void theSchemaOfANewStoreIsTheDdl() {
    Schema schema = layout(column("price", "DOUBLE NOT NULL"), size()).newSchema();
    assertThat(schema.key()).isEqualTo(KEY);
    assertThat(schema.columns()).containsExactly(column("price", "DOUBLE NOT NULL"), size());
  }

  @Test
  void tablesFollowTheProjection() {
    TableLayout layout =
        new TableLayout(
            "/data/t", null, "here", KEY, 1, List.of(column("price", "DOUBLE"), size()));
    assertThat(layout.tables()).containsExactly("price", "volume");
    assertThat(layout.tables(new int[] {2, 1, 0})).containsExactly("volume", "price");
    assertThat(layout.fieldCount()).isEqualTo(3);
  }
}
