package io.timestore.flink.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.flink.source.ScanPosition.Kind;
import io.timestore.flink.source.SimulatedJob.Checkpoint;
import io.timestore.flink.source.TickStore.Tick;
import io.timestore.store.KeyRange;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random stores that grow, random settings, failures at random points and restarts at random
 * parallelisms, against a model that knows all rows that were written.
 */
class RandomScansTest {
  private static final long SEED = Long.getLong("timestore.seed", System.nanoTime());
  private static final int SCANS = Integer.getInteger("timestore.scans", 30);
  private static final int KEYS = 1000;

  @TempDir private Path directory;

  @Test
  void eachWantedRowIsReadOnce() throws Exception {
    Random seeds = new Random(SEED);
    for (int i = 0; i < SCANS; i++) {
      long seed = seeds.nextLong();
      try {
        new RandomScan(directory.resolve("scan-" + i), new Random(seed)).run();
      } catch (AssertionError | Exception e) {
        throw new AssertionError(
            "scan " + i + ", replay with -Dtimestore.seed=" + SEED + ": " + e.getMessage(), e);
      }
    }
  }

  /** One scan. */
  private static final class RandomScan {
    private final Random random;
    private final Path directory;
    private final List<TickStore> stores = new ArrayList<>();
    private final boolean isPattern;
    private final boolean follows;
    private final boolean hasEqualKeys;
    private final Set<Long> usedKeys = new HashSet<>();
    private final ScanSettings settings;
    private final List<Tick> atStart = new ArrayList<>();

    /** Rows that must come: those that were there before a stop key was passed. */
    private final List<Tick> due = new ArrayList<>();

    private boolean isStopPassed;

    RandomScan(Path directory, Random random) throws IOException {
      this.directory = directory;
      this.random = random;
      isPattern = random.nextInt(3) == 0;
      follows = random.nextBoolean();
      hasEqualKeys = random.nextInt(3) == 0;
      settings = settings();
      int storeCount = isPattern ? 1 + random.nextInt(3) : 1;
      for (int i = 0; i < storeCount; i++) {
        stores.add(TickStore.create(directory.resolve("store-" + i), 1_000_000L * i));
        for (int commit = random.nextInt(4); commit > 0; commit--) {
          append(i);
        }
      }
      atStart.addAll(all());
      due.clear();
      due.addAll(all());
      isStopPassed = passesStop();
    }

    private ScanSettings settings() {
      ScanSettings scan =
          ScanSettings.DEFAULT
              .withSplitSizeBytes(List.of(1L, 100L, 1000L, 1L << 30).get(random.nextInt(4)))
              .withKeyRanges(keyRanges())
              .withStart(position(Kind.EARLIEST));
      ScanPosition stop = position(follows ? Kind.NEVER : Kind.LATEST);
      if (stop.kind() == Kind.LATEST && follows) {
        stop = ScanPosition.never();
      }
      return follows ? scan.withMonitorInterval(Duration.ofMillis(1), stop) : scan.withStop(stop);
    }

    private List<KeyRange> keyRanges() {
      if (random.nextBoolean()) {
        return List.of(KeyRange.all());
      }
      long[] keys =
          random.longs(2L * (1 + random.nextInt(3)), 0, KEYS).sorted().distinct().toArray();
      List<KeyRange> ranges = new ArrayList<>();
      for (int i = 0; i + 1 < keys.length; i += 2) {
        ranges.add(KeyRange.closed(keys[i], keys[i + 1]));
      }
      return ranges;
    }

    private ScanPosition position(Kind usual) {
      return switch (random.nextInt(5)) {
        case 0 -> ScanPosition.atKey(random.nextInt(KEYS));
        case 1 -> isPattern || hasEqualKeys ? ScanPosition.latest() : ScanPosition.atRow(row());
        case 2 -> ScanPosition.latest();
        default -> new ScanPosition(usual, 0);
      };
    }

    private int row() {
      return random.nextInt(60);
    }

    private List<Tick> all() {
      return stores.stream().flatMap(store -> store.ticks().stream()).toList();
    }

    private void append(int store) throws IOException {
      long center = random.nextInt(KEYS);
      long[] keys =
          LongStream.generate(() -> Math.floorMod(center + random.nextInt(100), (long) KEYS))
              .limit(1 + random.nextInt(15))
              .filter(key -> hasEqualKeys || usedKeys.add(key))
              .toArray();
      if (random.nextBoolean()) {
        Arrays.sort(keys);
      }
      if (keys.length > 0) {
        write(store, keys);
      }
    }

    private void write(int store, long... keys) throws IOException {
      boolean wasPassed = isStopPassed;
      stores.get(store).append(keys);
      isStopPassed = wasPassed || passesStop();
      if (!wasPassed) {
        due.clear();
        due.addAll(all());
      }
    }

    private boolean passesStop() {
      return settings.stop().kind() == Kind.KEY
          && stores.stream()
              .allMatch(
                  store ->
                      store.ticks().stream()
                          .anyMatch(tick -> tick.millis() >= settings.stop().value()));
    }

