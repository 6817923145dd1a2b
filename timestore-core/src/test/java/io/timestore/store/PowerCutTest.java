package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.disk.ChildJvm;
import io.timestore.disk.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The power of a disk is cut under a process that writes, again and again, on real file systems.
 */
@Tag("kernel")
@Timeout(value = 1200, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PowerCutTest {
  private static final int CUTS = Integer.getInteger("cuts", 100);
  private static final int CUTS_OF_A_STORE = 10;
  private static final int START_MILLIS_MAX = 600;
  private static final int BATCHES_MAX = 12;
  private static final int COMMIT_MILLIS_MAX = 20;

  @TempDir Path directory;

  private Mount mount(String type, int megabytes) throws IOException {
    Path image =
        Mount.image(directory.resolve("image"), megabytes * 1024L * 1024, "mkfs." + type, "-q");
    Mount mount =
        Mount.of(Files.createDirectory(directory.resolve("mounted")), type, "loop", image);
    mount.checkPowerCanBeCut();
    return mount;
  }

  @ParameterizedTest
  @CsvSource({"ext4, 64", "xfs, 320"})
  void acknowledgedAndPreparedBatchesSurviveEveryPowerCutWhole(String type, int megabytes)
      throws Exception {
    long seed = Long.getLong("timestore.seed", System.nanoTime());
    System.out.println("Replay with -Dtimestore.seed=" + seed);
    Random random = new Random(seed);
    int acknowledged = 0;
    int prepared = 0;
    int beforeTheFirst = 0;
    try (Mount mount = mount(type, megabytes)) {
      int batchCount = 0;
      for (int cut = 0; cut < CUTS; cut++) {
        String when = type + ", seed " + seed + ", cut " + cut;
        Path path = mount.directory().resolve("store-" + cut / CUTS_OF_A_STORE);
        int before = cut % CUTS_OF_A_STORE == 0 ? 0 : batchCount;
        Told told = writeAndCut(mount, path, before, random);
        batchCount = told.check(path, when);
        acknowledged += told.batchCount() - before;
        prepared += told.prepared().isPresent() ? 1 : 0;
        beforeTheFirst += told.batchCount() == 0 ? 1 : 0;
      }
    }
    System.out.printf(
        "%s: %d cuts, %d batches acknowledged; %d times one was prepared, %d times none was there"
            + " yet%n",
        type, CUTS, acknowledged, prepared, beforeTheFirst);
    assertThat(acknowledged).isGreaterThan(CUTS / 2);
  }

  private static Told writeAndCut(Mount mount, Path path, int before, Random random)
      throws Exception {
    try (ChildJvm child = ChildJvm.start(TurnsUntilThePowerIsCut.class, path, random.nextLong())) {
      child.awaitLine(TurnsUntilThePowerIsCut.READY);
      int awaited = 0;
      if (random.nextInt(3) == 0) {
        child.live(random.nextInt(START_MILLIS_MAX));
      } else {
        awaited = 1 + random.nextInt(BATCHES_MAX);
        child.awaitLine(Integer.toString(before + awaited - 1));
        child.live(random.nextInt(COMMIT_MILLIS_MAX));
      }
      mount.cutPower();
      child.kill();
      Told told = Told.of(before + awaited, child.remainingLines());
      mount.mountAgain();
      return told;
    }
  }

  /** Shows that the cuts do lose what is not synced. */
  @ParameterizedTest
  @CsvSource({"ext4, 64", "xfs, 320"})
  void withoutTheDirectorySyncAcknowledgedRowsAreLost(String type, int megabytes) throws Exception {
    try (Mount mount = mount(type, megabytes)) {
      Path path = mount.directory().resolve("store");
      try (ChildJvm child = ChildJvm.start(TurnsWithoutDirectorySync.class, path)) {
        child.awaitLine("0");
        mount.cutPower();
        child.kill();
      }
      mount.mountAgain();
      assertThat(Store.exists(path) ? Store.open(path).snapshot().rowCount() : 0).isZero();
    }
  }
}
