package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.flink.Sql;
import io.timestore.flink.StoreJudge;
import io.timestore.flink.StoreJudge.StoredRow;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.LongStream;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.table.api.CompiledPlan;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Which jobs may write, when they commit, and what stops them. */
class JobShapeITCase {
  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder().setNumberSlotsPerTaskManager(2).build());

  @TempDir Path directory;
  private Path store;
  private TableEnvironment tables;
  private Sql sql;

  @BeforeEach
  void createTable() throws Exception {
    store = directory.resolve("store");
    start(EnvironmentSettings.inStreamingMode());
  }

  private void start(EnvironmentSettings settings) throws Exception {
    tables = TableEnvironment.create(settings);
    tables.getConfig().set("parallelism.default", "1");
    tables.getConfig().set("restart-strategy.type", "disable");
    sql = new Sql(tables);
    sql.run(
        "CREATE TABLE store (k BIGINT, v BIGINT) WITH ('connector' = 'timestore', 'path' = '"
            + store
            + "')");
    sql.run(
        "CREATE TABLE endless (k BIGINT, v BIGINT) WITH ('connector' = 'datagen',"
            + " 'rows-per-second' = '1')");
    sql.run(
        "CREATE TABLE sequence (k BIGINT, v BIGINT) WITH ('connector' = 'datagen',"
            + " 'number-of-rows' = '1000', 'fields.k.kind' = 'sequence', 'fields.k.start' = '0', 'fields.k.end' = '999',"
            + " 'fields.v.kind' = 'sequence', 'fields.v.start' = '0', 'fields.v.end' = '999')");
  }

  @Test
  void valuesInStreamingModeWithoutCheckpointsCommitAtTheirEnd() throws Exception {
    sql.run("INSERT INTO store VALUES (2, 20), (1, 10)");

    assertThat(new StoreJudge(store).rows("v"))
        .extracting(row -> row.int64(0))
        .containsExactly(10L, 20L);
  }

  @Test
  void boundedInputWithCheckpointsIsCommittedToItsLastRow() throws Exception {
    tables.getConfig().set("execution.checkpointing.interval", "20 ms");
    sql.run("INSERT INTO store SELECT * FROM sequence");

    assertThat(new StoreJudge(store).rows("v")).hasSize(1000);
  }

  @Test
  void aBatchJobCommitsOnce() throws Exception {
    start(EnvironmentSettings.inBatchMode());
    sql.run("INSERT INTO store SELECT * FROM sequence");

    assertThat(new StoreJudge(store).rows("v")).hasSize(1000);
  }

  @Test
  void anInsertADayForThirtyDaysLeavesOneLane() throws Exception {
    start(EnvironmentSettings.inBatchMode());
    for (int day = 0; day < 30; day++) {
      sql.run("INSERT INTO store SELECT k + 1000 * " + day + ", v FROM sequence");
    }

    assertThat(new StoreJudge(store).rows("v").stream().map(StoredRow::key))
        .containsExactlyElementsOf(LongStream.range(0, 30_000).boxed().toList());
    assertThat(new StoreJudge(store).laneCount()).isEqualTo(1);
    assertThat(store.resolve("lanes")).doesNotExist();
  }

  @Test
  void anUnboundedInsertWithoutCheckpointsIsRefusedBeforeSubmission() {
    assertThatThrownBy(() -> tables.executeSql("INSERT INTO store SELECT * FROM endless"))
        .isInstanceOf(ValidationException.class)
        .hasMessage(
            "The timestore sink makes rows visible with checkpoints, but checkpointing is off and"
                + " the input never ends. Turn it on, for instance with SET"
                + " 'execution.checkpointing.interval' = '10 s', or by enableCheckpointing(10_000).");
    assertThat(Files.exists(store)).isFalse();
  }

  @Test
  void explainRefusesItToo() {
    assertThatThrownBy(
            () -> tables.executeSql("EXPLAIN PLAN FOR INSERT INTO store SELECT * FROM endless"))
        .hasStackTraceContaining("checkpointing is off");
  }

  @Test
  void atLeastOnceCheckpointsAreRefused() {
    tables.getConfig().set("execution.checkpointing.interval", "1 s");
    tables.getConfig().set("execution.checkpointing.mode", "AT_LEAST_ONCE");

    assertThatThrownBy(() -> tables.executeSql("INSERT INTO store SELECT * FROM endless"))
        .hasStackTraceContaining("SET 'execution.checkpointing.mode' = 'EXACTLY_ONCE'");
  }

  @Test
  void aNullKeyFailsTheJobAndLeavesNothing() throws Exception {
    assertThatThrownBy(() -> sql.run("INSERT INTO store VALUES (1, 1), (CAST(NULL AS BIGINT), 2)"))
        .hasStackTraceContaining("key column k: found NULL, but every row needs a key");
    assertThat(new StoreJudge(store).rows("v")).isEmpty();
  }

  @Test
  void aNegativeKeyFailsTheJob() {
    assertThatThrownBy(() -> sql.run("INSERT INTO store VALUES (-1, 1)"))
        .hasStackTraceContaining("key column k: found -1, but keys are not negative");
  }

  @Test
  void aCompiledPlanWritesItsRowsEachTimeItRuns() throws Exception {
    CompiledPlan plan = tables.compilePlanSql("INSERT INTO store SELECT 7, v FROM sequence");
    plan.execute().await();
    plan.execute().await();

    assertThat(new StoreJudge(store).rows("v")).hasSize(2000);
  }

  @Test
  void boundedInputWithoutAFinalCheckpointIsRefused() {
    tables.getConfig().set("execution.checkpointing.interval", "1 s");
    tables.getConfig().set("execution.checkpointing.checkpoints-after-tasks-finish", "false");

    assertThatThrownBy(() -> tables.executeSql("INSERT INTO store SELECT * FROM sequence"))
        .hasMessageContaining(
            "SET 'execution.checkpointing.checkpoints-after-tasks-finish' = 'true'");
  }
}