    private boolean wants(Tick tick) {
      return settings.wantedKeys().stream()
          .anyMatch(
              keys ->
                  Long.compareUnsigned(keys.from(), tick.millis()) <= 0
                      && Long.compareUnsigned(tick.millis(), keys.to()) <= 0);
    }

    private SimulatedJob start(Checkpoint checkpoint) {
      String path = directory.resolve(isPattern ? "store-*" : "store-0").toString();
      return new SimulatedJob(TickStore.setup(path, settings), 1 + random.nextInt(3), checkpoint);
    }

    void run() throws Exception {
      SimulatedJob job = start(Checkpoint.NONE);
      Checkpoint checkpoint = job.checkpoint();
      List<String> seen = new ArrayList<>(); // before the job's last start
      List<String> seenAtCheckpoint = List.of();
      int steps = random.nextInt(300);
      for (int i = 0; i < steps; i++) {
        int choice = random.nextInt(40);
        if (choice == 0) {
          checkpoint = job.checkpoint();
          seenAtCheckpoint = concat(seen, job.rows());
        } else if (choice == 1) {
          job.close();
          seen = new ArrayList<>(seenAtCheckpoint);
          job = start(checkpoint);
        } else if (choice == 2) {
          append(random.nextInt(stores.size()));
        } else {
          job.poll(random.nextInt(job.readings.size()));
        }
      }
      for (int i = 0; i < stores.size() && settings.stop().kind() == Kind.KEY; i++) {
        write(i, KEYS + 1L);
      }
      for (int i = 0; i < 70 && settings.stop().kind() == Kind.ROW; i++) {
        write(0, KEYS + 2L + i);
      }
      drain(job);
      check(concat(seen, job.rows()));
      job.close();
    }

    private static List<String> concat(List<String> a, List<String> b) {
      List<String> both = new ArrayList<>(a);
      both.addAll(b);
      return both;
    }

    private void drain(SimulatedJob job) {
      job.readings.forEach(reading -> reading.idleCount = 0);
      boolean isEndless = settings.hasTail() && settings.isEndless();
      Awaitility.await()
          .pollInterval(1, TimeUnit.MILLISECONDS)
          .atMost(Duration.ofSeconds(30))
          .until(
              () -> {
                for (int i = 0; i < 200; i++) {
                  job.poll(i % job.readings.size());
                }
                return isEndless ? isDrained(job) : job.hasEnded();
              });
    }

    /** Whether nothing is left but the tail, which has found nothing new. */
    private static boolean isDrained(SimulatedJob job) throws IOException {
      Checkpoint checkpoint = job.checkpoint();
      return checkpoint.enumerator().unassigned().isEmpty()
          && checkpoint.splits().size() == 1
          && checkpoint.splits().get(0).isTail()
          && job.readings.stream().anyMatch(reading -> reading.idleCount > 2);
    }

    private void check(List<String> rows) {
      assertThat(rows).as("rows once, %s", settings).doesNotHaveDuplicates();
      List<Tick> beginning = beginning();
      if (!settings.hasTail()) {
        assertThat(rows).as("%s", settings).containsExactlyInAnyOrderElementsOf(texts(beginning));
        return;
      }
      List<Tick> later = all().stream().filter(tick -> !atStart.contains(tick)).toList();
      List<Tick> laterDue = due.stream().filter(tick -> !atStart.contains(tick)).toList();
      assertThat(rows).as("%s", settings).containsAll(texts(beginning));
      if (settings.countsRows()) {
        long from =
            Math.max(
                atStart.size(), settings.start().kind() == Kind.ROW ? settings.start().value() : 0);
        long to =
            Math.max(
                from, settings.stop().kind() == Kind.ROW ? settings.stop().value() : all().size());
        if (settings.keyRanges().equals(List.of(KeyRange.all()))
            && settings.start().kind() != Kind.KEY
            && settings.stop().kind() != Kind.KEY) {
          assertThat(rows).as("%s", settings).hasSize((int) (beginning.size() + to - from));
        }
      } else {
        assertThat(rows)
            .as("%s", settings)
            .containsAll(texts(laterDue.stream().filter(this::wants).toList()));
      }
      List<String> possible = texts(beginning);
      possible = concat(possible, texts(later.stream().filter(this::wants).toList()));
      assertThat(possible).as("%s", settings).containsAll(rows);
    }

    /** Of the rows that the scan began with, those that it wants. */
    private List<Tick> beginning() {
      if (settings.start().kind() == Kind.LATEST) {
        return List.of();
      }
      List<Tick> sorted = new ArrayList<>(atStart);
      sorted.sort(Comparator.comparingLong(Tick::millis));
      long from = settings.start().kind() == Kind.ROW ? settings.start().value() : 0;
      long to = settings.stop().kind() == Kind.ROW ? settings.stop().value() : sorted.size();
      List<Tick> wanted = new ArrayList<>();
      for (int i = 0; i < sorted.size(); i++) {
        if (i >= from && i < to && wants(sorted.get(i))) {
          wanted.add(sorted.get(i));
        }
      }
      return wanted;
    }

    private static List<String> texts(List<Tick> ticks) {
      return ticks.stream().map(Tick::toString).toList();
    }
  }
}
