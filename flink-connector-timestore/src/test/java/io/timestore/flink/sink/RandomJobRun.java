package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.timestore.flink.Sql;
import io.timestore.flink.sink.DrawnRows.Order;
import io.timestore.flink.sink.RandomJob.Between;
import io.timestore.flink.sink.RandomJob.End;
import io.timestore.flink.sink.RandomJob.Mode;
import io.timestore.flink.sink.RandomJob.Phase;
import io.timestore.store.Publisher;
import io.timestore.store.Publisher.RestoreMode;
import io.timestore.store.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.configuration.ExternalizedCheckpointRetention;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.checkpoint.AbstractCheckpointStats;
import org.apache.flink.runtime.checkpoint.CheckpointStatsSnapshot;
import org.apache.flink.runtime.checkpoint.CompletedCheckpointStats;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.utils.TypeConversions;
import org.apache.flink.util.ExceptionUtils;
import org.jspecify.annotations.Nullable;

/** A random job's life, held against the model: while it goes on, and at its end. */
final class RandomJobRun {
  private static final Pattern SAVEPOINT_OF_FAILED_STOP =
      Pattern.compile("A savepoint has been created at: (\\S+), but the corresponding job");

  private static final Duration WAIT_MAX = Duration.ofMinutes(2);

  /** A buffer of one row and one lane make a job that is slow, and begins anew a few times. */
  private static final Duration END_MAX = Duration.ofMinutes(10);

  /** How long the answer to a question may be on its way when the job is over. */
  private static final long ANSWER_SECONDS_MAX = 10;

  private final RandomJob job;
  private final MiniCluster cluster;
  private final Path directory;
  private final Path store;
  private final Random random;
  private final List<DrawnRows> rows;

  /** Rows of others that are there. */
  private BitSet others = new BitSet();

  /** Rows that were overwritten or truncated, and don't come again. */
  private final BitSet hidden = new BitSet();

  /** What was seen last of the job's own rows. */
  private BitSet last = new BitSet();

  private int submissions;

  /**
   * A checkpoint or savepoint to go on from.
   *
   * @param job that made it
   * @param mayBeOlder whether the job may have published newer checkpoints
   */
  private record Saved(String path, int job, boolean mayBeOlder) {}

  private record Running(JobClient client, int number, @Nullable Saved from) {
    boolean isOver() throws ExecutionException, InterruptedException {
      return client.getJobStatus().get().isGloballyTerminalState();
    }

    /** Waits for its end, which must be a good one. */
    void awaitEnd() throws ExecutionException, InterruptedException, TimeoutException {
      client.getJobExecutionResult().get(END_MAX.toSeconds(), TimeUnit.SECONDS);
    }
  }

  RandomJobRun(RandomJob job, MiniCluster cluster, Path directory) {
    this.job = job;
    this.cluster = cluster;
    this.directory = directory;
    this.store = directory.resolve("store");
    this.random = new Random(job.seed() + 1);
    this.rows = new CopyOnWriteArrayList<>(job.allRows());
  }

  /** Returns how often the job failed. */
  int run() throws Exception {
    try (JobLedger ledger = new JobLedger(directory.toString(), job.seed())) {
      Saved from = null;
      boolean truncates = false;
      for (Phase phase : job.phases()) {
        boolean isFirst = submissions == 0;
        Running running = submit(phase, from, truncates, ledger);
        boolean mayShrink = truncates;
        Set<BitSet> othersNow =
            isFirst ? new HashSet<>(List.of(others, withBackfill())) : Set.of(others);
        from =
            StoreWatch.during(
                () -> judge(ledger, othersNow, mayShrink),
                () -> compacting(() -> live(running, phase, isFirst)));
        if (from == null) {
          break;
        }
        truncates =
            from.mayBeOlder
                || phase.end() == End.BACK_TO_AN_OLDER_CHECKPOINT
                || phase.end() == End.BACK_TO_AN_OLDER_SAVEPOINT;
        if (!from.mayBeOlder) {
          between(phase.between());
        }
      }
      checkAtTheEnd();
      return ledger.failures();
    }
  }

  private <T> T compacting(Callable<T> work) throws Exception {
    return job.compacts() ? StoreWatch.during(this::compact, work) : work.call();
  }

  private void compact() throws IOException {
    if (Store.exists(store)) {
      Store.Compacted unused = Store.open(store).compact();
    }
  }

  /** One submission; returns what the next one goes on from, or null if all is done. */
  private @Nullable Saved live(Running running, Phase phase, boolean isFirst) throws Exception {
    if (isFirst && !job.backfill().isEmpty()) {
      submitBackfill(phase).awaitEnd();
      others = withBackfill();
    }
    if (phase.end() != End.RUNS_TO_ITS_END && awaitCommits(running, 1)) {
      Saved saved = end(running, phase.end());
      if (saved != null) {
        return saved;
      }
    }
    running.awaitEnd();
    return null;
  }

