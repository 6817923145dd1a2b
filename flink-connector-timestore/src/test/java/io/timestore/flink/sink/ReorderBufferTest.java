package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.flink.StoreJudge;
import io.timestore.flink.StoreJudge.StoredRow;
import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.store.Publisher;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.function.LongUnaryOperator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes out of the buffer is in key order, equal keys as they came, and fits its memory. */
class ReorderBufferTest {
  private static final int ROWS = 200_000;
  private static final long SEED = Long.getLong("timestore.seed", System.nanoTime());

  @TempDir Path directory;
  private Store store;
  private StoreWriter writer;
  private final List<Long> keys = new ArrayList<>();

  @BeforeEach
  void open() throws IOException {
    store = Store.openOrCreate(directory.resolve("store"), List.of("index", "text"));
    writer = store.writer(WriterOptions.preparing(), List.of("index", "text"));
  }

  @AfterEach
  void close() throws IOException {
    writer.close();
  }

  private ReorderBuffer buffer(long memoryBytes) {
    return buffer(memoryBytes, true);
  }

  private ReorderBuffer buffer(long memoryBytes, boolean mayPass) {
    List<Column> columns = List.of(Column.ofTable("index"), Column.ofTable("text"));
    return new ReorderBuffer(writer, columns, memoryBytes, mayPass, OptionalLong.empty());
  }

  /** Each row holds the number of rows before it, and a text of up to 40 bytes. */
  private void append(ReorderBuffer buffer, long key) throws IOException {
    Batch batch = buffer.batch();
    batch.column(0).appendLong(keys.size());
    batch.column(1).appendString(text(keys.size()));
    batch.appendKey(key);
    keys.add(key);
    buffer.rowAppended();
  }

  private static String text(long index) {
    return "x".repeat((int) (index * 31 % 40));
  }

  private List<StoredRow> published() throws IOException {
    try (Publisher publisher = store.publisher()) {
      publisher.publish(List.of(writer.prepare("test", false).orElseThrow()), false);
    }
    return new StoreJudge(directory.resolve("store")).rows("index", "text");
  }

  /** All rows, or those that stand at these places of the whole order. */
  private void assertSorted(List<StoredRow> rows, int rowCount) {
    long[] expected =
        LongStream.range(0, keys.size())
            .boxed()
            .sorted(Comparator.comparing(i -> keys.get(i.intValue()), Long::compareUnsigned))
            .mapToLong(Long::longValue)
            .limit(rowCount)
            .toArray();
    String run = "Replay with -Dtimestore.seed=" + SEED;
    assertThat(rows.stream().mapToLong(row -> row.int64(0)).toArray()).as(run).isEqualTo(expected);
    assertThat(rows).as(run).allMatch(row -> row.key() == keys.get((int) row.int64(0)));
    assertThat(rows).as(run).allMatch(row -> row.text(1).equals(text(row.int64(0))));
  }

