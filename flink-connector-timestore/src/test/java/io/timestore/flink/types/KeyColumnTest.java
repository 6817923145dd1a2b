package io.timestore.flink.types;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Key;
import io.timestore.format.TimeUnit;
import java.math.BigDecimal;
import java.time.LocalDateTime;
import java.util.stream.Stream;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.TimestampData;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class KeyColumnTest {
  private static final String NANOS_END = "2554-07-21T23:34:33.709551615";

  private static Key key(String type) {
    return Key.of("k", CellType.parse(type));
  }

  private static Key key(String type, String unit) {
    return new Key("k", CellType.parse(type), TimeUnit.ofSymbol(unit));
  }

  private static TimestampData timestamp(String text) {
    return TimestampData.fromLocalDateTime(LocalDateTime.parse(text));
  }

  private static @Nullable DecimalData decimal(String text) {
    return DecimalData.fromBigDecimal(new BigDecimal(text), 20, 0);
  }

  private static long encode(Key key, @Nullable Object value) {
    TestTable table = TestTable.of(key);
    return table.encoder().append(GenericRowData.of(value), new Batch(0));
  }

  private static BatchRow read(Key key, long keyValue) throws CorruptStoreException {
    Batch batch = new Batch(0);
    batch.appendKey(keyValue);
    BatchRow row = TestTable.of(key).row();
    row.check(batch, TestTable.from(0, 41));
    row.bind(batch, TestTable.from(0, 0));
    return row;
  }

  static Stream<Arguments> timestamps() {
    return Stream.of(
        Arguments.of(key("TIMESTAMP(0)"), "1970-01-01T00:00:00", 0L),
        Arguments.of(key("TIMESTAMP(0)"), "9999-12-31T23:59:59", 253_402_300_799L),
        Arguments.of(key("TIMESTAMP(1)"), "1970-01-01T00:00:00.100", 100L),
        Arguments.of(key("TIMESTAMP(3)"), "9999-12-31T23:59:59.999", 253_402_300_799_999L),
        Arguments.of(key("TIMESTAMP_LTZ(3)"), "2020-01-01T00:00:00.001", 1_577_836_800_001L),
        Arguments.of(key("TIMESTAMP(4)"), "1970-01-01T00:00:00.000100", 100L),
        Arguments.of(key("TIMESTAMP(6)"), "9999-12-31T23:59:59.999999", 253402300799999999L),
        Arguments.of(key("TIMESTAMP(7)"), "1970-01-01T00:00:00.000000100", 100L),
        Arguments.of(key("TIMESTAMP(9)"), "2262-04-11T23:47:16.854775807", Long.MAX_VALUE),
        Arguments.of(key("TIMESTAMP_LTZ(9)"), "2262-04-11T23:47:16.854775808", Long.MIN_VALUE),
        Arguments.of(key("TIMESTAMP(9)"), NANOS_END, -1L),
        Arguments.of(key("TIMESTAMP(0)", "ns"), "1970-01-01T00:00:01", 1_000_000_000L),
        Arguments.of(key("TIMESTAMP(3)", "us"), "1970-01-01T00:00:00.001", 1_000L));
  }

  @ParameterizedTest
  @MethodSource("timestamps")
  void timestampKeysCountInTheUnitAndComeBack(Key key, String text, long keyValue)
      throws CorruptStoreException {
    assertThat(encode(key, timestamp(text))).isEqualTo(keyValue);
    assertThat(read(key, keyValue).getTimestamp(0, key.type().length())).isEqualTo(timestamp(text));
    assertThat(read(key, keyValue).isNullAt(0)).isFalse();
  }

  @Test
  void numberKeysAreTheNumber() throws CorruptStoreException {
    assertThat(encode(key("BIGINT"), 0L)).isZero();
    assertThat(encode(key("BIGINT"), Long.MAX_VALUE)).isEqualTo(Long.MAX_VALUE);
    assertThat(read(key("BIGINT"), Long.MAX_VALUE).getLong(0)).isEqualTo(Long.MAX_VALUE);

    for (String text : new String[] {"0", "9223372036854775808", "18446744073709551615"}) {
      long keyValue = Long.parseUnsignedLong(text);
      assertThat(encode(key("DECIMAL(20, 0)"), decimal(text))).isEqualTo(keyValue);
      assertThat(read(key("DECIMAL(20, 0)"), keyValue).getDecimal(0, 20, 0))
          .isEqualTo(decimal(text));
    }
  }

  static Stream<Arguments> refusedKeys() {
    return Stream.of(
        Arguments.of(key("BIGINT"), null, "found NULL, but every row needs a key"),
        Arguments.of(key("BIGINT"), -1L, "found -1, but keys are not negative"),
        Arguments.of(key("DECIMAL(20, 0)"), decimal("-1"), "found -1, but keys are not negative"),
        Arguments.of(
            key("DECIMAL(20, 0)"),
            decimal("18446744073709551616"),
            "found 18446744073709551616, but keys are whole numbers up to 2^64 - 1"),
        Arguments.of(
            key("TIMESTAMP(3)"),
            timestamp("1969-12-31T23:59:59.999"),
            "found 1969-12-31T23:59:59.999, but keys begin at 1970-01-01T00:00:00"),
        Arguments.of(
            key("TIMESTAMP_LTZ(3)"),
            TimestampData.fromEpochMillis(253_402_300_800_000L),
            "found 253402300800000 ms since 1970, but the last TIMESTAMP_LTZ(3) is"
                + " 9999-12-31T23:59:59.999999999"),
        Arguments.of(
            key("TIMESTAMP(9)"),
            timestamp("2554-07-21T23:34:33.709551616"),
            "found 2554-07-21T23:34:33.709551616, but keys in ns end at " + NANOS_END),
        Arguments.of(
            key("TIMESTAMP(9)"),
            timestamp("9999-01-01T00:00:00"),
            "found 9999-01-01T00:00:00, but keys in ns end at " + NANOS_END),
        Arguments.of(
            key("TIMESTAMP(0)"),
            timestamp("2020-01-01T00:00:00.001"),
            "found 2020-01-01T00:00:00.001, but it has digits that TIMESTAMP(0) in steps of 1 s"
                + " would lose"),
        Arguments.of(
            key("TIMESTAMP_LTZ(3)"),
            timestamp("2020-01-01T00:00:00.000001"),
            "found 2020-01-01T00:00:00.000001Z, but it has digits that TIMESTAMP_LTZ(3) in steps"
                + " of 1 ms would lose"));
  }

  @ParameterizedTest
  @MethodSource("refusedKeys")
  void aKeyThatDoesNotFitIsRefused(Key key, @Nullable Object value, String fault) {
    assertThatThrownBy(() -> encode(key, value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("key column k: " + fault);
  }

  static Stream<Arguments> unreadableKeys() {
    return Stream.of(
        Arguments.of(
            key("BIGINT"),
            Long.MIN_VALUE,
            "the key 9223372036854775808 of /data/t, row 41, is above 9223372036854775807, the"
                + " largest BIGINT; declare the column as DECIMAL(20, 0)"),
        Arguments.of(
            key("TIMESTAMP(3)"),
            253_402_300_800_000L,
            "the key 253402300800000 ms of /data/t, row 41, is after"
                + " 9999-12-31T23:59:59.999999999, the last TIMESTAMP(3); declare the column as"
                + " DECIMAL(20, 0)"),
        Arguments.of(
            key("TIMESTAMP_LTZ(0)"),
            -1L,
            "the key 18446744073709551615 s of /data/t, row 41, is after"
                + " 9999-12-31T23:59:59.999999999, the last TIMESTAMP_LTZ(0); declare the column"
                + " as DECIMAL(20, 0)"),
        Arguments.of(
            key("TIMESTAMP(3)", "ns"),
            1_000_001L,
            "the key 1970-01-01T00:00:00.001000001 of /data/t, row 41, has digits that"
                + " TIMESTAMP(3) would lose; declare the column as TIMESTAMP(9)"));
  }

  @ParameterizedTest
  @MethodSource("unreadableKeys")
  void aStoredKeyThatTheTypeCannotShowIsAnError(Key key, long keyValue, String fault) {
    assertThatThrownBy(() -> read(key, keyValue))
        .isInstanceOf(ValidationException.class)
        .hasMessage("key column k: " + fault);
  }

  @Test
  void keysAreNotCheckedWhereTheyAreNotRead() throws CorruptStoreException {
    Batch batch = new Batch(0);
    batch.appendKey(-1L);

    TestTable.of(key("BIGINT")).row(new int[0]).check(batch, TestTable.from(0, 0));

    assertThatThrownBy(() -> TestTable.of(key("BIGINT")).row().check(batch, TestTable.from(3, 5)))
        .hasMessageContaining("of /data/t, lane 3, row 5,");
  }
}
