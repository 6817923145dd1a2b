package io.timestore.flink.types;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.format.CorruptStoreException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.formats.common.TimestampFormat;
import org.apache.flink.formats.json.JsonFormatOptions.MapNullKeyMode;
import org.apache.flink.formats.json.JsonRowDataDeserializationSchema;
import org.apache.flink.formats.json.JsonRowDataSerializationSchema;
import org.apache.flink.formats.raw.RawFormatDeserializationSchema;
import org.apache.flink.formats.raw.RawFormatSerializationSchema;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.GenericArrayData;
import org.apache.flink.table.data.GenericMapData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.util.SimpleUserCodeClassLoader;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Cells of arrays in JSON. */
class FormatCellsTest {
  private static final DataType ARRAY = DataTypes.ARRAY(DataTypes.INT());
  private static final RowType ROOT =
      (RowType) FormatDecoder.rootType(DataTypes.FIELD("c", ARRAY)).getLogicalType();

  private static TestTable table(boolean nullable, boolean ignoresErrors) {
    TypeInformation<RowData> type = InternalTypeInfo.of(ROOT);
    DeserializationSchema<RowData> decoder =
        new JsonRowDataDeserializationSchema(
            ROOT, type, false, ignoresErrors, TimestampFormat.ISO_8601);
    Column column =
        new Column("c", "c", CellTypes.format("o", "json", ARRAY.getLogicalType()), nullable);
    return new TestTable(
        TestTable.of(column)
            .layout()
            .withDecoders(Map.of("c", new FormatDecoder(ARRAY.getLogicalType(), decoder))));
  }

  /** A view of rows with the keys 0, 1, … and these cells, in a lane from its row 10 on. */
  private static BatchRow row(TestTable table, String... cells) throws IOException {
    table
        .layout()
        .openDecoders(
            new UnregisteredMetricsGroup(),
            SimpleUserCodeClassLoader.create(FormatCellsTest.class.getClassLoader()));
    Batch batch = batch(cells);
    BatchRow row = table.row();
    row.check(batch, TestTable.from(2, 10));
    row.bind(batch, TestTable.from(2, 10));
    return row;
  }

  private static Batch batch(String... cells) {
    Batch batch = new Batch(1);
    for (String cell : cells) {
      batch.column(0).appendString(cell);
      batch.appendKey(batch.rowCount());
    }
    return batch;
  }

  private static int[] ints(BatchRow row, int index) {
    row.seek(index);
    assertThat(row.isNullAt(1)).isFalse();
    return ((GenericArrayData) row.getArray(1)).toIntArray();
  }

  @Test
  void eachRowHasItsOwnValue() throws IOException {
    BatchRow row = row(table(true, false), "{\"c\":[1,2]}", "", "{\"c\":[]}", "{\"c\":null}");

    assertThat(ints(row, 0)).containsExactly(1, 2);
    assertThat(ints(row, 2)).isEmpty();
    assertThat(ints(row, 0)).containsExactly(1, 2);
    row.seek(1);
    assertThat(row.isNullAt(1)).isTrue();
    row.seek(3);
    assertThat(row.isNullAt(1)).isTrue();

    assertThat(ints(row, 0)).containsExactly(1, 2);
    row.bind(batch("{\"c\":[3]}"), TestTable.from(0, 0));

    assertThat(ints(row, 0)).containsExactly(3);
  }

