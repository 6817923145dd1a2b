package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.timestore.disk.DirectIo;
import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess;
import io.timestore.disk.SimulatedProcess.Kind;
import io.timestore.disk.SimulatedProcess.Operation;
import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Lane;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every chunk has a checksum: when it is known, and what it finds. */
class ChecksumTest {
  private static final Path PATH = Path.of("/store");
  private static final List<String> TABLES = List.of("a", "b");
  private static final int CHUNK = CommitRecord.CHUNK_BYTES;

  /** Two full chunks of keys and a little. */
  private static final int ROWS = 2 * CHUNK / Long.BYTES + 100;

  private static final List<String> FILES =
      List.of("keys", "a/offsets", "a/data", "b/offsets", "b/data");

  private final SimulatedDisk disk = new SimulatedDisk();

  @BeforeEach
  void create() throws IOException {
    write(disk.process(), 0, ROWS);
  }

  private static Store open(SimulatedProcess process) throws IOException {
    return Store.openOrCreate(process, PATH, Schema.ofTables(TABLES));
  }

  private Store store() throws IOException {
    return open(disk.process());
  }

  private static void write(SimulatedProcess process, int from, int to) throws IOException {
    try (StoreWriter writer = open(process).writer(WriterOptions.defaults())) {
      writer.append(rows(from, to));
      writer.commit();
    }
  }

  private static Batch rows(int from, int to) {
    Batch batch = new Batch(TABLES.size());
    byte[] cell = ByteBuffer.allocate(10).array();
    for (int i = from; i < to; i++) {
      batch.appendKey(i);
      ByteBuffer.wrap(cell).putLong(i * 31L);
      batch.column(0).appendBytes(cell, 0, 8);
      batch.column(1).appendBytes(cell, 0, 9 + i % 2);
    }
    return batch;
  }

  private List<String> scan(List<LaneRange> ranges, boolean verify) throws IOException {
    List<String> rows = new ArrayList<>();
    Batch batch = new Batch(TABLES.size());
    try (Scan scan = store().snapshot().scan(ranges, TABLES, verify)) {
      while (scan.next(batch)) {
        rows.addAll(Rows.of(batch));
      }
    }
    return rows;
  }

  private List<String> scan() throws IOException {
    return scan(store().snapshot().ranges(), true);
  }

  private List<Fault> faults() throws IOException {
    List<Fault> faults = new ArrayList<>();
    Verified verified = store().verify(faults::add);
    assertThat(verified.faultCount()).isEqualTo(faults.size());
    return faults;
  }

  private long unverifiedChunks() throws IOException {
    assertThat(faults()).isEmpty();
    return store().verify(fault -> {}).unverifiedChunkCount();
  }

  /** Kills the process in place of an operation. */
  private static void dieAt(SimulatedProcess process, Predicate<Operation> end) {
    process.withFate(
        operation -> {
          if (end.test(operation)) {
            process.kill();
          } else {
            operation.run();
          }
        });
  }

  private byte[] read(String file) throws IOException {
    return disk.process().readUpTo(PATH.resolve(file), Integer.MAX_VALUE);
  }

  private void overwrite(String file, byte[] bytes) throws IOException {
    disk.process().writeVolatile(PATH.resolve(file), ByteBuffer.wrap(bytes));
  }

  private void flipBit(String file, long position) throws IOException {
    byte[] bytes = read(file);
    bytes[(int) position] ^= 0x10;
    overwrite(file, bytes);
  }

  private CommittedFile committed(String file) throws IOException {
    Lane lane = store().snapshot().record().lanes().get(0);
    return new StoreFiles(PATH)
        .lane(0).committed(lane).stream()
            .filter(f -> f.path().equals(PATH.resolve(file)))
            .findFirst()
            .orElseThrow();
  }

  private static Stream<Arguments> filesAndChunks() {
    return FILES.stream()
        .flatMap(
            file -> Stream.of("first", "middle", "last").map(chunk -> Arguments.of(file, chunk)));
  }

