package io.timestore.flink.types;

import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;

/** A layout with the key first and the columns that a test needs. */
record TestTable(TableLayout layout) {
  static final Key NUMBER = Key.of("k", CellType.parse("BIGINT"));

  static TestTable of(Key key, Column... columns) {
    return new TestTable(new TableLayout("/data/t", null, "here", key, 0, List.of(columns)));
  }

  static TestTable of(Column... columns) {
    return of(NUMBER, columns);
  }

  /** A column of a type as SQL spells it, which may end in NOT NULL; its table is named alike. */
  static Column column(String name, String type) {
    String bare = type.replace(" NOT NULL", "");
    return new Column(name, name, CellType.parse(bare), bare.equals(type));
  }

  RowEncoder encoder() {
    return new RowEncoder(layout);
  }

  /** A batch of rows with the keys 0, 1, … and these values of the one column. */
  Batch encode(Object... values) {
    RowEncoder encoder = encoder();
    Batch batch = encoder.newBatch();
    for (int i = 0; i < values.length; i++) {
      encoder.append(GenericRowData.of((long) i, values[i]), batch);
    }
    return batch;
  }

  /** All columns, the key too. */
  BatchRow row() {
    return new BatchRow(layout, IntStream.range(0, layout.fieldCount()).toArray());
  }

  BatchRow row(int... projection) {
    return new BatchRow(layout, projection);
  }

  /** Where a batch's rows are: in a lane, from that row on. */
  static IntFunction<String> from(int lane, long firstRow) {
    return row -> "/data/t" + (lane == 0 ? "" : ", lane " + lane) + ", row " + (firstRow + row);
  }

  static RowData rowOf(Object... fields) {
    return GenericRowData.of(fields);
  }

  static StringData string(String value) {
    return StringData.fromString(value);
  }

  /** A cell's bytes. */
  static byte[] cell(Batch batch, int column, int row) {
    return Arrays.copyOfRange(
        batch.column(column).data(),
        batch.column(column).start(row),
        batch.column(column).end(row));
  }
}
