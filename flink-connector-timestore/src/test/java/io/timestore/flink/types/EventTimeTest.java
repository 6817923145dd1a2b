package io.timestore.flink.types;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.format.CellType;
import io.timestore.format.Key;
import io.timestore.format.TimeUnit;
import java.math.BigInteger;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Keys of all units against watermarks in milliseconds, exact at the edges. */
class EventTimeTest {
  private static EventTime of(TimeUnit unit) {
    return new EventTime(new Key("ts", CellType.parse("TIMESTAMP(0)"), unit));
  }

  @ParameterizedTest
  @CsvSource({
    "SECONDS, 0, 0",
    "SECONDS, 999, 0",
    "SECONDS, 1000, 1",
    "SECONDS, 9223372036854775806, 9223372036854775",
    "MILLIS, 0, 0",
    "MILLIS, 9223372036854775806, 9223372036854775806",
    "MICROS, 0, 999",
    "MICROS, 1, 1999",
    "MICROS, 18446744073709550, 18446744073709550999",
    "MICROS, 18446744073709551, 18446744073709551615",
    "MICROS, 9223372036854775806, 18446744073709551615",
    "NANOS, 0, 999999",
    "NANOS, 18446744073708, 18446744073708999999",
    "NANOS, 18446744073709, 18446744073709551615",
    "NANOS, 9223372036854775806, 18446744073709551615",
    "SECONDS, 9223372036854775807, 18446744073709551615",
    "MILLIS, 9223372036854775807, 18446744073709551615",
  })
  void aWatermarkPassesAllKeysOfItsMillisecond(TimeUnit unit, long watermark, BigInteger key) {
    assertThat(of(unit).lastKeyAt(watermark)).isEqualTo(OptionalLong.of(key.longValue()));
  }

  @ParameterizedTest
  @EnumSource(TimeUnit.class)
  void aWatermarkBefore1970PassesNothing(TimeUnit unit) {
    assertThat(of(unit).lastKeyAt(-1)).isEmpty();
    assertThat(of(unit).lastKeyAt(Long.MIN_VALUE)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "SECONDS, 7, 7000",
    "MILLIS, 7, 7",
    "MICROS, 7999, 7",
    "NANOS, 7999999, 7",
    "NANOS, 18446744073709551615, 18446744073709",
  })
  void aTimestampIsTheMillisecondOfItsKey(TimeUnit unit, BigInteger key, long millis) {
    assertThat(of(unit).agrees(key.longValue(), millis)).isTrue();
    assertThat(of(unit).agrees(key.longValue(), millis + 1)).isFalse();
    assertThat(of(unit).agrees(key.longValue(), millis - 1)).isFalse();
  }

  @Test
  void aRecordWithoutTimestampMayHaveAnyKey() {
    assertThat(of(TimeUnit.MILLIS).agrees(7, null)).isTrue();
  }
}
