package io.timestore.cli;

import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/** Stores of prices, a row a second from the beginning of 2026 on. */
final class Stores {
  static final long FIRST_MILLIS = Instant.parse("2026-01-01T00:00:00Z").toEpochMilli();
  private static final int COMMIT_ROWS = 100_000;

  private Stores() {}

  private static Schema schema() {
    return Schema.create(
        Key.of("ts", CellType.parse("TIMESTAMP_LTZ(3)")),
        List.of(
            new Column("price", "price", CellType.parse("DOUBLE"), false),
            new Column("size", "size", CellType.parse("BIGINT"), true),
            new Column("sym", "sym", CellType.string(), false)));
  }

  /** One lane. */
  static Store ofRows(Path directory, long rowCount) throws IOException {
    Store store = Store.openOrCreate(directory, schema());
    append(store, 0, rowCount, 1000);
    return store;
  }

  /** A second lane between the rows of the first one. */
  static void addLateRows(Store store, long rowCount) throws IOException {
    append(store, 500, rowCount, 1000);
  }

  private static void append(Store store, long offsetMillis, long rowCount, long stepMillis)
      throws IOException {
    WriterOptions options = WriterOptions.defaults().withLateRows(WriterOptions.LateRows.KEEP);
    try (StoreWriter writer = store.writer(options)) {
      Batch batch = new Batch(3);
      for (long row = 0; row < rowCount; row++) {
        batch.column(0).appendDouble(100 + Math.sin(row / 1000.0) * 10 + row % 7);
        if (row % 11 == 0) {
          batch.column(1).appendEmpty();
        } else {
          batch.column(1).appendLong(row % 1000);
        }
        batch.column(2).appendString(row % 3 == 0 ? "ETH" : "BTC");
        batch.appendKey(FIRST_MILLIS + offsetMillis + row * stepMillis);
        if (batch.rowCount() == COMMIT_ROWS) {
          writer.append(batch);
          writer.commit();
          batch.clear();
        }
      }
      writer.append(batch);
      writer.commit();
    }
  }
}
