package io.timestore.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeyTest {

  @ParameterizedTest
  @CsvSource({
    "0, s", "1, ms", "2, ms", "3, ms", "4, us", "5, us", "6, us", "7, ns", "8, ns", "9, ns"
  })
  void theUnitOfATimestampFollowsFromItsPrecision(int precision, String unit) {
    for (String type : new String[] {"TIMESTAMP", "TIMESTAMP_LTZ"}) {
      Key key = Key.of("ts", CellType.parse(type + "(" + precision + ")"));
      assertThat(key.unit()).isEqualTo(TimeUnit.ofSymbol(unit));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"BIGINT", "DECIMAL(20, 0)"})
  void numbersHaveNoUnit(String type) {
    assertThat(Key.of("id", CellType.parse(type)).unit()).isNull();
    assertThatThrownBy(() -> new Key("id", CellType.parse(type), TimeUnit.MILLIS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("key column id: " + type + " has no unit: its keys are the number itself");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "INT",
        "DOUBLE",
        "DATE",
        "TIME(0)",
        "DECIMAL(19, 0)",
        "DECIMAL(20, 1)",
        "VARCHAR(8)"
      })
  void otherTypesAreRefused(String type) {
    assertThatThrownBy(() -> Key.of("k", CellType.parse(type)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "key column k: "
                + type
                + " can't be a key, expected TIMESTAMP(p), TIMESTAMP_LTZ(p), BIGINT or"
                + " DECIMAL(20, 0)");
  }

  @ParameterizedTest
  @CsvSource({"1, s, ms", "3, s, ms", "4, ms, us", "6, s, us", "7, us, ns", "9, s, ns"})
  void aUnitThatLosesDigitsIsRefused(int precision, String unit, String expected) {
    CellType type = CellType.of(CellType.Kind.TIMESTAMP, precision);

    assertThatThrownBy(() -> new Key("ts", type, TimeUnit.ofSymbol(unit)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "key column ts: the unit '"
                + unit
                + "' would lose digits of TIMESTAMP("
                + precision
                + "), expected '"
                + expected
                + "' or finer");
  }

  @ParameterizedTest
  @EnumSource
  void aFinerUnitIsTaken(TimeUnit unit) {
    assertThat(new Key("ts", CellType.of(CellType.Kind.TIMESTAMP, 0), unit).unit()).isEqualTo(unit);
  }

  @Test
  void aTimestampNeedsAUnit() {
    assertThatThrownBy(() -> new Key("ts", CellType.of(CellType.Kind.TIMESTAMP, 3), null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("key column ts: TIMESTAMP(3) needs a unit");
  }

  @ParameterizedTest
  @CsvSource({
    "s, 0, 1, 1000000000",
    "ms, 3, 1000, 1000000",
    "us, 6, 1000000, 1000",
    "ns, 9, 1000000000, 1"
  })
  void unitsCountTheStepsOfASecond(String symbol, int digits, long perSecond, long nanos) {
    TimeUnit unit = TimeUnit.ofSymbol(symbol);

    assertThat(unit.symbol()).isEqualTo(symbol);
    assertThat(unit.digits()).isEqualTo(digits);
    assertThat(unit.stepsPerSecond()).isEqualTo(perSecond);
    assertThat(unit.nanosPerStep()).isEqualTo(nanos);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "S", "sec", "min"})
  void anUnknownUnitIsRefused(String symbol) {
    assertThatThrownBy(() -> TimeUnit.ofSymbol(symbol))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("unknown unit '" + symbol + "', expected s, ms, us or ns");
  }
}
