package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.DirectIo;
import io.timestore.disk.Disk;
import io.timestore.disk.LocalDisk;
import io.timestore.disk.SimulatedDisk;
import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lane;
import io.timestore.format.Owner;
import io.timestore.format.Schema;
import io.timestore.store.Publisher.Outcome;
import io.timestore.store.WriterOptions.LateRows;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which lane a row goes to, how many lanes there are, and when they are gone again. */
class LanesTest {
  private static final List<String> TABLES = List.of("a", "b");
  private static final WriterOptions KEEPING =
      WriterOptions.defaults().withLateRows(LateRows.KEEP).withBufferMemoryBytes(1 << 20);
  private static final UUID LINEAGE = new UUID(1, 1);
  private static final UUID SUBMISSION = new UUID(2, 1);

  private static final Path PATH = Path.of("/store");

  @TempDir Path directory;
  private final SimulatedDisk simulated = new SimulatedDisk();
  private Disk disk;
  private Store store;

  @BeforeEach
  void createStore() throws IOException {
    disk = simulated.process();
    store = Store.openOrCreate(disk, PATH, Schema.ofTables(TABLES));
  }

  private void createLocalStore() throws IOException {
    disk = new LocalDisk();
    store = Store.openOrCreate(directory.resolve("store"), Schema.ofTables(TABLES));
  }

  private static Batch rows(long... keys) {
    return Rows.batch(Rows.ofKeys(LongStream.of(keys)));
  }

  private static Batch range(long from, long to) {
    return Rows.batch(Rows.ofKeys(LongStream.range(from, to)));
  }

  private void insert(Batch... batches) throws IOException {
    try (StoreWriter writer = store.writer(KEEPING)) {
      for (Batch batch : batches) {
        writer.append(batch);
      }
      writer.commit();
    }
  }

  private static List<Long> keys(Store store) throws IOException {
    Snapshot snapshot = store.snapshot();
    return keys(snapshot, snapshot.ranges());
  }

  private static List<Long> keys(Snapshot snapshot, List<LaneRange> ranges) throws IOException {
    List<Long> keys = new ArrayList<>();
    Batch batch = new Batch(TABLES.size());
    try (Scan scan = snapshot.scan(ranges, TABLES)) {
      while (scan.next(batch)) {
        IntStream.range(0, batch.rowCount()).forEach(row -> keys.add(batch.key(row)));
      }
    }
    return keys;
  }

  /** The keys of each lane that has rows, in the order of the lanes' numbers. */
  private List<List<Long>> lanes() throws IOException {
    Snapshot snapshot = store.snapshot();
    List<List<Long>> lanes = new ArrayList<>();
    for (Lane lane : snapshot.record().lanes()) {
      if (lane.visibleRows() > 0) {
        lanes.add(keys(snapshot, List.of(new LaneRange(lane.number(), lane.from(), lane.rows()))));
      }
    }
    return lanes;
  }

  /** The lanes that have a directory. */
  private List<String> directories() throws IOException {
    Path lanes = store.directory().resolve("lanes");
    return disk.exists(lanes) ? disk.list(lanes).stream().sorted().toList() : List.of();
  }

  private SinkRun begin() throws IOException {
    return SinkRun.begin(store, LINEAGE, SUBMISSION);
  }

  @Test
  void aRowGoesToTheFirstLaneThatItMayFollow() throws IOException {
    try (StoreWriter writer = store.writer(KEEPING)) {
      writer.append(rows(10, 11));
      writer.append(rows(5, 6));
      writer.append(rows(12, 20));
      writer.append(rows(7, 15));
      writer.append(rows(8, 15, 20, 30));
      assertThat(writer.laneCount()).isEqualTo(3);
      writer.commit();
    }
    assertThat(lanes())
        .containsExactly(
            List.of(10L, 11L, 12L, 20L, 20L, 30L), List.of(5L, 6L, 7L, 15L, 15L), List.of(8L));
    assertThat(keys(store)).isSorted().hasSize(12);
  }

