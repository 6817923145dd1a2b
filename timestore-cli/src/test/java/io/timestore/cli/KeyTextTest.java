package io.timestore.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.CellType;
import io.timestore.format.Key;
import io.timestore.format.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Keys as people write them. */
class KeyTextTest {
  private static final KeyText NUMBERS = new KeyText(null);

  private static KeyText keys(String type, String unit) {
    return new KeyText(new Key("k", CellType.parse(type), TimeUnit.ofSymbol(unit)));
  }

  @ParameterizedTest
  @CsvSource({
    "TIMESTAMP_LTZ(0), s, 1767225600, 2026-01-01T00:00:00Z",
    "TIMESTAMP_LTZ(3), ms, 1767225600250, 2026-01-01T00:00:00.250Z",
    "TIMESTAMP_LTZ(3), ns, 1767225600000000001, 2026-01-01T00:00:00.000000001Z",
    "TIMESTAMP(6), us, 1767225600000000, 2026-01-01T00:00:00",
    "TIMESTAMP(0), s, 0, 1970-01-01T00:00:00"
  })
  void aTimeIsWrittenAndReadInTheUnitOfTheKeys(String type, String unit, long key, String text) {
    KeyText keys = keys(type, unit);
    assertThat(keys.text(key)).isEqualTo(text);
    assertThat(keys.parse(text)).isEqualTo(key);
    assertThat(keys.parse(Long.toString(key))).isEqualTo(key);
  }

  @Test
  void aTimeMayHaveAnOffsetABlankOrADateOnly() {
    KeyText instants = keys("TIMESTAMP_LTZ(0)", "s");
    assertThat(instants.parse("2026-01-01T02:00:00+02:00")).isEqualTo(1767225600);
    assertThat(instants.parse("2026-01-01 00:00:00Z")).isEqualTo(1767225600);
    assertThat(keys("TIMESTAMP(0)", "s").parse("2026-01-01")).isEqualTo(1767225600);
  }

  @Test
  void numbersReachOverTheWholeRange() {
    assertThat(NUMBERS.parse("18446744073709551615")).isEqualTo(-1);
    assertThat(NUMBERS.text(-1)).isEqualTo("18446744073709551615");
    assertThat(keys("TIMESTAMP_LTZ(3)", "ms").text(-1)).isEqualTo("18446744073709551615");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "TIMESTAMP_LTZ(3) | ms | 2026-01-01T00:00:00 | with its zone",
        "TIMESTAMP_LTZ(3) | ms | yesterday | is no key, expected a time",
        "TIMESTAMP_LTZ(0) | s | 2026-01-01T00:00:00.5Z | is finer than the keys, which count s",
        "TIMESTAMP_LTZ(3) | ms | 1969-12-31T23:59:59Z | lies before 1970",
        "TIMESTAMP(9) | ns | 2600-01-01 | is beyond what a key can be",
        "TIMESTAMP(3) | ms | 2026-01-01T00:00:00Z | without a zone",
        "TIMESTAMP(3) | ms | 18446744073709551616 | is above 2^64 - 1",
      })
  void whatIsNoKeyIsRefused(String type, String unit, String text, String why) {
    KeyText keys = keys(type, unit);
    assertThatThrownBy(() -> keys.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(text)
        .hasMessageContaining(why);
    assertThatThrownBy(() -> NUMBERS.parse("-1"))
        .hasMessage("'-1' is no key, expected a number from 0 to 2^64 - 1");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 s",
    "250, 0.25 s",
    "6250, 6.25 s",
    "306000, 5 min 6 s",
    "14700000, 4 h 5 min",
    "273600000, 3 d 4 h"
  })
  void distancesAreToldInUnitsThatSuitThem(long millis, String text) {
    assertThat(keys("TIMESTAMP(3)", "ms").distance(1000, 1000 + millis)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "1023, 1023 B",
    "1024, 1.00 KiB",
    "10230, 9.99 KiB",
    "10240, 10.0 KiB",
    "1048575, 1.00 MiB",
    "1073741824, 1.00 GiB",
    "9223372036854775807, 8.00 EiB"
  })
  void sizesHaveThreeDigits(long count, String text) {
    assertThat(new Bytes(count)).hasToString(text);
  }
}
