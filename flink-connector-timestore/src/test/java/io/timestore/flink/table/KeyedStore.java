package io.timestore.flink.table;

import io.timestore.flink.table.Condition.KeyedRow;
import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.LaneRange;
import io.timestore.store.Scan;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import io.timestore.store.WriterOptions.LateRows;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Stores of tables {@code (k, v INT)}, whose rows come in three sorted runs: so in lanes. */
final class KeyedStore {
  private KeyedStore() {}

  /** Makes one of rows with these keys; returns its rows in order. */
  static List<KeyedRow> create(Path directory, Key key, List<Long> keys, Random random)
      throws IOException {
    Column other = new Column("v", "v", CellType.of(CellType.Kind.INT), true);
    Store store = Store.openOrCreate(directory, Schema.create(key, List.of(other)));
    List<Long> inRuns = new ArrayList<>(keys);
    int third = keys.size() / 3;
    for (int start = 0; start + third <= keys.size(); start += third) {
      inRuns.subList(start, start + third).sort(Long::compareUnsigned);
    }
    try (StoreWriter writer = store.writer(WriterOptions.defaults().withLateRows(LateRows.KEEP))) {
      for (long keyValue : inRuns) {
        writer.append(keyValue, random.nextInt(4) == 0 ? new byte[0] : cell(random.nextInt(5)));
      }
      writer.commit();
    }
    Snapshot snapshot = store.snapshot();
    return rows(snapshot, key, snapshot.ranges());
  }

  private static byte[] cell(int value) {
    return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
  }

  /** Rows of such a store. */
  static List<KeyedRow> rows(Snapshot snapshot, Key key, List<LaneRange> ranges)
      throws IOException {
    List<KeyedRow> rows = new ArrayList<>();
    Batch batch = new Batch(1);
    try (Scan scan = snapshot.scan(ranges, List.of("v"))) {
      while (scan.next(batch)) {
        for (int row = 0; row < batch.rowCount(); row++) {
          boolean isNull = batch.column(0).bytesAt(row).length == 0;
          rows.add(
              new KeyedRow(
                  RandomConditions.shown(key, batch.key(row)),
                  isNull ? null : batch.column(0).intAt(row)));
        }
      }
    }
    return rows;
  }
}
