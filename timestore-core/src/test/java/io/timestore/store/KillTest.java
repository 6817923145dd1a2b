package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.disk.ChildJvm;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A process that appends is killed at random moments, again and again, on one store. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KillTest {
  private static final int ROUNDS = 8;
  private static final int START_MILLIS_MAX = 500;
  private static final int BATCHES_MAX = 20;
  private static final int COMMIT_MILLIS_MAX = 20;

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource
  void acknowledgedBatchesSurviveEveryKillWholeAndTheStoreGoesOn(Arrival arrival) throws Exception {
    long seed = Long.getLong("timestore.seed", System.nanoTime());
    System.out.println("Replay with -Dtimestore.seed=" + seed);
    Random random = new Random(seed);
    Path path = directory.resolve("store");
    int batchCount = 0;
    for (int round = 0; round < ROUNDS; round++) {
      String when = "seed " + seed + ", round " + round;
      int acknowledged = runAndKill(path, arrival, batchCount, round % 2 == 1, random);
      if (Store.exists(path)) {
        Store store = Store.open(path);
        int found = Arrival.batchCount(store.snapshot().rowCount());
        assertThat(found).as(when).isBetween(acknowledged, acknowledged + 1);
        assertThat(Rows.read(store, Appender.TABLES)).as(when).isEqualTo(arrival.rows(0, found));
        assertThat(store.snapshot().record().lanes())
            .as("%s: a killed run's lanes are taken over at once", when)
            .hasSize(arrival.laneCount(found));
        batchCount = found;
      }
      assertThat(batchCount).as(when).isGreaterThanOrEqualTo(acknowledged);
    }
    assertThat(batchCount).isGreaterThanOrEqualTo(ROUNDS / 2);
  }

  /** Returns how many batches the store holds for sure. */
  private static int runAndKill(
      Path path, Arrival arrival, int batchCount, boolean inTheMiddle, Random random)
      throws Exception {
    try (ChildJvm child = ChildJvm.start(Appender.class, path, arrival)) {
      child.awaitLine(Appender.READY);
      int awaited = 0;
      if (inTheMiddle) {
        awaited = 1 + random.nextInt(BATCHES_MAX);
        child.awaitLine(Integer.toString(batchCount + awaited - 1));
        child.live(random.nextInt(COMMIT_MILLIS_MAX));
      } else {
        child.live(random.nextInt(START_MILLIS_MAX));
      }
      child.kill();
      long more = child.remainingLines().stream().filter(l -> l.matches("\\d+")).count();
      return batchCount + awaited + (int) more;
    }
  }
}
