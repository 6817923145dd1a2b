package io.timestore.flink.types;

import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.format.ColumnData;
import io.timestore.format.CorruptStoreException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** The cells of one column in a batch that a format decodes: each when it is asked for, once. */
final class FormatCells {
  private static final int NONE = -1;

  private final Column column;
  private final KeyColumn key;
  private final FormatDecoder decoder;
  private Batch batch = new Batch(0);
  private ColumnData cells = new ColumnData();
  private IntFunction<String> places = row -> "";
  private int decodedRow = NONE;
  private @Nullable Object value;

  FormatCells(Column column, KeyColumn key, FormatDecoder decoder) {
    this.column = column;
    this.key = key;
    this.decoder = decoder;
  }

  /**
   * Looks at another batch.
   *
   * @param newPlaces where its rows are, for errors
   */
  void bind(Batch newBatch, ColumnData newCells, IntFunction<String> newPlaces) {
    batch = newBatch;
    cells = newCells;
    places = newPlaces;
    decodedRow = NONE;
  }

  /**
   * The value of a cell, or null for NULL.
   *
   * @throws UncheckedIOException of a {@link CorruptStoreException} if the format can't read it
   */
  @Nullable Object valueAt(int row) {
    if (row != decodedRow) {
      value = column.nullable() && cells.isEmpty(row) ? null : decode(row);
      decodedRow = row;
    }
    return value;
  }

  private @Nullable Object decode(int row) {
    int start = cells.start(row);
    int end = column.nullable() ? start + cells.nullableLength(row) : cells.end(row);
    Object decoded;
    try {
      decoded = decoder.decode(Arrays.copyOfRange(cells.data(), start, end));
    } catch (IOException | RuntimeException e) {
      String fault = "can't be read as '" + column.encoding() + "': " + FormatDecoder.reason(e);
      throw new UncheckedIOException(new CorruptStoreException(at(row) + fault, e));
    }
    if (decoded == null && !column.nullable()) {
      String fault = "is NULL as '" + column.encoding() + "', expected a value";
      throw new UncheckedIOException(new CorruptStoreException(at(row) + fault));
    }
    return decoded;
  }

  private String at(int row) {
    return "column "
        + column.name()
        + ", "
        + column.sqlType()
        + ": table '"
        + column.table()
        + "' of "
        + places.apply(row)
        + ", key "
        + key.textOf(batch.key(row))
        + ": the cell "
        + (cells.isEmpty(row) ? "without bytes " : "");
  }
}
