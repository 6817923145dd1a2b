package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.JournalEntry;
import io.timestore.format.JournalEntry.LaneRows;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rule 14: every commit is in the record or in {@code commits/}, whoever dies where. */
class JournalTest {
  private static final Path PATH = Path.of("/store");
  private static final Path COMMITS = PATH.resolve("commits");
  private static final List<String> TABLES = List.of("a", "b");

  private SimulatedDisk disk = new SimulatedDisk();
  private Store store;

  @BeforeEach
  void createStore() throws IOException {
    store = Store.openOrCreate(disk.process(), PATH, Schema.ofTables(TABLES));
  }

  /** Commits of a row each. */
  private static void commit(Store store, int from, int to) throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      for (int i = from; i < to; i++) {
        writer.append(Rows.batch(Rows.ofKeys(LongStream.of(i))));
        writer.commit("insert " + i);
      }
    }
  }

  private List<JournalEntry> entries() throws IOException {
    SimulatedProcess process = disk.process();
    Journal journal = new Journal(process, Entropy.ofSystem(), new StoreFiles(PATH));
    return journal.entries(Store.open(process, PATH).snapshot().record());
  }

  private static String bigint(long value) {
    return "%016x".formatted(Long.reverseBytes(value));
  }

  private static LongStream sequences(List<JournalEntry> entries) {
    return entries.stream().mapToLong(JournalEntry::sequence);
  }

  @Test
  void everyCommitIsInOneOfTheTwoPlacesAndRowSIsEntryS() throws IOException {
    commit(store, 0, 200);

    List<JournalEntry> entries = entries();
    assertThat(sequences(entries))
        .containsExactlyElementsOf(LongStream.range(0, 200).boxed().toList());
    for (int i = 0; i < 200; i++) {
      assertThat(entries.get(i).insertId()).isEqualTo("insert " + i);
      assertThat(entries.get(i).lanes()).containsExactly(new LaneRows(0, 0, i + 1));
      assertThat(entries.get(i).lineage()).isEqualTo(Commit.NO_ID);
      assertThat(entries.get(i).checkpointId()).isEqualTo(-1);
      assertThat(entries.get(i).watermark()).isEqualTo(Long.MIN_VALUE);
    }
    assertThat(entries.stream().map(JournalEntry::wallTimeMillis)).isSorted();

    CommitRecord record = store.snapshot().record();
    assertThat(record.journal()).hasSize(40);
    Store commits = Store.open(disk.process(), COMMITS);
    List<String> rows = Rows.read(commits, List.of("sequence", "row_count"));
    assertThat(rows).hasSize(160);
    for (int s = 0; s < rows.size(); s++) {
      assertThat(rows.get(s)).endsWith(" " + bigint(s) + " " + bigint(s + 1));
    }
    assertThat(commits.verify(fault -> {}).faultCount()).isZero();
    assertThat(commits.snapshot().record().lanes()).hasSize(1);
    assertThat(disk.process().exists(COMMITS.resolve("commits"))).isFalse();
    assertThat(store.tables()).isEqualTo(TABLES);
  }

  @Test
  void whatACommitOfACheckpointSaysIsKept() throws IOException {
    UUID lineage = UUID.randomUUID();
    UUID submission = UUID.randomUUID();
    try (SinkRun run = SinkRun.begin(store, lineage, submission)) {
      run.writer().append(Rows.batch(Rows.ofKeys(LongStream.of(10))));
      run.writer().append(Rows.batch(Rows.ofKeys(LongStream.of(5))));
      Commit commit = run.writer().prepare(false, -77).orElseThrow().ofCheckpoint(3, false);
      store.publisher().publish(List.of(commit), false);
      JournalEntry entry = entries().get(0);
      store.publisher().truncate(0);
      for (int checkpoint = 4; checkpoint < 70; checkpoint++) {
        store
            .publisher()
            .publish(List.of(run.prepare(checkpoint, checkpoint, checkpoint + 1)), false);
      }
      assertThat(store.snapshot().record().journal().get(0).sequence()).isPositive();
      assertThat(entries().get(0)).isEqualTo(entry);
      assertThat(entry.lineage()).isEqualTo(lineage);
      assertThat(entry.submission()).isEqualTo(submission);
      assertThat(entry.checkpointId()).isEqualTo(3);
      assertThat(entry.watermark()).isEqualTo(-77);
      assertThat(entries().get(1).lanes()).extracting(LaneRows::from).contains(1L);
      assertThat(sequences(entries()))
          .containsExactlyElementsOf(LongStream.range(0, 67).boxed().toList());
    }
  }

  @Test
  void whatIsRefusedWithTheLastOfManyCheckpointsIsNotInTheJournal() throws IOException {
    commit(store, 0, 63);
    try (SinkRun run = SinkRun.begin(store, UUID.randomUUID(), UUID.randomUUID())) {
      List<Commit> commits = new ArrayList<>();
      for (int checkpoint = 63; checkpoint < 200; checkpoint++) {
        commits.add(run.prepare(checkpoint, checkpoint, checkpoint + 1));
      }
      Commit skipped = commits.remove(100);
      assertThatThrownBy(() -> store.publisher().publish(commits, false))
          .isInstanceOf(ConflictException.class);
      assertThat(disk.process().exists(COMMITS)).isFalse();

      commits.add(100, skipped);
      store.publisher().publish(commits, false);
    }
    assertThat(sequences(entries()))
        .containsExactlyElementsOf(LongStream.range(0, 200).boxed().toList());
    assertThat(store.snapshot().record().journal()).hasSize(137);

    commit(store, 200, 201);
    assertThat(sequences(entries()))
        .containsExactlyElementsOf(LongStream.range(0, 201).boxed().toList());
    assertThat(store.snapshot().record().journal()).hasSizeBetween(32, 63);
    assertThat(store.verify(fault -> {}).faultCount()).isZero();
  }

  @Test
  void killedBeforeManyCheckpointsArePublishedNoneOfThemIsInTheJournal() throws IOException {
    commit(store, 0, 63);
    List<Commit> commits = new ArrayList<>();
    try (SinkRun run = SinkRun.begin(store, UUID.randomUUID(), UUID.randomUUID())) {
      for (int checkpoint = 63; checkpoint < 200; checkpoint++) {
        commits.add(run.prepare(checkpoint, checkpoint, checkpoint + 1));
      }
    }
    SimulatedDisk before = disk.copy();
    boolean died = true;
    for (int operation = 0; died; operation++) {
      disk = before.copy();
      died = dieAt(operation, dying -> dying.publisher().publish(commits, false));
      Store next = Store.open(disk.process(), PATH);
      assertThat(sequences(entries()))
          .as("died at %d", operation)
          .hasSize((int) next.snapshot().record().commitCount());
      next.publisher().publish(commits, false);
      assertThat(sequences(entries()))
          .as("died at %d", operation)
          .containsExactlyElementsOf(LongStream.range(0, 200).boxed().toList());
      assertThat(next.verify(fault -> {}).faultCount()).isZero();
    }
  }

  /** Where the crate takes a turn before each commit, too. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void killedAnywhereAroundTheMoveNothingIsLostOrDoubled(boolean inTurns) throws IOException {
    for (int i = 0; i < 62; i++) {
      appendByReference(inTurns, i);
      commit(store, i, i + 1);
    }
    appendByReference(inTurns, 62);
    for (int moved = 0; moved < 2; moved++) {
      int first = 62 + moved * 32;
      SimulatedDisk before = disk.copy();
      boolean[] died = {true};
      int operation = 0;
      for (; died[0]; operation++) {
        disk = before.copy();
        died[0] = dieAt(operation, dying -> commit(dying, first, first + 3));
        SimulatedDisk left = disk;
        for (int seed = 0; seed < 2; seed++) {
          disk = seed == 0 ? left.copy() : left.afterPowerCut(new Random(operation));
          checkAfterDeath(first, "died at " + operation);
        }
      }
      assertThat(operation).isGreaterThan(20);
      disk = before.copy();
      commit(Store.open(disk.process(), PATH), first, first + 32);
      appendByReference(inTurns, first + 32);
    }
  }

  private void appendByReference(boolean inTurns, int key) throws IOException {
    if (inTurns) {
      new Crate(disk.process(), PATH, TABLES).append(Rows.ofKeys(LongStream.of(key)));
    }
  }

  @FunctionalInterface
  private interface Work {
    void doIn(Store store) throws IOException;
  }

  /** Whether the process that does some work died. */
  private boolean dieAt(int operation, Work work) throws IOException {
    SimulatedProcess dying = disk.process();
    int[] left = {operation};
    dying.withFate(
        each -> {
          if (each.kind().changesDisk() && left[0]-- == 0) {
            dying.kill();
            each.run(each.byteCount() / 2);
            return;
          }
          each.run();
        });
    try {
      work.doIn(Store.open(dying, PATH));
      return false;
    } catch (IOException e) {
      assertThat(left[0]).isNegative();
      return true;
    }
  }

  private void checkAfterDeath(int first, String when) throws IOException {
    Store next = Store.open(disk.process(), PATH);
    int found = commitCount();
    assertThat(found).as(when).isBetween(first, first + 3);
    assertEntries(found, when);
    commit(next, found, found + 6);
    assertEntries(found + 6, when);
    assertThat(next.snapshot().record().journalOverflow()).isZero();
    assertThat(next.verify(fault -> {}).faultCount()).isZero();
    List<String> sequence = Rows.read(Store.open(disk.process(), COMMITS), List.of("sequence"));
    for (int s = 0; s < sequence.size(); s++) {
      assertThat(sequence.get(s)).as(when).endsWith(" " + bigint(s));
    }
    assertThat(entries().subList(0, sequence.size()).stream().filter(e -> !e.isOfReference()))
        .hasSize(first < 64 ? 32 : 64);
  }

  /** Those of ours. */
  private int commitCount() throws IOException {
    return (int) entries().stream().filter(entry -> !entry.isOfReference()).count();
  }

  private void assertEntries(int count, String when) throws IOException {
    List<JournalEntry> entries = entries();
    assertThat(sequences(entries))
        .as(when)
        .containsExactlyElementsOf(LongStream.range(0, entries.size()).boxed().toList());
    assertThat(entries.stream().filter(e -> !e.isOfReference()).map(JournalEntry::insertId))
        .as(when)
        .containsExactlyElementsOf(IntStream.range(0, count).mapToObj(i -> "insert " + i).toList());
  }

  @Test
  void byItsPathItCanBeReadAndNotWritten() throws IOException {
    commit(store, 0, 70);
    Store commits = Store.open(disk.process(), COMMITS);
    String why = "/store/commits is the journal of the store /store";
    assertThat(commits.snapshot().rowCount()).isEqualTo(32);
    assertThatThrownBy(() -> commits.writer(WriterOptions.defaults())).hasMessageContaining(why);
    assertThatThrownBy(commits::publisher).hasMessageContaining(why);
    assertThatThrownBy(commits::compact).hasMessageContaining(why);
    assertThatThrownBy(
            () -> Store.openOrCreate(disk.process(), COMMITS, Schema.ofTables(List.of("a"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(why);
    commit(store, 70, 150);
    assertThat(store.verify(fault -> {}).faultCount()).isZero();

    disk.process().delete(COMMITS.resolve("schema.json"));
    disk.process().delete(COMMITS.resolve("length"));
    List<String> faults = new ArrayList<>();
    Verified unused = store.verify(fault -> faults.add(fault.message()));
    assertThat(faults)
        .singleElement()
        .asString()
        .contains("/store/length: the journal's commit 96 at ", " is the first one");
  }

  @Test
  void damageIsToldWithItsFileAndNothingIsPublished() throws IOException {
    commit(store, 0, 95);
    SimulatedProcess process = disk.process();
    byte[] length = process.readUpTo(COMMITS.resolve("length"), 1 << 20);
    length[40] ^= 1;
    process.createDurably(COMMITS.resolve(".x"), ByteBuffer.wrap(length));
    process.rename(COMMITS.resolve(".x"), COMMITS.resolve("length"));

    assertThatThrownBy(() -> commit(store, 95, 96))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining(COMMITS.resolve("length").toString());
    assertThatThrownBy(this::entries)
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining(COMMITS.resolve("length").toString());
    assertThat(Rows.read(store, TABLES)).isEqualTo(Rows.ofKeys(LongStream.range(0, 95)));
  }

  @Test
  void aRowThatIsNoCommitIsToldAsDamageOfTheJournal() throws IOException {
    commit(store, 0, 65);
    Schema schema = Store.open(disk.process(), COMMITS).schema().orElseThrow();
    Store commits = Store.openOrCreateJournal(disk.process(), Entropy.ofSystem(), COMMITS, schema);
    try (StoreWriter writer = commits.writer(WriterOptions.defaults())) {
      byte[][] cells = new byte[8][0];
      cells[0] = new byte[8];
      cells[6] = new byte[8];
      cells[7] = new byte[] {'x'};
      writer.append(Long.MAX_VALUE, cells);
      writer.commit();
    }
    assertThatThrownBy(this::entries)
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining(COMMITS + " holds a row that is no commit");
  }
}
