package io.timestore.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.CellType.Kind;
import java.util.EnumSet;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CellTypeTest {
  private static final String EVERY_KIND =
      """
      BOOLEAN                | 1
      TINYINT                | 1
      SMALLINT               | 2
      INT                    | 4
      BIGINT                 | 8
      FLOAT                  | 4
      DOUBLE                 | 8
      DATE                   | 4
      TIME(0)                | 4
      TIME(9)                | 4
      TIMESTAMP(0)           | 8
      TIMESTAMP(9)           | 8
      TIMESTAMP_LTZ(0)       | 8
      TIMESTAMP_LTZ(9)       | 8
      INTERVAL YEAR TO MONTH | 4
      INTERVAL DAY TO SECOND | 8
      DECIMAL(1, 0)          | 16
      DECIMAL(1, 1)          | 16
      DECIMAL(38, 38)        | 16
      CHAR(1)                |
      CHAR(2147483647)       |
      VARCHAR(1)             |
      VARCHAR(2147483647)    |
      BINARY(7)              |
      VARBINARY(2147483647)  |
      """;

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = EVERY_KIND)
  void everyTypeIsReadAsItIsWritten(String sql, Integer widthBytes) {
    CellType type = CellType.parse(sql);

    assertThat(type).hasToString(sql);
    assertThat(CellType.parse(" " + sql.toLowerCase(Locale.ROOT) + " ")).isEqualTo(type);
    assertThat(type.widthBytes())
        .isEqualTo(widthBytes == null ? OptionalInt.empty() : OptionalInt.of(widthBytes));
  }

  @Test
  void noKindIsLeftOut() {
    Set<Kind> kinds = EnumSet.noneOf(Kind.class);
    EVERY_KIND
        .lines()
        .forEach(line -> kinds.add(CellType.parse(line.replaceFirst("\\|.*", "")).kind()));

    assertThat(kinds).containsExactly(Kind.values());
  }

  @Test
  void parametersMayStandWithAndWithoutBlanks() {
    assertThat(CellType.parse("DECIMAL(10,2)")).isEqualTo(CellType.decimal(10, 2));
    assertThat(CellType.parse("DECIMAL( 10 , 2 )")).isEqualTo(CellType.decimal(10, 2));
    assertThat(CellType.bytes()).hasToString("VARBINARY(2147483647)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "STRING",
        "ROW<a INT>",
        "INT NOT NULL",
        "INT(",
        "CHAR(-1)",
        "CHAR(x)",
        "DECIMAL(1, 2, 3)",
        "INTERVAL DAY",
        "TIMESTAMP(12345678901)"
      })
  void otherTextsAreUnknownTypes(String sql) {
    assertThatThrownBy(() -> CellType.parse(sql))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("unknown type '" + sql + "'");
  }

  @Test
  void aTextOfManyWordsIsAnUnknownTypeAndNoStackOverflow() {
    assertThatThrownBy(() -> CellType.parse("A" + " A".repeat(100_000)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unknown type of 200001 characters");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          INT(4)         | type 'INT(4)' has 1 parameters, not 0
          CHAR           | type 'CHAR' has 0 parameters, not 1
          TIMESTAMP      | type 'TIMESTAMP' has 0 parameters, not 1
          TIMESTAMP(3,1) | type 'TIMESTAMP(3,1)' has 2 parameters, not 1
          DECIMAL(10)    | type 'DECIMAL(10)' has 1 parameters, not 2
          TIME(10)       | TIME can't have the parameter 10
          TIMESTAMP(10)  | TIMESTAMP can't have the parameter 10
          DECIMAL(0, 0)  | DECIMAL can't have the parameter 0
          DECIMAL(39, 0) | DECIMAL can't have the parameter 39
          DECIMAL(5, 6)  | DECIMAL can't have the parameter 6
          CHAR(0)        | CHAR can't have the parameter 0
          VARBINARY(0)   | VARBINARY can't have the parameter 0
          CHAR(2147483648) | type 'CHAR(2147483648)' has a parameter above 2^31 - 1
          """)
  void parametersOutsideOfTheirRangeAreRefused(String sql, String message) {
    assertThatThrownBy(() -> CellType.parse(sql))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void parametersThatATypeDoesNotHaveAreRefused() {
    assertThatThrownBy(() -> CellType.of(Kind.INT, 1)).hasMessageContaining("parameter 1");
    assertThatThrownBy(() -> new CellType(Kind.CHAR, 5, 2)).hasMessageContaining("parameter 2");
    assertThatThrownBy(() -> CellType.of(Kind.TIMESTAMP, -1)).hasMessageContaining("parameter -1");
    assertThatThrownBy(() -> CellType.decimal(5, -1)).hasMessageContaining("parameter -1");
  }

  @ParameterizedTest
  @CsvSource({"0, s", "1, ms", "3, ms", "4, us", "6, us", "7, ns", "9, ns"})
  void cellsOfTimestampsCountInTheUnitOfTheirPrecision(int precision, String unit) {
    assertThat(CellType.of(Kind.TIMESTAMP, precision).timeUnit().symbol()).isEqualTo(unit);
    assertThat(CellType.of(Kind.TIMESTAMP_LTZ, precision).timeUnit().symbol()).isEqualTo(unit);
  }

  @Test
  void otherTypesHaveNoTimeUnit() {
    assertThatThrownBy(() -> CellType.of(Kind.TIME, 3).timeUnit())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("TIME(3) has no time unit");
  }
}