  // Jobs.

  private StreamExecutionEnvironment environment(Mode mode, int restarts, @Nullable Saved from) {
    Configuration settings = new Configuration();
    settings.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
    // What fails that should not, fails again, and then the job is over.
    settings.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, restarts);
    settings.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(1));
    settings.set(
        ExecutionOptions.RUNTIME_MODE,
        mode == Mode.BATCH ? RuntimeExecutionMode.BATCH : RuntimeExecutionMode.STREAMING);
    if (from != null) {
      settings.set(StateRecoveryOptions.SAVEPOINT_PATH, from.path);
    }
    if (mode.takesCheckpoints()) {
      settings.set(
          CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(job.checkpointMillis()));
      settings.set(CheckpointingOptions.ENABLE_UNALIGNED, job.unaligned());
      settings.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, uri("checkpoints"));
      settings.set(CheckpointingOptions.MAX_RETAINED_CHECKPOINTS, 4);
      settings.set(
          CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION,
          ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);
      if (job.expires()) {
        settings.set(
            CheckpointingOptions.CHECKPOINTING_TIMEOUT, Duration.ofMillis(Gate.STALL_MILLIS - 200));
        settings.set(CheckpointingOptions.TOLERABLE_FAILURE_NUMBER, 1000);
      }
    }
    return StreamExecutionEnvironment.getExecutionEnvironment(settings);
  }

  private String uri(String name) {
    return directory.resolve(name).toUri().toString();
  }

  private Running submit(Phase phase, @Nullable Saved from, boolean truncates, JobLedger ledger)
      throws Exception {
    submissions++;
    int number =
        ledger.newJob(from == null ? -1 : from.job, phase.failures(), job.expires() ? 2 : 0);
    StreamExecutionEnvironment environment = environment(job.mode(), phase.failures() + 2, from);
    DataGeneratorSource<RowData> source =
        job.mode().takesCheckpoints()
            ? job.rows().source(Math.max(job.rowsPerCheckpoint(), phase.sourceParallelism()))
            : job.rows().source();
    TimestoreSink<RowData> sink =
        builder(job.ordering())
            .reorderBuffer(new MemorySize(job.reorderBufferBytes()))
            .bufferMemory(new MemorySize(job.bufferMemoryBytes()))
            .lanesMax(job.lanesMax())
            .restoreMode(truncates ? RestoreMode.TRUNCATE : RestoreMode.FAIL)
            .build();
    rows(environment, source, phase.sourceParallelism())
        .transform("gate", DrawnRows.TYPE, new Gate(ledger, number, job.rows().rowCount()))
        .setParallelism(phase.sinkParallelism())
        .uid("gate")
        .sinkTo(sink)
        .setParallelism(phase.sinkParallelism())
        .uid("store");
    return new Running(environment.executeAsync(), number, from);
  }

  private DataStream<RowData> rows(
      StreamExecutionEnvironment environment, DataGeneratorSource<RowData> drawn, int parallelism) {
    WatermarkStrategy<RowData> watermarks =
        WatermarkStrategy.<RowData>forBoundedOutOfOrderness(
                Duration.ofMillis(job.outOfOrderMillis()))
            .withTimestampAssigner((row, none) -> row.getTimestamp(0, 3).getMillisecond());
    SingleOutputStreamOperator<RowData> source =
        environment.fromSource(drawn, watermarks, "rows").setParallelism(parallelism).uid("rows");
    return source.rebalance();
  }

  private TimestoreSinkBuilder<RowData> builder(Ordering ordering) {
    return TimestoreSink.forRowData(
            TypeConversions.fromLogicalToDataType(DrawnRows.TYPE.toRowType()), "k")
        .path(store)
        .ordering(ordering);
  }

  /** Another job, that writes to the same store at the same time. */
  private Running submitBackfill(Phase phase) throws Exception {
    StreamExecutionEnvironment environment = environment(Mode.BATCH, 2, null);
    rows(environment, job.backfill().get(0).source(), 1)
        .sinkTo(builder(Ordering.CHECKPOINT).build())
        .setParallelism(phase.sourceParallelism());
    return new Running(environment.executeAsync(), -1, null);
  }

  /** Ends a submission before its time; null if it came to its end. */
  private @Nullable Saved end(Running running, End end) throws Exception {
    return switch (end) {
      case RUNS_TO_ITS_END -> null;
      case STOPPED_WITH_A_SAVEPOINT -> stop(running);
      case BACK_TO_AN_OLDER_SAVEPOINT -> savepointBefore(running);
      case CANCELLED -> cancel(running, 1);
      case BACK_TO_AN_OLDER_CHECKPOINT -> cancel(running, 1 + random.nextInt(4));
    };
  }

  /** Whether so many commits came before the job was over. */
  private boolean awaitCommits(Running running, int count) throws IOException {
    long before = commitCount();
    await("commits of job " + running.number)
        .atMost(WAIT_MAX)
        .pollInterval(Duration.ofMillis(5))
        .until(() -> running.isOver() || commitCount() >= before + count);
    return commitCount() >= before + count;
  }

  private long commitCount() throws IOException {
    return Store.exists(store) ? Store.open(store).snapshot().record().commitCount() : 0;
  }

  private @Nullable Saved stop(Running running) throws Exception {
    return saved(
        running,
        () ->
            running.client.stopWithSavepoint(
                false, uri("savepoints"), SavepointFormatType.CANONICAL));
  }

  private @Nullable Saved savepointBefore(Running running) throws Exception {
    Saved saved =
        saved(
            running,
            () -> running.client.triggerSavepoint(uri("savepoints"), SavepointFormatType.NATIVE));
    if (saved != null) {
      boolean unused = awaitCommits(running, 1 + random.nextInt(3));
      cancel(running);
    }
    return saved;
  }

  /**
   * Tries again while the job fails and is restarted; null if it came to its end. One that failed
   * when its savepoint was there is to go on from it. Flink forgets a savepoint that it was asked
   * for if the job ends before its turn comes.
   */
  private static @Nullable Saved saved(
      Running running, Callable<CompletableFuture<String>> savepoint) throws Exception {
    while (true) {
      try {
        CompletableFuture<String> path = savepoint.call();
        await("a savepoint of job " + running.number)
            .atMost(WAIT_MAX)
            .pollInterval(Duration.ofMillis(5))
            .until(() -> path.isDone() || running.isOver());
        return new Saved(path.get(ANSWER_SECONDS_MAX, TimeUnit.SECONDS), running.number, false);
      } catch (TimeoutException e) {
        return null;
      } catch (ExecutionException e) {
        Matcher made = SAVEPOINT_OF_FAILED_STOP.matcher(ExceptionUtils.stringifyException(e));
        if (made.find()) {
          cancel(running);
          return new Saved(made.group(1), running.number, true);
        }
        if (running.isOver()) {
          return null;
        }
      }
    }
  }

  /**
   * Returns one of the newest checkpoints of a job that is cancelled; null if it came to its end.
   */
  private @Nullable Saved cancel(Running running, int age) throws Exception {
    await("a checkpoint of job " + running.number)
        .atMost(WAIT_MAX)
        .pollInterval(Duration.ofMillis(5))
        .until(() -> running.isOver() || !checkpoints(running).isEmpty());
    cancel(running);
    if (running.client.getJobStatus().get() == JobStatus.FINISHED) {
      return null; // It was quicker.
    }
    List<String> checkpoints = checkpoints(running);
    if (checkpoints.isEmpty()) {
      return running.from;
    }
    String path = checkpoints.get(Math.max(0, checkpoints.size() - age));
    return new Saved(path, running.number, false);
  }

  /** Those that are still there, oldest first. */
  private List<String> checkpoints(Running running) throws Exception {
    CheckpointStatsSnapshot statistics =
        cluster.getExecutionGraph(running.client.getJobID()).get().getCheckpointStatsSnapshot();
    List<String> paths = new ArrayList<>();
    for (AbstractCheckpointStats checkpoint : statistics.getHistory().getCheckpoints()) {
      if (checkpoint instanceof CompletedCheckpointStats completed && !completed.isDiscarded()) {
        paths.add(0, completed.getExternalPath());
      }
    }
    return paths;
  }

  private static void cancel(Running running) throws Exception {
    if (!running.isOver()) {
      running.client.cancel().get(WAIT_MAX.toSeconds(), TimeUnit.SECONDS);
      await("the end of job " + running.number)
          .atMost(WAIT_MAX)
          .pollInterval(Duration.ofMillis(5))
          .until(running::isOver);
    }
  }

  // What others do to the store.

  private void between(Between between) throws Exception {
    if (between == Between.NOTHING) {
      return;
    }
    BitSet before = DrawnRows.read(store, rows);
    switch (between) {
      case NOTHING -> {}
      case COMPACT -> {
        watching(
            Set.of(before),
            () -> {
              compact();
              return null;
            });
      }
      case TRUNCATE -> truncate(before);
      case OVERWRITE -> overwrite(before);
    }
  }

  private <T> T watching(Set<BitSet> states, Callable<T> work) throws Exception {
    return StoreWatch.during(() -> assertThat(states).contains(DrawnRows.read(store, rows)), work);
  }

  private void truncate(BitSet before) throws Exception {
    int rowCount = random.nextInt(before.cardinality() + 1);
    BitSet kept = DrawnRows.first(store, rowCount, rows);
    try (Publisher publisher = Store.open(store).publisher()) {
      long removed = watching(Set.of(before, kept), () -> publisher.truncate(rowCount));
      assertThat(removed).isEqualTo(before.cardinality() - rowCount);
    }
    hide(before, kept);
  }

  private void overwrite(BitSet before) throws Exception {
    DrawnRows newest = rows.get(rows.size() - 1);
    DrawnRows next =
        new DrawnRows(
            pick(Order.values()),
            newest.firstId() + newest.rowCount(),
            1 + random.nextInt(2000),
            newest.firstMillis(),
            1000,
            random.nextLong());
    rows.add(next);
    StreamExecutionEnvironment environment = environment(Mode.BATCH, 2, null);
    StreamTableEnvironment tables = StreamTableEnvironment.create(environment);
    tables.createTemporaryView(
        "drawn", rows(environment, next.source(), 1), Schema.newBuilder().build());
    Sql sql = new Sql(tables);
    sql.run(
        "CREATE TABLE store (k TIMESTAMP_LTZ(3) NOT NULL, id BIGINT NOT NULL, text STRING NOT"
            + " NULL) WITH ('connector' = 'timestore', 'path' = '"
            + store
            + "', 'sink.parallelism' = '2')");
    watching(
        Set.of(before, next.ids()),
        () -> {
          sql.run("INSERT OVERWRITE store SELECT * FROM drawn");
          return null;
        });
    others = next.ids();
    hide(before, next.ids());
  }

  private void hide(BitSet before, BitSet after) {
    BitSet gone = (BitSet) before.clone();
    gone.andNot(after);
    hidden.or(gone);
    others.andNot(gone);
    last.andNot(gone);
  }

  private Order pick(Order[] orders) {
    return orders[random.nextInt(orders.length)];
  }

  // What is seen.

  private BitSet withBackfill() {
    BitSet with = (BitSet) others.clone();
    job.backfill().forEach(some -> with.or(some.ids()));
    return with;
  }

  private void judge(JobLedger ledger, Set<BitSet> othersNow, boolean mayShrink)
      throws IOException {
    BitSet seen = DrawnRows.read(store, rows);
    BitSet own = job.rows().ids();
    BitSet foreign = (BitSet) seen.clone();
    foreign.andNot(own);
    own.and(seen);
    assertThat(othersNow).as("rows of others").contains(foreign);
    if (job.mode().takesCheckpoints()) {
      judgeCheckpoints(own, ledger);
    } else if (!own.isEmpty()) {
      assertThat(own).as("rows of a job that commits once").isEqualTo(job.rows().ids());
    }
    BitSet lost = (BitSet) last.clone();
    lost.andNot(own);
    if (!mayShrink) {
      assertThat(lost).as("rows that were seen before, and are gone").isEqualTo(new BitSet());
    }
    last = own;
  }

  private void judgeCheckpoints(BitSet own, JobLedger ledger) {
    if (job.ordering() == Ordering.WATERMARK) {
      BitSet more = (BitSet) own.clone();
      more.andNot(ledger.passed());
      assertThat(more).as("rows that no checkpoint brought").isEqualTo(new BitSet());
      return;
    }
    for (BitSet state : ledger.states()) {
      state.andNot(hidden);
      if (state.equals(own)) {
        return;
      }
    }
    throw new AssertionError(
        own.cardinality() + " rows are what no checkpoint and none before it brought");
  }

  private void checkAtTheEnd() throws Exception {
    BitSet expected = job.rows().ids();
    expected.andNot(hidden);
    expected.or(others);
    assertThat(DrawnRows.read(store, rows)).as("all rows").isEqualTo(expected);
    Store open = Store.open(store);
    List<String> faults = new ArrayList<>();
    assertThat(open.verify(fault -> faults.add(fault.toString())).rowCount()).isPositive();
    assertThat(faults).isEmpty();
    assertThat(open.compact().rowCount()).isEqualTo(expected.cardinality());
    assertThat(DrawnRows.read(store, rows)).as("all rows, compacted").isEqualTo(expected);
    int left = open.removeAbandonedLanes();
    if (!job.mode().takesCheckpoints()) {
      assertThat(left).as("lanes of attempts that failed").isZero();
    }
    assertThat(DrawnRows.read(store, rows)).as("all rows, swept").isEqualTo(expected);
  }
}
