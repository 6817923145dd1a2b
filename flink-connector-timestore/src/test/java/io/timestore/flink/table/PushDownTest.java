package io.timestore.flink.table;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a plan says that the source does, and what is left to Flink. */
class PushDownTest {
  @RegisterExtension static final MiniClusterExtension CLUSTER = TestCluster.start();

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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "COUNT(*) | Count1AggFunction()",
        "COUNT(price) | Count1AggFunction()",
        "COUNT(ts) | Count1AggFunction()",
        "MIN(ts) | TimestampMinAggFunction(ts)",
        "MAX(ts), COUNT(*) | TimestampMaxAggFunction(ts),Count1AggFunction()",
      })
  void aggregatesOfKeysAreAnsweredFromTheKeys(String aggregates, String functions) {
    for (String where : List.of("", " WHERE ts > TIMESTAMP '2000-01-01 00:00:00.0005'")) {
      assertThat(plan("SELECT " + aggregates + " FROM t" + where))
          .contains("aggregates=[grouping=[], aggFunctions=[" + functions + "]]");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT MIN(price) FROM t",
        "SELECT COUNT(*), MAX(size) FROM t",
        "SELECT COUNT(*) FROM t WHERE price > 5",
        "SELECT MIN(ts) FROM t WHERE price > 5",
        "SELECT sym, COUNT(*) FROM t GROUP BY sym",
        "SELECT COUNT(DISTINCT ts) FROM t",
        "SELECT COUNT(*) FILTER (WHERE price > 5) FROM t",
        "SELECT SUM(size) FROM t",
        "SELECT COUNT(*) FROM (SELECT * FROM t LIMIT 5)",
        "SELECT COUNT(NULLIF(price, 0)) FROM t",
        "SELECT COUNT(*), COUNT(NULLIF(price, 0)) FROM t",
      })
  void otherAggregatesAreLeftToFlink(String query) {
    assertThat(plan(query)).doesNotContain("aggregates=[");
  }

  @Test
  void aColumnThatMayBeNullIsCountedByFlink() {
    String counted =
        sql.table(COLUMNS.replace("size BIGINT NOT NULL", "size BIGINT"), "", STORE)
            .explain("SELECT COUNT(size) FROM t");
    assertThat(counted).doesNotContain("aggregates=[");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "COUNT(*) | ",
        "COUNT(*), MIN(ts), MAX(ts) | ",
        "MIN(ts), COUNT(price) | WHERE ts > TIMESTAMP '2026-01-01 00:00:00.005'",
        "MAX(ts), COUNT(*), MIN(ts) | WHERE ts < TIMESTAMP '2026-01-01 00:00:00.005'",
        "COUNT(*), MIN(ts) | WHERE ts IN (TIMESTAMP '1990-01-01 00:00:00', TIMESTAMP '2300-01-01 00:00:00')",
        "COUNT(*), MAX(ts) | WHERE ts < TIMESTAMP '1960-01-01 00:00:00'",
        "COUNT(*), MAX(ts) | WHERE ts IS NOT NULL",
      })
  void aggregatesOfKeysAreThoseOfAFullScan(String aggregates, String where) {
    String from = " FROM t " + (where == null ? "" : where);
    sql.table(COLUMNS, "", STORE);
    sql.set("table.optimizer.agg-phase-strategy", "TWO_PHASE"); // also of a few rows
    String query = "SELECT " + aggregates + from;
    assertThat(sql.explain(query)).contains("aggregates=[");
    // A sum needs cells, and so the scan of all rows.
    String byFlink = "SELECT " + aggregates + ", SUM(size)" + from;
    assertThat(sql.explain(byFlink)).doesNotContain("aggregates=[");

    List<Object> expected = fields(sql.rows(byFlink).get(0));
    assertThat(sql.rows(query))
        .singleElement()
        .satisfies(
            row -> assertThat(fields(row)).isEqualTo(expected.subList(0, expected.size() - 1)));
  }

  private static List<Object> fields(Row row) {
    List<Object> fields = new ArrayList<>();
    for (int i = 0; i < row.getArity(); i++) {
      fields.add(row.getField(i));
    }
    return fields;
  }

  @Test
  void statisticsAreExact() {
    sql.table(COLUMNS, "", STORE);
    String half = "ts < TIMESTAMP '2026-01-01 00:00:00'";
    for (String query : List.of("SELECT price FROM t", "SELECT price FROM t WHERE " + half)) {
      int rows = sql.rows(query).size();
      assertThat(sql.estimate(query)).contains("rowcount = " + rows + ".0");
    }
  }

  @Test
  void watermarksAreMadeBySplitsOfTheSource() {
    SqlSession streaming = SqlSession.streaming();
    String plan =
        streaming
            .table(
                COLUMNS + ", WATERMARK FOR ts AS ts - INTERVAL '5' SECOND",
                "",
                STORE,
                "'scan.watermark.emit.strategy' = 'on-event'",
                "'scan.watermark.alignment.group' = 'g'",
                "'scan.watermark.alignment.max-drift' = '1 min'")
            .explain("SELECT * FROM t WHERE ts > TIMESTAMP '2000-01-01 00:00:00'");
    assertThat(plan)
        .contains("watermark=[-(ts, 5000:INTERVAL SECOND)]")
        .contains("watermarkEmitStrategy=[on-event]")
        .containsPattern("filter=\\[.*2000-01-01")
        .doesNotContain(
            "WatermarkAssigner(rowtime=[ts], watermark=[-($0, 5000:INTERVAL SECOND)])\n+-");
    assertThat(streaming.rows("SELECT ts FROM t")).hasSize(1000);
  }

  @Test
  void theSourceTellsItsWatermarkItself() {
    SqlSession streaming = SqlSession.streaming();
    streaming.table(COLUMNS + ", WATERMARK FOR ts AS SOURCE_WATERMARK()", "", STORE);
    assertThat(streaming.explain("SELECT * FROM t")).contains("watermark=[SOURCE_WATERMARK()]");
    String windows =
        "SELECT window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1'"
            + " HOUR)) GROUP BY window_start, window_end";
    long counted = streaming.rows(windows).stream().mapToLong(row -> (long) row.getField(1)).sum();
    assertThat(counted).isEqualTo(1000);
  }

  @Test
  void theSourcesWatermarkIsThatOfTheKey() {
    SqlSession streaming = SqlSession.streaming();
    streaming
        .table(
            "ts TIMESTAMP(3) NOT NULL, size BIGINT NOT NULL,"
                + " late AS TO_TIMESTAMP_LTZ(size, 3), WATERMARK FOR late AS SOURCE_WATERMARK()",
            "",
            STORE)
        .refusedRead()
        .hasMessage(
            "WATERMARK FOR late AS SOURCE_WATERMARK(): the source knows the event time of the key"
                + " column, ts, only; give late an expression, such as late - INTERVAL '5' SECOND");
  }
}
