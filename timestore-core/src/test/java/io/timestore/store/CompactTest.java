package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess;
import io.timestore.disk.SimulatedProcess.Kind;
import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Lane;
import io.timestore.format.Schema;
import io.timestore.store.Publisher.Outcome;
import io.timestore.store.Publisher.Restored;
import io.timestore.store.Store.Compacted;
import io.timestore.store.WriterOptions.LateRows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.LongStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows that are written anew as one lane, beside all others who use the store. */
class CompactTest {
  private static final Path PATH = Path.of("/store");
  private static final List<String> TABLES = List.of("a", "b");
  private static final UUID LINEAGE = new UUID(1, 1);
  private static final UUID A = new UUID(2, 1);
  private static final UUID B = new UUID(2, 2);

  @TempDir Path directory;
  private SimulatedDisk disk = new SimulatedDisk();
  private Store store;

  @BeforeEach
  void createStore() throws IOException {
    store = Store.openOrCreate(disk.process(), PATH, Schema.ofTables(TABLES));
  }

  private static void insert(Store store, LongStream... batches) throws IOException {
    try (StoreWriter writer =
        store.writer(WriterOptions.defaults().withLateRows(LateRows.KEEP), TABLES)) {
      for (LongStream batch : batches) {
        writer.append(Rows.batch(Rows.ofKeys(batch)));
      }
      writer.commit();
    }
  }

  /** Lanes 0 to 2 with 600 rows, whose keys overlap. */
  private static void insertInThreeLanes(Store store) throws IOException {
    insert(
        store,
        LongStream.range(0, 200).map(i -> 3 * i + 2),
        LongStream.range(0, 200).map(i -> 3 * i + 1),
        LongStream.range(0, 200).map(i -> 3 * i));
  }

  private SinkRun begin(UUID submission) throws IOException {
    return SinkRun.begin(store, LINEAGE, submission);
  }

  private Outcome publish(Commit commit, boolean restored) throws IOException {
    return store.publisher().publish(List.of(commit), restored).get(0);
  }

  private List<Lane> visible() throws IOException {
    return LaneOrder.sequence(store.snapshot().record().lanes());
  }

  private List<String> directories() throws IOException {
    return disk.process().list(PATH.resolve("lanes")).stream().sorted().toList();
  }

  private void assertHasKeys(LongStream keys) throws IOException {
    assertThat(Rows.read(store, TABLES)).isEqualTo(Rows.ofKeys(keys));
    assertThat(store.verify(fault -> {}).faultCount()).isZero();
  }

  @Test
  void theRowsStayTheSameAndTheLanesBecomeOne() throws IOException {
    insertInThreeLanes(store);
    Compacted compacted = store.compact();

    assertThat(compacted.laneCount()).isEqualTo(3);
    assertThat(compacted.rowCount()).isEqualTo(600);
    assertThat(compacted.removedBytes()).isPositive();
    assertThat(visible()).hasSize(1);
    assertThat(directories()).containsExactly("00003");
    assertHasKeys(LongStream.range(0, 600));

    insert(store, LongStream.range(600, 700));
    assertThat(visible()).hasSize(1);
    assertThat(store.compact()).isEqualTo(new Compacted(1, 700, 0));
    assertHasKeys(LongStream.range(0, 700));
  }

  @Test
  void stoppedAtAnyBatchItLeavesTheOldLanesAndNoOther() throws IOException {
    insertInThreeLanes(store);
    List<String> before = directories();
    int stopCount = 0;
    boolean isDone = false;
    while (!isDone) {
      int[] left = {stopCount};
      try {
        store.compact(
            (done, all) -> {
              if (left[0]-- == 0) {
                throw new IllegalStateException("stopped");
              }
            });
        isDone = true;
      } catch (IllegalStateException e) {
        assertThat(e).hasMessage("stopped");
        assertThat(directories()).isEqualTo(before);
        assertThat(visible()).hasSize(3);
        stopCount++;
      }
    }
    // Of batches that were written, and of those that were read back.
    assertThat(stopCount).isGreaterThanOrEqualTo(2);
    assertThat(visible()).hasSize(1);
    assertHasKeys(LongStream.range(0, 600));
  }