  @Test
  void rowsInAnyOrderOfAnyNumberOfWritersAreReadInOrder() throws IOException {
    createLocalStore();
    long seed = Long.getLong("timestore.seed", System.nanoTime());
    System.out.println("Replay with -Dtimestore.seed=" + seed);
    Random random = new Random(seed);
    List<String> expected = new ArrayList<>();
    for (int round = 0; round < 3; round++) {
      List<SinkRun> runs = new ArrayList<>();
      for (int i = 0; i < 1 + random.nextInt(5); i++) {
        runs.add(begin());
      }
      for (int checkpoint = 0; checkpoint < 4; checkpoint++) {
        List<Commit> commits = new ArrayList<>();
        for (SinkRun run : runs) {
          for (int batch = random.nextInt(4); batch >= 0; batch--) {
            List<String> rows = randomRows(random);
            expected.addAll(rows);
            run.writer().append(Rows.batch(rows));
          }
          commits.add(run.writer().prepare(checkpoint == 3, Long.MIN_VALUE).orElseThrow());
        }
        store.publisher().publish(commits, random.nextBoolean());
      }
      for (SinkRun run : runs) {
        run.close();
      }
    }
    List<String> found = new ArrayList<>(Rows.read(store, TABLES));
    assertThat(keys(store)).isSortedAccordingTo(Long::compareUnsigned);
    Collections.sort(found);
    Collections.sort(expected);
    assertThat(found).isEqualTo(expected);
    assertThat(lanes()).allSatisfy(k -> assertThat(k).isSortedAccordingTo(Long::compareUnsigned));
    assertThat(store.verify(fault -> {}).faultCount()).isZero();
  }

  private static List<String> randomRows(Random random) {
    return Rows.ofKeys(
        random
            .longs(1 + random.nextInt(300))
            .map(key -> random.nextInt(5) == 0 ? key : key & 1023)
            .boxed()
            .sorted(Long::compareUnsigned)
            .mapToLong(key -> key));
  }

  @Test
  void anInsertADayStaysInOneLane() throws IOException {
    for (long day = 0; day < 30; day++) {
      insert(range(day * 100, day * 100 + 100));
    }
    assertThat(lanes()).containsExactly(LongStream.range(0, 3000).boxed().toList());
    assertThat(directories()).isEmpty();
  }

  @Test
  void lateRowsOfEachDayShareOneLaneMore() throws IOException {
    for (long day = 1; day <= 30; day++) {
      insert(range(day * 100, day * 100 + 100), range(day * 100 - 50, day * 100 - 40));
    }
    assertThat(store.snapshot().record().lanes()).hasSize(2);
    assertThat(directories()).containsExactly("00001");
    assertThat(keys(store)).isSorted().hasSize(30 * 110);
  }

  @Test
  void ofTheLanesThatARowMayFollowItTakesTheOneWithTheLargestKey() throws IOException {
    insert(rows(100), rows(50), rows(10));
    insert(rows(60, 70));
    insert(rows(20, 30));
    insert(rows(71, 200), rows(40));

    assertThat(lanes())
        .containsExactly(
            List.of(100L), List.of(50L, 60L, 70L, 71L, 200L), List.of(10L, 20L, 30L, 40L));
  }

  @Test
  void anOlderBackfillGoesBesideARunThatHoldsTheFirstLane() throws IOException {
    try (StoreWriter live = store.writer(KEEPING)) {
      live.append(range(1000, 1010));
      live.commit();
      insert(range(0, 10));
      insert(range(2000, 2010));
      live.append(range(1010, 1020));
      live.commit();
    }
    insert(range(1005, 1006));
    assertThat(lanes())
        .containsExactly(
            LongStream.range(1000, 1020).boxed().toList(),
            LongStream.concat(LongStream.range(0, 10), LongStream.range(2000, 2010))
                .boxed()
                .toList(),
            List.of(1005L));
  }

