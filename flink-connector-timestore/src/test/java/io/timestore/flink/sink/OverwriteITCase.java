package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.flink.Sql;
import io.timestore.store.Store;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** INSERT OVERWRITE and TRUNCATE TABLE. */
class OverwriteITCase {
  @TempDir Path directory;
  private Path store;
  private TableEnvironment batch;
  private Sql sql;

  @BeforeEach
  void declare() throws Exception {
    store = directory.resolve("store");
    batch = TableEnvironment.create(EnvironmentSettings.inBatchMode());
    sql = new Sql(batch);
    sql.run(ddl("'sink.parallelism' = '2'"));
  }

  private String ddl(String option) {
    return "CREATE TABLE t (k BIGINT NOT NULL, v STRING) WITH ('connector' = 'timestore', 'path' = '"
        + store
        + "', "
        + option
        + ")";
  }

  @Test
  void anOverwriteReplacesAllRowsAndTheirFilesGo() throws Exception {
    sql.run("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')");
    sql.run("INSERT OVERWRITE t VALUES (2, 'x'), (1, 'y')");

    assertThat(sql.query("SELECT * FROM t")).containsExactly(Row.of(1L, "y"), Row.of(2L, "x"));
    assertThat(Files.size(store.resolve("keys"))).isZero();

    sql.run("INSERT OVERWRITE t SELECT * FROM t WHERE k > 1");
    assertThat(sql.query("SELECT * FROM t")).containsExactly(Row.of(2L, "x"));
    sql.run("INSERT INTO t VALUES (5, 'e')");
    assertThat(sql.query("SELECT * FROM t")).containsExactly(Row.of(2L, "x"), Row.of(5L, "e"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"keep", "drop", "fail"})
  void rowsThatAreOlderThanThoseThatGoAreNotLate(String lateRows) throws Exception {
    sql.run("INSERT INTO t VALUES (8, 'a'), (9, 'b')");
    batch.executeSql("DROP TABLE t");
    sql.run(ddl("'sink.late-rows' = '" + lateRows + "'"));
    sql.run("INSERT OVERWRITE t VALUES (1, 'x'), (2, 'y')");
    assertThat(sql.query("SELECT * FROM t")).containsExactly(Row.of(1L, "x"), Row.of(2L, "y"));
  }

  @Test
  void anOverwriteWithoutRowsAndATruncationLeaveNone() throws Exception {
    sql.run("INSERT INTO t VALUES (1, 'a'), (2, 'b')");
    sql.run("INSERT OVERWRITE t SELECT * FROM t WHERE k > 100");
    assertThat(sql.query("SELECT * FROM t")).isEmpty();

    sql.run("INSERT INTO t VALUES (1, 'a'), (2, 'b')");
    sql.run("TRUNCATE TABLE t");

    assertThat(sql.query("SELECT * FROM t")).isEmpty();
    assertThat(Store.open(store).snapshot().rowCount()).isZero();
    sql.run("INSERT INTO t VALUES (0, 'z')");
    assertThat(sql.query("SELECT * FROM t")).containsExactly(Row.of(0L, "z"));
  }

  @Test
  void aTableWithoutAStoreIsTruncatedToo() throws Exception {
    sql.run("TRUNCATE TABLE t");

    assertThat(store).doesNotExist();
  }

  @Test
  void streamingModeRefusesBothWithASentence() throws Exception {
    TableEnvironment streaming = TableEnvironment.create(EnvironmentSettings.inStreamingMode());
    streaming.executeSql(ddl("'sink.parallelism' = '1'"));
    sql.run("INSERT INTO t VALUES (1, 'a')");

    assertThatThrownBy(() -> streaming.explainSql("INSERT OVERWRITE t VALUES (2, 'b')"))
        .hasStackTraceContaining("works in batch mode")
        .hasStackTraceContaining("SET 'execution.runtime-mode' = 'batch'");
    assertThatThrownBy(() -> streaming.executeSql("TRUNCATE TABLE t"))
        .hasStackTraceContaining("TRUNCATE TABLE");
    assertThat(sql.query("SELECT * FROM t")).containsExactly(Row.of(1L, "a"));
  }
}