  @ParameterizedTest
  @MethodSource("filesAndChunks")
  void aFlippedBitIsFoundByTheScanThatMeetsItAndByVerifying(String file, String which)
      throws IOException {
    CommittedFile committed = committed(file);
    assertThat(committed.fullChunks()).isEqualTo(2);
    long chunk =
        switch (which) {
          case "first" -> 0;
          case "middle" -> 1;
          default -> 2;
        };
    long start = chunk * CHUNK;
    long end = Math.min(start + CHUNK, committed.sizeBytes());
    List<String> healthy = scan();
    for (long position : new long[] {start, (start + end) / 2, end - 1}) {
      flipBit(file, position);

      String chunkText = "chunk " + chunk + ", bytes " + start + " to " + end;
      assertThatThrownBy(this::scan)
          .isInstanceOf(CorruptStoreException.class)
          .hasMessageStartingWith(PATH.resolve(file) + ": " + chunkText)
          .hasMessageContaining("has the CRC32C")
          .hasMessageContaining("expected")
          .hasMessageMatching(".*; rows \\d+ to \\d+ are in it");
      assertThat(faults())
          .singleElement()
          .satisfies(
              fault -> {
                assertThat(fault.file()).isEqualTo(PATH.resolve(file));
                assertThat(fault.startByte()).isEqualTo(start);
                assertThat(fault.endByte()).isEqualTo(end);
                assertThat(fault.message()).contains(chunkText);
              });
      flipBit(file, position);
    }
    assertThat(scan()).isEqualTo(healthy);
  }

  @Test
  void theRowsOfAChunkAreThoseThatHaveBytesInIt() throws IOException {
    flipBit("a/data", CHUNK);
    flipBit("keys", CHUNK);
    assertThat(faults())
        .extracting(Fault::firstRow, Fault::endRow)
        .containsExactly(tuple(CHUNK / 8L, CHUNK / 4L), tuple(CHUNK / 8L, CHUNK / 4L));
    flipBit("a/data", CHUNK);
    flipBit("keys", CHUNK);

    // Two rows have 19 bytes in b: the chunk ends within one.
    flipBit("b/data", 5);
    long lastRow = CHUNK / 19 * 2 + (CHUNK % 19 > 9 ? 1 : 0);
    assertThat(faults())
        .extracting(Fault::firstRow, Fault::endRow)
        .containsExactly(tuple(0L, lastRow + 1));
  }

  @Test
  void aScanElsewhereIsNotDisturbedAndOneThatDoesNotVerifyReadsOn() throws IOException {
    flipBit("a/data", CHUNK + 7);

    assertThat(scan(List.of(new LaneRange(0, 0, 1000)), true)).hasSize(1000);
    assertThat(scan(store().snapshot().ranges(), false)).hasSize(ROWS);
  }

  @Test
  void aSingleValueIsReadWithoutChecksums() throws IOException {
    flipBit("a/data", 8 * 5);
    try (StoreReader reader = store().reader()) {
      byte[] flipped = ByteBuffer.allocate(8).putLong(5 * 31L).array();
      flipped[0] ^= 0x10;
      assertThat(reader.read("a", 5)).contains(flipped);
    }
  }

  @Test
  void aStoreThatItsOwnWritersWroteHasNoChunkThatNobodyKnows() throws IOException {
    assertThat(unverifiedChunks()).isZero();
    assertThat(read("keys.crc")).hasSize(2 * Integer.BYTES);
  }

