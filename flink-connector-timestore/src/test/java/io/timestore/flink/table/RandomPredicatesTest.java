package io.timestore.flink.table;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.flink.table.Condition.KeyedRow;
import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.format.TimeUnit;
import io.timestore.store.KeyRange;
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
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Key ranges of random conditions, and what Flink filters behind them, against full scans. */
class RandomPredicatesTest {
  private static final long SEED = Long.getLong("timestore.seed", System.nanoTime());
  private static final int CONDITIONS = 1_250; // for each of eight keys

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "TIMESTAMP(0), s",
    "TIMESTAMP(3), ms",
    "TIMESTAMP(1), us",
    "TIMESTAMP(9), ns",
    "TIMESTAMP_LTZ(3), ms",
    "TIMESTAMP_LTZ(6), us",
    "BIGINT, ",
    "'DECIMAL(20, 0)', ",
  })
  void aScanOfTheRangesHasTheRowsOfAFullScanThatAreNotFilteredOut(String type, String unit)
      throws Exception {
    Random random = new Random(SEED);
    Key key = new Key("k", CellType.parse(type), unit == null ? null : TimeUnit.ofSymbol(unit));
    List<Long> keys = RandomKeys.of(key, random, 300);
    Snapshot snapshot = store(key, keys, random).snapshot();
    RandomConditions conditions = new RandomConditions(random, key, keys);
    List<KeyedRow> all = rows(snapshot, key, snapshot.ranges());
    assertThat(all).hasSize(300);
    int exactCount = 0;
    int narrowCount = 0;
    for (int i = 0; i < CONDITIONS; i++) {
      Condition condition = conditions.next();

      KeyPredicate predicate = KeyPredicate.of(condition.expression(), key);

      List<KeyedRow> read = new ArrayList<>();
      for (KeyRange range : predicate.keys().ranges()) {
        read.addAll(rows(snapshot, key, snapshot.ranges(range)));
      }
      List<KeyedRow> expected = all.stream().filter(condition::holds).toList();
      assertThat(predicate.isExact() ? read : read.stream().filter(condition::holds).toList())
          .as("%s of %s. Replay with -Dtimestore.seed=%s", condition.sql(), key, SEED)
          .isEqualTo(expected);
      exactCount += predicate.isExact() ? 1 : 0;
      narrowCount += read.size() < all.size() ? 1 : 0;
    }
    assertThat(exactCount).isGreaterThan(CONDITIONS / 4);
    assertThat(narrowCount).isGreaterThan(CONDITIONS / 3);
  }

  /** Three sorted runs of rows, so that there are several lanes. */
  private Store store(Key key, List<Long> keys, Random random) throws IOException {
    Store store =
        Store.openOrCreate(
            directory,
            Schema.create(
                key, List.of(new Column("v", "v", CellType.of(CellType.Kind.INT), true))));
    try (StoreWriter writer = store.writer(WriterOptions.defaults().withLateRows(LateRows.KEEP))) {
      List<Long> inRuns = new ArrayList<>(keys);
      for (int i = 0; i < 3; i++) {
        inRuns.subList(i * 100, i * 100 + 100).sort(Long::compareUnsigned);
      }
      for (long keyValue : inRuns) {
        byte[] cell =
            random.nextInt(4) == 0
                ? new byte[0]
                : ByteBuffer.allocate(Integer.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(random.nextInt(5))
                    .array();
        writer.append(keyValue, cell);
      }
      writer.commit();
    }
    return store;
  }

  private static List<KeyedRow> rows(Snapshot snapshot, Key key, List<LaneRange> ranges)
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
