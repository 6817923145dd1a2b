package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.SimulatedDisk;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.JournalEntry;
import io.timestore.format.Schema;
import io.timestore.store.Publisher.Outcome;
import io.timestore.store.Publisher.RestoreMode;
import io.timestore.store.Publisher.Restored;
import io.timestore.store.WriterOptions.LateRows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Rule 7b: state that is older than the store. Checkpoint n brings the keys from 10 n on, where
 * nothing else is said; submissions were made in the order of the alphabet.
 */
class RestoreModeTest {
  private static final Path PATH = Path.of("/store");
  private static final List<String> TABLES = List.of("a", "b");
  private static final UUID LINEAGE = new UUID(1, 1);
  private static final UUID OTHER_LINEAGE = new UUID(1, 2);
  private static final UUID A = submission(1);
  private static final UUID B = submission(2);
  private static final UUID C = submission(3);
  private static final UUID D = submission(4);

  private final SimulatedDisk disk = new SimulatedDisk();
  private Store store;

  private static UUID submission(int number) {
    return new UUID(2, number);
  }

  @BeforeEach
  void createStore() throws IOException {
    store = Store.openOrCreate(disk.process(), PATH, Schema.ofTables(TABLES));
  }

  private SinkRun begin(UUID submission) throws IOException {
    return SinkRun.begin(store, LINEAGE, submission);
  }

  private static Commit prepare(SinkRun run, long checkpointId) throws IOException {
    return run.prepare(checkpointId, 10 * checkpointId, 10 * checkpointId + 10);
  }

  private Outcome publish(Commit... commits) throws IOException {
    return store.publisher().publish(List.of(commits), true).get(0);
  }

  private void publish(UUID submission, long firstCheckpoint, long lastCheckpoint)
      throws IOException {
    try (SinkRun run = begin(submission)) {
      for (long id = firstCheckpoint; id <= lastCheckpoint; id++) {
        publish(prepare(run, id));
      }
    }
  }

  /** A job that has ended, and released its lane, behind two checkpoints with rows. */
  private void publishTwoAndEnd() throws IOException {
    try (SinkRun run = begin(A)) {
      publish(prepare(run, 1));
      publish(prepare(run, 2));
      publish(run.end(3));
    }
  }

  private void register(UUID state, UUID submission, long checkpointId, RestoreMode mode)
      throws IOException {
    store.publisher().register(new Restored(LINEAGE, state, submission, checkpointId, mode));
  }

  private void truncate(UUID state, UUID submission, long checkpointId) throws IOException {
    register(state, submission, checkpointId, RestoreMode.TRUNCATE);
  }