  @ParameterizedTest
  @ValueSource(strings = {"deleted", "zero", "truncated"})
  void aChecksumThatIsMissingCountsAsUnverifiedAndIsFilledInByTheNextWriter(String how)
      throws IOException {
    byte[] before = read("a/offsets.crc");
    disk.process().delete(PATH.resolve("a/offsets.crc"));
    if (how.equals("zero")) {
      overwrite("a/offsets.crc", new byte[before.length]);
    } else if (how.equals("truncated")) {
      overwrite("a/offsets.crc", new byte[] {before[0], before[1], before[2]});
    }
    assertThat(unverifiedChunks()).isEqualTo(2);
    assertThat(scan()).hasSize(ROWS);

    write(disk.process(), ROWS, ROWS + 1);

    assertThat(read("a/offsets.crc")).isEqualTo(before);
    assertThat(unverifiedChunks()).isZero();
  }

  @Test
  void aChecksumThatIsDamagedItselfIsFound() throws IOException {
    flipBit("keys.crc", 5);

    assertThatThrownBy(this::scan)
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining(PATH.resolve("keys") + ": chunk 1");
  }

  @Test
  void aChecksumThatWasReadWhileItWasBeingNotedIsReadAgain() throws IOException {
    AtomicInteger reads = new AtomicInteger();
    Disk torn =
        Around.calls(
            Disk.class,
            disk.process(),
            (method, arguments, original) -> {
              Object result = original.call();
              return result instanceof DiskFile file && arguments[0].toString().endsWith("keys.crc")
                  ? Around.calls(
                      DiskFile.class,
                      file,
                      (call, fileArguments, read) -> {
                        Object count = read.call();
                        if (call.getName().equals("read") && reads.getAndIncrement() == 0) {
                          ((ByteBuffer) fileArguments[0]).put(0, (byte) 1);
                        }
                        return count;
                      })
                  : result;
            });
    Snapshot snapshot = Store.open(torn, PATH).snapshot();
    assertThat(Rows.read(snapshot, snapshot.ranges(), TABLES)).hasSize(ROWS);
    assertThat(reads).hasValue(2);
  }

  @Test
  void theBytesOfARowThatWasNeverCommittedAreNotChecked() throws IOException {
    byte[] keys = read("keys");
    keys[keys.length - 1] = 7;
    overwrite("keys", keys);

    assertThat(faults()).isEmpty();
    assertThat(scan()).hasSize(ROWS);
  }

  @Test
  void checksumsOfAnAbandonedBatchNeverMeetOtherRows() throws IOException {
    SimulatedProcess process = disk.process();
    StoreWriter writer = open(process).writer(WriterOptions.defaults());
    writer.append(rows(ROWS, ROWS + CHUNK / 4));
    dieAt(
        process,
        operation -> operation.kind() == Kind.RENAME && operation.path().endsWith("length"));
    assertThatThrownBy(writer::commit).isInstanceOf(IOException.class);
    assertThat(store().snapshot().rowCount()).isEqualTo(ROWS);

    Batch other = new Batch(TABLES.size());
    for (int i = 0; i < CHUNK / 8; i++) {
      other.appendKey(ROWS + 5L * i);
      other.column(0).appendBytes(new byte[] {1}, 0, 1);
      other.column(1).appendBytes(new byte[] {2}, 0, 1);
    }
    // Ours opens first; then the reference, which notes no checksums over what is there.
    store().publisher().truncate(ROWS);
    new Crate(disk.process(), PATH, TABLES).append(Rows.of(other));
    assertThat(faults()).isEmpty();
    assertThat(scan()).hasSize(ROWS + CHUNK / 8);
    write(disk.process(), 10 * ROWS, 10 * ROWS + 1);
    assertThat(unverifiedChunks()).isZero();
  }

  @Test
  void aCommitThatCompletesChunksSyncsNoFurtherFile() throws IOException {
    SimulatedProcess process = disk.process();
    List<Path> synced = new ArrayList<>();
    process.withFate(
        operation -> {
          if (operation.kind() == Kind.SYNC || operation.kind() == Kind.SYNC_DIRECTORY) {
            synced.add(operation.path());
          }
          operation.run();
        });
    try (StoreWriter writer = open(process).writer(WriterOptions.defaults())) {
      writer.append(rows(ROWS, ROWS + 1));
      writer.commit();
      synced.clear();
      writer.append(rows(ROWS + 1, ROWS + 2));
      writer.commit();
      int small = synced.size();
      synced.clear();
      writer.append(rows(ROWS + 2, ROWS + 2 + CHUNK / 4));
      writer.commit();
      assertThat(synced).hasSize(small).noneMatch(file -> file.toString().endsWith(".crc"));
      writer.append(rows(ROWS + 2 + CHUNK / 4, ROWS + 2 + CHUNK / 2));
      writer.commit();
    }
    assertThat(unverifiedChunks()).isZero();
  }

