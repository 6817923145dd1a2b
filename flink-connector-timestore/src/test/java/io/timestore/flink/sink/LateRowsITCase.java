package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.flink.Sql;
import io.timestore.flink.StoreJudge;
import io.timestore.flink.StoreJudge.StoredRow;
import io.timestore.store.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of rows that are older than what their writer, or anyone before it, has written. */
class LateRowsITCase {
  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder().setNumberSlotsPerTaskManager(2).build());

  @TempDir Path directory;
  private Path store;
  private final TableEnvironment tables =
      TableEnvironment.create(EnvironmentSettings.inStreamingMode());
  private final Sql sql = new Sql(tables);

  @BeforeEach
  void writeOneHundred() throws Exception {
    tables.getConfig().set("parallelism.default", "1");
    tables.getConfig().set("restart-strategy.type", "disable");
    store = directory.resolve("store");
    declare("'sink.late-rows' = 'fail'");
    sql.run("INSERT INTO store VALUES (100, 1)");
  }

  private void declare(String options) {
    tables.executeSql("DROP TABLE IF EXISTS store");
    tables.executeSql(
        "CREATE TABLE store (k BIGINT, v BIGINT) WITH ('connector' = 'timestore', 'path' = '"
            + store
            + "', "
            + options
            + ")");
  }

  private List<Long> keys() throws IOException {
    return new StoreJudge(store).rows("v").stream().map(StoredRow::key).toList();
  }

  @Test
  void theyFailTheJobWithBothKeys() throws Exception {
    assertThatThrownBy(() -> sql.run("INSERT INTO store VALUES (100, 2), (99, 2)"))
        .hasStackTraceContaining(
            store
                + ": a row with the key 99 came after 100 was written, and 'sink.late-rows' is"
                + " 'fail': 'keep' would put it into another lane, 'drop' leave it out");
    assertThat(keys()).containsExactly(100L);
  }

  @Test
  void theyAreLeftOut() throws Exception {
    declare("'sink.late-rows' = 'drop'");
    sql.run("INSERT INTO store VALUES (99, 2), (101, 3), (100, 4), (7, 5)");

    assertThat(keys()).containsExactly(100L, 100L, 101L);
  }

  @Test
  void theyAreKeptInAnotherLane() throws Exception {
    declare("'sink.late-rows' = 'keep'");
    sql.run("INSERT INTO store VALUES (99, 2), (101, 3), (7, 4), (100, 5)");

    assertThat(keys()).containsExactly(7L, 99L, 100L, 100L, 101L);
    assertThat(new StoreJudge(store).laneCount()).isEqualTo(2);
    assertThat(sql.query("SELECT k, v FROM store"))
        .containsExactly(
            Row.of(7L, 4L), Row.of(99L, 2L), Row.of(100L, 1L), Row.of(100L, 5L), Row.of(101L, 3L));
  }

  @Test
  void aBatchInRandomOrderIsMergedIntoFewLanes() throws Exception {
    tables.executeSql(
        "CREATE TABLE shuffled (v BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' ="
            + " '200000', 'fields.v.kind' = 'sequence', 'fields.v.start' = '0', 'fields.v.end' ="
            + " '199999')");
    declare("'sink.reorder-buffer' = '100 kb', 'sink.lanes.max' = '4'");

    sql.run("INSERT INTO store SELECT MOD(v * 7919, 200003), v FROM shuffled");

    List<StoredRow> rows = new StoreJudge(store).rows("v");
    assertThat(rows).hasSize(200_001);
    assertThat(rows).filteredOn(row -> row.key() != row.int64(0) * 7919 % 200_003).hasSize(1);
    assertThat(rows.stream().mapToLong(row -> row.int64(0)).distinct().count()).isEqualTo(200_000);
    assertThat(new StoreJudge(store).laneCount()).isLessThanOrEqualTo(1 + 4);
  }

  @Test
  void tooManyLanesInStreamingSayWhatToDo() {
    tables.getConfig().set("execution.checkpointing.interval", "1 h");
    tables.executeSql(
        "CREATE TABLE falling (v BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' ="
            + " '100000', 'fields.v.kind' = 'sequence', 'fields.v.start' = '0', 'fields.v.end' ="
            + " '99999')");
    declare("'sink.reorder-buffer' = '50 kb', 'sink.lanes.max' = '3'");

    assertThatThrownBy(() -> sql.run("INSERT INTO store SELECT 99999 - v, v FROM falling"))
        .hasStackTraceContaining("'sink.lanes.max' = '3' allows no further one");
  }

  @Test
  void parallelWritersCommitTogether() throws Exception {
    tables.getConfig().set("parallelism.default", "2");
    tables.executeSql(
        "CREATE TABLE sequence (v BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' ="
            + " '20000', 'fields.v.kind' = 'sequence', 'fields.v.start' = '0', 'fields.v.end' ="
            + " '19999')");
    declare("'sink.parallelism' = '2'");

    sql.run("INSERT INTO store SELECT v + 200, v FROM sequence");

    List<StoredRow> rows = new StoreJudge(store).rows("v");
    assertThat(rows.stream().map(StoredRow::key))
        .containsExactlyElementsOf(
            LongStream.concat(LongStream.of(100), LongStream.range(200, 20_200)).boxed().toList());
    assertThat(new StoreJudge(store).laneCount()).isEqualTo(2);
    assertThat(Store.open(store).snapshot().record().journal()).hasSize(2);
  }
}
