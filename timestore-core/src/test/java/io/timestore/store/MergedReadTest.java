package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lanes that overlap are one sequence: what is read is held against a sorted list. */
class MergedReadTest {
  private static final List<String> TABLES = List.of("a", "b");
  private static final int STORES = 40;

  @TempDir Path directory;
  private final List<SinkRun> runs = new ArrayList<>();

  /** A row as it was written: {@code text} as {@link Rows} has it. */
  private record Expected(long key, int lane, long row, String text) {
    static final Comparator<Expected> ORDER =
        Comparator.comparing(Expected::key, Long::compareUnsigned)
            .thenComparing(Expected::lane)
            .thenComparing(Expected::row);
  }

  private Store create(String name) throws IOException {
    return Store.openOrCreate(directory.resolve(name), Schema.ofTables(TABLES));
  }

  private void beginRuns(Store store, int count) throws IOException {
    runs.clear();
    for (int i = 0; i < count; i++) {
      runs.add(SinkRun.begin(store, UUID.randomUUID(), UUID.randomUUID()));
    }
  }

  private void closeRuns() throws IOException {
    for (SinkRun run : runs) {
      run.close();
    }
  }

  /** Prepares rows of these keys in a run's lane, and notes them. */
  private Commit prepare(int run, long[] keys, Random random, List<Expected> expected)
      throws IOException {
    Arrays.sort(keys);
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < keys.length; i++) {
      byte[] bytes = new byte[random.nextInt(200) == 0 ? 5000 : random.nextInt(6)];
      random.nextBytes(bytes);
      rows.add(
          Long.toUnsignedString(keys[i])
              + " "
              + Rows.hex(run + "/" + i)
              + " "
              + (bytes.length == 0 ? "-" : HexFormat.of().formatHex(bytes)));
    }
    rows.sort(
        Comparator.comparing(
            row -> Long.parseUnsignedLong(row.split(" ", -1)[0]), Long::compareUnsigned));
    Commit commit = runs.get(run).prepare(expected.size() + 1, rows);
    int lane = commit.lanes().get(0).number();
    long firstRow = commit.lanes().get(0).rowsBefore();
    for (int i = 0; i < rows.size(); i++) {
      long key = Long.parseUnsignedLong(rows.get(i).split(" ", -1)[0]);
      expected.add(new Expected(key, lane, firstRow + i, rows.get(i)));
    }
    return commit;
  }

  private static long[] keys(Random random, int count) {
    long[] spans = {1, 4, 1000, 1_000_000, Long.MAX_VALUE};
    long span = spans[random.nextInt(spans.length)];
    long first = span == Long.MAX_VALUE ? 0 : random.nextInt(3) * 500;
    long scale = span == Long.MAX_VALUE ? 2 : 1;
    return LongStream.range(0, count)
        .map(i -> first + scale * (long) (random.nextDouble() * span))
        .toArray();
  }

  @Test
  void whatIsReadOfLanesThatOverlapIsOneSortedSequence() throws IOException {
    long seed = Long.getLong("timestore.seed", System.nanoTime());
    System.out.println("Replay with -Dtimestore.seed=" + seed);
    for (int i = 0; i < STORES; i++) {
      Random random = new Random(seed + i);
      try {
        Store store = create("store" + i);
        checkHistory(store, random);
      } catch (AssertionError | IOException | RuntimeException e) {
        throw new AssertionError("seed " + seed + ", store " + i, e);
      } finally {
        closeRuns();
      }
    }
  }

  private void checkHistory(Store store, Random random) throws IOException {
    beginRuns(store, 1 + random.nextInt(8));
    if (random.nextBoolean()) {
      hideFirstRows(store, random);
    }
    List<Expected> expected = new ArrayList<>();
    List<Commit> commits = new ArrayList<>();
    int[] sizes = {1, 10, 300, 700, 9000};
    for (int run = 0; run < runs.size(); run++) {
      if (random.nextInt(6) > 0) {
        int size = 1 + random.nextInt(sizes[random.nextInt(sizes.length)]);
        commits.add(prepare(run, keys(random, size), random, expected));
      }
    }
    List<Commit> early = commits.subList(0, random.nextInt(commits.size() + 1));
    store.publisher().publish(early, false);
    Snapshot earlier = store.snapshot();
    store.publisher().publish(commits, false);

    expected.sort(Expected.ORDER);
    check(store, expected, random);
    checkNew(store, earlier, expected);
    if (!expected.isEmpty()) {
      List<Expected> kept = expected.subList(0, random.nextInt(expected.size()));
      store.publisher().truncate(kept.size());
      check(store, kept, random);
      assertThat(store.verify(fault -> {}).faultCount()).isZero();
      kept = kept.subList(0, random.nextInt(kept.size() + 1));
      store.publisher().truncate(kept.size());
      check(store, kept, random);
    }
  }

  /** Rows of key 0 in some lanes, which a truncation hides: their lanes go on behind them. */
  private void hideFirstRows(Store store, Random random) throws IOException {
    List<Commit> commits = new ArrayList<>();
    for (int run = 0; run < runs.size(); run++) {
      if (random.nextBoolean()) {
        commits.add(prepare(run, new long[1 + random.nextInt(900)], random, new ArrayList<>()));
      }
    }
    store.publisher().publish(commits, false);
    store.publisher().truncate(0);
  }

  private static List<String> texts(List<Expected> rows) {
    return rows.stream().map(Expected::text).toList();
  }

  private static void check(Store store, List<Expected> expected, Random random)
      throws IOException {
    Snapshot snapshot = store.snapshot();
    int count = expected.size();
    assertThat(snapshot.rowCount()).isEqualTo(count);
    if (count > 0) {
      assertThat(snapshot.smallestKey()).hasValue(expected.get(0).key());
      assertThat(snapshot.largestKey()).hasValue(expected.get(count - 1).key());
    }
    checkScan(snapshot, snapshot.ranges(), expected);
    try (StoreReader reader = store.reader()) {
      for (int i = 0; i < 12; i++) {
        int from = random.nextInt(count + 1);
        int to = from + random.nextInt(count + 1 - from);
        List<Expected> part = expected.subList(from, to);
        checkScan(snapshot, snapshot.ranges(from, to), part);
        try (RowIterator rows = reader.iterateRows(from, to, "a")) {
          checkRows(rows, part, expected, from);
        }
        if (count > 0) {
          checkKey(reader, expected, expected.get(random.nextInt(count)).key() + i % 2);
          int row = random.nextInt(count);
          assertThat(reader.key(row)).isEqualTo(expected.get(row).key());
          assertThat(HexFormat.of().formatHex(reader.valueAt("a", row).bytes()))
              .isEqualTo(expected.get(row).text().split(" ", -1)[1]);
          checkKeyRange(
              reader,
              expected,
              expected.get(row).key() + random.nextInt(3) - 1,
              expected.get(random.nextInt(count)).key() + random.nextInt(3) - 1,
              random);
        }
      }
    }
    List<LaneRange> inParts = new ArrayList<>();
    List<String> rowsOfParts = new ArrayList<>();
    for (SequencePart part : snapshot.parts(0, count, 1 + count / 7)) {
      assertThat(part.start()).isEqualTo(rowsOfParts.size());
      rowsOfParts.addAll(Rows.read(snapshot, part.ranges(), TABLES));
      assertThat(part.end()).isEqualTo(rowsOfParts.size());
      inParts.addAll(part.ranges());
    }
    assertThat(rowsOfParts).isEqualTo(texts(expected));
    assertThat(inParts.stream().mapToLong(LaneRange::rowCount).sum()).isEqualTo(count);
  }

  private static void checkScan(Snapshot snapshot, List<LaneRange> ranges, List<Expected> expected)
      throws IOException {
    List<LaneRange> inAnyOrder = new ArrayList<>(ranges);
    Collections.reverse(inAnyOrder);
    List<String> rows = new ArrayList<>();
    Batch batch = new Batch(TABLES.size());
    int next = 0;
    try (Scan scan = snapshot.scan(inAnyOrder, TABLES)) {
      while (scan.next(batch)) {
        rows.addAll(Rows.of(batch));
        long rowCount = 0;
        assertThat(scan.rows()).hasSize(scan.runCount());
        for (int run = 0; run < scan.runCount(); run++) {
          assertThat(scan.rows().get(run))
              .isEqualTo(new LaneRange(scan.runLane(run), scan.runStart(run), scan.runEnd(run)));
        }
        for (LaneRange range : scan.rows()) {
          for (long row = range.start(); row < range.end(); row++) {
            Expected place = expected.get(next++);
            if (place.lane() != range.lane() || place.row() != row) {
              throw new AssertionError(place + " is at " + range);
            }
          }
          rowCount += range.rowCount();
        }
        assertThat(rowCount).isEqualTo(batch.rowCount());
      }
      assertThat(batch.rowCount()).isZero();
    }
    assertThat(rows).isEqualTo(texts(expected));
  }

  private static void checkRows(
      RowIterator rows, List<Expected> part, List<Expected> all, int firstRow) throws IOException {
    int row = firstRow;
    for (Expected each : part) {
      assertThat(rows.next()).isTrue();
      if (rows.key() != each.key()
          || rows.row() != row
          || !rows.previousKey().equals(previous(all, row))
          || !HexFormat.of().formatHex(rows.read("a")).equals(each.text().split(" ", -1)[1])) {
        throw new AssertionError(each + " is not row " + rows.row() + ", expected " + row);
      }
      if (row % 500 == 0) {
        assertThat(rows.value("a").bytes()).isEqualTo(rows.read("a"));
      }
      row++;
    }
    assertThat(rows.next()).isFalse();
  }

  private static OptionalLong previous(List<Expected> all, int row) {
    return row == 0 ? OptionalLong.empty() : OptionalLong.of(all.get(row - 1).key());
  }

  private static void checkKey(StoreReader reader, List<Expected> expected, long key)
      throws IOException {
    List<String> values = new ArrayList<>();
    for (Value value : reader.values("a", key)) {
      values.add(HexFormat.of().formatHex(value.bytes()));
      if (values.size() == 20) {
        break;
      }
    }
    assertThat(values)
        .isEqualTo(
            expected.stream()
                .filter(row -> row.key() == key)
                .limit(20)
                .map(row -> row.text().split(" ", -1)[1])
                .toList());
    assertThat(reader.read("a", key).map(HexFormat.of()::formatHex))
        .isEqualTo(values.stream().findFirst());
  }

  private static void checkKeyRange(
      StoreReader reader, List<Expected> expected, long from, long to, Random random)
      throws IOException {
    KeyRange range =
        new KeyRange(
            pick(KeyRange.Start.values(), random), from, pick(KeyRange.End.values(), random), to);
    Predicate<Long> isIn = key -> isBehindStart(range, key);
    OptionalLong covering =
        expected.stream()
            .mapToLong(Expected::key)
            .filter(key -> Long.compareUnsigned(key, to) >= 0)
            .findFirst();
    int start = 0;
    while (start < expected.size() && !isIn.test(expected.get(start).key())) {
      start++;
    }
    int end = start;
    while (end < expected.size() && isBeforeEnd(range, expected.get(end).key(), covering)) {
      end++;
    }
    List<Expected> part = expected.subList(start, end);
    checkScan(reader.snapshot(), reader.snapshot().ranges(range), part);
    try (RowIterator rows = reader.iterate(range, "a")) {
      checkRows(rows, part, expected, start);
    }
    int last = random.nextInt(5);
    int lastStart = Math.max(start, end - last);
    try (RowIterator rows = reader.iterateLast(range, last, "a")) {
      checkRows(rows, expected.subList(lastStart, end), expected, lastStart);
    }
  }

  private static <T> T pick(T[] options, Random random) {
    return options[random.nextInt(options.length)];
  }

  private static boolean isBehindStart(KeyRange range, long key) {
    int order = Long.compareUnsigned(key, range.from());
    return range.start() == KeyRange.Start.AT ? order >= 0 : order > 0;
  }

  private static boolean isBeforeEnd(KeyRange range, long key, OptionalLong covering) {
    int order = Long.compareUnsigned(key, range.to());
    return switch (range.end()) {
      case NONE -> true;
      case BEFORE -> order < 0;
      case AT -> order <= 0;
      case COVERING ->
          range.to() != 0
              && (covering.isEmpty() || Long.compareUnsigned(key, covering.getAsLong()) <= 0);
    };
  }

  private static void checkNew(Store store, Snapshot earlier, List<Expected> expected)
      throws IOException {
    try (StoreReader reader = store.reader();
        RowIterator rows = reader.iterateNew(earlier, "a")) {
      for (int row = 0; row < expected.size(); row++) {
        Expected each = expected.get(row);
        long seen = earlier.record().lane(each.lane()).map(lane -> lane.rows()).orElse(0L);
        if (each.row() < seen) {
          continue;
        }
        assertThat(rows.next()).isTrue();
        assertThat(rows.key()).isEqualTo(each.key());
        assertThat(HexFormat.of().formatHex(rows.read("a")))
            .isEqualTo(each.text().split(" ", -1)[1]);
        if (row % 50 < 3) {
          assertThat(rows.row()).isEqualTo(row);
          assertThat(rows.previousKey()).isEqualTo(previous(expected, row));
        }
      }
      assertThat(rows.next()).isFalse();
    }
  }

  /** A lane for each list of keys, published at once. */
  private Store storeOf(List<LongStream> lanes) throws IOException {
    Store store = create("store");
    beginRuns(store, lanes.size());
    List<Commit> commits = new ArrayList<>();
    for (int lane = 0; lane < lanes.size(); lane++) {
      commits.add(runs.get(lane).prepare(1, Rows.ofKeys(lanes.get(lane))));
    }
    store.publisher().publish(commits, false);
    closeRuns();
    return store;
  }

  /** The keys {@code first}, {@code first + step}, … */
  private static LongStream keys(long first, long step, int count) {
    return LongStream.range(0, count).map(i -> first + i * step);
  }

  /** Lanes that have files open in this process. */
  private static long openLanes(Store store) throws IOException {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      return descriptors
          .map(MergedReadTest::target)
          .filter(file -> file.startsWith(store.directory()) && file.endsWith("keys"))
          .count();
    }
  }

  private static Path target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor);
    } catch (IOException e) {
      return descriptor; // closed meanwhile
    }
  }

  @Test
  void twoHundredLanesAreMergedAtOnce() throws IOException {
    Store store = storeOf(IntStream.range(0, 200).mapToObj(lane -> keys(lane, 200, 300)).toList());
    Snapshot snapshot = store.snapshot();
    assertThat(snapshot.depth()).isEqualTo(200);
    long row = 0;
    Batch batch = new Batch(TABLES.size());
    try (Scan scan = snapshot.scan(snapshot.ranges(), TABLES)) {
      while (scan.next(batch)) {
        for (int i = 0; i < batch.rowCount(); i++) {
          if (batch.key(i) != row++) {
            throw new AssertionError("key " + batch.key(i) + " at row " + (row - 1));
          }
        }
        assertThat(openLanes(store)).isBetween(0L, 200L);
      }
    }
    assertThat(row).isEqualTo(200 * 300);
    assertThat(openLanes(store)).isZero();
    assertThat(Rows.read(snapshot, snapshot.ranges(12_345, 12_350), TABLES))
        .isEqualTo(Rows.ofKeys(LongStream.range(12_345, 12_350)));
  }

  @Test
  void noRowOfADamagedChunkIsHandedOutWhereItIsReadInSmallerWindows() throws IOException {
    List<LongStream> lanes = new ArrayList<>();
    for (int lane = 0; lane < 20; lane++) {
      lanes.add(keys(lane, 20, lane == 3 ? 70_000 : 10));
    }
    Store store = storeOf(lanes);
    Path keys = store.directory().resolve("lanes/00003/keys");
    byte[] bytes = Files.readAllBytes(keys);
    bytes[65_536 * Long.BYTES - 1] ^= 2; // the order stays as it is
    Files.write(keys, bytes);
    Snapshot snapshot = store.snapshot();
    List<Long> read = new ArrayList<>();
    Batch batch = new Batch(TABLES.size());
    try (Scan scan = snapshot.scan(snapshot.ranges(), TABLES)) {
      assertThatThrownBy(() -> readKeys(scan, batch, read))
          .isInstanceOf(CorruptStoreException.class)
          .hasMessageContaining(keys.toString());
    }
    assertThat(read).containsExactly(0L, 1L, 2L);
  }

  private static void readKeys(Scan scan, Batch batch, List<Long> read) throws IOException {
    while (scan.next(batch)) {
      IntStream.range(0, batch.rowCount()).forEach(i -> read.add(batch.key(i)));
    }
  }

  @Test
  void aLaneIsOpenWhileItsRowsAreDueAndNoRowBeforeAnErrorIsLost() throws IOException {
    Store store = storeOf(IntStream.range(0, 6).mapToObj(i -> keys(i * 10L, 1, 12)).toList());
    Snapshot snapshot = store.snapshot();
    assertThat(snapshot.depth()).isEqualTo(2);
    Path missing = store.directory().resolve("lanes/00005/keys");
    Files.move(missing, missing.resolveSibling("moved"));
    List<Long> read = new ArrayList<>();
    Batch batch = new Batch(TABLES.size());
    try (Scan scan = snapshot.scan(snapshot.ranges(), TABLES)) {
      while (read.size() < 5 * 12 - 1) {
        assertThat(scan.next(batch)).isTrue();
        IntStream.range(0, batch.rowCount()).forEach(i -> read.add(batch.key(i)));
        assertThat(openLanes(store)).isLessThanOrEqualTo(2);
      }
      assertThatThrownBy(() -> scan.next(batch))
          .isInstanceOf(CorruptStoreException.class)
          .hasMessageContaining(missing + " is missing");
      Files.move(missing.resolveSibling("moved"), missing);
      readKeys(scan, batch, read);
    }
    assertThat(read)
        .isEqualTo(
            IntStream.range(0, 6)
                .boxed()
                .flatMapToLong(i -> keys(i * 10L, 1, 12))
                .sorted()
                .boxed()
                .toList());
  }

  /** The cut would be in a sound chunk, behind rows of lane 0 that should be hidden. */
  @Test
  void aTruncationIsNotMisledByDamagedKeysFarFromTheCut() throws IOException {
    Store store = storeOf(List.of(keys(300_000, 1, 1000), keys(0, 2, 200_000)));
    Path keys = store.directory().resolve("lanes/00001/keys");
    byte[] bytes = Files.readAllBytes(keys);
    for (int row = 65_536; row < 131_072; row++) {
      bytes[row * Long.BYTES + 2] = 1; // far above all others
    }
    Files.write(keys, bytes);
    Snapshot before = store.snapshot();
    assertThatThrownBy(() -> store.publisher().truncate(136_072))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining("its keys are not in order");
    assertThat(store.snapshot().record()).isEqualTo(before.record());
  }

  @Test
  void valuesOfAKeyComeByTheNumberOfTheirLaneWhereverItBegins() throws IOException {
    Store store = create("store");
    beginRuns(store, 2);
    Random random = new Random(1);
    List<Commit> commits = new ArrayList<>();
    commits.add(prepare(0, new long[] {5, 7}, random, new ArrayList<>()));
    commits.add(prepare(1, new long[] {1, 5, 9}, random, new ArrayList<>()));
    store.publisher().publish(commits, false);
    closeRuns();
    try (StoreReader reader = store.reader()) {
      List<String> values = new ArrayList<>();
      for (Value value : reader.values("a", 5)) {
        values.add(new String(value.bytes(), StandardCharsets.UTF_8));
      }
      assertThat(values).containsExactly("0/0", "1/1");
      assertThat(reader.read("a", 5)).hasValue("0/0".getBytes(StandardCharsets.UTF_8));
    }
  }

  @Test
  void rangesOfOneLaneAscend() throws IOException {
    Snapshot snapshot = storeOf(List.of(keys(0, 1, 10))).snapshot();
    List<LaneRange> descending = List.of(new LaneRange(0, 5, 6), new LaneRange(0, 0, 1));
    assertThatThrownBy(() -> snapshot.scan(descending, TABLES))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("does not follow");
    assertThat(Rows.read(snapshot, List.of(new LaneRange(0, 0, 1), new LaneRange(0, 5, 6)), TABLES))
        .isEqualTo(Rows.ofKeys(LongStream.of(0, 5)));
  }
}
