package io.timestore.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.timestore.disk.Disk;
import io.timestore.disk.LocalDisk;
import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Lane;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.RandomAccessFile;
import java.lang.Thread.State;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class StoreReaderTest {
  private static final List<String> TABLES = List.of("a", "b");

  @TempDir Path directory;
  private Store store;
  private StoreReader reader;

  @BeforeEach
  void create() throws IOException {
    store = Store.openOrCreate(directory.resolve("store"), TABLES);
    reader = store.reader();
  }

  @AfterEach
  void close() throws IOException {
    reader.close();
  }

  private void commit(List<String> rows) throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(rows));
      writer.commit();
    }
  }

  /** Commits rows of these keys, and lets the reader see them. */
  private void keys(long... keys) throws IOException {
    commit(Rows.ofKeys(LongStream.of(keys)));
    reader.refresh();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  @Test
  void aReaderSeesNewRowsAfterARefreshOnly() throws IOException {
    commit(Rows.ofKeys(LongStream.range(0, 10)));
    assertThat(reader.rowCount()).isZero();
    assertThat(reader.read("a", 3)).isEmpty();

    assertThat(reader.refresh()).isTrue();
    assertThat(reader.refresh()).isFalse();
    assertThat(reader.rowCount()).isEqualTo(10);
    assertThat(reader.read("a", 3)).hasValue(bytes("v3"));
    assertThat(reader.read("b", 3)).hasValue(new byte[0]);
    assertThat(reader.read("a", 10)).isEmpty();
    assertThat(reader.key(9)).isEqualTo(9);
  }

  @Test
  void keysAreUnsigned() throws IOException {
    keys(0, 0, 5, Long.MAX_VALUE, Long.MIN_VALUE, -2, -1, -1);

    assertThat(reader.read("a", 0)).hasValue(bytes("v0"));
    assertThat(reader.read("a", Long.MIN_VALUE)).hasValue(bytes("v" + Long.MIN_VALUE));
    assertThat(reader.values("a", -1)).hasSize(2);
    assertThat(keys(KeyRange.atLeast(Long.MIN_VALUE)))
        .containsExactly(Long.MIN_VALUE, -2L, -1L, -1L);
    assertThat(keys(KeyRange.closed(0, 5))).containsExactly(0L, 0L, 5L);
    assertThat(keys(KeyRange.closed(-2, -1))).containsExactly(-2L, -1L, -1L);
    assertThat(keys(KeyRange.closedOpen(-2, -1))).containsExactly(-2L);
    assertThat(keys(KeyRange.covering(-1, -1))).isEmpty();
  }

  @Test
  void aRowThatIsNotThereIsRefused() throws IOException {
    keys(10, 20);

    for (long row : new long[] {-1, 2, Long.MIN_VALUE, Long.MAX_VALUE}) {
      assertThatThrownBy(() -> reader.key(row))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("row " + row + " of 2 in " + store.directory());
      assertThatThrownBy(() -> reader.valueAt("a", row))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> reader.iterateRows(1, 3)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> reader.iterateRows(-1, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private List<Long> keys(KeyRange range) throws IOException {
    List<Long> keys = new ArrayList<>();
    try (RowIterator rows = reader.iterate(range)) {
      while (rows.next()) {
        keys.add(rows.key());
      }
    }
    return keys;
  }

  @Test
  void allRowsOfEqualKeysComeBackInTheirOrder() throws IOException {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 3000; i++) {
      rows.add(i / 1000 + " " + HexFormat.of().toHexDigits(i) + " -");
    }
    commit(rows);
    reader.refresh();

    List<Value> values = reader.values("a", 1);
    assertThat(values).hasSize(1000);
    for (int i = 0; i < 1000; i++) {
      assertThat(HexFormat.fromHexDigits(HexFormat.of().formatHex(values.get(i).bytes())))
          .isEqualTo(1000 + i);
    }
    assertThat(reader.values("a", 3)).isEmpty();
  }

  @Test
  void allRowsOfAKeyAreReadIntoABatch() throws IOException {
    keys(10, 20, 20, 30);
    WriterOptions late = WriterOptions.defaults().withLateRows(WriterOptions.LateRows.KEEP);
    try (StoreWriter writer = store.writer(late)) {
      writer.append(Rows.batch(Rows.ofKeys(LongStream.of(15, 20))));
      writer.commit();
    }
    reader.refresh();
    Batch batch = new Batch(2);

    SequencePart found = reader.read(20, List.of("b", "a"), batch);

    assertThat(found.ranges()).containsExactly(new LaneRange(0, 1, 3), new LaneRange(1, 1, 2));
    assertThat(found.start()).isEqualTo(2);
    assertThat(found.end()).isEqualTo(5);
    assertThat(found.previousKey()).hasValue(15);
    assertThat(batch.rowCount()).isEqualTo(3);
    for (int row = 0; row < 3; row++) {
      assertThat(batch.key(row)).isEqualTo(20);
      assertThat(batch.column(0).bytesAt(row)).isEmpty();
      assertThat(batch.column(1).bytesAt(row)).isEqualTo(bytes("v20"));
    }
    Batch nothing = new Batch(0);
    assertThat(reader.read(25, List.of(), nothing).previousKey()).hasValue(20);
    assertThat(nothing.rowCount()).isZero();
    assertThatThrownBy(() -> reader.read(20, List.of("a"), new Batch(2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a batch of 2 columns for 1 tables");
  }

  @Test
  void aCoveringRangeEndsWithTheFirstKeyAtOrBehindItsEnd() throws IOException {
    keys(10, 20, 20, 30, 40);

    assertThat(keys(KeyRange.covering(0, 10))).containsExactly(10L);
    assertThat(keys(KeyRange.covering(0, 11))).containsExactly(10L, 20L, 20L);
    assertThat(keys(KeyRange.covering(10, 20))).containsExactly(20L, 20L);
    assertThat(keys(KeyRange.covering(10, 25))).containsExactly(20L, 20L, 30L);
    assertThat(keys(KeyRange.covering(35, 99))).containsExactly(40L);
    assertThat(keys(KeyRange.covering(40, 99))).isEmpty();
    assertThat(keys(KeyRange.covering(30, 20))).isEmpty();
    assertThat(keys(KeyRange.covering(15, 15))).containsExactly(20L, 20L);
    assertThat(keys(KeyRange.covering(0, 0))).isEmpty();
    assertThat(keys(KeyRange.covering(5, 0))).isEmpty();
    assertThat(keys(KeyRange.covering(5, 1))).containsExactly(10L);
  }

  @Test
  void plainRangesHoldTheKeysBetweenTheirEnds() throws IOException {
    keys(10, 20, 20, 30, 40);

    assertThat(keys(KeyRange.all())).containsExactly(10L, 20L, 20L, 30L, 40L);
    assertThat(keys(KeyRange.closedOpen(20, 40))).containsExactly(20L, 20L, 30L);
    assertThat(keys(KeyRange.closedOpen(20, 20))).isEmpty();
    assertThat(keys(KeyRange.closedOpen(40, 10))).isEmpty();
    assertThat(keys(KeyRange.closed(20, 20))).containsExactly(20L, 20L);
    assertThat(keys(KeyRange.closed(15, 35))).containsExactly(20L, 20L, 30L);
    assertThat(keys(KeyRange.atLeast(21))).containsExactly(30L, 40L);
    assertThat(keys(KeyRange.atLeast(41))).isEmpty();
  }

  @Test
  void everyRowKnowsTheKeyBeforeIt() throws IOException {
    keys(10, 20, 20, 30);

    try (RowIterator rows = reader.iterate(KeyRange.covering(10, 30))) {
      List<String> intervals = new ArrayList<>();
      while (rows.next()) {
        intervals.add(rows.previousKey().orElseThrow() + "-" + rows.key() + " row " + rows.row());
      }
      assertThat(intervals).containsExactly("10-20 row 1", "20-20 row 2", "20-30 row 3");
    }
    try (RowIterator rows = reader.iterate(KeyRange.all())) {
      assertThat(rows.next()).isTrue();
      assertThat(rows.previousKey()).isEqualTo(OptionalLong.empty());
      assertThat(rows.next()).isTrue();
      assertThat(rows.previousKey()).hasValue(10);
    }
  }

  @Test
  void intervalsGoOnAcrossBatchesAndLanes() throws IOException {
    // Two runs that are alive at once: the second one's rows are in a lane of their own.
    try (SinkRun first = SinkRun.begin(store, UUID.randomUUID(), UUID.randomUUID());
        SinkRun second = SinkRun.begin(store, UUID.randomUUID(), UUID.randomUUID());
        Publisher publisher = store.publisher()) {
      publisher.publish(List.of(first.prepare(1, 0, 10_000)), false);
      publisher.publish(List.of(second.prepare(1, 10_000, 20_000)), false);
    }
    reader.refresh();
    assertThat(reader.snapshot().record().lanes()).hasSize(2);

    try (RowIterator rows = reader.iterate(KeyRange.all(), "a")) {
      for (long row = 0; row < 20_000; row++) {
        assertThat(rows.next()).isTrue();
        if (rows.key() != row
            || rows.row() != row
            || (row > 0 && rows.previousKey().getAsLong() != row - 1)) {
          throw new AssertionError("row " + row + ": " + rows.previousKey() + " " + rows.key());
        }
      }
      assertThat(rows.next()).isFalse();
    }
    assertThat(reader.key(9_999)).isEqualTo(9_999);
    assertThat(reader.key(10_000)).isEqualTo(10_000);
    try (RowIterator rows = reader.iterateRows(9_999, 10_002)) {
      advance(rows, 2);
      assertThat(rows.previousKey()).hasValue(9_999);
    }
  }

  private static void advance(RowIterator rows, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      assertThat(rows.next()).isTrue();
    }
  }

  @Test
  void theLastRowsOfARangeAreFound() throws IOException {
    keys(10, 20, 20, 30);

    assertThat(lastKeys(KeyRange.atMost(25), 1)).containsExactly("1 20 after 20 row 2");
    assertThat(lastKeys(KeyRange.atMost(9), 1)).isEmpty();
    assertThat(lastKeys(KeyRange.atMost(10), 5)).containsExactly("1 10 after - row 0");
    assertThat(lastKeys(KeyRange.all(), 2))
        .containsExactly("1 20 after 20 row 2", "2 30 after 20 row 3");
    assertThat(lastKeys(KeyRange.all(), 0)).isEmpty();
    assertThatThrownBy(() -> reader.iterateLast(KeyRange.all(), -1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private List<String> lastKeys(KeyRange range, long rowCountMax) throws IOException {
    try (RowIterator rows = reader.iterateLast(range, rowCountMax)) {
      return describe(rows);
    }
  }

  private static List<String> describe(RowIterator rows) throws IOException {
    List<String> lines = new ArrayList<>();
    while (rows.next()) {
      OptionalLong previous = rows.previousKey();
      lines.add(
          "%d %d after %s row %d"
              .formatted(
                  lines.size() + 1,
                  rows.key(),
                  previous.isPresent() ? previous.getAsLong() : "-",
                  rows.row()));
    }
    return lines;
  }

  @Test
  void newRowsComeOnceEvenWhereTheyAreOlder() throws IOException {
    try (SinkRun first = SinkRun.begin(store, UUID.randomUUID(), UUID.randomUUID());
        SinkRun second = SinkRun.begin(store, UUID.randomUUID(), UUID.randomUUID());
        Publisher publisher = store.publisher()) {
      Commit older = first.prepare(1, 10, 12);
      publisher.publish(List.of(second.prepare(1, 20, 22)), false);
      reader.refresh();
      Snapshot earlier = reader.snapshot();
      assertThat(reader.rowCount()).isEqualTo(2);

      publisher.publish(List.of(older), false);
      publisher.publish(List.of(second.prepare(2, 22, 23)), false);
      reader.refresh();
      try (RowIterator rows = reader.iterateNew(earlier, "a")) {
        assertThat(describe(rows))
            .containsExactly("1 10 after - row 0", "2 11 after 10 row 1", "3 22 after 21 row 4");
      }
      try (RowIterator rows = reader.iterateNew(reader.snapshot())) {
        assertThat(rows.next()).isFalse();
      }
    }
    Store other = Store.openOrCreate(directory.resolve("other"), TABLES);
    assertThatThrownBy(() -> reader.iterateNew(other.snapshot()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(") is not " + store.directory());
  }

  @Test
  void theSmallestAndTheLargestKeyAreKnown() throws IOException {
    assertThat(reader.snapshot().smallestKey()).isEmpty();
    assertThat(reader.snapshot().largestKey()).isEmpty();
    keys(5, 7, -3);
    assertThat(reader.snapshot().smallestKey()).hasValue(5);
    assertThat(reader.snapshot().largestKey()).hasValue(-3);
  }

  @Test
  void aTableThatIsNotThereIsNamedInAnEmptyStoreToo() {
    assertThatThrownBy(() -> reader.read("nope", 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(store.directory() + " has no table 'nope', found [a, b]");
    assertThatThrownBy(() -> reader.iterate(KeyRange.all(), "nope"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void anyTableIsReadAtTheRowOfTheIterator() throws IOException {
    List<String> written = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      written.add(i + " " + Rows.hex("a" + i) + " " + Rows.hex("bb" + i));
    }
    commit(written);
    reader.refresh();

    try (RowIterator rows = reader.iterate(KeyRange.atLeast(4_000), "b")) {
      assertThatThrownBy(rows::key)
          .isInstanceOf(NoSuchElementException.class)
          .hasMessage("call next() first");
      for (int i = 4_000; i < 10_000; i++) {
        assertThat(rows.next()).isTrue();
        if (!Arrays.equals(rows.read("b"), bytes("bb" + i))
            || (i % 97 == 0 && !Arrays.equals(rows.read("a"), bytes("a" + i)))) {
          throw new AssertionError("row " + i);
        }
      }
      assertThat(rows.read("a", List.of(new ByteRange(1, 5), new ByteRange(0, 1))))
          .containsExactly(bytes("9999"), bytes("a"));
      assertThat(rows.next()).isFalse();
      assertThat(rows.next()).isFalse();
      assertThatThrownBy(rows::key)
          .isInstanceOf(NoSuchElementException.class)
          .hasMessage("the iterator is behind the last row");
    }
  }

  @Test
  void anIteratorKeepsItsRowsWhileItsReaderGoesOn() throws IOException {
    keys(1, 2, 3);
    try (RowIterator rows = reader.iterate(KeyRange.all())) {
      keys(4, 5);
      assertThat(reader.rowCount()).isEqualTo(5);
      int count = 0;
      while (rows.next()) {
        count++;
      }
      assertThat(count).isEqualTo(3);
    }
  }

  @Test
  void rangesOfAValueComeInTheOrderAskedFor() throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    byte[] value = new byte[3_000_000];
    random.nextBytes(value);
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(1, new byte[100], new byte[0]);
      writer.append(2, value, new byte[0]);
      writer.commit();
    }
    for (ReaderOptions options :
        List.of(
            ReaderOptions.defaults(),
            new ReaderOptions(1, 0, 1),
            new ReaderOptions(7, 1_000, 100_000))) {
      try (StoreReader other = store.reader(options)) {
        Value found = other.value("a", 2).orElseThrow();
        List<ByteRange> ranges = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
          int start = random.nextInt(value.length);
          int length = random.nextInt(Math.min(value.length - start, i < 5 ? 1 << 20 : 5_000));
          ranges.add(new ByteRange(start, start + length));
        }
        ranges.add(new ByteRange(0, value.length));
        ranges.add(new ByteRange(value.length, value.length));
        List<byte[]> parts = found.read(ranges);
        for (int i = 0; i < ranges.size(); i++) {
          ByteRange range = ranges.get(i);
          byte[] expected = Arrays.copyOfRange(value, (int) range.start(), (int) range.end());
          assertThat(Arrays.equals(parts.get(i), expected))
              .as("seed %d, %s, %s", seed, options, range)
              .isTrue();
        }
      }
    }
  }

  @Test
  void nearRangesAreReadAtOnceAndFarOnesAreNot() throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(1, new byte[1_000_000], new byte[0]);
      writer.commit();
    }
    List<ByteRange> ranges =
        IntStream.range(0, 1000).mapToObj(i -> new ByteRange(i * 1000L, i * 1000L + 10)).toList();

    assertThat(readsOf(new ReaderOptions(4, 990, 1 << 20), ranges)).isEqualTo(1);
    assertThat(readsOf(new ReaderOptions(4, 989, 1 << 20), ranges)).isEqualTo(1000);
    assertThat(readsOf(new ReaderOptions(4, 990, 10_010), ranges)).isEqualTo(91);
  }

  private long readsOf(ReaderOptions options, List<ByteRange> ranges) throws IOException {
    CountingDisk disk = new CountingDisk(new LocalDisk());
    try (StoreReader counted = Store.open(disk.disk(), store.directory()).reader(options)) {
      Value value = counted.value("a", 1).orElseThrow();
      long before = disk.readCount();
      value.read(ranges);
      return disk.readCount() - before;
    }
  }

  @Test
  void eachRangeHasAnArrayOfItsOwn() throws IOException {
    keys(1);
    ByteRange all = new ByteRange(0, 2);

    List<byte[]> parts = reader.value("a", 1).orElseThrow().read(List.of(all, all));
    parts.get(0)[0] = 0;

    assertThat(parts.get(1)).isEqualTo(bytes("v1"));
  }

  @Test
  void aRangeThatLeavesTheValueIsRefused() throws IOException {
    keys(1, 2);
    Value value = reader.value("a", 1).orElseThrow();

    assertThatThrownBy(() -> value.read(List.of(new ByteRange(1, 3))))
        .isInstanceOf(IndexOutOfBoundsException.class)
        .hasMessageContaining(
            "a/data: the value of 2 bytes at byte 0: bytes 1 to 3 were asked for");
    assertThatThrownBy(() -> new ByteRange(2, 1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void valuesOfSeveralGibibytesGoInAndOutAsStreams() throws IOException {
    long sizeBytes = (5L << 30) / 2 + 12_345; // 2.5 GiB: more than an array or an int holds
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(1, bytes("before"), bytes("x"));
      writer.append(2, List.of(new Pattern(sizeBytes), new ByteArrayInputStream(bytes("beside"))));
      writer.append(3, bytes("after"), new byte[0]);
      writer.commit();
    }
    reader.refresh();
    Value value = reader.value("a", 2).orElseThrow();

    assertThat(value.sizeBytes()).isEqualTo(sizeBytes);
    assertThatThrownBy(value::bytes)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("too large for one array, read it by ranges or as a stream");
    long far = (1L << 31) + 77;
    assertThat(value.read(List.of(new ByteRange(far, far + 1000))).get(0))
        .isEqualTo(Pattern.bytes(far, 1000));
    byte[] part = new byte[1 << 20];
    long position = 0;
    try (InputStream in = value.newInputStream()) {
      for (int count = in.read(part); count >= 0; count = in.read(part)) {
        if (!Arrays.equals(part, 0, count, Pattern.bytes(position, count), 0, count)) {
          throw new AssertionError("other bytes from " + position + " on");
        }
        position += count;
      }
    }
    assertThat(position).isEqualTo(sizeBytes);
    assertThat(reader.read("b", 2)).hasValue(bytes("beside"));
    assertThat(reader.read("a", 3)).hasValue(bytes("after"));
    try (RowIterator rows = reader.iterate(KeyRange.all(), "b")) {
      advance(rows, 3);
      assertThat(rows.read("a")).isEqualTo(bytes("after"));
    }
    try (RowIterator rows = reader.iterate(KeyRange.atLeast(2), "a")) {
      assertThatThrownBy(rows::next)
          .isInstanceOf(UnsupportedStoreException.class)
          .hasMessageContaining("a value of " + sizeBytes + " bytes is too large for a batch");
    }
  }

  /** Bytes that follow from their positions. */
  private static final class Pattern extends InputStream {
    private final long sizeBytes;
    private long position;

    Pattern(long sizeBytes) {
      this.sizeBytes = sizeBytes;
    }

    static byte[] bytes(long position, int count) {
      byte[] bytes = new byte[count];
      for (int i = 0; i < count; i++) {
        bytes[i] = (byte) ((position + i) * 31 ^ (position + i) >>> 13);
      }
      return bytes;
    }

    @Override
    public int read() {
      throw new UnsupportedOperationException("bytes are read by the array");
    }

    @Override
    public int read(byte[] target, int offset, int length) {
      int count = (int) Math.min(length, sizeBytes - position);
      if (count == 0) {
        return -1;
      }
      System.arraycopy(bytes(position, count), 0, target, offset, count);
      position += count;
      return count;
    }
  }

  @Test
  void aStreamThatFailsLeavesNothingBehind() throws IOException {
    keys(1);
    InputStream failing =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("the caller's own trouble");
          }

          @Override
          public int read(byte[] target, int offset, int length) throws IOException {
            return read();
          }
        };
    StoreWriter writer = store.writer(WriterOptions.defaults());
    writer.append(2, bytes("x"), bytes("y"));
    assertThatThrownBy(
            () -> writer.append(3, List.of(new ByteArrayInputStream(bytes("z")), failing)))
        .hasMessage("the caller's own trouble");
    assertThatThrownBy(writer::commit)
        .isInstanceOf(IOException.class)
        .hasMessageContaining(
            "this writer failed before and can't go on: the caller's own trouble");
    writer.close();

    assertThat(reader.refresh()).as("the lane was taken").isTrue();
    assertThat(reader.rowCount()).isEqualTo(1);
    keys(2);
    assertThat(reader.read("a", 2)).hasValue(bytes("v2"));
  }

  @Test
  void hundredsOfTablesAreWrittenAndRead() throws IOException {
    List<String> tables = IntStream.range(0, 400).mapToObj(i -> "table " + i).toList();
    Store wide = Store.openOrCreate(directory.resolve("wide"), tables);
    try (StoreWriter writer = wide.writer(WriterOptions.defaults())) {
      for (int key = 0; key < 100; key++) {
        int row = key;
        writer.append(key, tables.stream().map(table -> bytes(table + row)).toArray(byte[][]::new));
      }
      assertThat(writer.commit()).isEqualTo(100);
    }
    try (StoreReader wideReader = wide.reader();
        RowIterator rows = wideReader.iterate(KeyRange.all(), tables.toArray(String[]::new))) {
      for (int key = 0; key < 100; key++) {
        assertThat(rows.next()).isTrue();
        assertThat(rows.read("table 399")).isEqualTo(bytes("table 399" + key));
      }
      assertThat(wideReader.read("table 123", 45)).hasValue(bytes("table 12345"));
    }
  }

  @Test
  void waitingEndsWithTheNextCommit() throws Exception {
    ExecutorService waiter = Executors.newSingleThreadExecutor();
    try {
      for (int key = 0; key < 20; key++) {
        CountDownLatch waits = new CountDownLatch(1);
        Future<Boolean> changed =
            waiter.submit(
                () -> {
                  waits.countDown();
                  return reader.awaitChange(Duration.ofSeconds(60));
                });
        waits.await();
        commit(Rows.ofKeys(LongStream.of(key)));
        assertThat(changed.get()).isTrue();
        reader.refresh();
        assertThat(reader.rowCount()).isEqualTo(key + 1);
      }
    } finally {
      waiter.shutdownNow();
    }
  }

  @Test
  void waitingEndsWithTheTimeWhereNothingComes() throws Exception {
    assertThat(reader.awaitChange(Duration.ofMillis(30))).isFalse();
    assertThat(reader.awaitChange(Duration.ZERO)).isFalse();
    commit(Rows.ofKeys(LongStream.of(1)));
    assertThat(reader.awaitChange(Duration.ZERO)).isTrue();
    assertThat(reader.awaitChange(Duration.ofSeconds(Long.MIN_VALUE))).isFalse();
    assertThat(reader.awaitChange(Duration.ofNanos(Long.MIN_VALUE))).isFalse();
    commit(Rows.ofKeys(LongStream.of(2)));
    assertThat(reader.awaitChange(Duration.ofSeconds(Long.MAX_VALUE))).isTrue();
  }

  @Test
  void waitingSeesRowsOfTheCrate() throws Exception {
    ExecutorService waiter = Executors.newSingleThreadExecutor();
    try {
      Future<Boolean> changed = waiter.submit(() -> reader.awaitChange(Duration.ofSeconds(60)));
      Crate.append(store.directory(), TABLES, List.of("7 61 62"));
      assertThat(changed.get()).isTrue();
      assertThat(reader.read("b", 7)).hasValue(bytes("b"));
    } finally {
      waiter.shutdownNow();
    }
  }

  @Test
  void manyThreadsWaitOnOneReader() throws Exception {
    ExecutorService waiters = Executors.newFixedThreadPool(5);
    try {
      List<Future<Boolean>> changed = new ArrayList<>();
      CountDownLatch wait = new CountDownLatch(5);
      for (int i = 0; i < 5; i++) {
        changed.add(
            waiters.submit(
                () -> {
                  wait.countDown();
                  return reader.awaitChange(Duration.ofSeconds(60));
                }));
      }
      wait.await();
      for (int key = 0; !changed.stream().allMatch(Future::isDone); key++) {
        // A thread that had not begun to wait may need the next commit.
        commit(Rows.ofKeys(LongStream.of(key)));
      }
      for (Future<Boolean> one : changed) {
        assertThat(one.get()).isTrue();
      }
    } finally {
      waiters.shutdownNow();
    }
  }

  @Test
  void oneCommitEndsTheWaitingOfAll() throws Exception {
    List<Thread> threads = new CopyOnWriteArrayList<>();
    ExecutorService waiters = Executors.newFixedThreadPool(3);
    try (SinkRun run = SinkRun.begin(store, UUID.randomUUID(), UUID.randomUUID());
        Publisher publisher = store.publisher()) {
      Commit commit = run.prepare(1, 0, 10);
      reader.refresh();
      List<Future<Boolean>> changed = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        changed.add(
            waiters.submit(
                () -> {
                  threads.add(Thread.currentThread());
                  return reader.awaitChange(Duration.ofSeconds(20));
                }));
      }
      await()
          .until(
              () ->
                  threads.size() == 3
                      && threads.stream().allMatch(t -> t.getState() == State.TIMED_WAITING));
      publisher.publish(List.of(commit), false); // One rename, which one of them takes.
      for (Future<Boolean> one : changed) {
        assertThat(one.get()).isTrue();
      }
    } finally {
      waiters.shutdownNow();
    }
  }

  @Test
  void closingIsSafeWhileOthersRead() throws Exception {
    commit(Rows.ofKeys(LongStream.range(0, 50_000)));
    reader.refresh();
    ExecutorService others = Executors.newFixedThreadPool(4);
    CountDownLatch read = new CountDownLatch(3);
    CountDownLatch iterated = new CountDownLatch(3);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        Random random = new Random(i);
        all.add(
            others.submit(
                () -> {
                  while (true) {
                    long key = random.nextInt(50_000);
                    assertThat(reader.read("a", key)).hasValue(bytes("v" + key));
                    read.countDown();
                  }
                }));
      }
      all.add(
          others.submit(
              () -> {
                while (true) {
                  try (RowIterator rows = reader.iterate(KeyRange.all(), "a", "b")) {
                    while (rows.next()) {
                      iterated.countDown();
                    }
                  }
                }
              }));
      Future<Boolean> waiting = others.submit(() -> reader.awaitChange(Duration.ofSeconds(60)));
      all.add(waiting);
      read.await();
      iterated.await();

      reader.close();

      for (Future<?> other : all) {
        assertThatThrownBy(other::get)
            .isInstanceOf(ExecutionException.class)
            .cause()
            .isInstanceOf(IOException.class)
            .hasMessageContaining("closed");
      }
      assertThatThrownBy(() -> reader.read("a", 1))
          .isInstanceOf(IOException.class)
          .hasMessage(store.directory() + ": this reader is closed");
      assertThatThrownBy(() -> reader.awaitChange(Duration.ofSeconds(1)))
          .hasMessage(store.directory() + ": this reader is closed");
      reader.close();
    } finally {
      others.shutdownNow();
    }
  }

  @Test
  void filesAreOpenedWhenTheyAreNeededAndClosedInTheEnd() throws Exception {
    keys(LongStream.range(0, 10_000).toArray());
    try (StoreReader other = store.reader()) {
      assertThat(openFiles()).isEmpty();
      try (RowIterator rows = other.iterateRows(0, 10_000, "a", "b")) {
        advance(rows, 10_000);
        assertThat(rows.next()).isFalse();
        assertThat(openFiles()).as("at the end").isEmpty();
      }
      try (RowIterator rows = other.iterateRows(0, 10_000, "a", "b")) {
        advance(rows, 1);
        assertThat(openFiles()).hasSize(5);
      }
      assertThat(openFiles()).as("the iterator is closed").isEmpty();

      for (long key = 0; key < 100; key++) {
        other.read("a", key);
      }
      RowIterator neverClosed = other.iterateRows(0, 10_000, "a");
      advance(neverClosed, 1);
      assertThat(openFiles()).hasSize(3 + 3).contains("keys", "a/offsets", "a/data");
    }
    assertThat(openFiles()).as("the reader is closed").isEmpty();
  }

  @Test
  void anIteratorThatReadsAheadLeavesNoFileOpenWhenItIsClosed() throws IOException {
    keys(LongStream.range(0, 10_000).toArray());
    for (int i = 0; i < 300; i++) {
      reader.iterateRows(0, 10_000, "a", "b").close();
      assertThat(openFiles()).as("iterator %d", i).isEmpty();
    }
  }

  /** Files of the store that this process has open. */
  private List<String> openFiles() throws IOException {
    List<String> files = new ArrayList<>();
    Path root = store.directory().toRealPath();
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      for (Path descriptor : descriptors.toList()) {
        if (Files.isSymbolicLink(descriptor)) { // Others are closed by now.
          Path file = Files.readSymbolicLink(descriptor);
          if (file.startsWith(root)) {
            files.add(root.relativize(file).toString());
          }
        }
      }
    }
    return files;
  }

  @Test
  void threadsOfAClosedReaderEnd() throws Exception {
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    for (int i = 0; i < 3; i++) {
      try (StoreReader other = store.reader()) {
        other.awaitChange(Duration.ZERO);
        assertThat(threadsSince(before)).contains("timestore-reader-0");
      }
    }
    await().untilAsserted(() -> assertThat(threadsSince(before)).isEmpty());
  }

  /** Those of kinds that readers start. */
  private static List<String> threadsSince(Set<Thread> before) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> !before.contains(thread))
        .map(Thread::getName)
        .filter(name -> name.startsWith("timestore-reader") || name.contains("WatchService"))
        .toList();
  }

  @Test
  void aLaneWhoseFirstRowsAreHiddenIsReadFromTheFirstVisibleOne() throws IOException {
    long[] keys = LongStream.range(0, 3_000).map(i -> i / 2 * 10).toArray();
    keys(keys);
    CommitRecord record = reader.snapshot().record();
    Lane lane = record.lanes().get(0);
    Lane hidden =
        new Lane(
            0,
            0,
            0,
            0,
            lane.owner(),
            lane.base(),
            1_001,
            lane.rows(),
            keys[1_001],
            lane.largestKey(),
            lane.keysTailCrc(),
            lane.tables());
    Path length = store.directory().resolve("length");
    Files.delete(length);
    Files.write(length, record.withLane(hidden).toBytes());
    reader.refresh();

    assertThat(reader.rowCount()).isEqualTo(1_999);
    for (int row : new int[] {0, 1, 2, 700, 1_998}) {
      assertThat(reader.key(row)).isEqualTo(keys[row + 1_001]);
    }
    assertThat(reader.values("a", keys[1_001])).as("the other is hidden").hasSize(1);
    assertThat(reader.values("a", keys[2_000])).hasSize(2);
    assertThat(reader.read("a", keys[1_000 - 2])).isEmpty();
    assertThat(reader.read("a", keys[1_777])).hasValue(bytes("v" + keys[1_777]));
    try (RowIterator rows = reader.iterate(KeyRange.atLeast(keys[1_001]), "a")) {
      advance(rows, 1);
      assertThat(rows.row()).isZero();
      assertThat(rows.previousKey()).isEmpty();
      assertThat(rows.read("a")).isEqualTo(bytes("v" + keys[1_001]));
    }
    try (RowIterator rows = reader.iterate(KeyRange.closed(keys[2_000], keys[2_000]))) {
      advance(rows, 2);
      assertThat(rows.row()).isEqualTo(2_001 - 1_001);
      assertThat(rows.next()).isFalse();
    }
  }

  @Test
  void anIteratorThatIsClosedSaysSo() throws IOException {
    keys(1, 2);
    RowIterator rows = reader.iterate(KeyRange.all());
    rows.next();
    rows.close();
    rows.close();

    assertThatThrownBy(rows::next).hasMessageEndingWith("2 rows: this iterator is closed");
  }

  @Test
  void anIteratorOfAClosedReaderSkipsNoRow() throws IOException {
    keys(LongStream.range(0, 10_000).toArray());
    try (RowIterator rows = reader.iterate(KeyRange.all())) {
      reader.close();

      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(rows::next).hasMessage(store.directory() + ": this reader is closed");
        assertThatThrownBy(rows::key).isInstanceOf(NoSuchElementException.class);
      }
    }
  }

  @Test
  void anInterruptedIteratorSkipsNoRow() throws Exception {
    Snapshot empty = store.snapshot();
    keys(LongStream.range(0, 10).toArray());
    CountDownLatch busy = new CountDownLatch(1);
    try (StoreReader single = store.reader(new ReaderOptions(1, 0, 1))) {
      Future<Boolean> others = single.submit(() -> busy.await(60, TimeUnit.SECONDS));
      try (RowIterator rows = single.iterateNew(empty, "a")) {
        Thread.currentThread().interrupt();
        assertThatThrownBy(rows::next).isInstanceOf(InterruptedIOException.class);
        assertThat(Thread.interrupted()).isTrue();
        busy.countDown();
        assertThat(others.get()).isTrue();

        for (long row = 0; row < 10; row++) {
          advance(rows, 1);
          assertThat(rows.row()).isEqualTo(row);
          assertThat(rows.previousKey().orElse(-1)).isEqualTo(row - 1);
          assertThat(rows.read("a")).isEqualTo(bytes("v" + row));
        }
        assertThat(rows.next()).isFalse();
      }
    }
  }

  @Test
  void aReaderOfTheCratesStoreGoesOnWhenOursAdoptsIt() throws Exception {
    Path path = directory.resolve("crate");
    for (String table : TABLES) {
      Files.createDirectories(path.resolve(table));
    }
    Files.write(path.resolve("length"), new byte[Long.BYTES]);
    Crate.append(path, TABLES, Rows.ofKeys(LongStream.range(0, 10)));
    Store before = Store.open(path);
    assertThatThrownBy(() -> Store.openOrCreate(path, List.of("a", "c")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(path + " has the tables [a, b], a schema was given for [a, c]");
    try (StoreReader early = before.reader()) {
      Store adopted = Store.openOrCreate(path, TABLES);
      assertThat(early.refresh()).isFalse();
      try (StoreWriter writer = adopted.writer(WriterOptions.defaults())) {
        writer.append(Rows.batch(Rows.ofKeys(LongStream.range(10, 20))));
        writer.commit();
      }

      assertThat(early.awaitChange(Duration.ofSeconds(60))).isTrue();
      assertThat(early.rowCount()).isEqualTo(20);
      assertThat(early.read("a", 15)).hasValue(bytes("v15"));
      assertThat(before.snapshot().storeId()).isEqualTo(adopted.id());
      Crate.append(path, TABLES, Rows.ofKeys(LongStream.range(20, 30)));
      assertThat(early.refresh()).isTrue();
      assertThat(early.rowCount()).isEqualTo(30);
    }
  }

  @Test
  void aReaderIsNotMisledByOursTakingOverFromTheCrateMeanwhile() throws IOException {
    Crate.append(store.directory(), TABLES, Rows.ofKeys(LongStream.range(0, 10)));
    AtomicBoolean takenOver = new AtomicBoolean();
    Disk slow =
        Around.calls(
            Disk.class,
            new LocalDisk(),
            (method, arguments, original) -> {
              boolean readsRecord =
                  method.getName().equals("readUpTo") && ((Path) arguments[0]).endsWith("record");
              if (readsRecord && !takenOver.getAndSet(true)) {
                commit(Rows.ofKeys(LongStream.range(10, 20)));
              }
              return original.call();
            });

    assertThat(Store.open(slow, store.directory()).snapshot().rowCount()).isEqualTo(20);
    assertThat(takenOver).isTrue();
  }

  @Test
  void anInterruptedCallerDisturbsNobody() throws Exception {
    keys(1, 2);
    ExecutorService other = Executors.newSingleThreadExecutor();
    CountDownLatch busy = new CountDownLatch(1);
    try (StoreReader single = store.reader(new ReaderOptions(1, 0, 1))) {
      // A call whose result is there already would not notice the interrupt.
      Future<Boolean> others = single.submit(() -> busy.await(60, TimeUnit.SECONDS));
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> single.read("a", 1)).isInstanceOf(InterruptedIOException.class);
      assertThat(Thread.interrupted()).isTrue();
      busy.countDown();
      assertThat(others.get()).isTrue();
      assertThat(other.submit(() -> single.read("a", 2)).get(60, TimeUnit.SECONDS))
          .hasValue(bytes("v2"));
      assertThat(single.read("a", 1)).hasValue(bytes("v1"));
    } finally {
      other.shutdownNow();
    }
  }

  @Test
  void anOffsetThatBreaksTheFormatIsNamed() throws IOException {
    keys(1, 2, 3);
    Path offsets = store.directory().resolve("a/offsets");
    try (RandomAccessFile file = new RandomAccessFile(offsets.toFile(), "rw")) {
      file.seek(8);
      file.writeLong(99);
    }

    assertThatThrownBy(() -> reader.read("a", 2))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessage(
            offsets
                + ": the value of row 1 reaches from byte 2 to 99, expected ascending ones up to"
                + " the 6 committed bytes of data");
    assertThatThrownBy(() -> reader.read("a", 3)).isInstanceOf(CorruptStoreException.class);
    assertThat(reader.read("a", 1)).hasValue(bytes("v1"));
  }

  @Test
  void aFileThatWasCutIsNamed() throws IOException {
    keys(1, 2, 3);
    assertThat(reader.read("a", 3)).isPresent();
    Path data = store.directory().resolve("a/data");
    try (RandomAccessFile file = new RandomAccessFile(data.toFile(), "rw")) {
      file.setLength(5);
    }

    assertThatThrownBy(() -> reader.read("a", 3))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessage(data + " ended at byte 5 of 6 committed ones");
  }

  @Test
  void aStoreWithOtherTablesIsRefusedWithBothNamed() {
    assertThatThrownBy(() -> Store.openOrCreate(store.directory(), List.of("a", "c")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(store.directory() + " has the tables [a, b], [a, c] were given");
  }
}
