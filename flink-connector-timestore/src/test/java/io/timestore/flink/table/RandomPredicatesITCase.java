package io.timestore.flink.table;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.format.CellType;
import io.timestore.format.Key;
import io.timestore.format.TimeUnit;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random conditions as SQL: what the planner makes of them, and Flink's own filter behind. */
class RandomPredicatesITCase {
  private static final long SEED = Long.getLong("timestore.seed", System.nanoTime());
  private static final int CONDITIONS = Integer.getInteger("timestore.conditions", 16);

  /** Conditions of one job. */
  private static final int AT_ONCE = 8;

  @RegisterExtension static final MiniClusterExtension CLUSTER = TestCluster.start();

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "TIMESTAMP(0), s",
    "TIMESTAMP(3), us",
    "TIMESTAMP(9), ns",
    "TIMESTAMP_LTZ(3), ms",
    "BIGINT, ",
    "'DECIMAL(20, 0)', ",
  })
  void theRowsOfAQueryAreThoseOfAFullScanThatFlinkFilters(String type, String unit)
      throws Exception {
    Random random = new Random(SEED);
    Key key = new Key("k", CellType.parse(type), unit == null ? null : TimeUnit.ofSymbol(unit));
    List<Long> keys = RandomKeys.of(key, random, 60);
    assertThat(KeyedStore.create(directory.resolve("t"), key, keys, random)).hasSize(60);
    SqlSession sql = SqlSession.batch();
    sql.set("table.local-time-zone", "UTC");
    List<String> options = new ArrayList<>();
    if (unit != null) {
      options.add("'key.unit' = '" + unit + "'");
    }
    sql.table(
        "k " + type + " NOT NULL, v INT",
        "",
        directory.resolve("t"),
        options.toArray(String[]::new));
    // The same rows with another key: on this table, conditions on k are left to Flink.
    sql.execute(
        "CREATE TABLE scanned (n BIGINT NOT NULL, k "
            + type
            + " NOT NULL, v INT) WITH ('connector' = 'timestore', 'path' = '"
            + directory.resolve("scanned")
            + "')");
    sql.insert("INSERT INTO scanned SELECT CAST(1 AS BIGINT), k, v FROM t");
    RandomConditions conditions = new RandomConditions(random, key, keys);
    for (int done = 0; done < CONDITIONS; done += AT_ONCE) {
      List<String> some = new ArrayList<>();
      List<String> queries = new ArrayList<>();
      for (int i = 0; i < AT_ONCE; i++) {
        some.add(conditions.next().sql());
        queries.add("SELECT " + i + " AS i, k, v FROM t WHERE " + some.get(i));
      }
      String query = String.join(" UNION ALL ", queries);

      assertThat(rows(sql, query))
          .as("%s of %s. Replay with -Dtimestore.seed=%s", some, key, SEED)
          .isEqualTo(rows(sql, query.replace("FROM t", "FROM scanned")));
    }
  }

  private static List<String> rows(SqlSession sql, String query) {
    return sql.rows(query).stream().map(RandomPredicatesITCase::text).sorted().toList();
  }

  private static String text(Row row) {
    Object key = row.getField(1);
    return row.getField(0) + " " + key + " " + row.getField(2);
  }
}
