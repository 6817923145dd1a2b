package io.timestore.arrow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.CellType.Kind;
import io.timestore.format.Column;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Endianness;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.format.TimeUnit;
import io.timestore.store.KeyRange;
import io.timestore.store.LaneRange;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import io.timestore.store.WriterOptions.LateRows;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.ipc.message.ArrowRecordBatch;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ArrowScanTest {
  private static final Path GOLDEN = Path.of("../timestore-core/src/test/resources");
  private static final int CHUNK = CommitRecord.CHUNK_BYTES;

  @RegisterExtension final Allocation allocation = new Allocation();
  @TempDir Path directory;

  /** What the Rust crate wrote, and what we did. */
  static List<Path> goldenStores() throws IOException {
    try (Stream<Path> reference = Files.list(GOLDEN.resolve("golden"));
        Stream<Path> own = Files.list(GOLDEN.resolve("golden-own/v1"))) {
      return Stream.concat(reference, own)
          .filter(path -> Files.exists(path.resolve("length")))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("goldenStores")
  void vectorsOfGoldenStoresSayWhatTheCoreSays(Path path) throws IOException {
    Store store = Store.open(path);
    List<LaneRange> all = store.snapshot().ranges();
    assertThat(Texts.ofVectors(store, allocation.allocator())).isEqualTo(Texts.ofCells(store, all));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void everyTypeOfManyLanesSaysWhatTheCoreSays(long seed) throws IOException {
    Random random = new Random(seed);
    Schema schema = RandomStore.ofAllTypes();
    Store store = Store.openOrCreate(directory.resolve("s"), schema);
    RandomStore rows = new RandomStore(random, schema);
    WriterOptions options = WriterOptions.defaults().withLateRows(LateRows.KEEP);
    try (StoreWriter writer = store.writer(options)) {
      for (int i = 0; i < 4; i++) {
        long first = random.nextInt(3) * 1000L;
        writer.append(
            rows.rows(random.longs(1 + random.nextInt(800), first, first + 2000).toArray()));
      }
      writer.commit();
    }
    Snapshot snapshot = store.snapshot();
    for (int i = 0; i < 5; i++) {
      long from = random.nextInt((int) snapshot.rowCount());
      long to = from + random.nextInt((int) (snapshot.rowCount() - from) + 1);
      List<LaneRange> part = snapshot.ranges(from, to);
      assertThat(Texts.ofVectors(store, part, allocation.allocator()))
          .isEqualTo(Texts.ofCells(store, part));
    }
  }

  /** Keys that fall from batch to batch make so many lanes. */
  private Store numbers(int lanes, int rowsOfLane, boolean interleaved) throws IOException {
    Schema schema =
        Schema.create(
            Key.of("k", CellType.of(Kind.BIGINT)),
            List.of(
                new Column("n", "n", CellType.of(Kind.INT), false),
                new Column("m", "m", CellType.of(Kind.BIGINT), true),
                new Column("t", "t", CellType.string(), true)));
    Store store = Store.openOrCreate(directory.resolve("n"), schema);
    WriterOptions options = WriterOptions.defaults().withLateRows(LateRows.KEEP);
    try (StoreWriter writer = store.writer(options)) {
      for (int lane = 0; lane < lanes; lane++) {
        Batch batch = new Batch(schema.columns());
        for (int row = 0; row < rowsOfLane; row++) {
          long key =
              interleaved
                  ? (long) row * lanes + lanes - lane
                  : (long) (lanes - lane) * rowsOfLane + row;
          batch.appendKey(key);
          batch.column(0).appendInt((int) key);
          batch.column(1).appendLong(-key);
          batch.column(2).appendNullableString("text " + key % 1000);
        }
        writer.append(batch);
      }
      writer.commit();
    }
    return store;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void batchesOfManyChunksAreWhole(boolean interleaved) throws IOException {
    int lanes = interleaved ? 3 : 2;
    Store store = numbers(lanes, 300_000, interleaved);
    long sum = 0;
    long previous = 0;
    try (ArrowScan scan = ArrowScan.of(store, KeyRange.all(), allocation.allocator())) {
      BigIntVector keys = (BigIntVector) scan.getVectorSchemaRoot().getVector("k");
      IntVector ints = (IntVector) scan.getVectorSchemaRoot().getVector("n");
      BigIntVector longs = (BigIntVector) scan.getVectorSchemaRoot().getVector("m");
      VarCharVector texts = (VarCharVector) scan.getVectorSchemaRoot().getVector("t");
      while (scan.loadNextBatch()) {
        int rowCount = scan.getVectorSchemaRoot().getRowCount();
        assertThat(rowCount).isBetween(1, 65_536);
        for (int row = 0; row < rowCount; row++) {
          long key = keys.get(row);
          if ((key <= previous && sum > 0)
              || ints.get(row) != key
              || longs.get(row) != -key
              || !new String(texts.get(row), StandardCharsets.UTF_8).equals("text " + key % 1000)) {
            throw new AssertionError("row " + sum + " has the key " + key);
          }
          previous = key;
          sum++;
        }
      }
    }
    assertThat(sum).isEqualTo(lanes * 300_000L);
  }

  @Test
  void cellsAreViewsOfTheChunksThatWereRead() throws IOException {
    Store store = numbers(1, 200_000, false);
    try (ArrowScan scan = ArrowScan.of(store, KeyRange.all(), allocation.allocator())) {
      FieldVector ints = scan.getVectorSchemaRoot().getVector("n");
      FieldVector longs = scan.getVectorSchemaRoot().getVector("m");
      FieldVector texts = scan.getVectorSchemaRoot().getVector("t");
      // Two batches of 65,536 values of 4 bytes are one chunk.
      assertThat(scan.loadNextBatch()).isTrue();
      long address = ints.getDataBuffer().memoryAddress();
      assertThat(ints.getDataBuffer().getReferenceManager().getSize()).isEqualTo(CHUNK);
      // Nullable, and none is NULL.
      assertThat(longs.getDataBuffer().capacity()).isEqualTo(CHUNK);
      assertThat(texts.getDataBuffer().capacity())
          .isLessThan(texts.getDataBuffer().getReferenceManager().getSize());
      assertThat(scan.loadNextBatch()).isTrue();
      assertThat(ints.getDataBuffer().memoryAddress()).isEqualTo(address + CHUNK / 2);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aWholeStoreIsReadWithoutAnObjectForEachRow(int interleavedLanes) throws IOException {
    Store store = numbers(interleavedLanes, 1_000_000 / interleavedLanes, true);
    allocatedBytes(store, 10_000); // What is allocated once, such as classes.
    long half = allocatedBytes(store, 500_000);
    long whole = allocatedBytes(store, 1_000_000);
    // Some objects for each batch, of which there are seven more.
    assertThat((whole - half) / 500_000.0).isLessThan(0.5);
  }

  /** Bytes of the heap for reading the first rows. */
  private long allocatedBytes(Store store, long rowCount) throws IOException {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Snapshot snapshot = store.snapshot();
    List<LaneRange> ranges = snapshot.ranges(0, rowCount);
    ArrowSchema schema = ArrowSchema.of(store);
    long id = Thread.currentThread().getId();
    long before = threads.getThreadAllocatedBytes(id);
    long read = 0;
    // Here and now: what another thread allocates can't be asked for once it has ended.
    try (RecordBatches batches =
        new RecordBatches(snapshot, ranges, schema, allocation.allocator())) {
      ArrowRecordBatch batch = batches.next();
      while (batch != null) {
        read += batch.getLength();
        batch.close();
        batch = batches.next();
      }
    }
    long bytes = threads.getThreadAllocatedBytes(id) - before;
    assertThat(read).isEqualTo(rowCount);
    return bytes;
  }

  @Test
  void columnsComeInTheOrderThatIsAskedFor() throws IOException {
    Store store = numbers(1, 10, false);
    Snapshot snapshot = store.snapshot();
    ArrowSchema schema = ArrowSchema.of(store).select(List.of("t", "k", "n"));
    try (ArrowScan scan =
        new ArrowScan(snapshot, snapshot.ranges(2, 4), schema, allocation.allocator())) {
      assertThat(scan.loadNextBatch()).isTrue();
      assertThat(scan.getVectorSchemaRoot().contentToTSVString())
          .isEqualTo("t\tk\tn\ntext 12\t12\t12\ntext 13\t13\t13\n");
      assertThat(scan.loadNextBatch()).isFalse();
      assertThat(scan.loadNextBatch()).isFalse();
    }
    assertThatThrownBy(() -> ArrowSchema.of(store).select(List.of("n", "price")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no column 'price', found [k, n, m, t]");
    assertThatThrownBy(() -> ArrowSchema.of(store).select(List.of("n", "n")))
        .hasMessage("column 'n' is named twice");
  }

  @Test
  void keysAloneCanBeRead() throws IOException {
    Store store = numbers(3, 100, true);
    ArrowSchema schema = ArrowSchema.of(store).select(List.of("k"));
    Snapshot snapshot = store.snapshot();
    long sum = 0;
    try (ArrowScan scan =
        new ArrowScan(snapshot, snapshot.ranges(), schema, allocation.allocator())) {
      while (scan.loadNextBatch()) {
        BigIntVector keys = (BigIntVector) scan.getVectorSchemaRoot().getVector(0);
        for (int row = 0; row < keys.getValueCount(); row++) {
          sum += keys.get(row);
        }
      }
    }
    assertThat(sum).isEqualTo(300 * 301 / 2);
  }

  @Test
  void anEmptyStoreHasASchemaAndNoBatch() throws IOException {
    Store store = Store.openOrCreate(directory.resolve("e"), RandomStore.ofAllTypes());
    try (ArrowScan scan = ArrowScan.of(store, KeyRange.all(), allocation.allocator())) {
      assertThat(scan.getVectorSchemaRoot().getFieldVectors()).hasSizeGreaterThan(20);
      assertThat(scan.loadNextBatch()).isFalse();
    }
  }

  @Test
  void keysAreNumbersOrTimesInTheirUnit() {
    assertThat(keyField(new Key("k", CellType.of(Kind.TIMESTAMP, 0), TimeUnit.MICROS)).getType())
        .isEqualTo(
            new ArrowType.Timestamp(org.apache.arrow.vector.types.TimeUnit.MICROSECOND, null));
    assertThat(keyField(Key.of("k", CellType.of(Kind.TIMESTAMP_LTZ, 9))).getType())
        .isEqualTo(
            new ArrowType.Timestamp(org.apache.arrow.vector.types.TimeUnit.NANOSECOND, "UTC"));
    assertThat(keyField(Key.of("k", CellType.of(Kind.BIGINT))).getType())
        .isEqualTo(new ArrowType.Int(64, true));
    assertThat(keyField(Key.of("k", Key.WHOLE_RANGE)).getType())
        .isEqualTo(new ArrowType.Int(64, false));
  }

  private static Field keyField(Key key) {
    return ArrowSchema.of(Schema.create(key, List.of())).arrow().findField("k");
  }

  @Test
  void aSchemaOfArrowsMakesTheSameStoreAgain() {
    Schema schema = RandomStore.ofAllTypes();
    Schema again = ArrowSchema.toStore(ArrowSchema.of(schema).arrow(), Optional.empty());
    assertThat(again.key()).isEqualTo(schema.key());
    assertThat(again.columns())
        .isEqualTo(
            schema.columns().stream().map(c -> c.withEndianness(Endianness.LITTLE)).toList());
  }

  @Test
  void aKeyThatItsTypeCannotShowIsCorruption() throws IOException {
    Schema schema = Schema.create(Key.of("k", CellType.of(Kind.BIGINT)), List.of());
    Store store = Store.openOrCreate(directory.resolve("k"), schema);
    Batch batch = new Batch(0);
    batch.appendKey(5);
    batch.appendKey(-2);
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(batch);
      writer.commit();
    }
    try (ArrowScan scan = ArrowScan.of(store, KeyRange.all(), allocation.allocator())) {
      assertThatThrownBy(scan::loadNextBatch)
          .isInstanceOf(CorruptStoreException.class)
          .hasMessageContaining("lane 0, row 1: the key 18446744073709551614 is no BIGINT");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"n/data", "t/offsets", "t/data", "keys"})
  void batchesBeforeADamagedChunkAreHandedOut(String file) throws IOException {
    Store store = numbers(1, 300_000, false);
    try (RandomAccessFile bytes =
        new RandomAccessFile(store.directory().resolve(file).toFile(), "rw")) {
      bytes.seek(2L * CHUNK + 4321);
      int value = bytes.read();
      bytes.seek(2L * CHUNK + 4321);
      bytes.write(value ^ 1);
    }
    long rowCount = 0;
    try (ArrowScan scan = ArrowScan.of(store, KeyRange.all(), allocation.allocator())) {
      boolean hasMore = true;
      while (hasMore) {
        try {
          hasMore = scan.loadNextBatch();
          rowCount += scan.getVectorSchemaRoot().getRowCount();
        } catch (CorruptStoreException e) {
          assertThat(e).hasMessageContaining(file);
          assertThatThrownBy(scan::loadNextBatch).isInstanceOf(CorruptStoreException.class);
          hasMore = false;
        }
      }
    }
    assertThat(rowCount).isBetween(60_000L, 299_999L);
  }

  @Test
  void aCallerThatIsInterruptedMayCallAgain() throws IOException {
    Store store = numbers(1, 200_000, false);
    try (ArrowScan scan = ArrowScan.of(store, KeyRange.all(), allocation.allocator())) {
      long rowCount = 0;
      boolean hasMore = true;
      while (hasMore) {
        Thread.currentThread().interrupt();
        try {
          hasMore = scan.loadNextBatch(); // It was read ahead already.
          rowCount += scan.getVectorSchemaRoot().getRowCount();
        } catch (InterruptedIOException e) {
          assertThat(scan.getVectorSchemaRoot().getRowCount()).isZero();
        }
        assertThat(Thread.interrupted()).isTrue();
      }
      assertThat(rowCount).isEqualTo(200_000);
    }
  }

  @Test
  void aScanThatIsClosedInTheMiddleLeavesNothing() throws IOException {
    Store store = numbers(3, 100_000, true);
    for (int batches = 0; batches < 3; batches++) {
      try (ArrowScan scan = ArrowScan.of(store, KeyRange.all(), allocation.allocator())) {
        for (int i = 0; i < batches; i++) {
          scan.loadNextBatch();
        }
      }
      assertThat(allocation.allocator().getAllocatedMemory()).isZero();
      assertThat(openFilesOf(store)).isZero();
    }
  }

  private static long openFilesOf(Store store) throws IOException {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      return descriptors
          .filter(
              fd -> {
                try {
                  return Files.readSymbolicLink(fd).startsWith(store.directory());
                } catch (IOException e) {
                  return false; // It was the listing's own.
                }
              })
          .count();
    }
  }

  @Test
  void aJvmWithoutTheFlagIsToldWhichOne() throws IOException, InterruptedException {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                WithoutFlag.class.getName())
            .redirectErrorStream(true)
            .start();
    String printed = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(child.waitFor()).isEqualTo(1);
    assertThat(printed)
        .contains("was started without --add-opens=java.base/java.nio=ALL-UNNAMED; add it")
        .doesNotContain("NoClassDefFoundError");
  }

  /** The main class of a JVM that was started plainly. */
  static final class WithoutFlag {
    private WithoutFlag() {}

    public static void main(String[] arguments) {
      ArrowMemory.newAllocator().close();
    }
  }
}
