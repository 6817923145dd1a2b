package io.timestore.flink.table;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class MetadataITCase {
  private static final String COLUMNS =
      "k BIGINT NOT NULL, v STRING, r BIGINT METADATA FROM 'row' VIRTUAL, lane INT METADATA VIRTUAL,"
          + " p BIGINT METADATA FROM 'prev-key' VIRTUAL, `path` STRING METADATA VIRTUAL";

  @RegisterExtension static final MiniClusterExtension CLUSTER = TestCluster.start();

  @TempDir Path directory;
  private final SqlSession sql = SqlSession.batch();
  private String store;

  @BeforeEach
  void twoLanes() throws Exception {
    store = directory.resolve("t").toString();
    sql.table(COLUMNS, "", Path.of(store), "'scan.parallelism' = '1'");
    sql.insert("INSERT INTO t VALUES (10, 'a'), (20, 'b'), (20, 'c'), (40, 'd')");
    sql.insert("INSERT INTO t VALUES (5, 'e'), (20, 'f'), (30, 'g')");
  }

  private Row row(long key, String value, long row, int lane, Long previousKey) {
    return Row.of(key, value, row, lane, previousKey, store);
  }

  @Test
  void rowsTellWhereTheyAreAndWhichKeyIsBeforeTheirs() {
    assertThat(sql.rows("SELECT * FROM t"))
        .containsExactlyInAnyOrder(
            row(5, "e", 0, 1, null),
            row(10, "a", 0, 0, 5L),
            row(20, "b", 1, 0, 10L),
            row(20, "c", 2, 0, 20L),
            row(20, "f", 1, 1, 20L),
            row(30, "g", 2, 1, 20L),
            row(40, "d", 3, 0, 30L));
  }

  @Test
  void theKeyBeforeTheFirstRowOfARangeIsOfARowThatIsNotRead() {
    assertThat(sql.rows("SELECT k, p, r FROM t WHERE k BETWEEN 15 AND 35 OR k = 40"))
        .containsExactlyInAnyOrder(
            Row.of(20L, 10L, 1L),
            Row.of(20L, 20L, 2L),
            Row.of(20L, 20L, 1L),
            Row.of(30L, 20L, 2L),
            Row.of(40L, 30L, 3L));
    assertThat(sql.rows("SELECT k, p FROM t WHERE k > 30 AND v <> 'x'"))
        .containsExactly(Row.of(40L, 30L));
  }

  @Test
  void eachSplitKnowsTheKeyBeforeIt() {
    sql.table(COLUMNS, "", Path.of(store), "'scan.split.size' = '1 b'");
    List<Row> rows = new ArrayList<>(sql.rows("SELECT k, p FROM t"));
    rows.sort(
        Comparator.comparing((Row row) -> (Long) row.getField(0))
            .thenComparing(row -> row.getField(1) == null ? 0 : (Long) row.getField(1)));
    assertThat(rows)
        .containsExactlyInAnyOrder(
            Row.of(5L, null),
            Row.of(10L, 5L),
            Row.of(20L, 10L),
            Row.of(20L, 20L),
            Row.of(20L, 20L),
            Row.of(30L, 20L),
            Row.of(40L, 30L));
  }

  @Test
  void onlyTheMetadataThatAQueryNamesIsMade() {
    assertThat(sql.explain("SELECT v, lane FROM t"))
        .contains("project=[v], metadata=[lane]")
        .contains("fields=[v, lane]");
    assertThat(sql.rows("SELECT MAX(lane), COUNT(r) FROM t")).containsExactly(Row.of(1, 7L));
    assertThat(sql.rows("SELECT v FROM t WHERE r = 0 AND lane = 1")).containsExactly(Row.of("e"));
  }

  @Test
  void aPreviousKeyIsShownAsTheKeyIs() throws Exception {
    Path ticks = directory.resolve("ticks");
    String columns = "ts TIMESTAMP(3) NOT NULL, p TIMESTAMP(3) METADATA FROM 'prev-key' VIRTUAL";
    sql.table(columns, "", ticks, "'key.unit' = 'us'", "'scan.parallelism' = '1'");
    sql.insert(
        "INSERT INTO t VALUES (TIMESTAMP '2026-01-01 00:00:00.001'), (TIMESTAMP '2026-01-02 00:00:00')");
    assertThat(sql.rows("SELECT CAST(p AS STRING) FROM t"))
        .containsExactlyInAnyOrder(Row.of((Object) null), Row.of("2026-01-01 00:00:00.001"));
    Path decimals = directory.resolve("decimals");
    sql.table(
        "k DECIMAL(20, 0) NOT NULL, p DECIMAL(20, 0) METADATA FROM 'prev-key' VIRTUAL",
        "",
        decimals,
        "'scan.parallelism' = '1'");
    sql.insert(
        "INSERT INTO t VALUES (CAST('18446744073709551614' AS DECIMAL(20, 0))), (CAST('18446744073709551615' AS DECIMAL(20, 0)))");
    assertThat(sql.rows("SELECT CAST(p AS STRING) FROM t"))
        .containsExactlyInAnyOrder(Row.of((Object) null), Row.of("18446744073709551614"));
  }

  @Test
  void unknownMetadataNamesWhatThereIs() {
    sql.table("k BIGINT, m INT METADATA FROM 'offset' VIRTUAL", "", Path.of(store));
    sql.refused("SELECT * FROM t")
        .hasMessageContaining("Invalid metadata key 'offset'")
        .hasMessageContaining("row\nlane\nprev-key\npath");
  }

  @Test
  void metadataIsNotWritten() {
    sql.table("k BIGINT NOT NULL, v STRING, lane INT METADATA", "", Path.of(store));
    sql.refused("INSERT INTO t VALUES (1, 'a', 1)").hasMessageContaining("VIRTUAL");
  }
}
