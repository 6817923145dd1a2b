package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.timestore.flink.Sql;
import io.timestore.flink.StoreJudge;
import io.timestore.flink.StoreJudge.StoredRow;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.store.Publisher;
import io.timestore.store.Publisher.RestoreMode;
import io.timestore.store.Store;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.stream.Stream;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.types.Row;
import org.apache.flink.util.FileUtils;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Jobs that go on from a savepoint, as a new submission, and what may lie in between. */
class RestoreITCase {
  private static final int MORE = 2_000;

  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder().setNumberSlotsPerTaskManager(8).build());

  @TempDir Path directory;
  private Path store;

  @BeforeEach
  void nameStore() {
    store = directory.resolve("store");
  }

  /** Names are told apart by their directory: {@link RowCounts} are for the whole JVM. */
  private IndexedJob job(String name) {
    return new IndexedJob(name + " in " + directory, store, IndexedJob.ENDLESS);
  }

  private NavigableMap<Long, Long> rowsBefore(String name) {
    return RowCounts.taken(name + " in " + directory);
  }

  private StoreJudge judge() {
    return new StoreJudge(store);
  }

  /** A savepoint of a job that is stopped with it when it has committed that many rows. */
  private String stopped(IndexedJob job, int rowCount) throws Exception {
    RunningJob running = job.submit();
    running.awaitRows(rowCount);
    return running.stop();
  }

  /** A savepoint of a job that is cancelled when it has committed further rows. */
  private String overtaken(IndexedJob job) throws Exception {
    return overtaken(job.submit());
  }

  private String overtaken(RunningJob running) throws Exception {
    running.awaitRows(2_000);
    String savepoint = running.savepoint();
    running.awaitRows(judge().rowCount() + 3_000);
    running.cancel();
    return savepoint;
  }

  @Test
  void aJobStoppedWithASavepointGoesOnFromItUnderAnotherJobId() throws Exception {
    RunningJob first = job("first").submit();
    first.awaitRows(3_000);
    String savepoint = first.stop();

    RunningJob second = job("second").from(savepoint).submit();
    second.goOnAndHaveEachRowOnce(MORE);

    assertThat(second.id()).isNotEqualTo(first.id());
  }

  @Test
  void aJobIsRescaledFromOneToFourToTwo() throws Exception {
    String ofOne = stopped(job("one"), 3_000);
    int more = (int) judge().rowCount() + MORE;
    String ofFour = stopped(job("four").from(ofOne).parallelism(4), more);
    job("two").from(ofFour).parallelism(2).submit().goOnAndHaveEachRowOnce(MORE);

    assertThat(judge().laneCount()).isEqualTo(1 + 4 + 2);
  }

  @Test
  void aSavepointOlderThanTheStoreIsRefusedWithBothCheckpointsAndTheRowsBetweenThem()
      throws Exception {
    String savepoint = overtaken(job("first"));
    long visible = judge().rowCount();
    long restored = RunningJob.checkpointId(savepoint);
    long published =
        rowsBefore("first").entrySet().stream()
            .filter(checkpoint -> checkpoint.getValue() == visible)
            .findFirst()
            .orElseThrow()
            .getKey();

    job("second")
        .from(savepoint)
        .submit()
        .failure()
        .hasStackTraceContaining(
            store
                + ": the state is of checkpoint "
                + restored
                + ", but checkpoints up to "
                + published
                + " of its lineage are in the store, "
                + (visible - rowsBefore("first").get(restored))
                + " rows more: going on would write their rows twice.");
    assertThat(judge().rowCount()).isEqualTo(visible);
  }

  @Test
  void withTruncateItTakesBackWhatCameAfterItAndGoesOn() throws Exception {
    String savepoint = overtaken(job("first").parallelism(2));

    job("second")
        .from(savepoint)
        .parallelism(2)
        .sink(sink -> sink.restoreMode(RestoreMode.TRUNCATE))
        .submit()
        .goOnAndHaveEachRowOnce(MORE);
  }

  @Test
  void inSqlAnOptionOfTheTableSaysWhetherItTakesThemBack() throws Exception {
    String savepoint = overtaken(insert("", Map.of()));
    Map<String, String> fromIt = Map.of("execution.state-recovery.path", savepoint);
    long visible = judge().rowCount();

    insert("", fromIt)
        .failure()
        .hasStackTraceContaining("of its lineage are in the store")
        .hasStackTraceContaining("'sink.restore.mode' is 'fail'; 'truncate' would let these rows");
    assertThat(judge().rowCount()).isEqualTo(visible);

    insert(", 'sink.restore.mode' = 'truncate'", fromIt).goOnAndHaveEachRowOnce(MORE);
  }

  /** The job of an INSERT, with further options of the table and settings of the session. */
  private RunningJob insert(String options, Map<String, String> settings) {
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    environment.setParallelism(1);
    StreamTableEnvironment tables = StreamTableEnvironment.create(environment);
    tables
        .getConfig()
        .set("restart-strategy.type", "disable")
        .set("execution.checkpointing.interval", "20 ms");
    settings.forEach(tables.getConfig()::set);
    tables.createTemporaryView(
        "numbered",
        environment.fromSource(
            IndexedRows.source(IndexedJob.ENDLESS, 500),
            WatermarkStrategy.noWatermarks(),
            "numbered"));
    tables.executeSql(
        "CREATE TABLE store (k BIGINT NOT NULL, `index` BIGINT NOT NULL, text STRING NOT NULL)"
            + " WITH ('connector' = 'timestore', 'path' = '"
            + store
            + "'"
            + options
            + ")");
    TableResult result = tables.executeSql("INSERT INTO store SELECT * FROM numbered");
    return new RunningJob("INSERT", store, result.getJobClient().orElseThrow());
  }

  @Test
  void ofTwoJobsFromOneSavepointTheSecondIsRefusedWhileTheFirstGoesOn() throws Exception {
    String savepoint = stopped(job("common"), 3_000);
    RunningJob first = job("first").from(savepoint).submit();
    first.awaitRows(judge().rowCount() + 1_000);

    job("second")
        .from(savepoint)
        .submit()
        .failure()
        .hasStackTraceContaining("of its lineage are in the store");

    first.goOnAndHaveEachRowOnce(MORE);
  }

  @Test
  void ofTwoJobsFromOneSavepointTheSecondMayTakeOverAndTheFirstIsTold() throws Exception {
    String savepoint = stopped(job("common"), 3_000);
    RunningJob first = job("first").from(savepoint).submit();
    first.awaitRows(judge().rowCount() + 1_000);

    RunningJob second =
        job("second").from(savepoint).sink(sink -> sink.restoreMode(RestoreMode.TRUNCATE)).submit();

    first.awaitSuccession();
    second.goOnAndHaveEachRowOnce(MORE);
  }

  @ParameterizedTest
  @EnumSource(RestoreMode.class)
  void rowsOfAnotherJobInBetweenStay(RestoreMode mode) throws Exception {
    boolean truncates = mode == RestoreMode.TRUNCATE;
    String savepoint = truncates ? overtaken(job("first")) : stopped(job("first"), 3_000);
    int first = IndexedJob.ENDLESS;
    int others = 1_000;
    new IndexedJob("other in " + directory, store, others).firstRow(first).submit().awaitEnd();

    RunningJob second = job("second").from(savepoint).sink(sink -> sink.restoreMode(mode)).submit();
    second.awaitRows(judge().rowCount() + MORE);
    second.stop();

    List<StoredRow> rows = judge().rows("index", "text");
    int own = rows.size() - others;
    IndexedRows.assertAreFrom(first, rows.subList(own, rows.size()), others, "of the other job");
    IndexedRows.assertAre(sorted(rows.subList(0, own)), own, "beside another job, " + mode);
  }

  private static List<StoredRow> sorted(List<StoredRow> rows) {
    return rows.stream().sorted(Comparator.comparingLong(row -> row.int64(0))).toList();
  }

  /** Both where the job can go on behind them, and where it needs a lane of its own. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRowOfTheCrateInBetweenStays(boolean isNewerThanAllOthers) throws Exception {
    String savepoint = stopped(job("first"), 3_000);
    long stoppedAt = judge().rowCount();
    appendAsTheCrate(stoppedAt, isNewerThanAllOthers ? IndexedJob.ENDLESS : stoppedAt - 1);

    goOnBesideTheCrate(job("second").from(savepoint).submit());
  }

  /** The same where the job goes back behind it, and rows of its own are to go. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRowOfTheCrateStaysWhereRowsThatCameAfterItAreTakenBack(boolean isNewerThanAllOthers)
      throws Exception {
    String savepoint = stopped(job("first"), 3_000);
    long stoppedAt = judge().rowCount();
    appendAsTheCrate(stoppedAt, isNewerThanAllOthers ? IndexedJob.ENDLESS : stoppedAt - 1);
    RunningJob second = job("second").from(savepoint).submit();
    second.awaitRows(stoppedAt + MORE);
    second.cancel();

    goOnBesideTheCrate(
        job("third").from(savepoint).sink(sink -> sink.restoreMode(RestoreMode.TRUNCATE)).submit());
  }

  /** Lets a job commit further rows, and looks for the crate's row and each of its own once. */
  private void goOnBesideTheCrate(RunningJob job) throws Exception {
    job.awaitRows(judge().rowCount() + MORE);
    job.stop();
    List<StoredRow> rows = judge().rows("index", "text");
    int own = rows.size() - 1;
    assertThat(rows.removeIf(row -> row.text(1).equals("of the crate"))).isTrue();
    IndexedRows.assertAre(sorted(rows), own, "beside the crate");
  }

  /** Appends a row to lane 0 and replaces {@code length} by its eight bytes, as the crate does. */
  private void appendAsTheCrate(long rowCount, long index) throws IOException {
    byte[] text = "of the crate".getBytes(StandardCharsets.UTF_8);
    append("index", rowCount, ByteBuffer.allocate(8).putLong(Long.reverseBytes(index)).array());
    append("text", rowCount, text);
    write("keys", rowCount * 8, u64(index / 3 * 10));
    Path length = directory.resolve("new_length");
    Files.write(length, u64(rowCount + 1));
    Files.move(length, store.resolve("length"), StandardCopyOption.REPLACE_EXISTING);
  }

  private void append(String table, long rowCount, byte[] cell) throws IOException {
    byte[] offsets = Files.readAllBytes(store.resolve(table).resolve("offsets"));
    long end = ByteBuffer.wrap(offsets).getLong((int) (rowCount - 1) * 8);
    write(table + "/data", end, cell);
    write(table + "/offsets", rowCount * 8, u64(end + cell.length));
  }

  private static byte[] u64(long value) {
    return ByteBuffer.allocate(8).putLong(value).array();
  }

  private void write(String file, long position, byte[] bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(store.resolve(file), StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(bytes), position);
    }
  }

  @Test
  void aStoreThatWasMovedIsGoneOnWithWhereItIs() throws Exception {
    String savepoint = stopped(job("first"), 3_000);
    Path before = store;
    store = directory.resolve("moved");
    Files.move(before, store);

    job("second").from(savepoint).submit().goOnAndHaveEachRowOnce(MORE);

    assertThat(before).doesNotExist();
  }

  @Test
  void aStoreThatIsGoneIsNotMadeAnewUnderState() throws Exception {
    RunningJob first = job("first").restarts(3).submit();
    first.awaitRows(3_000);
    Files.move(store, directory.resolve("moved"));

    first.failure().hasStackTraceContaining("no store");

    assertThat(store).doesNotExist();
  }

  @Test
  void anotherStoreInItsPlaceIsRefused() throws Exception {
    String savepoint = idle("first");
    Files.move(store, directory.resolve("moved"));
    new IndexedJob("other in " + directory, store, 100).submit().awaitEnd();

    job("second")
        .from(savepoint)
        .submit()
        .failure()
        .hasStackTraceContaining(store + " is store " + Store.open(store).id() + " as seen from")
        .hasStackTraceContaining(
            "the restored state was written beside store "
                + Store.open(directory.resolve("moved")).id());
    IndexedRows.assertExactlyOnce(store, 100, "of the other job");
  }

  /** A savepoint of a job whose last checkpoints brought nothing. */
  private String idle(String name) throws Exception {
    RunningJob running =
        job(name).through(rows -> rows.filter(row -> row.getLong(1) < 3_000)).submit();
    running.awaitRows(3_000);
    running.awaitCheckpoints(2);
    return running.stop();
  }

  @Test
  void anEmptiedStoreIsGoneOnWith() throws Exception {
    String savepoint = stopped(job("first"), 3_000);
    long stoppedAt = judge().rowCount();
    try (Publisher publisher = Store.open(store).publisher()) {
      publisher.truncate(0);
    }

    RunningJob second = job("second").from(savepoint).submit();
    second.awaitRows(MORE);
    second.stop();

    List<StoredRow> rows = judge().rows("index", "text");
    IndexedRows.assertAreFrom(stoppedAt, rows, rows.size(), "of the second");
  }

  @Test
  void aStoreBroughtBackFromABackupOlderThanTheStateIsRefused() throws Exception {
    Path backup = directory.resolve("backup");
    String older = stopped(job("first"), 2_000);
    copy(store, backup);
    String newer = stopped(job("second").from(older), (int) judge().rowCount() + MORE);
    FileUtils.deleteDirectory(store.toFile());
    copy(backup, store);
    long visible = judge().rowCount();

    job("third").from(newer).submit().failure().hasStackTraceContaining("older copy?");
    assertThat(judge().rowCount()).isEqualTo(visible);

    job("fourth").from(older).submit().goOnAndHaveEachRowOnce(MORE);
  }

  @Test
  void soItIsIfTheStatesLastCheckpointsBroughtNothing() throws Exception {
    Path backup = directory.resolve("backup");
    String older = stopped(job("first"), 2_000);
    copy(store, backup);
    long end = judge().rowCount() + MORE;
    RunningJob running =
        job("second")
            .from(older)
            .through(rows -> rows.filter(row -> row.getLong(1) < end))
            .submit();
    running.awaitRows(end);
    running.awaitCheckpoints(2);
    String newer = running.stop();
    FileUtils.deleteDirectory(store.toFile());
    copy(backup, store);

    job("third").from(newer).submit().failure().hasStackTraceContaining("older copy?");
    assertThat(judge().rowCount()).isLessThan(end);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      files.forEach(
          file -> {
            try {
              Files.copy(file, to.resolve(from.relativize(file).toString()));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }

  @Test
  void aColumnThatIsAddedMeanwhileIsNullInTheRowsOfAJobThatFailsAndGoesOn() throws Exception {
    RunningJob running =
        job("failing")
            .restarts(1)
            .through(rows -> rows.map(new FailOnce(store.toString())).returns(IndexedRows.TYPE))
            .submit();
    running.awaitRows(1_000);
    Store unused =
        Store.open(store)
            .addColumns(List.of(new Column("note", "note", CellType.parse("BIGINT"), true)));
    FailOnce.arm(store.toString(), 0);
    await().until(() -> !FailOnce.isArmed(store.toString()));
    running.goOnAndHaveEachRowOnce(MORE);

    assertThat(Store.open(store).verify(fault -> {}).faultCount()).isZero();
    Sql sql = new Sql(TableEnvironment.create(EnvironmentSettings.inBatchMode()));
    sql.run(
        "CREATE TABLE t (k BIGINT NOT NULL, note BIGINT) WITH ('connector' = 'timestore', 'path' ="
            + " '"
            + store
            + "')");
    assertThat(sql.query("SELECT COUNT(k), COUNT(note) FROM t"))
        .containsExactly(Row.of(judge().rowCount(), 0L));
  }

  @Test
  void aSavepointWithoutStopShowsNoRowsAndAFailureAfterItCountsNoneTwice(
      @InjectMiniCluster MiniCluster cluster) throws Exception {
    RunningJob running =
        job("failing")
            .restarts(1)
            .checkpointInterval(Duration.ofDays(1))
            .rowsPerSecond(10_000)
            .through(rows -> rows.map(new FailOnce(store.toString())).returns(IndexedRows.TYPE))
            .submit();
    long published = running.checkpointOfMoreThan(0, cluster);
    long prepared = running.rowsBefore(running.savepointOfMoreThan(published));
    assertThat(judge().rowCount()).isEqualTo(published);

    FailOnce.arm(store.toString(), 0);
    await().until(() -> !FailOnce.isArmed(store.toString()));
    long unused = running.checkpointOfMoreThan(prepared, cluster);
    running.stop();

    IndexedRows.assertExactlyOnce(store, (int) judge().rowCount(), "failed after a savepoint");
    assertThat(judge().laneCount()).isEqualTo(2);
  }
}
