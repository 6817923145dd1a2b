package io.timestore.flink.sink;

import io.timestore.flink.types.TableLayout;
import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.format.ColumnData;
import java.io.IOException;
import java.util.List;

/** Rows that come back out of state, into the columns of now. */
final class HeldRows {
  private final Batch rows;

  /** For each column of the layout its index in the rows; −1 for one that they lack. */
  private final int[] columns;

  /**
   * Rows of a state.
   *
   * @throws IOException if a column went since, or one came that rows may not lack
   */
  HeldRows(SinkState state, TableLayout layout) throws IOException {
    rows = state.held();
    List<Column> now = layout.columns();
    columns = now.stream().mapToInt(column -> state.tables().indexOf(column.table())).toArray();
    for (int i = 0; i < columns.length && rows.rowCount() > 0; i++) {
      if (columns[i] < 0 && !now.get(i).mayBeAbsent()) {
        throw new IOException(
            layout.path()
                + ": rows held in the restored state lack the column "
                + now.get(i).name()
                + ", "
                + now.get(i).sqlType()
                + "; declare it as nullable");
      }
    }
    for (String table : state.tables()) {
      if (!layout.tables().contains(table)) {
        throw new IOException(
            layout.path()
                + ": rows held in the restored state have the table '"
                + table
                + "', which is none of "
                + layout.tables());
      }
    }
  }

  void appendTo(ReorderBuffer buffer) throws IOException {
    for (int row = 0; row < rows.rowCount(); row++) {
      Batch batch = buffer.batch();
      for (int i = 0; i < columns.length; i++) {
        if (columns[i] < 0) {
          batch.column(i).appendEmpty();
        } else {
          ColumnData cells = rows.column(columns[i]);
          int start = cells.start(row);
          batch.column(i).appendBytes(cells.data(), start, cells.end(row) - start);
        }
      }
      batch.appendKey(rows.key(row));
      buffer.rowAppended();
    }
  }
}
