package io.timestore.store;

import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.format.ColumnData;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What rows must be before a byte of them is written: all checks throw IllegalArgumentException.
 */
record RowCheck(Path root, List<Column> columns) {

  private List<String> tables() {
    return columns.stream().map(Column::table).toList();
  }

  /** A row is whole. */
  void values(List<?> values) {
    if (values.size() != columns.size()) {
      throw new IllegalArgumentException(
          "a row of " + values.size() + " values, expected one for each of " + tables());
    }
    for (int i = 0; i < columns.size(); i++) {
      if (values.get(i) == null) {
        throw new IllegalArgumentException(
            "table " + columns.get(i).table() + ": null, expected a value, which may be empty");
      }
    }
  }

  /** These rows are there, with a cell in each column, of the width of its type. */
  void rows(Batch batch, int @Nullable [] order, int from, int to) {
    checkShape(batch);
    int count = order == null ? batch.rowCount() : order.length;
    if (from < 0 || to < from || to > count) {
      throw new IllegalArgumentException("rows " + from + " to " + to + " of a batch of " + count);
    }
    checkCells(batch, order, from, to);
  }

  private void checkShape(Batch batch) {
    if (batch.columnCount() != columns.size()) {
      throw new IllegalArgumentException(
          "a batch of " + batch.columnCount() + " columns, expected " + columns.size());
    }
    for (int i = 0; i < columns.size(); i++) {
      if (batch.column(i).rowCount() != batch.rowCount()) {
        throw new IllegalArgumentException(
            "table "
                + columns.get(i).table()
                + ": a batch has "
                + batch.column(i).rowCount()
                + " cells for "
                + batch.rowCount()
                + " keys");
      }
    }
  }

  /** Cells of fixed width have it, but for the empty one in a nullable column, which is NULL. */
  private void checkCells(Batch batch, int @Nullable [] order, int from, int to) {
    for (int i = from; order != null && i < to; i++) {
      if (order[i] < 0 || order[i] >= batch.rowCount()) {
        throw new IllegalArgumentException(
            "the order has row " + order[i] + " of a batch of " + batch.rowCount());
      }
    }
    for (int i = 0; i < columns.size(); i++) {
      OptionalInt width = columns.get(i).type().widthBytes();
      if (width.isPresent()) {
        checkWidths(columns.get(i), width.getAsInt(), batch.column(i), order, from, to);
      }
    }
  }

  private void checkWidths(
      Column column, int width, ColumnData cells, int @Nullable [] order, int from, int to) {
    if (cells.cellBytes() == width) {
      return;
    }
    for (int i = from; i < to; i++) {
      int row = order == null ? i : order[i];
      checkWidth(column, width, cells.end(row) - cells.start(row));
    }
  }

  private void checkWidth(Column column, int width, long sizeBytes) {
    if (sizeBytes != width && (sizeBytes != 0 || !column.nullable())) {
      throw new IllegalArgumentException(
          root
              + ": column "
              + column.name()
              + ": a value of "
              + sizeBytes
              + " bytes, expected the "
              + width
              + " of "
              + column.sqlType());
    }
  }

  /** The values of one row have the widths of their types. */
  void sizes(long[] sizesBytes) {
    for (int i = 0; i < sizesBytes.length; i++) {
      OptionalInt width = columns.get(i).type().widthBytes();
      if (width.isPresent()) {
        checkWidth(columns.get(i), width.getAsInt(), sizesBytes[i]);
      }
    }
  }

  /** Keys never fall. */
  void order(Batch batch, int @Nullable [] order, int from, int to, OptionalLong lastKey) {
    long previous = batch.key(order == null ? from : order[from]);
    follows(previous, lastKey);
    for (int i = from + 1; i < to; i++) {
      long key = batch.key(order == null ? i : order[i]);
      if (Long.compareUnsigned(key, previous) < 0) {
        throw new IllegalArgumentException(
            "key "
                + Long.toUnsignedString(key)
                + " is below the previous "
                + Long.toUnsignedString(previous)
                + " in a batch for "
                + root);
      }
      previous = key;
    }
  }

  /** A key is not below the last one before it. */
  void follows(long key, OptionalLong lastKey) {
    if (lastKey.isPresent() && Long.compareUnsigned(key, lastKey.getAsLong()) < 0) {
      throw new IllegalArgumentException(
          "key "
              + Long.toUnsignedString(key)
              + " is below "
              + Long.toUnsignedString(lastKey.getAsLong())
              + ", the newest key in "
              + root);
    }
  }
}
