package io.timestore.flink.types;

import static io.timestore.flink.types.TestTable.column;
import static io.timestore.flink.types.TestTable.string;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Endianness;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.types.RowKind;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class BatchRowTest {

  static Stream<Arguments> extremes() {
    TimestampData first = TimestampData.fromEpochMillis(Long.MIN_VALUE / 1000 * 1000);
    TimestampData last = TimestampData.fromEpochMillis(Long.MAX_VALUE / 1000 * 1000);
    BigDecimal nines = new BigDecimal(BigInteger.TEN.pow(38).subtract(BigInteger.ONE));
    return Stream.of(
        extremes(DataTypes.BOOLEAN(), true, false),
        extremes(DataTypes.TINYINT(), Byte.MIN_VALUE, (byte) -1, (byte) 0, Byte.MAX_VALUE),
        extremes(DataTypes.SMALLINT(), Short.MIN_VALUE, (short) -1, (short) 0, Short.MAX_VALUE),
        extremes(DataTypes.INT(), Integer.MIN_VALUE, -1, 0, Integer.MAX_VALUE),
        extremes(DataTypes.BIGINT(), Long.MIN_VALUE, -1L, 0L, Long.MAX_VALUE),
        extremes(
            DataTypes.FLOAT(),
            Float.NEGATIVE_INFINITY,
            -0.0f,
            Float.MIN_VALUE,
            Float.MAX_VALUE,
            Float.NaN,
            Float.intBitsToFloat(-1)),
        extremes(
            DataTypes.DOUBLE(),
            Double.NEGATIVE_INFINITY,
            -0.0,
            Double.MIN_VALUE,
            Double.MAX_VALUE,
            Double.NaN,
            Double.longBitsToDouble(-1)),
        extremes(DataTypes.DATE(), Integer.MIN_VALUE, -1, 0, 2_932_896, Integer.MAX_VALUE),
        extremes(DataTypes.TIME(0), 0, 86_399_000),
        extremes(DataTypes.TIME(9), 0, 86_399_999),
        extremes(DataTypes.TIMESTAMP(0), first, last, TimestampData.fromEpochMillis(-1000)),
        extremes(
            DataTypes.TIMESTAMP_LTZ(3),
            TimestampData.fromEpochMillis(Long.MIN_VALUE),
            TimestampData.fromEpochMillis(-1),
            TimestampData.fromEpochMillis(Long.MAX_VALUE)),
        extremes(
            DataTypes.TIMESTAMP(6),
            TimestampData.fromEpochMillis(-9_223_372_036_854_776L, 192_000),
            TimestampData.fromEpochMillis(-1, 999_000),
            TimestampData.fromEpochMillis(9_223_372_036_854_775L, 807_000)),
        extremes(
            DataTypes.TIMESTAMP_LTZ(9),
            TimestampData.fromEpochMillis(-9_223_372_036_855L, 224_192),
            TimestampData.fromEpochMillis(-1, 999_999),
            TimestampData.fromEpochMillis(9_223_372_036_854L, 775_807)),
        extremes(
            DataTypes.INTERVAL(DataTypes.YEAR(), DataTypes.MONTH()),
            Integer.MIN_VALUE,
            0,
            Integer.MAX_VALUE),
        extremes(
            DataTypes.INTERVAL(DataTypes.DAY(), DataTypes.SECOND(3)),
            Long.MIN_VALUE,
            0L,
            Long.MAX_VALUE),
        extremes(DataTypes.DECIMAL(1, 1), decimal("-0.9", 1, 1), decimal("0.9", 1, 1)),
        extremes(
            DataTypes.DECIMAL(18, 0),
            decimal("-999999999999999999", 18, 0),
            decimal("0", 18, 0),
            decimal("999999999999999999", 18, 0)),
        extremes(
            DataTypes.DECIMAL(19, 2),
            decimal("-99999999999999999.99", 19, 2),
            decimal("-0.01", 19, 2),
            decimal("92233720368547758.08", 19, 2)),
        extremes(
            DataTypes.DECIMAL(38, 0),
            decimal(nines.negate().toString(), 38, 0),
            decimal("-18446744073709551616", 38, 0),
            decimal("-18446744073709551615", 38, 0),
            decimal("-1", 38, 0),
            decimal("18446744073709551615", 38, 0),
            decimal(nines.toString(), 38, 0)),
        extremes(DataTypes.CHAR(3), string(""), string("a"), string("a  "), string("€𐍈é")),
        extremes(DataTypes.VARCHAR(3), string(""), string("\0"), string("𐍈𐍈𐍈")),
        extremes(DataTypes.STRING(), string(""), string("a".repeat(100_000))),
        extremes(DataTypes.BINARY(2), new byte[0], new byte[2], new byte[] {-1, -1}),
        extremes(
            DataTypes.BYTES(),
            new byte[0],
            new byte[] {-1},
            new byte[] {-1, -1, -1},
            new byte[] {-1, 0},
            new byte[70_000]));
  }

  private static Arguments extremes(DataType type, Object... values) {
    return Arguments.of(type.getLogicalType(), List.of(values));
  }

  private static DecimalData decimal(String text, int precision, int scale) {
    return DecimalData.fromBigDecimal(new BigDecimal(text), precision, scale);
  }

  @ParameterizedTest
  @MethodSource("extremes")
  void everyTypeComesBackToTheLastBit(LogicalType type, List<Object> values)
      throws CorruptStoreException {
    List<Object> expected = values.stream().map(BatchRowTest::bits).toList();
    Column column = new Column("c", "c", CellTypes.of("c", type), false);
    assertThat(roundTrip(column, type.copy(false), values, false)).isEqualTo(expected);
    assertThat(roundTrip(column, type.copy(false), values, true)).isEqualTo(expected);
    if (column.type().widthBytes().isPresent()) {
      Column big = column.withEndianness(Endianness.BIG);
      assertThat(roundTrip(big, type.copy(false), values, false)).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @MethodSource("extremes")
  void everyNullableTypeComesBackToTheLastBitBetweenNulls(LogicalType type, List<Object> values)
      throws CorruptStoreException {
    List<@Nullable Object> withNulls = new ArrayList<>(values);
    withNulls.add(0, null);
    withNulls.add(2, null);
    withNulls.add(null);
    List<@Nullable Object> expected = new ArrayList<>(withNulls);
    expected.replaceAll(BatchRowTest::bits);
    Column column = new Column("c", "c", CellTypes.of("c", type), true);
    assertThat(roundTrip(column, type, withNulls, false)).isEqualTo(expected);
    assertThat(roundTrip(column, type, withNulls, true)).isEqualTo(expected);
  }

  private static List<@Nullable Object> roundTrip(
      Column column, LogicalType type, List<? extends @Nullable Object> values, boolean binary)
      throws CorruptStoreException {
    TestTable table = TestTable.of(column);
    RowDataSerializer serializer = new RowDataSerializer(new BigIntType(), type);
    RowEncoder encoder = table.encoder();
    Batch batch = encoder.newBatch();
    for (Object value : values) {
      RowData row = GenericRowData.of((long) batch.rowCount(), value);
      encoder.append(binary ? serializer.toBinaryRow(row) : row, batch);
    }
    BatchRow view = table.row();
    view.check(batch, TestTable.from(0, 0));
    view.bind(batch, TestTable.from(0, 0));
    RowData.FieldGetter getter = RowData.createFieldGetter(type, 1);
    List<@Nullable Object> found = new ArrayList<>();
    for (int row = 0; row < batch.rowCount(); row++) {
      view.seek(row);
      found.add(bits(getter.getFieldOrNull(binary ? serializer.toBinaryRow(view).copy() : view)));
    }
    return found;
  }

  /** What tells two values apart by equals: NaN has many bit patterns, arrays have identity. */
  private static @Nullable Object bits(@Nullable Object value) {
    if (value instanceof Float number) {
      return Float.floatToRawIntBits(number);
    }
    if (value instanceof Double number) {
      return Double.doubleToRawLongBits(number);
    }
    return value instanceof byte[] bytes ? HexFormat.of().formatHex(bytes) : value;
  }

  @Test
  void aProjectionPicksAndReordersFields() throws CorruptStoreException {
    TestTable table =
        TestTable.of(column("a", "INT"), column("b", "VARCHAR(9)"), column("c", "BIGINT"));
    BatchRow row = table.row(3, 0, 1, 0);
    assertThat(row.tables()).containsExactly("c", "a");
    Batch batch = new Batch(2);
    batch.column(0).appendLong(30);
    batch.column(1).appendEmpty();
    batch.appendKey(7);

    row.check(batch, TestTable.from(0, 0));
    row.bind(batch, TestTable.from(0, 0));

    assertThat(row.getArity()).isEqualTo(4);
    assertThat(row.getLong(0)).isEqualTo(30);
    assertThat(row.getLong(1)).isEqualTo(7);
    assertThat(row.isNullAt(2)).isTrue();
    assertThat(row.getLong(3)).isEqualTo(7);
  }

  @Test
  void stringsOfAnEarlierBatchStayAsTheyWere() {
    TestTable table = TestTable.of(column("c", "VARCHAR(9)"));
    BatchRow row = table.row();
    row.bind(table.encode(string("one"), string("two")), TestTable.from(0, 0));
    StringData one = row.getString(1);
    row.seek(1);
    StringData two = row.getString(1);

    row.bind(table.encode(string("three")), TestTable.from(0, 0));

    assertThat(row.getString(1)).hasToString("three");
    assertThat(one).hasToString("one");
    assertThat(two).hasToString("two");
  }

  @Test
  void rowsAreInsertionsUnlessToldOtherwise() {
    BatchRow row = TestTable.of().row();
    assertThat(row.getRowKind()).isEqualTo(RowKind.INSERT);
    row.setRowKind(RowKind.DELETE);
    assertThat(row.getRowKind()).isEqualTo(RowKind.DELETE);
  }

  @Test
  void nestedGettersAreNotThere() {
    BatchRow row = TestTable.of(column("c", "INT")).row();
    assertThatThrownBy(() -> row.getRow(1, 1))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessage("a timestore table has no ROW columns");
    assertThatThrownBy(() -> row.getArray(1)).hasMessageContaining("ARRAY");
    assertThatThrownBy(() -> row.getMap(1)).hasMessageContaining("MAP");
    assertThatThrownBy(() -> row.getRawValue(1)).hasMessageContaining("RAW");
    assertThatThrownBy(() -> row.getVariant(1)).hasMessageContaining("VARIANT");
  }

  static Stream<Arguments> faultyCells() {
    return Stream.of(
        Arguments.of("DOUBLE", "0000000000", "found 5 bytes, expected 8, or none for NULL"),
        Arguments.of("INT NOT NULL", "", "found 0 bytes, expected 4"),
        Arguments.of("BOOLEAN", "02", "found the byte 2, expected 0 or 1"),
        Arguments.of("TIME(0)", "ffffffff", "found -1 ms, expected 0 to 86399999"),
        Arguments.of(
            "TIMESTAMP(0)",
            "ffffffffffffff7f",
            "found 9223372036854775807 s, expected at most 9223372036854775"),
        Arguments.of(
            "TIMESTAMP(0)",
            "0000000000000080",
            "found -9223372036854775808 s, expected at most 9223372036854775"),
        Arguments.of(
            "DECIMAL(2, 1)",
            "64000000000000000000000000000000",
            "found the unscaled value 100, expected at most 99"),
        Arguments.of(
            "DECIMAL(2, 1)",
            "00000000000000000100000000000000",
            "found the unscaled value 18446744073709551616, expected at most 99"),
        Arguments.of(
            "DECIMAL(38, 0)",
            "00000000000000000000000000000080",
            "found the unscaled value -170141183460469231731687303715884105728, expected at most"
                + " 99999999999999999999999999999999999999"),
        Arguments.of("VARCHAR(2)", "c3a96161", "found 3 characters, expected at most 2"),
        Arguments.of("BINARY(2)", "ffffffff", "found 3 bytes, expected at most 2"),
        Arguments.of("VARBINARY(2) NOT NULL", "ffffff", "found 3 bytes, expected at most 2"));
  }

  @ParameterizedTest
  @MethodSource("faultyCells")
  void aCellThatIsNoValueOfItsTypeIsCorruption(String type, String hex, String fault) {
    TestTable table = TestTable.of(column("c", type));
    byte[] bytes = HexFormat.of().parseHex(hex);
    Batch batch = new Batch(1);
    for (int row = 0; row < 2; row++) {
      batch.column(0).appendBytes(bytes, 0, bytes.length);
      batch.appendKey(row);
    }

    assertThatThrownBy(() -> table.row().check(batch, TestTable.from(0, 10)))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessage("column c, " + type + ": table 'c' of /data/t, row 10: " + fault);
    assertThatThrownBy(() -> table.row().check(batch, TestTable.from(2, 10)))
        .hasMessageContaining(": table 'c' of /data/t, lane 2, row 10: ");
  }

  @Test
  void valuesAreCheckedInTheirOrderOfBytes() {
    Column column = column("c", "DECIMAL(2, 1)").withEndianness(Endianness.BIG);
    Batch batch = new Batch(List.of(column));
    batch.column(0).appendInt128(0, 99);
    batch.column(0).appendInt128(0, 100);
    batch.resize(2);

    assertThatThrownBy(() -> TestTable.of(column).row().check(batch, TestTable.from(0, 0)))
        .hasMessageContaining("row 1: found the unscaled value 100, expected at most 99");
  }

  @Test
  void theFaultyRowIsTheOneThatIsNamed() {
    TestTable table = TestTable.of(column("c", "BIGINT"));
    Batch batch = new Batch(1);
    batch.column(0).appendLong(1);
    batch.column(0).appendEmpty();
    batch.column(0).appendInt(1);
    batch.resize(3);

    assertThatThrownBy(() -> table.row().check(batch, TestTable.from(0, 100)))
        .hasMessageContaining("row 102: found 4 bytes");
  }
}
