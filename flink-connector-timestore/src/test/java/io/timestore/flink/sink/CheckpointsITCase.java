package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.flink.Sql;
import io.timestore.flink.StoreJudge;
import io.timestore.flink.StoreJudge.StoredRow;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lineage;
import io.timestore.store.Store;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.runtime.checkpoint.AbstractCheckpointStats;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * A checkpoint's rows are committed with it: all of them at once, and nothing where it has none.
 */
class CheckpointsITCase {
  private static final int ROWS = 15_000;

  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder().setNumberSlotsPerTaskManager(4).build());

  @TempDir Path directory;
  private Path store;
  private String name;

  @BeforeEach
  void nameStore() {
    store = directory.resolve("store");
    name = "job in " + directory;
  }

  private IndexedJob job(int rowCount) {
    return new IndexedJob(name, store, rowCount);
  }

  @Test
  void oneThatBroughtNothingWritesNothing() throws Exception {
    RunningJob job =
        job(IndexedJob.ENDLESS)
            .through(rows -> rows.filter(row -> row.getLong(1) < 3_000))
            .submit();
    job.awaitRows(3_000);
    job.awaitCheckpoints(3);
    Map<String, String> before = files();

    job.awaitCheckpoints(5);

    assertThat(files()).isEqualTo(before);
    job.stop();
    IndexedRows.assertExactlyOnce(store, 3_000, "filtered");
  }

  /** Each file with what a write or a rename would change: time of change, size, inode. */
  private Map<String, String> files() throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(store)) {
      for (Path path : paths.toList()) {
        BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
        files.put(path.toString(), now.lastModifiedTime() + " " + now.size() + " " + now.fileKey());
      }
    }
    return files;
  }

  @Test
  void aReaderSeesAllRowsOfSeveralWritersOrNone() throws Exception {
    RunningJob job =
        job(IndexedJob.ENDLESS)
            .parallelism(3)
            .restarts(1)
            .through(rows -> rows.map(new FailOnce(name)).returns(IndexedRows.TYPE))
            .submit();
    job.awaitRows(1);
    TreeSet<Long> counts = new TreeSet<>();
    while (counts.size() < 20) {
      List<StoredRow> rows = new StoreJudge(store).rows("index");
      assertThat(rows.stream().map(row -> row.int64(0)).sorted())
          .as("rows came in this order, and so did checkpoints")
          .containsExactlyElementsOf(LongStream.range(0, rows.size()).boxed().toList());
      if (counts.add((long) rows.size()) && counts.size() == 10) {
        FailOnce.arm(name, 0);
      }
    }
    assertThat(FailOnce.isArmed(name)).isFalse();
    assertThat(RowCounts.taken(name).values()).containsAll(counts);
    job.goOnAndHaveEachRowOnce(1);
  }

  /** {@code commits/} is a store; docs/operating.md has its table. */
  @Test
  void theJournalTellsInSqlWhichOneBroughtWhichRows() throws Exception {
    Instant beginning = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    RunningJob job = job(IndexedJob.ENDLESS).rowsPerCheckpoint(10).submit();
    job.awaitRows(700);
    job.stop();
    CommitRecord record = Store.open(store).snapshot().record();
    long moved = record.commitCount() - record.journal().size();
    Lineage lineage = record.lineages().get(0);
    Sql sql = new Sql(TableEnvironment.create(EnvironmentSettings.inBatchMode()));
    String page = Files.readString(Path.of("../docs/operating.md"));
    int ddl = page.indexOf("CREATE TABLE commits");
    sql.run(
        page.substring(ddl, page.indexOf(";", ddl))
            .replace("/tmp/ticks/commits", store.resolve("commits").toString()));

    List<Row> rows = sql.query("SELECT * FROM commits ORDER BY sequence");
    assertThat(rows).hasSize((int) moved).hasSizeGreaterThanOrEqualTo(32);
    long rowCount = 0;
    for (int sequence = 0; sequence < moved; sequence++) {
      Row row = rows.get(sequence);
      Long checkpointId = (Long) row.getField("checkpoint_id");
      rowCount = RowCounts.taken(name).get(checkpointId);
      assertThat(row)
          .isEqualTo(
              Row.of(
                  row.getField("committed_at"),
                  (long) sequence,
                  lineage.id().toString(),
                  lineage.current().toString(),
                  checkpointId,
                  null,
                  null,
                  rowCount,
                  "0:0-" + rowCount));
    }
    assertThat(rows.stream().map(row -> (Instant) row.getField("committed_at")))
        .isSorted()
        .allSatisfy(time -> assertThat(time).isBetween(beginning, Instant.now()));
    assertThat(
            sql.query("SELECT COUNT(*), MIN(sequence), MAX(sequence), MAX(row_count) FROM commits"))
        .containsExactly(Row.of(moved, 0L, moved - 1, rowCount));

    String what = store + "/commits is the journal of the store " + store;
    for (String statement :
        List.of(
            "INSERT INTO commits SELECT * FROM commits",
            "INSERT OVERWRITE commits SELECT * FROM commits",
            "TRUNCATE TABLE commits")) {
      assertThatThrownBy(() -> sql.run(statement)).as(statement).hasStackTraceContaining(what);
    }
    assertThat(Store.open(store).verify(fault -> {}).faultCount()).isZero();
  }

  @Test
  void rowsOfADeclinedOneComeWithTheNext() throws Exception {
    DecliningMap.DECLINED.set(0);
    FailOnce.arm(name, ROWS / 2);
    RunningJob job =
        job(ROWS)
            .parallelism(2)
            .restarts(1)
            .with(CheckpointingOptions.TOLERABLE_FAILURE_NUMBER, Integer.MAX_VALUE)
            .through(
                rows ->
                    rows.map(new FailOnce(name))
                        .returns(IndexedRows.TYPE)
                        .map(new DecliningMap())
                        .returns(IndexedRows.TYPE)
                        .setParallelism(2))
            .submit();
    job.awaitEnd();

    assertThat(FailOnce.isArmed(name)).isFalse();
    assertThat(DecliningMap.DECLINED.get()).isGreaterThan(5);
    IndexedRows.assertEachOnce(store, ROWS, "declined");
  }

  @Test
  void anUnalignedOneOvertakesRowsAndLosesNone(@InjectMiniCluster MiniCluster cluster)
      throws Exception {
    int rowCount = 60_000;
    FailOnce.arm(name, rowCount / 2);
    RunningJob job =
        job(rowCount)
            .rowsPerCheckpoint(rowCount)
            .parallelism(2)
            .restarts(1)
            .checkpointInterval(Duration.ofMillis(50))
            .with(CheckpointingOptions.ENABLE_UNALIGNED, true)
            .through(
                rows ->
                    rows.rebalance()
                        .map(new SlowMap())
                        .returns(IndexedRows.TYPE)
                        .setParallelism(2)
                        .map(new FailOnce(name))
                        .returns(IndexedRows.TYPE)
                        .setParallelism(2))
            .submit();
    job.awaitEnd();

    assertThat(FailOnce.isArmed(name)).isFalse();
    long overtakenBytes =
        cluster
            .getExecutionGraph(job.id())
            .get()
            .getCheckpointStatsSnapshot()
            .getHistory()
            .getCheckpoints()
            .stream()
            .mapToLong(AbstractCheckpointStats::getPersistedData)
            .sum();
    assertThat(overtakenBytes).isPositive();
    IndexedRows.assertEachOnce(store, rowCount, "unaligned");
  }
}