  @Test
  void aRunThatLivesGoesOnBesideIt() throws IOException {
    insertInThreeLanes(store);
    try (SinkRun live = begin(A)) {
      publish(live.prepare(1, 1000, 1010), false);
      store.compact();
      assertThat(visible()).hasSize(1);
      publish(live.prepare(2, 1010, 1020), false);
      store.compact();
      publish(live.prepare(3, 1020, 1030), false);
      publish(live.end(4), false);
    }
    store.compact();
    assertThat(visible()).hasSize(1);
    assertThat(directories()).hasSize(1);
    assertHasKeys(LongStream.concat(LongStream.range(0, 600), LongStream.range(1000, 1030)));
  }

  @Test
  void rowsThatAreCommittedMeanwhileStayBehindThoseOfTheirLaneThatWereCompacted()
      throws IOException {
    insertInThreeLanes(store);
    try (SinkRun live = begin(A)) {
      publish(live.prepare(1, 1000, 1010), false);
      Commit next = live.prepare(2, 1010, 1020);
      compactWith(() -> publish(next, false));
      assertThat(visible()).hasSize(2);
    }
    assertHasKeys(LongStream.concat(LongStream.range(0, 600), LongStream.range(1000, 1020)));
  }

  @FunctionalInterface
  private interface Meanwhile {
    void run() throws IOException;
  }

  /** Compacts, and does something when its rows are being written. */
  private void compactWith(Meanwhile meanwhile) throws IOException {
    SimulatedProcess process = disk.process();
    boolean[] done = new boolean[1];
    process.withFate(
        operation -> {
          if (!done[0] && operation.kind() == Kind.WRITE && operation.path().endsWith("keys")) {
            done[0] = true;
            meanwhile.run();
          }
          operation.run();
        });
    Store.open(process, PATH).compact();
    assertThat(done[0]).isTrue();
  }

  @Test
  void aCheckpointThatIsCompleteAndUnpublishedIsPublishedAfterwards() throws IOException {
    insertInThreeLanes(store);
    Commit pending;
    try (SinkRun dead = begin(A)) {
      publish(dead.prepare(1, 1000, 1010), false);
      pending = dead.prepare(2, 1010, 1020);
    }
    try (SinkRun live = begin(A)) {
      Commit inItsOwnLane = live.prepare(2, 2000, 2010);
      store.compact();
      assertThat(publish(pending, true)).isEqualTo(Outcome.PUBLISHED);
      assertThat(publish(inItsOwnLane, true)).isEqualTo(Outcome.PUBLISHED);
    }
    assertHasKeys(
        LongStream.concat(
            LongStream.concat(LongStream.range(0, 600), LongStream.range(1000, 1020)),
            LongStream.range(2000, 2010)));
  }

  @Test
  void whatADeadWriterPreparedInALaneThatNoRecordNamesIsVoidAndSaysSo() throws IOException {
    insert(store, LongStream.range(0, 10));
    Commit pending;
    try (SinkRun holder = begin(A);
        SinkRun dead = begin(A)) {
      publish(holder.prepare(1, 1000, 1010), false);
      pending = dead.prepare(1, 5, 6);
    }
    int number = pending.lanes().get(0).number();
    Compacted unused = store.compact();
    assertThat(directories()).contains("0000" + number);

    assertThat(store.removeAbandonedLanes()).isEqualTo(1);
    assertThatThrownBy(() -> publish(pending, false))
        .isInstanceOf(ConflictException.class)
        .hasMessageContaining("the prepared bytes are not on disk any more");
    insert(store, LongStream.of(3));
    assertThat(store.snapshot().record().lane(number)).isEmpty();
  }

  @Test
  void killedAnywhereItLeavesTheRowsAndTheNextOneEnds() throws IOException {
    insertInThreeLanes(store);
    SimulatedDisk before = disk.copy();
    boolean[] died = {true};
    int operation = 0;
    for (; died[0]; operation++) {
      for (boolean cutsPower : new boolean[] {false, true}) {
        disk = before.copy();
        died[0] = false;
        SimulatedProcess dying = disk.process();
        int[] left = {operation};
        dying.withFate(
            each -> {
              if (each.kind().changesDisk() && left[0]-- == 0) {
                died[0] = true;
                dying.kill();
                each.run(each.byteCount() / 2);
                return;
              }
              each.run();
            });
        try {
          Store.open(dying, PATH).compact();
        } catch (IOException e) {
          assertThat(died[0]).isTrue();
        }
        disk = cutsPower ? disk.afterPowerCut(new Random(operation)) : disk;
        store = Store.open(disk.process(), PATH);
        assertHasKeys(LongStream.range(0, 600));
        store.compact();
        assertHasKeys(LongStream.range(0, 600));
        assertThat(visible()).hasSize(1);
        // What the dead one prepared looks like what a sink may still publish.
        int unused = store.removeAbandonedLanes();
        assertThat(directories()).as("died at %d", operation).hasSize(1);
      }
    }
    assertThat(operation).isGreaterThan(30);
  }