  @Test
  void checksumsThatADeadPublisherDidNotNoteComeWithItsCommit() throws IOException {
    Commit commit;
    try (StoreWriter run = store().writer(WriterOptions.preparing())) {
      run.append(rows(ROWS, ROWS + CHUNK / 4));
      commit = run.prepare("", true).orElseThrow();
    }
    SimulatedProcess publisher = disk.process();
    dieAt(publisher, operation -> operation.path().toString().endsWith(".crc"));
    open(publisher).publisher().publish(List.of(commit), false);
    assertThat(unverifiedChunks()).isPositive();

    store().publisher().publish(List.of(commit), true);
    assertThat(unverifiedChunks()).isZero();
  }

  @Test
  void aSecondAttemptThatFindsItsSubmissionDoneNotesNothing() throws IOException {
    UUID submission = new UUID(1, 7);
    WriterOptions options = WriterOptions.ofSink(DirectIo.AUTO, 1 << 20, Commit.NO_ID, submission);
    List<Commit> attempts = new ArrayList<>();
    try (StoreWriter first = store().writer(options);
        StoreWriter second = store().writer(options)) {
      for (StoreWriter run : List.of(first, second)) {
        run.append(rows(ROWS, ROWS + CHUNK / 4));
        Commit commit = run.prepare(true, Long.MIN_VALUE).orElseThrow();
        attempts.add(commit.ofCheckpoint(1, true));
      }
      Publisher publisher = store().publisher();
      publisher.publish(attempts.subList(0, 1), false);
      publisher.publish(attempts.subList(1, 2), true);
    }

    int lane = attempts.get(1).lanes().get(0).number();
    assertThat(disk.process().exists(new StoreFiles(PATH).lane(lane).keys())).isTrue();
    assertThat(disk.process().exists(PATH.resolve("lanes/0000" + lane + "/keys.crc"))).isFalse();
  }

  @Test
  void theReferencesRowsGetChecksumsFromTheNextWriter() throws IOException {
    appendAsReference(ROWS, ROWS + CHUNK / 4);
    assertThat(unverifiedChunks()).isPositive();
    assertThat(scan()).hasSize(ROWS + CHUNK / 4);

    write(disk.process(), ROWS + CHUNK / 4, ROWS + CHUNK / 4 + 1);

    assertThat(unverifiedChunks()).isZero();
    assertThat(scan()).hasSize(ROWS + CHUNK / 4 + 1);
  }

  @Test
  void theReferencesLastChunkIsKnownBeforeItsBlockIsWrittenOver() throws IOException {
    appendAsReference(ROWS, ROWS + 10);
    SimulatedProcess process = disk.process();
    dieAt(
        process, operation -> operation.kind() == Kind.WRITE && operation.path().endsWith("keys"));
    StoreWriter writer = open(process).writer(WriterOptions.defaults());
    assertThatThrownBy(
            () -> {
              writer.append(rows(ROWS + 10, ROWS + 11));
              writer.commit();
            })
        .isInstanceOf(IOException.class);

    assertThat(unverifiedChunks()).isZero();
    flipBit("keys", (ROWS + 9) * 8L);
    assertThatThrownBy(this::scan).isInstanceOf(CorruptStoreException.class);
  }

  private void appendAsReference(int from, int to) throws IOException {
    new Crate(disk.process(), PATH, TABLES).append(Rows.of(rows(from, to)));
  }
}
