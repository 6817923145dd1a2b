package io.timestore.flink.table;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.flink.table.Condition.KeyedRow;
import io.timestore.format.CellType;
import io.timestore.format.Key;
import io.timestore.format.TimeUnit;
import io.timestore.store.KeyRange;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
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
    List<KeyedRow> all = KeyedStore.create(directory, key, keys, random);
    Snapshot snapshot = Store.open(directory).snapshot();
    RandomConditions conditions = new RandomConditions(random, key, keys);
    assertThat(all).hasSize(300);
    int exactCount = 0;
    int narrowCount = 0;
    for (int i = 0; i < CONDITIONS; i++) {
      Condition condition = conditions.next();

      KeyPredicate predicate = KeyPredicate.of(condition.expression(), key);

      List<KeyedRow> read = new ArrayList<>();
      for (KeyRange range : predicate.keys().ranges()) {
        read.addAll(KeyedStore.rows(snapshot, key, snapshot.ranges(range)));
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
}
