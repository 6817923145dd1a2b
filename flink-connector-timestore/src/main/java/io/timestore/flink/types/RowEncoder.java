package io.timestore.flink.types;

import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.format.ColumnData;
import java.util.List;
import org.apache.flink.table.data.RowData;
import org.apache.flink.types.RowKind;

/** Appends rows of a table's physical columns to batches. Not thread-safe. */
public final class RowEncoder {
  private final KeyColumn key;
  private final Column[] columns;
  private final CellEncoder[] encoders;

  public RowEncoder(TableLayout layout) {
    key = new KeyColumn(layout);
    columns = layout.columns().toArray(Column[]::new);
    encoders = new CellEncoder[columns.length];
    for (int i = 0; i < columns.length; i++) {
      encoders[i] =
          new CellEncoder(columns[i], layout.fieldOf(i), layout.encoders().get(columns[i].name()));
    }
  }

  /** A batch with a column for each of the layout's, in the same order. */
  public Batch newBatch() {
    return new Batch(List.of(columns));
  }

  /**
   * Appends a row, or leaves the batch as it was.
   *
   * @return the row's key
   * @throws IllegalArgumentException if a value can't be stored; names the column and the key
   */
  public long append(RowData row, Batch batch) {
    long keyValue = keyOf(row);
    append(row, keyValue, batch);
    return keyValue;
  }

  /**
   * The key of a row.
   *
   * @throws IllegalArgumentException if the row is no insertion, or has no key
   */
  public long keyOf(RowData row) {
    if (row.getRowKind() != RowKind.INSERT) {
      throw new IllegalArgumentException(
          "found a row of kind " + row.getRowKind() + ", but a store takes insertions only");
    }
    return key.keyOf(row);
  }

  /**
   * Appends a row, or leaves the batch as it was.
   *
   * @param keyValue what {@link #keyOf} said
   * @throws IllegalArgumentException if a value can't be stored; names the column and the key
   */
  public void append(RowData row, long keyValue, Batch batch) {
    try {
      appendCells(row, batch);
    } catch (IllegalArgumentException e) {
      dropCellsPast(batch.rowCount(), batch);
      IllegalArgumentException named =
          new IllegalArgumentException(
              e.getMessage() + " (in the row with the key " + key.textOf(keyValue) + ")");
      named.addSuppressed(e); // not the cause: the SQL client shows the innermost one alone
      throw named;
    }
    batch.appendKey(keyValue);
  }

  private void appendCells(RowData row, Batch batch) {
    for (int i = 0; i < encoders.length; i++) {
      encoders[i].append(row, batch.column(i));
    }
  }

  private static void dropCellsPast(int rowCount, Batch batch) {
    for (int i = 0; i < batch.columnCount(); i++) {
      ColumnData cells = batch.column(i);
      if (cells.rowCount() > rowCount) {
        cells.truncate(rowCount);
      }
    }
  }
}
