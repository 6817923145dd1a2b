package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.timestore.disk.DiskLock;
import io.timestore.disk.LocalDisk;
import io.timestore.flink.StoreJudge;
import io.timestore.format.Owner;
import io.timestore.store.Store;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.data.RowData;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes of a real cluster that are paused, continued and killed beneath a job. */
class FencingITCase {
  private static final Duration WAIT_MAX = Duration.ofSeconds(60);
  private static final int ROWS_PER_SECOND = 10_000;
  private static final int ROWS = 60_000;

  @TempDir static Path clusterDirectory;
  private static ProcessCluster cluster;
  private static FlinkProcess jobManager;
  private static final List<FlinkProcess> TASK_MANAGERS = new ArrayList<>();

  @TempDir Path directory;
  private Path store;
  private AttemptLog log;

  @BeforeAll
  static void startCluster() throws Exception {
    cluster =
        new ProcessCluster(clusterDirectory, MemorySize.ofMebiBytes(768))
            .set("heartbeat.interval", "300 ms")
            .set("heartbeat.timeout", "3 s")
            .set("taskmanager.memory.managed.size", "16m")
            .set("taskmanager.memory.network.max", "32m")
            .set("taskmanager.memory.network.min", "32m")
            .set("taskmanager.memory.jvm-metaspace.size", "160m");
    cluster.startZooKeeper();
    jobManager = cluster.startJobManager();
    TASK_MANAGERS.add(cluster.startTaskManager());
    TASK_MANAGERS.add(cluster.startTaskManager());
  }

  @AfterAll
  static void stopCluster() throws Exception {
    cluster.close();
  }

  @BeforeEach
  void awaitCluster() {
    cluster.awaitSlots(2);
    store = directory.resolve("store");
    log = new AttemptLog(directory);
  }

  private JobClient submit() throws Exception {
    return submit(RuntimeExecutionMode.STREAMING);
  }

  private JobClient submit(RuntimeExecutionMode mode) throws Exception {
    Configuration configuration = cluster.client();
    configuration.set(ExecutionOptions.RUNTIME_MODE, mode);
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 100);
    configuration.set(
        RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(100));
    StreamExecutionEnvironment environment = new StreamExecutionEnvironment(configuration);
    environment.setParallelism(1);
    environment.enableCheckpointing(100);
    SingleOutputStreamOperator<RowData> rows =
        environment
            .fromSource(
                IndexedRows.steadySource(0, ROWS, ROWS_PER_SECOND),
                WatermarkStrategy.noWatermarks(),
                "rows")
            .map(log)
            .returns(IndexedRows.TYPE);
    if (mode == RuntimeExecutionMode.STREAMING) {
      rows.disableChaining(); // A batch would write only when all rows are there.
    }
    rows.sinkTo(IndexedRows.builder(store).reorderBuffer(MemorySize.parse("256 kb")).build());
    return environment.executeAsync();
  }

  private void awaitEachRowOnce(JobClient job) throws Exception {
    job.getJobExecutionResult().get(WAIT_MAX.toSeconds(), TimeUnit.SECONDS);
    IndexedRows.assertExactlyOnce(store, ROWS, "in " + store);
  }

  private long visibleRows() throws IOException {
    return new StoreJudge(store).rowCount();
  }

  private void awaitFile(Path file) {
    await(file.toString()).atMost(WAIT_MAX).until(() -> Files.exists(file));
  }

  private void awaitMoreRows(int count) throws IOException {
    long before = Files.exists(store.resolve("length")) ? visibleRows() : 0;
    await("rows after " + before)
        .atMost(WAIT_MAX)
        .until(() -> Files.exists(store.resolve("length")) && visibleRows() >= before + count);
  }

  private FlinkProcess processOf(int attempt) throws IOException {
    awaitFile(log.attempt(attempt));
    long pid = Long.parseLong(Files.readString(log.attempt(attempt)));
    return TASK_MANAGERS.stream().filter(process -> process.pid() == pid).findAny().orElseThrow();
  }

  @Test
  void anAttemptThatWasPausedPastItsHeartbeatWritesNothingTwiceWhenItGoesOn() throws Exception {
    JobClient job = submit();
    for (int attempt = 0; attempt < 2; attempt++) {
      FlinkProcess paused = processOf(attempt);
      awaitMoreRows(5_000);
      paused.pause();
      assertThat(processOf(attempt + 1)).isNotSameAs(paused);
      awaitMoreRows(5_000);
      paused.resume();
      awaitFile(log.wokeUp(attempt));
    }

    awaitEachRowOnce(job);
    assertThat(new StoreJudge(store).laneCount())
        .as("one for each attempt")
        .isGreaterThanOrEqualTo(3);
  }

  @Test
  void aTaskManagerThatIsKilledTakesNothingWithIt() throws Exception {
    JobClient job = submit();
    for (int attempt = 0; attempt < 2; attempt++) {
      FlinkProcess killed = processOf(attempt);
      awaitMoreRows(5_000);
      killed.kill();
      TASK_MANAGERS.remove(killed);
      TASK_MANAGERS.add(cluster.startTaskManager());
    }

    awaitEachRowOnce(job);
  }

  @Test
  void ofABatchWhoseTaskManagerIsKilledNothingIsLeftBehind() throws Exception {
    JobClient job = submit(RuntimeExecutionMode.BATCH);
    Path keys = store.resolve("keys");
    await("bytes of rows").atMost(WAIT_MAX).until(() -> Files.exists(keys) && Files.size(keys) > 0);
    FlinkProcess killed = writing();
    killed.kill();
    TASK_MANAGERS.remove(killed);
    TASK_MANAGERS.add(cluster.startTaskManager());

    awaitEachRowOnce(job);
    Store left = Store.open(store);
    assertThat(left.unnamedLanes()).isEmpty();
    assertThat(left.snapshot().record().lanes())
        .hasSize(2)
        .extracting(lane -> lane.owner().kind())
        .containsOnly(Owner.Kind.NONE);
  }

  /** The one that has the store's own lane. */
  private FlinkProcess writing() throws IOException {
    String holder = Files.readString(store.resolve("writer.holder"));
    return TASK_MANAGERS.stream()
        .filter(process -> holder.startsWith("pid " + process.pid() + " "))
        .findAny()
        .orElseThrow();
  }

  @Test
  void aJobManagerThatDiesBetweenACheckpointAndItsCommitIsFollowedByOneThatCommitsIt()
      throws Exception {
    JobClient job = submit();
    awaitMoreRows(5_000);
    DiskLock commitLock = awaitCommitLock();
    long published = publishedCheckpoint();
    long visible = visibleRows();
    awaitFile(log.complete(published + 1));

    Files.delete(log.attempt(0));
    jobManager.kill();
    jobManager = cluster.startJobManager();
    // The new JobManager counts attempts anew. Its writer waits for the lock, the map does not.
    awaitFile(log.attempt(0));
    assertThat(visibleRows()).isEqualTo(visible);
    commitLock.close();

    awaitEachRowOnce(job);
  }

  private long publishedCheckpoint() throws IOException {
    return Store.open(store).snapshot().record().lineages().get(0).publishedCheckpointId();
  }

  private DiskLock awaitCommitLock() {
    LocalDisk disk = new LocalDisk();
    return await()
        .atMost(WAIT_MAX)
        .until(
            () -> disk.tryLock(store.resolve("commit.lock"), "the test"), lock -> lock.isPresent())
        .orElseThrow();
  }
}
