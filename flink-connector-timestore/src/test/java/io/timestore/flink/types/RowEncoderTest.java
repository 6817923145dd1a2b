package io.timestore.flink.types;

import static io.timestore.flink.types.TestTable.column;
import static io.timestore.flink.types.TestTable.rowOf;
import static io.timestore.flink.types.TestTable.string;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.Batch;
import io.timestore.format.Endianness;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.core.memory.MemorySegmentFactory;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.data.binary.BinaryStringData;
import org.apache.flink.types.RowKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RowEncoderTest {

  static Stream<Arguments> cells() {
    TimestampData timestamp = TimestampData.fromEpochMillis(1, 2_000);
    return Stream.of(
        Arguments.of("BOOLEAN", true, "01"),
        Arguments.of("BOOLEAN", false, "00"),
        Arguments.of("TINYINT", (byte) -2, "fe"),
        Arguments.of("SMALLINT", (short) 0x0102, "0201"),
        Arguments.of("INT", 0x01020304, "04030201"),
        Arguments.of("BIGINT", 0x0102030405060708L, "0807060504030201"),
        Arguments.of("FLOAT", 1.0f, "0000803f"),
        Arguments.of("DOUBLE", 1.0d, "000000000000f03f"),
        Arguments.of("DATE", -1, "ffffffff"),
        Arguments.of("TIME(3)", 86_399_999, "ff5b2605"),
        Arguments.of("TIMESTAMP(0)", TimestampData.fromEpochMillis(-1000), "ffffffffffffffff"),
        Arguments.of("TIMESTAMP(3)", TimestampData.fromEpochMillis(258), "0201000000000000"),
        Arguments.of("TIMESTAMP(6)", timestamp, "ea03000000000000"),
        Arguments.of("TIMESTAMP_LTZ(9)", timestamp, "104a0f0000000000"),
        Arguments.of("INTERVAL YEAR TO MONTH", 14, "0e000000"),
        Arguments.of("INTERVAL DAY TO SECOND", -2L, "feffffffffffffff"),
        Arguments.of(
            "DECIMAL(5, 2)",
            DecimalData.fromUnscaledLong(-12345, 5, 2),
            "c7cfffffffffffffffffffffffffffff"),
        Arguments.of(
            "DECIMAL(38, 0)",
            DecimalData.fromBigDecimal(BigDecimal.ONE.scaleByPowerOfTen(20), 38, 0),
            "000010632d5ec76b0500000000000000"),
        Arguments.of("CHAR(4)", string("ab"), "6162"),
        Arguments.of("VARCHAR(4)", string("é€𐍈"), "c3a9e282acf0908d88"),
        Arguments.of("BINARY(3)", new byte[] {1, 2}, "0102"),
        Arguments.of("VARBINARY(3)", new byte[] {0, -1}, "00ff"));
  }

  @ParameterizedTest
  @MethodSource("cells")
  void cellsAreTheBytesOfTheFormat(String type, Object value, String hex) {
    Batch nullable = TestTable.of(column("c", type)).encode(value, null);
    Batch notNull = TestTable.of(column("c", type + " NOT NULL")).encode(value);

    assertThat(HexFormat.of().formatHex(TestTable.cell(nullable, 0, 0))).isEqualTo(hex);
    assertThat(HexFormat.of().formatHex(TestTable.cell(notNull, 0, 0))).isEqualTo(hex);
    assertThat(TestTable.cell(nullable, 0, 1)).as("NULL").isEmpty();
  }

  static Stream<Arguments> fixedCells() {
    return cells().filter(c -> column("c", (String) c.get()[0]).type().widthBytes().isPresent());
  }

  @ParameterizedTest
  @MethodSource("fixedCells")
  void bigEndianCellsAreTheSameBytesFromTheOtherEnd(String type, Object value, String hex) {
    TestTable table = TestTable.of(column("c", type).withEndianness(Endianness.BIG));
    StringBuilder reversed = new StringBuilder();
    for (int i = hex.length() - 2; i >= 0; i -= 2) {
      reversed.append(hex, i, i + 2);
    }

    Batch batch = table.encode(value, null);

    assertThat(HexFormat.of().formatHex(TestTable.cell(batch, 0, 0)))
        .isEqualTo(reversed.toString());
    assertThat(TestTable.cell(batch, 0, 1)).as("NULL").isEmpty();
  }

  @Test
  void emptyAndFillerBytesGetOneMoreFillerWhereNullIsPossible() {
    byte[] filler = {-1, -1};
    byte[] none = {};

    Batch nullable = TestTable.of(column("c", "VARBINARY(9)")).encode(none, filler);
    Batch notNull = TestTable.of(column("c", "VARBINARY(9) NOT NULL")).encode(none, filler);

    assertThat(TestTable.cell(nullable, 0, 0)).containsExactly(-1);
    assertThat(TestTable.cell(nullable, 0, 1)).containsExactly(-1, -1, -1);
    assertThat(TestTable.cell(notNull, 0, 0)).isEmpty();
    assertThat(TestTable.cell(notNull, 0, 1)).containsExactly(-1, -1);
  }

  @Test
  void stringsAcrossSegmentsAndOffTheHeapAreCopiedWhole() {
    byte[] bytes = "xxabcdefgh".getBytes(StandardCharsets.UTF_8);
    MemorySegment[] halves = {
      MemorySegmentFactory.wrap(Arrays.copyOf(bytes, 5)),
      MemorySegmentFactory.wrap(Arrays.copyOfRange(bytes, 5, 10))
    };
    MemorySegment offHeap = MemorySegmentFactory.allocateUnpooledOffHeapMemory(16);
    offHeap.put(0, bytes);

    Batch batch =
        TestTable.of(column("c", "VARCHAR(8)"))
            .encode(
                BinaryStringData.fromAddress(halves, 2, 8),
                BinaryStringData.fromAddress(new MemorySegment[] {offHeap}, 2, 8),
                BinaryStringData.fromBytes(bytes, 2, 8));

    for (int row = 0; row < 3; row++) {
      assertThat(TestTable.cell(batch, 0, row)).asString().isEqualTo("abcdefgh");
    }
  }

  @Test
  void theKeyMayStandBetweenTheColumns() {
    TableLayout layout =
        new TableLayout(
            "/data/t",
            null,
            "here",
            TestTable.NUMBER,
            1,
            List.of(column("a", "INT"), column("b", "BIGINT")));
    RowEncoder encoder = new RowEncoder(layout);
    Batch batch = encoder.newBatch();

    assertThat(encoder.append(rowOf(1, 2L, 3L), batch)).isEqualTo(2);

    assertThat(batch.key(0)).isEqualTo(2);
    assertThat(batch.column(0).intAt(0)).isEqualTo(1);
    assertThat(batch.column(1).longAt(0)).isEqualTo(3);
  }

  static Stream<Arguments> refusedValues() {
    return Stream.of(
        Arguments.of("INT NOT NULL", null, "found NULL"),
        Arguments.of("VARCHAR(3)", string("aé€𐍈"), "'aé€𐍈' has 4 characters"),
        Arguments.of("CHAR(2)", string("abc"), "'abc' has 3 characters"),
        Arguments.of("BINARY(2)", new byte[3], "a value of 3 bytes"),
        Arguments.of("VARBINARY(2)", new byte[4], "a value of 4 bytes"),
        Arguments.of(
            "TIMESTAMP(0)",
            TimestampData.fromEpochMillis(1),
            "1970-01-01T00:00:00.001 has digits finer than its unit, 's'"),
        Arguments.of(
            "TIMESTAMP(3)",
            TimestampData.fromEpochMillis(0, 1),
            "1970-01-01T00:00:00.000000001 has digits finer than its unit, 'ms'"),
        Arguments.of(
            "TIMESTAMP_LTZ(6)",
            TimestampData.fromEpochMillis(0, 999),
            "1970-01-01T00:00:00.000000999 has digits finer than its unit, 'us'"),
        Arguments.of(
            "TIMESTAMP(9)",
            TimestampData.fromEpochMillis(9_223_372_036_854L, 775_808),
            "2262-04-11T23:47:16.854775808 is outside 1677-09-21T00:12:43.145224192 to"
                + " 2262-04-11T23:47:16.854775807"),
        Arguments.of(
            "TIMESTAMP(9)",
            TimestampData.fromEpochMillis(-9_223_372_036_855L, 224_191),
            "1677-09-21T00:12:43.145224191 is outside 1677-09-21T00:12:43.145224192 to"
                + " 2262-04-11T23:47:16.854775807"),
        Arguments.of("TIME(0)", 86_400_000, "86400000 ms since midnight, expected 0 to 86399999"),
        Arguments.of("TIME(0)", -1, "-1 ms since midnight, expected 0 to 86399999"),
        Arguments.of(
            "DECIMAL(3, 1)",
            DecimalData.fromUnscaledLong(1000, 4, 1),
            "100.0 is no value of its type"),
        Arguments.of(
            "DECIMAL(3, 1)", DecimalData.fromUnscaledLong(1, 3, 2), "0.01 is no value of its type"),
        Arguments.of(
            "DECIMAL(20, 0)",
            DecimalData.fromBigDecimal(BigDecimal.ONE.scaleByPowerOfTen(20), 38, 0),
            "100000000000000000000 is no value of its type"));
  }

  @ParameterizedTest
  @MethodSource("refusedValues")
  void aValueThatDoesNotFitIsRefusedWithColumnTypeAndKey(String type, Object value, String fault) {
    RowEncoder encoder = TestTable.of(column("c", type)).encoder();

    assertThatThrownBy(() -> encoder.append(rowOf(7L, value), encoder.newBatch()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("column c, " + type + ": " + fault + " (in the row with the key 7)");
  }

  @Test
  void aRefusedRowLeavesTheBatchAsItWas() {
    TestTable table =
        TestTable.of(
            column("a", "VARCHAR(9) NOT NULL"),
            column("b", "BIGINT NOT NULL"),
            column("c", "CHAR(1)"),
            column("d", "INT"));
    RowEncoder encoder = table.encoder();
    Batch batch = encoder.newBatch();
    GenericRowData tooLong = GenericRowData.of(6L, string("x"), 1L, string("long"), 1);

    assertThatThrownBy(() -> encoder.append(tooLong, batch)).hasMessageContaining("column c");
    assertThat(batch.sizeBytes()).as("an empty batch").isZero();

    encoder.append(rowOf(5L, string("first"), 10L, string("1"), 100), batch);
    assertThatThrownBy(() -> encoder.append(tooLong, batch)).hasMessageContaining("column c");
    encoder.append(rowOf(7L, string("second"), 20L, null, 200), batch);

    BatchRow read = table.row();
    read.bind(batch, TestTable.from(0, 0));
    assertThat(batch.rowCount()).isEqualTo(2);
    assertThat(read.getString(1)).hasToString("first");
    assertThat(read.getLong(2)).isEqualTo(10);
    assertThat(read.getString(3)).hasToString("1");
    assertThat(read.getInt(4)).isEqualTo(100);
    read.seek(1);
    assertThat(read.getLong(0)).isEqualTo(7);
    assertThat(read.getString(1)).hasToString("second");
    assertThat(read.getLong(2)).isEqualTo(20);
    assertThat(read.isNullAt(3)).isTrue();
    assertThat(read.getInt(4)).isEqualTo(200);
  }

  @Test
  void updatesAndDeletionsAreRefused() {
    RowEncoder encoder = TestTable.of(column("c", "INT")).encoder();

    assertThatThrownBy(
            () -> encoder.append(GenericRowData.ofKind(RowKind.DELETE, 1L, 1), encoder.newBatch()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("found a row of kind DELETE, but a store takes insertions only");
  }
}
