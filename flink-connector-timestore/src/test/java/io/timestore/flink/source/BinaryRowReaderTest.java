package io.timestore.flink.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.data.conversion.DataStructureConverter;
import org.apache.flink.table.data.conversion.DataStructureConverters;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;
import org.junit.jupiter.api.Test;

class BinaryRowReaderTest {
  private static final DataType TYPE =
      DataTypes.ROW(
          DataTypes.FIELD("bool", DataTypes.BOOLEAN()),
          DataTypes.FIELD("i8", DataTypes.TINYINT()),
          DataTypes.FIELD("i16", DataTypes.SMALLINT()),
          DataTypes.FIELD("i32", DataTypes.INT()),
          DataTypes.FIELD("i64", DataTypes.BIGINT()),
          DataTypes.FIELD("f32", DataTypes.FLOAT()),
          DataTypes.FIELD("f64", DataTypes.DOUBLE()),
          DataTypes.FIELD("small", DataTypes.DECIMAL(9, 2)),
          DataTypes.FIELD("large", DataTypes.DECIMAL(38, 2)),
          DataTypes.FIELD("d", DataTypes.DATE()),
          DataTypes.FIELD("t", DataTypes.TIME(3)),
          DataTypes.FIELD("t3", DataTypes.TIMESTAMP(3)),
          DataTypes.FIELD("l9", DataTypes.TIMESTAMP_LTZ(9)),
          DataTypes.FIELD("c", DataTypes.CHAR(2)),
          DataTypes.FIELD("s", DataTypes.STRING()),
          DataTypes.FIELD("b", DataTypes.BYTES()),
          DataTypes.FIELD(
              "row",
              DataTypes.ROW(
                  DataTypes.FIELD("x", DataTypes.INT()), DataTypes.FIELD("y", DataTypes.STRING()))),
          DataTypes.FIELD("array", DataTypes.ARRAY(DataTypes.STRING())),
          DataTypes.FIELD("map", DataTypes.MAP(DataTypes.STRING(), DataTypes.INT())));

  private static final List<Row> ROWS =
      List.of(
          Row.of(
              true,
              (byte) -1,
              (short) 2,
              3,
              Long.MIN_VALUE,
              -0.0f,
              Double.NaN,
              new BigDecimal("-1.25"),
              new BigDecimal("123456789012345678901234567890123456.78"),
              LocalDate.of(1969, 12, 31),
              LocalTime.of(23, 59, 59, 999_000_000),
              LocalDateTime.of(1969, 12, 31, 23, 59, 59, 999_000_000),
              Instant.ofEpochSecond(-1, 999_999_999),
              "ab",
              "more than seven bytes, and a \u20ac",
              new byte[] {0, -1},
              Row.of(7, "seven"),
              new String[] {"a", null},
              Map.of("one", 1)),
          new Row(TYPE.getChildren().size()),
          Row.of(
              false,
              (byte) 1,
              (short) -2,
              -3,
              4L,
              1.5f,
              2.5,
              new BigDecimal("0.00"),
              new BigDecimal("0.01"),
              LocalDate.of(9999, 12, 31),
              LocalTime.MIDNIGHT,
              LocalDateTime.of(2024, 2, 29, 0, 0),
              Instant.EPOCH,
              "",
              "",
              new byte[0],
              Row.of(null, null),
              new String[0],
              Map.of()));

  @Test
  void rowsAreTheSame() throws Exception {
    DataStructureConverter<Object, Object> converter = DataStructureConverters.getConverter(TYPE);
    converter.open(getClass().getClassLoader());
    List<RowData> internal = new ArrayList<>();
    for (Row row : ROWS) {
      internal.add((RowData) converter.toInternal(row));
    }
    BinaryRowReader reader =
        new BinaryRowReader(new Rows(internal), (RowType) TYPE.getLogicalType());
    List<BinaryRowData> copies = new ArrayList<>();
    for (int i = 0; i < internal.size(); i++) {
      BinaryRowData row = (BinaryRowData) reader.read(i);
      copies.add(row.copy());
      row.setRowKind(RowKind.DELETE); // as an operator behind may
    }
    for (int i = 0; i < internal.size(); i++) {
      assertThat(converter.toExternal(copies.get(i))).isEqualTo(ROWS.get(i));
    }
  }

  private record Rows(List<RowData> rows) implements ElementReader<RowData> {
    @Override
    public void check(FilledBatch batch) {}

    @Override
    public void bind(FilledBatch batch) {}

    @Override
    public RowData read(int element) {
      return rows.get(element);
    }
  }
}
