package io.timestore.flink.types;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.Column;
import java.util.stream.Stream;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.VarBinaryType;
import org.apache.flink.table.types.logical.VarCharType;
import org.apache.flink.table.types.logical.VariantType;
import org.apache.flink.table.types.logical.ZonedTimestampType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CellTypesTest {

  static Stream<Arguments> scalarTypes() {
    return Stream.of(
        Arguments.of(DataTypes.BOOLEAN(), "BOOLEAN"),
        Arguments.of(DataTypes.TINYINT(), "TINYINT"),
        Arguments.of(DataTypes.SMALLINT(), "SMALLINT"),
        Arguments.of(DataTypes.INT().notNull(), "INT"),
        Arguments.of(DataTypes.BIGINT(), "BIGINT"),
        Arguments.of(DataTypes.FLOAT(), "FLOAT"),
        Arguments.of(DataTypes.DOUBLE(), "DOUBLE"),
        Arguments.of(DataTypes.DATE(), "DATE"),
        Arguments.of(DataTypes.TIME(3), "TIME(3)"),
        Arguments.of(DataTypes.TIMESTAMP(0), "TIMESTAMP(0)"),
        Arguments.of(DataTypes.TIMESTAMP_LTZ(9), "TIMESTAMP_LTZ(9)"),
        Arguments.of(DataTypes.DECIMAL(38, 18), "DECIMAL(38, 18)"),
        Arguments.of(DataTypes.INTERVAL(DataTypes.MONTH()), "INTERVAL YEAR TO MONTH"),
        Arguments.of(
            DataTypes.INTERVAL(DataTypes.DAY(), DataTypes.SECOND(3)), "INTERVAL DAY TO SECOND"),
        Arguments.of(DataTypes.CHAR(7), "CHAR(7)"),
        Arguments.of(DataTypes.VARCHAR(8), "VARCHAR(8)"),
        Arguments.of(DataTypes.STRING(), "VARCHAR(2147483647)"),
        Arguments.of(DataTypes.BINARY(9), "BINARY(9)"),
        Arguments.of(DataTypes.BYTES(), "VARBINARY(2147483647)"));
  }

  @ParameterizedTest
  @MethodSource("scalarTypes")
  void everyScalarTypeHasCells(DataType type, String cells) {
    assertThat(CellTypes.of("c", type.getLogicalType())).hasToString(cells);
  }

  static Stream<LogicalType> nestedTypes() {
    return Stream.of(
            DataTypes.ROW(DataTypes.FIELD("f", DataTypes.INT())),
            DataTypes.ARRAY(DataTypes.INT()),
            DataTypes.MAP(DataTypes.INT(), DataTypes.INT()),
            DataTypes.MULTISET(DataTypes.INT()))
        .map(DataType::getLogicalType);
  }

  @ParameterizedTest
  @MethodSource("nestedTypes")
  void nestedTypesNeedAFormat(LogicalType type) {
    assertThatThrownBy(() -> CellTypes.of("tags", type))
        .isInstanceOf(ValidationException.class)
        .hasMessage(
            "column tags: the nested type "
                + type.asSummaryString()
                + " needs a format: set 'fields.tags.format' to one on the class path, such as"
                + " 'json'");
    assertThat(CellTypes.format("o", "json", type.copy(false)))
        .isEqualTo(new Column.Format("json", type.asSerializableString()));
  }

  @ParameterizedTest
  @MethodSource("scalarTypes")
  void ofScalarTypesTextAndBytesOfAnyLengthMayHaveAFormat(DataType type, String cells) {
    LogicalType logical = type.getLogicalType();
    if (logical.equals(new VarCharType(VarCharType.MAX_LENGTH))
        || logical.equals(new VarBinaryType(VarBinaryType.MAX_LENGTH))) {
      assertThat(CellTypes.format("o", "raw", logical).sqlType()).isEqualTo(cells);
      return;
    }
    assertThatThrownBy(() -> CellTypes.format("fields.c.format", "raw", logical))
        .isInstanceOf(ValidationException.class)
        .hasMessage(
            "option 'fields.c.format' = 'raw': a column of "
                + logical.asSummaryString()
                + " has no format, expected ROW, ARRAY, MAP, MULTISET, STRING or BYTES; leave it"
                + " out");
  }

  static Stream<LogicalType> otherTypes() {
    return Stream.of(
        new ZonedTimestampType(3), new VariantType(), DataTypes.NULL().getLogicalType());
  }

  @ParameterizedTest
  @MethodSource("otherTypes")
  void otherTypesAreRefusedWithWhatIsSupported(LogicalType type) {
    assertThatThrownBy(() -> CellTypes.of("c", type))
        .isInstanceOf(ValidationException.class)
        .hasMessageStartingWith(
            "column c: the type "
                + type.asSummaryString()
                + " is not supported, expected one of BOOLEAN,")
        .hasMessageEndingWith("BYTES, or, with a format, ROW, ARRAY, MAP and MULTISET");
  }

  @Test
  void nullabilityIsNoPartOfTheType() {
    assertThat(CellTypes.of("c", DataTypes.INT().notNull().getLogicalType()))
        .isEqualTo(CellTypes.of("c", DataTypes.INT().getLogicalType()));
  }
}
