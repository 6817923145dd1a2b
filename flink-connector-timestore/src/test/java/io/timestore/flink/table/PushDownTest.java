package io.timestore.flink.table;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a plan says that the source does, and what is left to Flink. */
class PushDownTest {
  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder().setNumberSlotsPerTaskManager(2).build());

  private static final Path STORE =
      Path.of("src/test/resources/golden/rust-ticks").toAbsolutePath();
  private static final String COLUMNS =
      "ts TIMESTAMP(3) NOT NULL, sym STRING NOT NULL, price DOUBLE NOT NULL, size BIGINT NOT NULL";

  private final SqlSession sql = SqlSession.batch();

  private String plan(String query) {
    String explained = sql.table(COLUMNS, "", STORE).explain(query);
    return explained.substring(explained.indexOf("== Optimized Execution Plan =="));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ts = TIMESTAMP '2026-01-01 10:00:00'",
        "ts < TIMESTAMP '2026-01-01 10:00:00'",
        "ts <= TIMESTAMP '2026-01-01 10:00:00.001'",
        "ts > TIMESTAMP '2026-01-01 10:00:00.0005'",
        "TIMESTAMP '2026-01-01 10:00:00' <= ts",
        "ts >= '2026-01-01 10:00:00'",
        "ts <> TIMESTAMP '2026-01-01 10:00:00'",
        "ts BETWEEN TIMESTAMP '2026-01-01 10:00:00' AND TIMESTAMP '2026-01-01 11:00:00'",
        "ts NOT BETWEEN TIMESTAMP '2026-01-01 10:00:00' AND TIMESTAMP '2026-01-01 11:00:00'",
        "ts IN (TIMESTAMP '2026-01-01 10:00:00', TIMESTAMP '2026-01-02 10:00:00')",
        "ts < TIMESTAMP '2026-01-01 10:00:00' OR ts >= TIMESTAMP '2026-01-01 11:00:00'",
        "CAST(ts AS DATE) = DATE '2026-01-01'",
        "CAST(ts AS TIMESTAMP(0)) = TIMESTAMP '2026-01-01 10:00:00'",
        "CAST(ts AS TIMESTAMP(9)) > TIMESTAMP '2026-01-01 10:00:00.000000001'",
        "ts > TIMESTAMP '2026-01-01 10:00:00' - INTERVAL '1' DAY",
      })
  void conditionsOnTheKeyAloneAreLeftToTheSource(String condition) {
    assertThat(plan("SELECT price FROM t WHERE " + condition))
        .contains("TableSourceScan")
        .contains("filter=[")
        .doesNotContain("filter=[]")
        .doesNotContain("where=[");
  }

  @Test
  void conditionsOnOtherColumnsAreLeftToFlink() {
    assertThat(plan("SELECT ts FROM t WHERE price > 5 AND ts < TIMESTAMP '2026-01-01 10:00:00'"))
        .containsPattern("where=\\[\\(?price > 5")
        .containsPattern("filter=\\[.*2026-01-01 10:00:00.*\\]");
    assertThat(plan("SELECT ts FROM t WHERE price > 5")).contains("where=[", "filter=[]");
  }

  @Test
  void whatTellsSomethingOfTheKeyNarrowsTheScanAndIsFilteredByFlinkToo() {
    String condition =
        "(ts < TIMESTAMP '2026-01-01 10:00:00' AND EXTRACT(HOUR FROM ts) = 5) OR"
            + " (ts > TIMESTAMP '2027-01-01 10:00:00' AND price > 5)";
    assertThat(plan("SELECT ts FROM t WHERE " + condition))
        .contains("where=[")
        .containsPattern("filter=\\[.*2026-01-01 10:00:00.*2027-01-01 10:00:00.*\\]");
  }

  @Test
  void scansOfDifferentRowsAreNotTakenForOneAnother() {
    // Of each, no more than a part of the condition is about the key.
    String query =
        "SELECT ts FROM t WHERE ts < TIMESTAMP '2020-01-01 00:00:01' OR (ts < TIMESTAMP '2020-01-01"
            + " 00:00:02' AND ts < TIMESTAMP '2020-01-01 00:00:01' AND price < 0)";
    List<Row> both =
        sql.table(COLUMNS, "", STORE)
            .rows(
                query
                    + " UNION ALL "
                    + query.replace("2020-01-01 00:00:01", "2040-01-01 00:00:01"));
    assertThat(both)
        .hasSize(sql.rows(query).size() + sql.rows(query.replace("00:00:01", "23:00:01")).size());
  }

  @ParameterizedTest
  @CsvSource({"LIMIT 3, 3", "LIMIT 3 OFFSET 2, 5"})
  void aLimitIsLeftToTheSource(String limit, int rows) {
    assertThat(plan("SELECT price FROM t " + limit)).contains("limit=[" + rows + "]");
    assertThat(sql.rows("SELECT price FROM t " + limit)).hasSize(3);
  }

  @Test
  void aLimitBehindAConditionOnTheKeyIsLeftToTheSource() {
    String query = "SELECT price FROM t WHERE ts > TIMESTAMP '1970-01-01 00:00:00' LIMIT 4";
    assertThat(plan(query)).contains("limit=[4]");
    assertThat(sql.rows(query)).hasSize(4);
  }

  @Test
  void aLimitBehindAnyOtherConditionIsNot() {
    String query = "SELECT price FROM t WHERE size >= 0 LIMIT 4";
    assertThat(plan(query)).doesNotContain("limit=[4]]");
    assertThat(sql.rows(query)).hasSize(4);
  }

  @Test
  void theColumnsOfTheQueryAreReadAndNoOthers() {
    assertThat(plan("SELECT size + 1, sym FROM t")).contains("project=[size, sym]");
  }
}