  @Test
  void whoReadsGoesOnWithOpenFilesAndWhoOpensThemLaterIsTold() throws IOException {
    insertInThreeLanes(store);
    insert(store, LongStream.range(1000, 1100));
    insert(store, LongStream.range(900, 950));
    Snapshot old = store.snapshot();
    List<String> read = new ArrayList<>();
    Batch batch = new Batch(TABLES.size());
    try (Scan scan = old.scan(List.of(new LaneRange(0, 0, 200)), TABLES);
        StoreReader reader = store.reader()) {
      assertThat(scan.next(batch)).isTrue();
      read.addAll(Rows.of(batch));
      store.compact();
      while (scan.next(batch)) {
        read.addAll(Rows.of(batch));
      }
      assertThat(read).isEqualTo(Rows.ofKeys(LongStream.range(0, 200).map(i -> 3 * i + 2)));
      for (ThrowingCallable late :
          List.<ThrowingCallable>of(
              () -> Rows.read(old, old.ranges(), TABLES),
              () -> old.ranges(KeyRange.atLeast(300)),
              () -> reader.read("a", 300))) {
        assertThatThrownBy(late)
            .isInstanceOf(IOException.class)
            .isNotInstanceOf(CorruptStoreException.class)
            .hasMessageContaining("were replaced since this snapshot was taken");
      }
      reader.refresh();
      assertThat(reader.read("a", 300)).isPresent();
    }
  }

  @Test
  void rowsThatAreTruncatedMeanwhileDoNotComeBack() throws IOException {
    insertInThreeLanes(store);
    assertThatThrownBy(() -> compactWith(() -> store.publisher().truncate(100)))
        .isInstanceOf(ConflictException.class)
        .hasMessageContaining("were truncated or replaced while they were compacted");
    assertHasKeys(LongStream.range(0, 100));
    store.compact();
    assertThat(visible()).hasSize(1);
    assertThat(directories()).hasSize(1);
    assertHasKeys(LongStream.range(0, 100));
  }

  @Test
  void hiddenLanesThatSomebodyRemovesMeanwhileAreNotMissed() throws IOException {
    try (SinkRun holder = begin(A)) {
      publish(holder.prepare(1, 0, 10), false);
      insert(store, LongStream.range(500, 600));
      insert(store, LongStream.range(5, 8));
      long unused = store.publisher().truncate(13);
      assertThat(visible()).hasSize(2);
      compactWith(() -> assertThat(store.publisher().removeHidden()).isPositive());
    }
    assertThat(visible()).hasSize(1);
    assertHasKeys(LongStream.concat(LongStream.range(0, 10), LongStream.range(5, 8)).sorted());
  }

  @Test
  void aJobWhoseLanesWereCompactedGoesOnFromItsState() throws IOException {
    Commit last;
    try (SinkRun first = begin(A)) {
      publish(first.prepare(1, 0, 10), false);
      first.writer().append(Rows.batch(Rows.ofKeys(LongStream.of(20))));
      first.writer().append(Rows.batch(Rows.ofKeys(LongStream.of(15))));
      last = first.writer().prepare(false, Long.MIN_VALUE).orElseThrow().ofCheckpoint(2, false);
      publish(last, false);
    }
    store.compact();
    store.publisher().register(new Restored(LINEAGE, A, B, 2));
    assertThat(publish(last, false)).isEqualTo(Outcome.ALREADY_PUBLISHED);
    try (SinkRun second = begin(B)) {
      assertThat(publish(second.prepare(3, 30, 40), false)).isEqualTo(Outcome.PUBLISHED);
    }
    assertHasKeys(
        LongStream.concat(
            LongStream.concat(LongStream.range(0, 10), LongStream.of(15, 20)),
            LongStream.range(30, 40)));
  }

  @Test
  void columnsThatLanesLackAreEmptyInTheNewOne() throws IOException {
    insert(store, LongStream.of(5), LongStream.of(3));
    store = store.addColumns(List.of(new Column("c", "c", CellType.parse("INT"), true)));
    try (StoreWriter writer =
        store.writer(
            WriterOptions.defaults().withLateRows(LateRows.KEEP), List.of("a", "b", "c"))) {
      Batch batch = new Batch(3);
      batch.column(0).appendEmpty();
      batch.column(1).appendEmpty();
      batch.column(2).appendInt(7);
      batch.appendKey(4);
      writer.append(batch);
      writer.commit();
    }
    List<String> tables = List.of("a", "b", "c");
    List<String> before = Rows.read(store, tables);
    assertThat(before).hasSize(3);
    store.compact();

    assertThat(visible()).hasSize(1);
    assertThat(visible().get(0).tables()).hasSize(3);
    assertThat(Rows.read(store, tables)).isEqualTo(before);
  }

