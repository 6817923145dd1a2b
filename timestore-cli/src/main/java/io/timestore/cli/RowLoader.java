package io.timestore.cli;

import io.timestore.format.Batch;
import io.timestore.format.Schema;
import io.timestore.store.StoreWriter;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gathers rows and appends them, sorted by key, some thousands at a time. */
final class RowLoader {
  private static final int ROWS_MAX = 32 * 1024;
  private static final long BYTES_MAX = 16L << 20;

  private final StoreWriter writer;
  private final List<CellText> cells;
  private final KeyFormat keys;
  private final String keyName;
  private final Batch batch;

  /**
   * @param writer whose tables are in the schema's order
   */
  RowLoader(StoreWriter writer, Schema schema, KeyFormat keys) {
    this.writer = writer;
    this.keys = keys;
    keyName = schema.key().name();
    cells = schema.columns().stream().map(CellText::of).toList();
    batch = new Batch(schema.columns());
  }

  /**
   * Adds a row.
   *
   * @param fields the key's text, and one for each column
   * @throws IllegalArgumentException if one is no value; the row is not added then
   */
  void add(List<@Nullable String> fields) throws IOException {
    int row = batch.rowCount();
    try {
      String key = fields.get(0);
      if (key == null) {
        throw new IllegalArgumentException("key column " + keyName + ": no value");
      }
      long parsed = keys.parse(key);
      for (int i = 0; i < cells.size(); i++) {
        cells.get(i).append(fields.get(i + 1), batch.column(i));
      }
      batch.appendKey(parsed);
    } catch (IllegalArgumentException e) {
      for (int i = 0; i < cells.size(); i++) {
        if (batch.column(i).rowCount() > row) {
          batch.column(i).truncate(row);
        }
      }
      throw e;
    }
    if (batch.rowCount() == ROWS_MAX || (row % 64 == 0 && batch.sizeBytes() > BYTES_MAX)) {
      flush();
    }
  }

  /** Appends what is gathered. */
  void flush() throws IOException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("stopped by a signal");
    }
    if (batch.rowCount() > 0) {
      writer.append(batch, batch.rowsByKey(), 0, batch.rowCount());
      batch.clear();
    }
  }
}
