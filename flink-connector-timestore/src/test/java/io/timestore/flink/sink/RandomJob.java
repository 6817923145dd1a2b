package io.timestore.flink.sink;

import io.timestore.flink.sink.DrawnRows.Order;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A job, and what happens to it and to its store, drawn from a seed.
 *
 * @param seed that all of it follows from
 * @param mode how it runs
 * @param rows that it writes
 * @param ordering of the sink
 * @param reorderBufferBytes of the sink
 * @param bufferMemoryBytes of the sink
 * @param lanesMax of the sink
 * @param outOfOrderMillis how far the watermark stays behind
 * @param checkpointMillis between checkpoints
 * @param rowsPerCheckpoint that the source lets through
 * @param unaligned whether barriers overtake rows
 * @param expires whether checkpoints may be given up
 * @param backfill rows of another job that writes at the same time; none if there is no such job
 * @param compacts whether the store is compacted meanwhile, again and again
 * @param phases the job's life, one submission after another
 */
record RandomJob(
    long seed,
    Mode mode,
    DrawnRows rows,
    Ordering ordering,
    long reorderBufferBytes,
    long bufferMemoryBytes,
    int lanesMax,
    int outOfOrderMillis,
    int checkpointMillis,
    int rowsPerCheckpoint,
    boolean unaligned,
    boolean expires,
    List<DrawnRows> backfill,
    boolean compacts,
    List<Phase> phases) {

  /** How a job runs. */
  enum Mode {
    BATCH,
    STREAMING,
    STREAMING_WITHOUT_CHECKPOINTS;

    boolean takesCheckpoints() {
      return this == STREAMING;
    }
  }

  /**
   * One submission.
   *
   * @param sourceParallelism of the source
   * @param sinkParallelism of the writers
   * @param failures that it goes through
   * @param end what comes after it
   * @param between what happens to the store before the next one
   */
  record Phase(
      int sourceParallelism, int sinkParallelism, int failures, End end, Between between) {}

  /** How a submission ends, if its input does not end before. */
  enum End {
    RUNS_TO_ITS_END,
    STOPPED_WITH_A_SAVEPOINT,
    CANCELLED,
    BACK_TO_AN_OLDER_SAVEPOINT,
    BACK_TO_AN_OLDER_CHECKPOINT
  }

  /** What somebody does to the store while the job is stopped. */
  enum Between {
    NOTHING,
    COMPACT,
    TRUNCATE,
    OVERWRITE
  }

  private static final long FIRST_MILLIS = 1_700_000_000_000L;

  static RandomJob draw(long seed) {
    Random random = new Random(seed);
    Mode mode = pick(random, Mode.STREAMING, Mode.STREAMING, Mode.STREAMING, Mode.values());
    Order order = pick(random, Order.values());
    int rowCount = 500 + random.nextInt(12_000);
    boolean isMerged = !mode.takesCheckpoints();
    Ordering ordering = random.nextInt(3) == 0 ? Ordering.WATERMARK : Ordering.CHECKPOINT;
    boolean compacts = random.nextInt(4) == 0;
    int lateMillisMax = 1 + random.nextInt(2000);
    boolean isNearlyOrdered =
        switch (order) {
          case RISING, EQUAL_BY_TENS, ALL_EQUAL, A_LITTLE_LATE -> true;
          case SOME_VERY_LATE, RANDOM, FALLING -> false;
        };
    boolean expires = random.nextInt(6) == 0;
    List<Phase> phases =
        mode.takesCheckpoints() ? phases(random, compacts) : List.of(lastPhase(random));
    return new RandomJob(
        seed,
        mode,
        new DrawnRows(order, 0, rowCount, FIRST_MILLIS, lateMillisMax, random.nextLong()),
        ordering,
        reorderBufferBytes(random, isMerged, isNearlyOrdered),
        pick(random, 1L, 100_000L, 32L << 20),
        isMerged ? pick(random, 1, 2, 5, 64) : 500,
        random.nextInt(2) * random.nextInt(3000),
        10 + random.nextInt(40),
        50 + rowCount / (3 + random.nextInt(20)),
        random.nextInt(3) == 0,
        // Flink waits for ever where the savepoint that stops a job expires.
        expires && phases.stream().noneMatch(p -> p.end() == End.STOPPED_WITH_A_SAVEPOINT),
        backfill(random, rowCount),
        compacts,
        phases);
  }

  /** Where rows are in no order, each time that the buffer overflows begins a lane. */
  private static long reorderBufferBytes(Random random, boolean isMerged, boolean isNearlyOrdered) {
    long large = 64L << 20;
    if (isNearlyOrdered) {
      return pick(random, 1L, 5_000L, 50_000L, large);
    }
    return isMerged ? pick(random, 10_000L, 50_000L, large) : large;
  }

  private static List<DrawnRows> backfill(Random random, int firstId) {
    if (random.nextInt(3) > 0) {
      return List.of();
    }
    int rowCount = 1 + random.nextInt(3000);
    long firstMillis = FIRST_MILLIS - random.nextInt(2) * 10_000_000L;
    Order order = pick(random, Order.values());
    return List.of(new DrawnRows(order, firstId, rowCount, firstMillis, 1000, random.nextLong()));
  }

  private static List<Phase> phases(Random random, boolean compacts) {
    List<Phase> phases = new ArrayList<>();
    for (int left = random.nextInt(4); left > 0; left--) {
      End end =
          compacts
              ? pick(random, End.STOPPED_WITH_A_SAVEPOINT, End.CANCELLED)
              : pick(
                  random,
                  End.STOPPED_WITH_A_SAVEPOINT,
                  End.CANCELLED,
                  End.BACK_TO_AN_OLDER_SAVEPOINT,
                  End.BACK_TO_AN_OLDER_CHECKPOINT);
      // What is not yet committed when the job is cancelled comes on top of what others do.
      Between between =
          end == End.STOPPED_WITH_A_SAVEPOINT
              ? pick(random, Between.NOTHING, Between.NOTHING, Between.values())
              : Between.NOTHING;
      phases.add(phase(random, end, between));
    }
    phases.add(lastPhase(random));
    return phases;
  }

  private static Phase lastPhase(Random random) {
    return phase(random, End.RUNS_TO_ITS_END, Between.NOTHING);
  }

  private static Phase phase(Random random, End end, Between between) {
    return new Phase(1 + random.nextInt(3), 1 + random.nextInt(4), random.nextInt(5), end, between);
  }

  @SafeVarargs
  private static <T> T pick(Random random, T... values) {
    return values[random.nextInt(values.length)];
  }

  private static Mode pick(Random random, Mode a, Mode b, Mode c, Mode[] others) {
    int index = random.nextInt(3 + others.length);
    return index < others.length ? others[index] : pick(random, a, b, c);
  }

  private static Between pick(Random random, Between a, Between b, Between[] others) {
    int index = random.nextInt(2 + others.length);
    return index < others.length ? others[index] : pick(random, a, b);
  }

  /** All that is written while the job is not stopped. */
  List<DrawnRows> allRows() {
    List<DrawnRows> all = new ArrayList<>(List.of(rows));
    all.addAll(backfill);
    return all;
  }
}
