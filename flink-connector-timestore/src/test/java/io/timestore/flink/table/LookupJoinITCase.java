package io.timestore.flink.table;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LookupJoinITCase {
  private static final String COLUMNS =
      "k BIGINT NOT NULL, sym STRING, price DOUBLE, tags ARRAY<STRING>,"
          + " r BIGINT METADATA FROM 'row' VIRTUAL, p BIGINT METADATA FROM 'prev-key' VIRTUAL";
  private static final String JSON = "'fields.tags.format' = 'json'";

  @RegisterExtension static final MiniClusterExtension CLUSTER = TestCluster.start();

  @TempDir Path directory;
  private final SqlSession sql = SqlSession.batch();

  @BeforeEach
  void createStore() throws Exception {
    sql.table(COLUMNS, "", directory.resolve("t"), JSON);
    sql.insert(
        "INSERT INTO t VALUES (10, 'BTC', CAST(1.5 AS DOUBLE), ARRAY['x']), (20, 'ETH', CAST(0.0 AS"
            + " DOUBLE), CAST(NULL AS ARRAY<STRING>))");
    // In a statement of its own: Flink may take the VALUES of one in any order.
    sql.insert(
        "INSERT INTO t VALUES (20, 'BTC', CAST(NULL AS DOUBLE), ARRAY['y', 'z']), (40, CAST(NULL AS STRING), CAST(4 AS DOUBLE), ARRAY['w'])");
    sql.insert("INSERT INTO t VALUES (20, 'XRP', CAST(2 AS DOUBLE), ARRAY['v'])");
    sql.execute(
        "CREATE VIEW asked AS SELECT *, PROCTIME() AS asked_at FROM (VALUES (10, 'BTC', CAST(1.5 AS"
            + " DOUBLE)), (20, 'BTC', CAST(-0.0 AS DOUBLE)), (21, 'BTC', CAST(1 AS DOUBLE)), (-5,"
            + " 'ETH', CAST(1 AS DOUBLE)), (CAST(NULL AS BIGINT), 'ETH', CAST(1 AS DOUBLE))) AS"
            + " v(a, s, d)");
  }

  private static String join(String columns, String kind, String on) {
    return "SELECT "
        + columns
        + " FROM asked "
        + kind
        + " JOIN t FOR SYSTEM_TIME AS OF asked.asked_at ON "
        + on;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'lookup.cache' = 'NONE'",
        "'lookup.cache' = 'PARTIAL', 'lookup.partial-cache.max-rows' = '2'"
      })
  void allRowsOfAKeyAreFound(String cache) {
    sql.table(COLUMNS, "", directory.resolve("t"), JSON, cache);
    assertThat(sql.explain(join("a, sym", "LEFT", "a = k"))).contains("LookupJoin");
    assertThat(sql.rows(join("a, sym, price, tags[1], r, p", "LEFT", "a = k")))
        .containsExactlyInAnyOrder(
            Row.of(10L, "BTC", 1.5, "x", 0L, null),
            Row.of(20L, "ETH", 0.0, null, 1L, 10L),
            Row.of(20L, "BTC", null, "y", 2L, 20L),
            Row.of(20L, "XRP", 2.0, "v", 0L, 20L),
            Row.of(21L, null, null, null, null, null),
            Row.of(-5L, null, null, null, null, null),
            Row.of(null, null, null, null, null, null));
  }

  @Test
  void otherColumnsAreComparedToo() {
    assertThat(sql.rows(join("a, sym, r", "", "a = k AND s = sym")))
        .containsExactlyInAnyOrder(Row.of(10L, "BTC", 0L), Row.of(20L, "BTC", 2L));
    assertThat(sql.rows(join("a, sym", "", "a = k AND d = price")))
        .containsExactlyInAnyOrder(Row.of(10L, "BTC"), Row.of(20L, "ETH"));
    assertThat(sql.rows(join("a, sym", "", "a = k AND price > d")))
        .containsExactly(Row.of(20L, "XRP"));
    assertThat(sql.rows(join("a, sym", "", "a = k") + " WHERE sym = 'XRP' AND k > 10"))
        .containsExactly(Row.of(20L, "XRP"));
  }

  @Test
  void conditionsOnTheKeyHoldForWhatIsFound() {
    assertThat(sql.rows(join("a, sym", "", "a = k AND k < 15")))
        .containsExactly(Row.of(10L, "BTC"));
    assertThat(sql.rows(join("a, sym", "LEFT", "a = k AND k < 15") + " WHERE a > 0"))
        .containsExactlyInAnyOrder(Row.of(10L, "BTC"), Row.of(20L, null), Row.of(21L, null));
  }

  @Test
  void aJoinThatDoesNotNameTheKeyIsRefused() {
    sql.refused(join("a, sym", "", "s = sym"))
        .hasMessage(
            "a lookup join finds rows by the key of the store, k, but this one asks for sym: join"
                + " ON k = …, or without FOR SYSTEM_TIME AS OF");
  }

  @Test
  void aRowThatIsCommittedIsFoundByTheNextLookUp() throws Exception {
    // The rows that are asked for are of the store that grows: each one looks the next one up.
    SqlSession streaming = SqlSession.streaming();
    streaming.set("table.exec.resource.default-parallelism", "1"); // leaves slots to INSERT
    streaming.table(
        "k BIGINT NOT NULL, v STRING, asked_at AS PROCTIME()",
        "",
        directory.resolve("growing"),
        "'source.monitor-interval' = '10 ms'");
    SqlSession writing = SqlSession.batch();
    writing.table("k BIGINT NOT NULL, v STRING", "", directory.resolve("growing"));
    writing.insert("INSERT INTO t VALUES (1, 'a')");
    try (RowsOfQuery joined =
        streaming.query(
            "SELECT l.k, r.v FROM t AS l JOIN t FOR SYSTEM_TIME AS OF l.asked_at AS r ON l.k = r.k")) {
      assertThat(joined.next()).isEqualTo(Row.of(1L, "a"));
      writing.insert("INSERT INTO t VALUES (2, 'b')");
      assertThat(joined.next()).isEqualTo(Row.of(2L, "b"));
      writing.insert("INSERT INTO t VALUES (1, 'late')");
      assertThat(List.of(joined.next(), joined.next()))
          .containsExactlyInAnyOrder(Row.of(1L, "a"), Row.of(1L, "late"));
    }
  }

  @Test
  void aCacheAnswersWithWhatItHasUntilItIsToldToForget() throws Exception {
    SqlSession streaming = SqlSession.streaming();
    streaming.set("table.exec.resource.default-parallelism", "1"); // leaves slots to INSERT
    streaming.table(
        "k BIGINT NOT NULL, v STRING, asked_at AS PROCTIME()",
        "",
        directory.resolve("growing"),
        "'source.monitor-interval' = '10 ms'",
        "'lookup.cache' = 'PARTIAL'",
        "'lookup.partial-cache.max-rows' = '100'");
    SqlSession writing = SqlSession.batch();
    writing.table("k BIGINT NOT NULL, v STRING", "", directory.resolve("growing"));
    writing.insert("INSERT INTO t VALUES (1, 'a')");
    try (RowsOfQuery joined =
        streaming.query(
            "SELECT l.v, r.v FROM t AS l JOIN t FOR SYSTEM_TIME AS OF l.asked_at AS r ON l.k = r.k")) {
      assertThat(joined.next()).isEqualTo(Row.of("a", "a"));
      writing.insert("INSERT INTO t VALUES (1, 'late')");
      assertThat(joined.next()).isEqualTo(Row.of("late", "a"));
    }
  }
}