  @Test
  void rowsOfTheCrateAreCompactedWithOurs() throws IOException {
    new Crate(disk.process(), PATH, TABLES).append(Rows.ofKeys(LongStream.range(10, 20)));
    insert(store, LongStream.range(20, 30), LongStream.range(15, 18));
    store.compact();
    assertThat(visible()).hasSize(1);
    assertHasKeys(LongStream.concat(LongStream.range(10, 30), LongStream.range(15, 18)).sorted());
  }

  @Test
  void aDamagedChunkStopsItBeforeItPublishes() throws IOException {
    Store local = Store.openOrCreate(directory.resolve("store"), Schema.ofTables(TABLES));
    insertInThreeLanes(local);
    Path data = local.directory().resolve("lanes/00002/a/data");
    byte[] bytes = Files.readAllBytes(data);
    bytes[100] ^= 1;
    Files.write(data, bytes);
    CommitRecord before = local.snapshot().record();

    assertThatThrownBy(local::compact)
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining(data.toString());
    assertThat(local.snapshot().record()).isEqualTo(before);
    assertThat(local.directory().resolve("lanes/00003")).doesNotExist();
  }

  /** The chunk that they are missing from is full, so that no CRC of it is known yet. */
  @Test
  void bytesThatDidNotArriveStopItBeforeItPublishes() throws IOException {
    String value = "61".repeat(2000);
    List<String> rows = LongStream.range(0, 600).mapToObj(key -> key + " " + value + " -").toList();
    try (StoreWriter writer = store.writer(WriterOptions.defaults().withLateRows(LateRows.KEEP))) {
      writer.append(Rows.batch(rows.subList(300, 600)));
      writer.append(Rows.batch(rows.subList(0, 300)));
      writer.commit();
    }
    CommitRecord before = store.snapshot().record();
    SimulatedProcess process = disk.process();
    boolean[] lost = new boolean[1];
    process.withFate(
        operation -> {
          boolean isLost =
              !lost[0]
                  && operation.kind() == Kind.WRITE
                  && operation.path().endsWith("lanes/00002/a/data");
          lost[0] |= isLost;
          operation.run(isLost ? 512 : operation.byteCount());
        });
    assertThatThrownBy(() -> Store.open(process, PATH).compact())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("read back");
    assertThat(store.snapshot().record()).isEqualTo(before);
    assertThat(Rows.read(store, TABLES)).isEqualTo(rows);
  }

  @Test
  void anExportIsAPlainStoreThatTheCrateOpens() throws IOException {
    insertInThreeLanes(store);
    Path target = directory.resolve("plain");
    Store copy = store.export(target);

    assertThat(target.resolve("lanes")).doesNotExist();
    assertThat(copy.id()).isNotEqualTo(store.id());
    assertThat(copy.snapshot().record().lanes()).hasSize(1);
    assertThatCode(() -> Crate.append(target, TABLES, Rows.ofKeys(LongStream.range(600, 610))))
        .doesNotThrowAnyException();
    assertThat(Rows.read(Store.open(target), TABLES))
        .isEqualTo(Rows.ofKeys(LongStream.range(0, 610)));
    assertThatThrownBy(() -> store.export(target))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is a store already");
    assertHasKeys(LongStream.range(0, 600));
  }

  @Test
  void aJobWhoseLanesWereEmptiedGoesOnFromItsSavepoint() throws IOException {
    Commit first;
    Commit second;
    try (SinkRun run = begin(A);
        SinkRun other = begin(A)) {
      first = run.prepare(1, 0, 100);
      second = other.prepare(1, 50, 60);
      publish(first, false);
      publish(second, false);
      publish(run.end(2), false);
      publish(other.end(2), false);
    }
    store.compact();
    assertThat(store.snapshot().record().lanes().get(0).isEmptied()).isTrue();

    // Restored state has what was published, and is compared with the bytes on disk.
    assertThat(publish(first, true)).isEqualTo(Outcome.ALREADY_PUBLISHED);
    assertThat(publish(second, true)).isEqualTo(Outcome.ALREADY_PUBLISHED);
  }
}