  private void insert(LongStream keys) throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults().withLateRows(LateRows.KEEP))) {
      writer.append(Rows.batch(Rows.ofKeys(keys)));
      writer.commit();
    }
  }

  private CommitRecord record() throws IOException {
    return store.snapshot().record();
  }

  private void assertHasKeys(LongStream... keys) throws IOException {
    assertThat(Rows.read(store, TABLES))
        .isEqualTo(Rows.ofKeys(Stream.of(keys).flatMapToLong(k -> k).sorted()));
    assertThat(store.verify(fault -> {}).faultCount()).isZero();
  }

  private void assertRefused(UUID state, UUID submission, long checkpointId, String why)
      throws IOException {
    CommitRecord before = record();
    assertThatThrownBy(() -> truncate(state, submission, checkpointId))
        .isInstanceOf(ConflictException.class)
        .hasMessageContaining(why);
    assertThat(record()).isEqualTo(before);
  }

  private static LongStream keys(long from, long to) {
    return LongStream.range(from, to);
  }

  @Test
  void failSaysHowFarApartTheyAreAndWhatToDo() throws IOException {
    publish(A, 1, 15);
    insert(keys(500, 600));
    CommitRecord before = record();

    assertThatThrownBy(() -> register(A, B, 10, RestoreMode.FAIL))
        .isInstanceOf(ConflictException.class)
        .hasMessageContaining("the state is of checkpoint 10")
        .hasMessageContaining("checkpoints up to 15 of its lineage are in the store, 50 rows more")
        .hasMessageContaining("Restore from checkpoint 15 or a later one")
        .hasMessageContaining("'truncate' would let these rows go");
    assertThat(record()).isEqualTo(before);
    assertThatCode(() -> register(A, B, 15, RestoreMode.FAIL)).doesNotThrowAnyException();
  }

  @Test
  void withoutTheJournalItIsRefused() throws IOException {
    publish(A, 5, 105);
    disk.process().delete(PATH.resolve("commits/schema.json"));
    assertThatThrownBy(() -> register(A, B, 7, RestoreMode.FAIL))
        .isInstanceOf(ConflictException.class)
        .hasMessageContaining("how many rows more is not known");
    assertRefused(A, B, 7, "the journal has no commit of this job at or before that checkpoint");
  }

  @Test
  void aCheckpointBeforeTheFirstRowLeavesNone() throws IOException {
    insert(keys(0, 10));
    publish(A, 5, 105);
    insert(keys(2000, 2010));
    assertThatThrownBy(() -> register(A, B, 3, RestoreMode.FAIL))
        .hasMessageContaining("1010 rows more");
    truncate(A, B, 3);
    assertHasKeys(keys(0, 10), keys(2000, 2010));
    publish(B, 4, 5);
    assertHasKeys(keys(0, 10), keys(40, 60), keys(2000, 2010));
  }

  @Test
  void checkpointsElevenToFifteenGoAndTheJobGoesOnWithItsOwnEleven() throws IOException {
    Commit paused;
    try (SinkRun old = begin(A)) {
      for (long id = 1; id <= 11; id++) {
        publish(prepare(old, id));
      }
      paused = prepare(old, 12);
      publish(paused);
      publish(prepare(old, 13));
    }
    truncate(A, B, 10);
    assertHasKeys(keys(10, 110));
    assertThatThrownBy(() -> publish(paused)).isInstanceOf(ConflictException.class);

    try (SinkRun job = begin(B)) {
      Commit eleven = job.prepare(11, 700, 705);
      assertThat(publish(eleven)).isEqualTo(Outcome.PUBLISHED);
      assertThatThrownBy(() -> publish(paused)).isInstanceOf(ConflictException.class);
      publish(job.prepare(12, 705, 710));
      // An attempt of the same submission that was given up and comes late hides nothing.
      assertRefused(A, B, 10, "submission " + B + " was restarted from checkpoint 10");
      truncate(B, B, 12);
      assertThat(publish(eleven)).isEqualTo(Outcome.ALREADY_PUBLISHED);
    }
    assertHasKeys(keys(10, 110), keys(700, 710));
  }

  @Test
  void theEntriesMayHaveMovedToTheJournalsStore() throws IOException {
    publish(A, 1, 150);
    assertThat(record().journal().get(0).sequence()).isGreaterThan(90);
    truncate(A, B, 7);
    assertHasKeys(keys(10, 80));
  }

  @Test
  void severalWritersWithSeveralLanesEachGoBackTogether() throws IOException {
    try (SinkRun first = begin(A);
        SinkRun second = begin(A)) {
      for (long id = 1; id <= 6; id++) {
        List<Commit> commits = new ArrayList<>();
        for (SinkRun run : List.of(first, second)) {
          run.writer().append(Rows.batch(Rows.ofKeys(keys(10 * id, 10 * id + 5))));
          if (run.equals(first) || id % 2 == 0) {
            run.writer().append(Rows.batch(Rows.ofKeys(keys(id, id + 1))));
          }
          commits.add(
              run.writer().prepare(false, Long.MIN_VALUE).orElseThrow().ofCheckpoint(id, false));
        }
        publish(commits.toArray(Commit[]::new));
      }
    }
    assertThat(record().lanes()).hasSize(4);
    truncate(A, B, 3);

    assertHasKeys(
        keys(1, 4),
        keys(2, 3),
        keys(10, 15),
        keys(10, 15),
        keys(20, 25),
        keys(20, 25),
        keys(30, 35),
        keys(30, 35));
  }

  @Test
  void rowsOfOthersStay() throws IOException {
    try (SinkRun job = begin(A);
        SinkRun other = SinkRun.begin(store, OTHER_LINEAGE, D)) {
      for (long id = 1; id <= 5; id++) {
        publish(prepare(job, id));
        publish(other.prepare(id, 1000 + id, 1001 + id));
        insert(LongStream.of(2000 + id));
      }
      truncate(A, B, 2);
      publish(other.prepare(6, 1006, 1007));
    }
    assertHasKeys(keys(10, 30), keys(1001, 1007), keys(2001, 2006));
  }

  @Test
  void rowsThatOthersWroteBeforeItIntoAReleasedLaneStay() throws IOException {
    insert(keys(0, 10));
    publish(A, 1, 2);
    assertThat(record().lanes()).hasSize(1);
    truncate(A, B, 1);
    assertHasKeys(keys(0, 20));
  }

  @Test
  void rowsThatOthersWroteBehindItIntoAReleasedLaneAreNotHidden() throws IOException {
    publishTwoAndEnd();
    insert(keys(50, 60));
    assertThat(record().lanes()).hasSize(1);
    assertRefused(A, B, 1, "another writer took the lane at row 20");
    assertHasKeys(keys(10, 30), keys(50, 60));
  }

  @Test
  void rowsThatTheCrateWroteBehindItAreNotHidden() throws IOException {
    try (SinkRun run = begin(A)) {
      publish(prepare(run, 1));
      publish(prepare(run, 2));
    }
    appendByReference(keys(50, 55));
    assertThatThrownBy(() -> register(A, B, 1, RestoreMode.FAIL))
        .hasMessageContaining("10 rows more");
    assertRefused(A, B, 1, "the Rust crate wrote rows from 20 on of lane 0");
    assertHasKeys(keys(10, 30), keys(50, 55));
    register(A, B, 2, RestoreMode.TRUNCATE);
    assertHasKeys(keys(10, 30), keys(50, 55));
  }

  @Test
  void aLaneThatAnotherWriterTookIsNotCutBeneathIt() throws IOException {
    publishTwoAndEnd();
    try (SinkRun other = SinkRun.begin(store, OTHER_LINEAGE, D)) {
      Commit prepared = other.prepare(1, 50, 60);
      assertRefused(A, B, 1, "another writer took the lane at row 20");
      publish(prepared);
    }
    assertHasKeys(keys(10, 30), keys(50, 60));
  }

  @Test
  void rowsThatTheCrateWroteBetweenCheckpointsStay() throws IOException {
    appendByReference(keys(0, 10));
    publish(A, 1, 1);
    appendByReference(keys(20, 25));
    publish(A, 3, 4);
    assertHasKeys(keys(0, 25), keys(30, 50));
    assertThat(record().journal().stream().map(JournalEntry::checkpointId))
        .containsExactly(-2L, 1L, -2L, 3L, 4L);
    assertThat(record().journal().stream().map(entry -> entry.rowsOf(0)))
        .containsExactly(10L, 20L, 25L, 35L, 45L);

    assertThatThrownBy(() -> register(A, B, 1, RestoreMode.FAIL))
        .hasMessageContaining("20 rows more");
    truncate(A, B, 1);
    assertHasKeys(keys(0, 25));
    assertRefused(B, C, 0, "another writer took the lane at row 25");
  }

  @Test
  void rowsThatTheCrateWroteBehindThoseOfAnEndedJobStay() throws IOException {
    publishTwoAndEnd();
    appendByReference(keys(50, 55));
    insert(keys(0, 5));
    assertThat(record().lanes()).hasSize(2);
    assertThatThrownBy(() -> register(A, B, 1, RestoreMode.FAIL))
        .hasMessageContaining("10 rows more");
    assertRefused(A, B, 1, "the Rust crate wrote rows from 20 on of lane 0");
    assertHasKeys(keys(0, 5), keys(10, 30), keys(50, 55));

    store.publisher().truncate(25);
    truncate(A, B, 1);
    assertHasKeys(keys(0, 5), keys(10, 20));
  }

  private void appendByReference(LongStream keys) throws IOException {
    new Crate(disk.process(), PATH, TABLES).append(Rows.ofKeys(keys));
  }

  @Test
  void checkpointsThatWerePublishedByOneRenameAreToldApart() throws IOException {
    try (SinkRun run = begin(A)) {
      store.publisher().publish(List.of(prepare(run, 1), prepare(run, 2), prepare(run, 3)), false);
    }
    assertThat(record().journal().stream().map(JournalEntry::checkpointId))
        .containsExactly(1L, 2L, 3L);
    truncate(A, B, 2);
    assertHasKeys(keys(10, 30));
  }

  @Test
  void afterACompactionOrAnOverwriteItIsRefused() throws IOException {
    publish(A, 1, 3);
    insert(keys(15, 17));
    store.compact();
    assertRefused(A, B, 1, "were compacted, overwritten or truncated since");
    assertHasKeys(keys(10, 40), keys(15, 17));
    publish(A, 4, 5);
    assertRefused(A, B, 1, "were compacted, overwritten or truncated since");
    truncate(A, B, 4);
    assertHasKeys(keys(10, 50), keys(15, 17));
  }

  @Test
  void threeSubmissionsRestoredFromOneFiveAndThreeInTurn() throws IOException {
    publish(A, 1, 5);
    truncate(A, B, 1);
    assertRefused(A, C, 5, "from which submission " + B + " took over at checkpoint 1");
    Commit zombie;
    try (SinkRun job = begin(B)) {
      publish(job.prepare(2, 220, 230));
      publish(job.prepare(3, 230, 240));
      zombie = job.prepare(4, 240, 250);
      publish(zombie);
      truncate(B, D, 3);
      assertThatThrownBy(() -> publish(zombie)).isInstanceOf(ConflictException.class);
      assertThatThrownBy(() -> publish(job.prepare(5, 250, 260)))
          .isInstanceOf(ConflictException.class);
    }
    assertRefused(B, C, 3, "the newer submission " + D);
    publish(D, 30, 31);
    assertHasKeys(keys(10, 20), keys(220, 240), keys(300, 320));
  }

  @Test
  void anEntryOfABranchThatWasCutDoesNotBringItsRowsBack() throws IOException {
    publish(A, 1, 5);
    truncate(A, B, 2);
    try (SinkRun job = begin(B)) {
      publish(job.prepare(6, 600, 610)); // Nothing came in 3 to 5 of this branch.
    }
    assertThatThrownBy(() -> register(B, C, 4, RestoreMode.FAIL))
        .hasMessageContaining("checkpoints up to 6 of its lineage are in the store, 10 rows more");
    truncate(B, C, 4);
    assertHasKeys(keys(10, 30));
    assertThat(record().lineage(LINEAGE).orElseThrow().publishedCheckpointId()).isEqualTo(4);
  }

  @Test
  void whatIsPendingInTheStateIsPublishedAfterwards() throws IOException {
    Commit savepoint;
    try (SinkRun run = begin(A)) {
      publish(prepare(run, 9));
      savepoint = prepare(run, 10);
    }
    publish(A, 11, 12);
    truncate(A, B, 10);
    assertThat(publish(savepoint)).isEqualTo(Outcome.PUBLISHED);
    truncate(A, B, 10);
    assertHasKeys(keys(90, 110));
  }

  /** A job with some writers, that goes back now and then, beside others: against a model. */
  @Test
  void jobsThatGoBackAgainAndAgainHaveTheRowsOfTheirBranch() throws IOException {
    long seed = Long.getLong("timestore.seed", System.nanoTime());
    System.out.println("Replay with -Dtimestore.seed=" + seed);
    for (int history = 0; history < 40; history++) {
      createHistory(new Random(seed + history), "seed " + seed + ", history " + history);
    }
  }

  private void createHistory(Random random, String when) throws IOException {
    Path path = Path.of("/history" + random.nextLong());
    store = Store.openOrCreate(disk.process(), path, Schema.ofTables(TABLES));
    TreeMap<Long, List<Long>> branch = new TreeMap<>();
    List<Long> others = new ArrayList<>();
    int submission = 1;
    long checkpoint = 0;
    List<SinkRun> runs = new ArrayList<>(List.of(begin(submission(1))));
    for (int step = 0; step < 30; step++) {
      int what = random.nextInt(10);
      if (what < 6) {
        checkpoint += 1 + random.nextInt(2);
        List<Long> keys = new ArrayList<>();
        List<Commit> commits = new ArrayList<>();
        for (SinkRun run : runs) {
          long key = random.nextInt(1000);
          keys.addAll(List.of(key, key + 1));
          commits.add(run.prepare(checkpoint, key, key + 2));
        }
        publish(commits.toArray(Commit[]::new));
        branch.put(checkpoint, keys);
      } else if (what < 8) {
        long key = random.nextInt(1000);
        insert(LongStream.of(key));
        others.add(key);
      } else if (!branch.isEmpty()) {
        List<Long> ids = List.copyOf(branch.keySet());
        long restored = ids.get(random.nextInt(ids.size())) + random.nextInt(2);
        int next = submission + 1 + random.nextInt(3);
        truncate(submission(submission), submission(next), restored);
        submission = next;
        branch.tailMap(restored, false).clear();
        checkpoint = Math.max(checkpoint, restored);
        for (SinkRun run : runs) {
          run.close();
        }
        runs.clear();
        for (int i = random.nextInt(3); i >= 0; i--) {
          runs.add(begin(submission(submission)));
        }
      }
      List<Long> expected = new ArrayList<>(others);
      branch.values().forEach(expected::addAll);
      assertThat(Rows.read(store, TABLES))
          .as("%s, step %d", when, step)
          .isEqualTo(Rows.ofKeys(expected.stream().mapToLong(k -> k).sorted()));
    }
    for (SinkRun run : runs) {
      run.close();
    }
  }
}