  @Test
  void fourWritersGoOnInTheirFourLanesTheNextDay() throws IOException {
    for (long day = 0; day < 3; day++) {
      List<SinkRun> runs = List.of(begin(), begin(), begin(), begin());
      List<Commit> commits = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        int writer = i;
        long first = day * 1000L;
        runs.get(i)
            .writer()
            .append(
                Rows.batch(
                    Rows.ofKeys(
                        LongStream.range(first, first + 100).filter(k -> k % 4 == writer))));
        commits.add(runs.get(i).writer().prepare(true, Long.MIN_VALUE).orElseThrow());
      }
      long before = store.snapshot().record().revision();
      store.publisher().publish(commits, false);
      assertThat(store.snapshot().record().revision()).isEqualTo(before + 1);
      for (SinkRun run : runs) {
        run.close();
      }
    }
    assertThat(lanes()).hasSize(4);
    assertThat(store.snapshot().record().lanes()).hasSize(4);
    assertThat(keys(store)).isSorted().hasSize(300);
  }

  @Test
  void aWriterThatNeedsMoreLanesThanItMayHaveSaysSoAndLosesNothingPublished() throws IOException {
    WriterOptions options = KEEPING.withLanesMax(2, false);
    try (StoreWriter writer = store.writer(options)) {
      writer.append(rows(30));
      writer.append(rows(20));
      writer.commit();
      assertThatThrownBy(() -> writer.append(rows(10, 25)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("a row with the key 10")
          .hasMessageContaining("'sink.lanes.max' = '2'")
          .hasMessageContaining("rows in 2 orders at once");
      assertThatThrownBy(writer::commit).hasMessageContaining("failed before");
    }
    assertThat(keys(store)).containsExactly(20L, 30L);
    assertThat(directories()).containsExactly("00001");
    insert(rows(10));
    assertThat(keys(store)).containsExactly(10L, 20L, 30L);
  }

  private static List<Long> shuffled(int count, Random random) {
    List<Long> keys = new ArrayList<>(LongStream.range(0, count).boxed().toList());
    Collections.shuffle(keys, random);
    return keys;
  }

  /** Appends so many at a time, in their order. */
  private static void append(StoreWriter writer, List<Long> keys, int step) throws IOException {
    for (int from = 0; from < keys.size(); from += step) {
      Batch batch = new Batch(TABLES.size());
      keys.subList(from, Math.min(keys.size(), from + step)).stream()
          .sorted()
          .forEach(
              key -> {
                batch.appendKey(key);
                byte[] value = ("v" + key).getBytes(StandardCharsets.UTF_8);
                batch.column(0).appendBytes(value, 0, value.length);
                batch.column(1).appendEmpty();
              });
      writer.append(batch);
    }
  }

  private WriterOptions merging(int lanesMax) {
    return WriterOptions.ofSink(DirectIo.AUTO, 1 << 20, LINEAGE, SUBMISSION)
        .withLanesMax(lanesMax, true);
  }

  @Test
  void aWriterThatMergesHasFewLanesWhateverTheOrder() throws IOException {
    int count = 200_000;
    Commit commit;
    try (StoreWriter writer = store.writer(merging(4))) {
      append(writer, shuffled(count, new Random(1)), 2000);
      assertThat(directories()).hasSizeLessThan(20);
      commit = writer.prepare(true, Long.MIN_VALUE).orElseThrow();
      assertThat(writer.laneCount()).isLessThanOrEqualTo(4);
    }
    assertThat(commit.lanes()).hasSizeLessThanOrEqualTo(4);
    store.publisher().publish(List.of(commit), true);

    List<String> found = Rows.read(store, TABLES);
    assertThat(found.equals(Rows.ofKeys(LongStream.range(0, count)))).isTrue();
    assertThat(directories()).hasSizeLessThanOrEqualTo(4);
    assertThat(store.verify(fault -> {}).faultCount()).isZero();
  }

  @Test
  void lanesThatWerePreparedAreNotMerged() throws IOException {
    List<Long> keys = shuffled(6000, new Random(2));
    try (StoreWriter writer = store.writer(merging(4))) {
      for (int checkpoint = 0; checkpoint < 6; checkpoint++) {
        append(writer, keys.subList(checkpoint * 1000, checkpoint * 1000 + 1000), 50);
        Commit commit = writer.prepare(false, Long.MIN_VALUE).orElseThrow();
        assertThat(commit.lanes()).hasSizeLessThanOrEqualTo(4);
        store.publisher().publish(List.of(commit), false);
      }
    }
    assertThat(keys(store)).isEqualTo(LongStream.range(0, 6000).boxed().toList());
  }

  @Test
  void aMergeThatFailsLeavesNoDirectory() throws IOException {
    int survivors = 0;
    for (int failing = 0; survivors == 0; failing++) {
      AtomicInteger left = new AtomicInteger(failing);
      Disk failingDisk =
          Around.calls(
              Disk.class,
              simulated.process(),
              (method, arguments, original) -> {
                if (method.getName().equals("openForAppending") && left.getAndDecrement() == 0) {
                  throw new IOException("no space left");
                }
                return original.call();
              });
      try (StoreWriter writer = Store.open(failingDisk, PATH).writer(merging(2))) {
        append(writer, LongStream.rangeClosed(0, 5).map(i -> 9 - i).boxed().toList(), 1);
        survivors++;
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("no space left");
      }
      assertThat(directories()).as("failing at file %d", failing).isEmpty();
    }
    assertThat(keys(store)).isEmpty();
  }

  @Test
  void whatWasNotPreparedIsGoneAfterTheClose() throws IOException {
    Commit prepared;
    try (SinkRun run = begin()) {
      run.writer().append(rows(30));
      run.writer().append(rows(20));
      prepared = run.writer().prepare(false, Long.MIN_VALUE).orElseThrow();
      run.writer().append(rows(10));
      run.writer().append(rows(31));
      assertThat(directories()).containsExactly("00001", "00002");
    }
    assertThat(directories()).containsExactly("00001");
    assertThat(store.publisher().publish(List.of(prepared), true))
        .containsExactly(Outcome.PUBLISHED);
    assertThat(keys(store)).containsExactly(20L, 30L);
    assertThat(store.snapshot().record().lanes())
        .allSatisfy(
            lane -> assertThat(lane.owner()).isEqualTo(new Owner(Owner.Kind.RUN, prepared.run())));
  }

  @Test
  void rowsThatComeOneByOneAlternateBetweenLanes() throws IOException {
    int count = 3000;
    try (StoreWriter writer = store.writer(KEEPING)) {
      for (long i = 0; i < count; i++) {
        long key = i % 2 == 0 ? 10_000 + i : i;
        writer.append(key, value(key), new byte[0]);
        if (i % 100 == 7) {
          writer.commit();
        }
      }
      writer.commit();
    }
    assertThat(lanes()).hasSize(2);
    assertHasValues(LongStream.range(0, count).map(i -> i % 2 == 0 ? 10_000 + i : i).sorted());
  }

  private static byte[] value(long key) {
    return ("v" + key).getBytes(StandardCharsets.UTF_8);
  }

  private void assertHasValues(LongStream keys) throws IOException {
    assertThat(Rows.read(store, TABLES)).isEqualTo(Rows.ofKeys(keys));
    assertThat(store.verify(fault -> {}).faultCount()).isZero();
  }

  @Test
  void valuesThatComeAsStreamsGoToSeveralLanes() throws IOException {
    byte[] large = new byte[600_000];
    Arrays.fill(large, (byte) 7);
    List<Long> order = List.of(30L, 20L, 10L, 21L, 31L, 11L, 32L, 12L);
    try (StoreWriter writer = store.writer(KEEPING)) {
      for (long key : order) {
        List<InputStream> values =
            List.of(new ByteArrayInputStream(value(key)), new ByteArrayInputStream(large));
        writer.append(key, values);
      }
      writer.commit();
    }
    assertThat(lanes()).hasSize(3);
    try (StoreReader reader = store.reader()) {
      for (long key : order) {
        assertThat(reader.read("a", key)).contains(value(key));
        assertThat(reader.read("b", key)).contains(large);
      }
    }
    assertThat(store.verify(fault -> {}).faultCount()).isZero();
  }

  @Test
  void twoWritersWithoutStateAreBothPublishedAndASecondAttemptAddsNothing() throws IOException {
    for (int attempt = 0; attempt < 2; attempt++) {
      try (SinkRun first = begin();
          SinkRun second = begin()) {
        List<Commit> commits =
            List.of(first.prepareStateless(0, 10), second.prepareStateless(5, 15));
        assertThat(store.publisher().publish(commits, false))
            .containsOnly(attempt == 0 ? Outcome.PUBLISHED : Outcome.ALREADY_PUBLISHED);
        assertThat(store.publisher().publish(commits, true))
            .containsOnly(Outcome.ALREADY_PUBLISHED);
      }
      assertThat(keys(store))
          .isEqualTo(
              LongStream.concat(LongStream.range(0, 10), LongStream.range(5, 15))
                  .sorted()
                  .boxed()
                  .toList());
    }
    CommitRecord record = store.snapshot().record();
    assertThat(record.commitCount()).isEqualTo(1);
    assertThat(record.lanes()).allMatch(lane -> lane.owner().equals(Owner.NONE));
  }

  @Test
  void theCrateReadsEachLaneAndAppendsToNone() throws IOException {
    createLocalStore();
    insert(rows(10, 20), rows(5, 15));

    assertThatThrownBy(() -> Crate.append(store.directory(), TABLES, List.of("30 - -")))
        .isInstanceOf(FileAlreadyExistsException.class);
    Path lane = store.directory().resolve("lanes/00001");
    assertThatThrownBy(() -> Crate.append(lane, TABLES, List.of("30 - -")))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThat(Rows.read(Store.open(lane), TABLES)).isEqualTo(Rows.ofKeys(LongStream.of(5, 15)));
    assertThat(keys(store)).containsExactly(5L, 10L, 15L, 20L);
  }

  private static long directBytes() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }

  @Test
  void buffersDoNotGrowWithTheLanes() throws IOException {
    createLocalStore();
    try (StoreWriter writer = store.writer(KEEPING.withBufferMemoryBytes(32 << 20))) {
      writer.append(rows(1000));
      writer.append(rows(999));
      long before = directBytes();
      for (long key = 998; key > 940; key--) {
        writer.append(rows(key));
        writer.append(rows(1000, 1000));
      }
      assertThat(writer.laneCount()).isEqualTo(60);
      assertThat(directBytes() - before).isLessThan(1 << 20);
      writer.commit();
    }
    assertThat(store.snapshot().rowCount()).isEqualTo(60 + 2 * 58);
  }

  @Test
  void aLaneThatIsReplacedBeforeItIsPublishedIsNoticedThoughAnotherOneWasWrittenLast()
      throws IOException {
    createLocalStore();
    Path lane = store.directory().resolve("lanes/00001");
    Path moved = directory.resolve("moved");
    Disk replacing =
        Around.calls(
            Disk.class,
            new LocalDisk(),
            (method, arguments, original) -> {
              boolean isNameSync = method.getName().equals("syncDirectory");
              Object result = original.call();
              if (isNameSync && arguments[0].equals(lane) && !Files.exists(moved)) {
                Files.move(lane, moved);
                Directories.copy(moved, lane);
              }
              return result;
            });
    try (StoreWriter writer = Store.open(replacing, store.directory()).writer(KEEPING)) {
      writer.append(rows(30));
      writer.append(rows(20));
      writer.append(rows(31));
      assertThatThrownBy(writer::commit).isInstanceOf(ConflictException.class);
    }
    assertThat(moved).exists();
    assertThat(keys(store)).isEmpty();
  }
}