  /** Formats of which a value may be empty, or any bytes. */
  @Test
  void bytesThatCouldBeTakenForNullComeBack() {
    LogicalType bytes = DataTypes.BYTES().getLogicalType();
    Column column = new Column("c", "c", CellTypes.format("o", "raw", bytes), true);
    TestTable table =
        new TestTable(
            TestTable.of(column)
                .layout()
                .withEncoders(
                    Map.of(
                        "c",
                        new FormatEncoder(
                            bytes, new RawFormatSerializationSchema(bytes, "UTF-8", true))))
                .withDecoders(
                    Map.of(
                        "c",
                        new FormatDecoder(
                            bytes,
                            new RawFormatDeserializationSchema(
                                bytes, InternalTypeInfo.of(ROOT), "UTF-8", true)))));
    byte[][] values = {{}, {-1}, {-1, -1}, {-1, 0}};
    Batch batch = table.encode(values[0], values[1], values[2], values[3], null);
    BatchRow row = table.row();
    row.bind(batch, TestTable.from(0, 0));

    for (int i = 0; i < values.length; i++) {
      row.seek(i);
      assertThat(row.isNullAt(1)).isFalse();
      assertThat(row.getBinary(1)).isEqualTo(values[i]);
    }
    row.seek(values.length);
    assertThat(row.isNullAt(1)).isTrue();
    assertThat(TestTable.cell(batch, 0, 0)).containsExactly(-1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"c":[1          | the cell can't be read as 'json': Failed to deserialize JSON '{"c":[1'.
          {"c":["x"]}      | the cell can't be read as 'json': Failed to deserialize JSON
          {"c":null}       | the cell is NULL as 'json', expected a value
          {}               | the cell is NULL as 'json', expected a value
          ''               | the cell without bytes is NULL as 'json', expected a value
          [{"c":[1]},{"c":[2]}] | the cell can't be read as 'json': Failed to deserialize JSON '[{"c":[1]},{"c":[2]}]'. found more than one row, expected one
          """,
      quoteCharacter = '\'')
  void aCellThatIsNoValueNamesColumnTableLaneRowAndKey(String cell, String fault)
      throws IOException {
    BatchRow row = row(table(false, false), "{\"c\":[7]}", cell);

    assertThat(ints(row, 0)).containsExactly(7);
    row.seek(1);
    assertThatThrownBy(() -> row.getArray(1))
        .isInstanceOf(UncheckedIOException.class)
        .cause()
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageStartingWith(
            "column c, ARRAY<INT> NOT NULL: table 'c' of /data/t, lane 2, row 11, key 1: " + fault);
  }

  /** Whoever tells the format so gets NULL where it may be. */
  @Test
  void whatAFormatIsToldToIgnoreIsNull() throws IOException {
    BatchRow row = row(table(true, true), "{\"c\":[1");
    assertThat(row.isNullAt(1)).isTrue();

    BatchRow notNull = row(table(false, true), "{\"c\":[1");
    assertThatThrownBy(() -> notNull.getArray(1)).hasMessageContaining("is NULL as 'json'");
  }

  @Test
  void aValueThatAFormatCannotWriteNamesTheColumnAndTheKey() throws Exception {
    DataType map = DataTypes.MAP(DataTypes.STRING(), DataTypes.INT());
    RowType root = (RowType) FormatDecoder.rootType(DataTypes.FIELD("c", map)).getLogicalType();
    SerializationSchema<RowData> encoder =
        new JsonRowDataSerializationSchema(
            root, TimestampFormat.ISO_8601, MapNullKeyMode.FAIL, "null", false, false);
    encoder.open(null);
    Column column = new Column("c", "c", CellTypes.format("o", "json", map.getLogicalType()), true);
    TestTable table =
        new TestTable(
            TestTable.of(column)
                .layout()
                .withEncoders(Map.of("c", new FormatEncoder(map.getLogicalType(), encoder))));
    RowEncoder rows = table.encoder();
    Batch batch = rows.newBatch();
    rows.append(TestTable.rowOf(1L, null), batch);
    Map<@Nullable Object, Object> nullKey = new HashMap<>();
    nullKey.put(null, 1);

    assertThatThrownBy(() -> rows.append(TestTable.rowOf(7L, new GenericMapData(nullKey)), batch))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(
            "column c, MAP<VARCHAR(2147483647), INT>: can't be written as 'json': ")
        .hasMessageEndingWith("(in the row with the key 7)");
    assertThat(batch.rowCount()).isEqualTo(1);
    assertThat(TestTable.cell(batch, 0, 0)).isEmpty();
  }
}
