package io.timestore.flink.sink;

import io.timestore.flink.types.KeyColumn;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.format.ColumnData;
import java.util.List;

/** Rows made by a function for the key and one for each column. */
final class ColumnsAppender<T> implements RowAppender<T> {
  private final KeyColumn keys;
  private final KeyExtractor<T> key;
  private final Column[] columns;
  private final CellWriter<T>[] writers;
  private final int[] widths;

  @SuppressWarnings("unchecked") // an array has no type parameter
  ColumnsAppender(TableLayout layout, KeyExtractor<T> key, List<CellWriter<T>> writers) {
    this.keys = new KeyColumn(layout);
    this.key = key;
    this.columns = layout.columns().toArray(Column[]::new);
    this.writers = writers.toArray(CellWriter[]::new);
    this.widths =
        layout.columns().stream()
            .mapToInt(column -> column.type().widthBytes().orElse(-1))
            .toArray();
  }

  @Override
  public long keyOf(T element) {
    return keys.checked(key.keyOf(element));
  }

  @Override
  public void append(T element, long keyValue, Batch batch) {
    int row = batch.rowCount();
    for (int i = 0; i < writers.length; i++) {
      ColumnData cells = batch.column(i);
      writers[i].append(element, cells);
      if (cells.rowCount() != row + 1) {
        throw refused(i, (cells.rowCount() - row) + " cells, expected 1", keyValue);
      }
      int sizeBytes = cells.end(row) - cells.start(row);
      if (widths[i] >= 0 && sizeBytes != widths[i]) {
        checkNull(i, sizeBytes, keyValue);
      }
    }
    batch.appendKey(keyValue);
  }

  private void checkNull(int column, int sizeBytes, long keyValue) {
    if (sizeBytes != 0) {
      String found = "a cell of " + sizeBytes + " bytes, expected " + widths[column];
      throw refused(column, found, keyValue);
    }
    if (!columns[column].nullable()) {
      throw refused(column, "NULL", keyValue);
    }
  }

  private IllegalArgumentException refused(int column, String found, long keyValue) {
    return new IllegalArgumentException(
        "column "
            + columns[column].name()
            + ", "
            + columns[column].sqlType()
            + ": its writer appended "
            + found
            + " (in the row with the key "
            + keys.textOf(keyValue)
            + ")");
  }
}