  /** Appends {@value #ROWS} rows; what they were appended to, one after another. */
  private List<Batch> fill(ReorderBuffer buffer, LongUnaryOperator key) throws IOException {
    List<Batch> filled = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      if (filled.isEmpty() || filled.get(filled.size() - 1) != buffer.batch()) {
        filled.add(buffer.batch());
      }
      append(buffer, key.applyAsLong(i));
    }
    return filled;
  }

  private void assertSortedOnce(LongUnaryOperator key) throws IOException {
    ReorderBuffer buffer = buffer(64 << 20);
    fill(buffer, key);
    assertThat(buffer.rowsWritten()).isZero();

    buffer.writeAll();

    assertThat(buffer.rowsWritten()).isEqualTo(ROWS);
    assertThat(buffer.rowCount()).isZero();
    assertSorted(published(), ROWS);
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 40, 52, 60, 64})
  void keysOfAnyWidthAreSorted(int bits) throws IOException {
    Random random = new Random(SEED);
    assertSortedOnce(i -> random.nextLong() >>> (64 - bits));
  }

  @Test
  void wideKeysWithManyEqualUpperBitsAreSorted() throws IOException {
    Random random = new Random(SEED);
    assertSortedOnce(i -> ((random.nextLong() >>> 62) << 62) | random.nextInt(1000));
  }

  @Test
  void rowsInOrderComeOutAsTheyWent() throws IOException {
    assertSortedOnce(i -> i / 3);
  }

  @Test
  void pagesWhoseRowsCameInOrderAreNotSorted() throws IOException {
    ReorderBuffer buffer = buffer(64 << 20);
    List<Batch> pages = fill(buffer, i -> i / 3);

    assertThat(buffer.held()).hasSizeGreaterThan(10).isEqualTo(pages);
  }

  @Test
  void pagesWhoseRowsCameOutOfOrderAreMoved() throws IOException {
    ReorderBuffer buffer = buffer(64 << 20);
    List<Batch> pages = fill(buffer, i -> ROWS - i);

    List<Batch> held = buffer.held();
    assertThat(held.subList(0, held.size() - 1)).doesNotContainAnyElementsOf(pages);
  }

  @Test
  void fallingKeysAreTurned() throws IOException {
    assertSortedOnce(i -> ROWS - i / 5);
  }

  @Test
  void aFewLateRowsFindTheirPlace() throws IOException {
    Random random = new Random(SEED);
    assertSortedOnce(i -> random.nextInt(1000) == 0 ? Math.max(0, i - 50_000) : i);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 5_000, 100_000, 1 << 20})
  void aFullBufferWritesItsOldestRowsAndTakesMore(long memoryBytes) throws IOException {
    Random random = new Random(SEED);
    ReorderBuffer buffer = buffer(memoryBytes);
    int jitter = memoryBytes / 500 == 0 ? 1 : (int) (memoryBytes / 500);
    for (int i = 0; i < ROWS / 4; i++) {
      append(buffer, i + random.nextInt(jitter));
    }
    assertThat(buffer.rowsWritten()).isPositive();
    assertThat(buffer.rowsWritten() + buffer.rowCount()).isEqualTo(ROWS / 4);

    buffer.writeAll();

    assertSorted(published(), ROWS / 4);
    assertThat(buffer.newest())
        .hasValue(keys.stream().mapToLong(Long::longValue).max().orElseThrow());
  }

  @Test
  void whereNoRowMayBeLateAFullBufferWritesNoMoreThanItHasTo() throws IOException {
    ReorderBuffer buffer = buffer(4 << 20, false);
    long full = appendUntilFull(buffer);
    for (int i = 0; i < ROWS; i++) {
      append(buffer, keys.size());
      assertThat(buffer.rowCount()).isGreaterThan(full * 3 / 4);
    }
    assertThat(buffer.memoryBytes()).isLessThan((4 << 20) * 11 / 10);

    buffer.writeAll();

    assertSorted(published(), keys.size());
  }

  @Test
  void rowsThatAllCameInOrderWaitNoLongerOnceTheBufferWasFull() throws IOException {
    ReorderBuffer buffer = buffer(4 << 20);
    long full = appendUntilFull(buffer);
    for (int i = 0; i < ROWS; i++) {
      append(buffer, keys.size());
      assertThat(buffer.rowCount()).isLessThan(full / 4);
    }
    append(buffer, keys.size() - 10);
    long held = buffer.rowCount();
    for (int i = 0; i < full / 2; i++) {
      append(buffer, keys.size());
    }
    assertThat(buffer.rowCount()).as("behind a row out of order").isGreaterThan(held + full / 4);

    buffer.writeAll();

    assertSorted(published(), keys.size());
  }

  @Test
  void eachCheckpointHoldsRowsUntilTheBufferIsFullAgain() throws IOException {
    ReorderBuffer buffer = buffer(4 << 20);
    long full = appendUntilFull(buffer);
    buffer.writeAll();
    long written = buffer.rowsWritten();
    for (int i = 0; i < full / 2; i++) {
      append(buffer, keys.size());
    }
    assertThat(buffer.rowsWritten()).isEqualTo(written);
    append(buffer, written);
    buffer.writeAll();

    assertSorted(published(), keys.size());
  }

  /** The number of rows that filled it. */
  private long appendUntilFull(ReorderBuffer buffer) throws IOException {
    long full = 0;
    while (buffer.rowsWritten() == 0) {
      full = buffer.rowCount();
      append(buffer, keys.size());
    }
    return full;
  }

  @Test
  void rowsInOrderWithLateOnesNowAndThenAreSorted() throws IOException {
    Random random = new Random(SEED);
    ReorderBuffer buffer = buffer(4 << 20);
    for (int i = 0; i < 2 * ROWS; i++) {
      boolean isLate = i / 40_000 % 2 == 1 && random.nextInt(5_000) == 0;
      append(buffer, isLate ? i - random.nextInt(15_000) : i);
    }
    assertThat(buffer.rowsWritten()).isPositive();

    buffer.writeAll();

    assertSorted(published(), keys.size());
  }

  @Test
  void rowsUpToAKeyAreWrittenAndTheRestStays() throws IOException {
    Random random = new Random(SEED);
    ReorderBuffer buffer = buffer(64 << 20);
    long sent = 0;
    for (int round = 1; round <= 20; round++) {
      for (int i = 0; i < 3_000; i++) {
        append(buffer, round * 1000L + random.nextInt(5_000));
      }
      long limit = round * 1000L + 999;
      buffer.writeUpTo(limit);
      sent = keys.stream().filter(key -> key <= limit).count();
      assertThat(buffer.rowsWritten()).isEqualTo(sent);
    }
    assertSorted(published(), (int) sent);
    int held = buffer.held().stream().mapToInt(Batch::rowCount).sum();
    assertThat(held).isEqualTo(keys.size() - (int) sent).isEqualTo((int) buffer.rowCount());
  }

  @Test
  void theMemoryIsThatOfTheArrays() throws IOException {
    Random random = new Random(SEED);
    long limit = 8 << 20;
    ReorderBuffer buffer = buffer(limit);
    long most = 0;
    for (int i = 0; i < ROWS * 5; i++) {
      append(buffer, i + random.nextInt(1000));
      if (i % 1000 == 0) {
        most = Math.max(most, buffer.memoryBytes());
      }
    }
    assertThat(buffer.rowsWritten()).isPositive();
    assertThat(most).isBetween(limit / 2, limit * 13 / 10);
  }

  @Test
  void inputInNoOrderFillsALaneWithEachBuffer() throws IOException {
    writer.close();
    WriterOptions keeping = WriterOptions.preparing().withLateRows(WriterOptions.LateRows.KEEP);
    writer = store.writer(keeping, List.of("index", "text"));
    Random random = new Random(SEED);
    ReorderBuffer buffer = buffer(1 << 20);
    while (buffer.rowsWritten() == 0) {
      append(buffer, random.nextLong());
    }
    int rowsOfABuffer = keys.size();
    for (int i = 0; i < 20 * rowsOfABuffer; i++) {
      append(buffer, random.nextLong());
    }
    buffer.writeAll();

    assertThat(writer.laneCount())
        .as("Replay with -Dtimestore.seed=%s", SEED)
        .isLessThanOrEqualTo(26);
    assertSorted(published(), keys.size());
  }

  @Test
  void aRowThatIsLargerThanTheBufferIsWrittenAtOnce() throws IOException {
    ReorderBuffer buffer = buffer(1 << 20);
    Batch batch = buffer.batch();
    batch.column(0).appendLong(0);
    batch.column(1).appendBytes(new byte[8 << 20], 0, 8 << 20);
    batch.appendKey(7);
    buffer.rowAppended();

    assertThat(buffer.rowCount()).isZero();
    assertThat(buffer.memoryBytes()).isLessThan(1 << 20);
    assertThat(published().get(0).cells().get(1)).hasSize(8 << 20);
  }
}
