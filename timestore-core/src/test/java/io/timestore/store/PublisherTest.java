package io.timestore.store;

import static io.timestore.format.Owner.Kind.NONE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.Disk;
import io.timestore.disk.LocalDisk;
import io.timestore.format.Commit;
import io.timestore.format.Commit.LaneBatch;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lane;
import io.timestore.format.Owner;
import io.timestore.format.Schema;
import io.timestore.store.Publisher.Outcome;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rules 3, 4, 6 and 10: whose lane it is, and which commit becomes visible. */
class PublisherTest {
  private static final List<String> TABLES = List.of("a", "b");
  private static final UUID LINEAGE = new UUID(1, 1);
  private static final UUID OTHER_LINEAGE = new UUID(1, 2);
  private static final UUID SUBMISSION = new UUID(2, 1);
  private static final UUID OTHER_SUBMISSION = new UUID(2, 2);

  @TempDir Path directory;
  private Path path;
  private Store store;

  @BeforeEach
  void createStore() throws IOException {
    path = directory.resolve("store");
    store = Store.openOrCreate(path, Schema.ofTables(TABLES));
  }

  private SinkRun begin() throws IOException {
    return SinkRun.begin(store, LINEAGE, SUBMISSION);
  }

  private Outcome publish(Commit commit) throws IOException {
    return store.publisher().publish(List.of(commit), false).get(0);
  }

  private Outcome publishRestored(Commit commit) throws IOException {
    return store.publisher().publish(List.of(commit), true).get(0);
  }

  private CommitRecord record() throws IOException {
    return store.snapshot().record();
  }

  private void assertHasKeys(LongStream keys) throws IOException {
    assertThat(Rows.read(store, TABLES)).isEqualTo(Rows.ofKeys(keys));
  }

  private void appendDirectly(long from, long to) throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(Rows.ofKeys(LongStream.range(from, to))));
      writer.commit();
    }
  }

  @Test
  void publishingCheckpointOneAgainAfterTwoLeavesTheRows() throws IOException {
    try (SinkRun run = begin()) {
      Commit first = run.prepare(1, 0, 10);
      Commit second = run.prepare(2, 10, 20);
      assertThat(publish(first)).isEqualTo(Outcome.PUBLISHED);
      assertThat(publish(second)).isEqualTo(Outcome.PUBLISHED);
      CommitRecord before = record();

      assertThat(publishRestored(first)).isEqualTo(Outcome.ALREADY_PUBLISHED);
      assertThat(publish(second)).isEqualTo(Outcome.ALREADY_PUBLISHED);

      assertThat(record()).isEqualTo(before);
      assertHasKeys(LongStream.range(0, 20));
    }
  }

  @Test
  void aCommitIsNotPublishedBeforeTheOneItFollows() throws IOException {
    try (SinkRun run = begin()) {
      Commit first = run.prepare(1, 0, 10);
      Commit second = run.prepare(2, 10, 20);

      assertThatThrownBy(() -> publish(second))
          .isInstanceOf(ConflictException.class)
          .hasMessageContaining("rows 10 to 20 (checkpoint 2, written on host " + Holder.host())
          .hasMessageContaining("follows 10 rows of run " + second.run())
          .hasMessageContaining("the lane has 0 rows");
      assertHasKeys(LongStream.empty());
      publish(first);
      publish(second);
      assertHasKeys(LongStream.range(0, 20));
    }
  }

  @Test
  void aRowThatTheCrateAppendedIsNeverTakenForThePreparedOne() throws IOException {
    Commit commit;
    try (SinkRun run = begin()) {
      commit = run.prepare(1, 5, 6);
    }
    List<String> rows = List.of("5 " + Rows.hex("w5") + " -");
    Crate.append(path, TABLES, rows);

    assertThatThrownBy(() -> publish(commit))
        .isInstanceOf(ConflictException.class)
        .hasMessageContaining("follows 0 rows of run " + commit.run())
        .hasMessageContaining("the lane has 1 rows and is owned by nobody");
    assertThatThrownBy(() -> publishRestored(commit)).isInstanceOf(ConflictException.class);
    assertThat(Rows.read(store, TABLES)).isEqualTo(rows);
  }

  @Test
  void moreRowsOfTheCrateAreNotTakenForAPreparedCommitEither() throws IOException {
    Commit commit;
    try (SinkRun run = begin()) {
      publish(run.prepare(1, 0, 3));
      commit = run.prepare(2, 3, 5);
    }
    Crate.append(path, TABLES, Rows.ofKeys(LongStream.range(10, 20)));

    assertThatThrownBy(() -> publish(commit)).isInstanceOf(ConflictException.class);
    assertHasKeys(LongStream.concat(LongStream.range(0, 3), LongStream.range(10, 20)));
  }

  @Test
  void rowsOfTheCrateThatOursAdoptedAreNotTakenForARestoredCommit() throws IOException {
    Commit commit;
    try (SinkRun run = begin()) {
      commit = run.prepare(1, 0, 3);
    }
    Crate.append(path, TABLES, Rows.ofKeys(LongStream.range(10, 20)));
    appendDirectly(20, 21);

    assertThatThrownBy(() -> publishRestored(commit)).isInstanceOf(ConflictException.class);
    assertHasKeys(LongStream.range(10, 21));
  }

  @Test
  void afterTheCratesAppendTheNextWriterAdoptsItsRowsAndLineagesSurvive() throws IOException {
    try (SinkRun run = begin()) {
      publish(run.prepare(7, 0, 10));
      publish(run.end(8));
    }
    CommitRecord before = record();
    Crate.append(path, TABLES, Rows.ofKeys(LongStream.range(10, 15)));
    assertThat(Files.size(path.resolve("length"))).isEqualTo(8);
    assertHasKeys(LongStream.range(0, 15));

    appendDirectly(15, 20);

    assertHasKeys(LongStream.range(0, 20));
    assertThat(record().lanes()).hasSize(1);
    assertThat(record().lineages()).isEqualTo(before.lineages());
    assertThat(record().journal()).startsWith(before.journal().get(0));
    assertThat(record().journal().stream().map(entry -> entry.rowsOf(0)))
        .containsExactly(10L, 15L, 20L);
    assertThat(record().lineage(LINEAGE).orElseThrow().publishedCheckpointId()).isEqualTo(8);
  }

  @Test
  void nothingIsRecordedInAStoreThatHasNoSchema() throws IOException {
    Path crate = Files.createDirectory(directory.resolve("crate"));
    Crate.writeLength(crate, 0);
    Publisher publisher = Store.open(crate).publisher();

    assertThatThrownBy(
            () -> publisher.register(new Publisher.Restored(LINEAGE, SUBMISSION, SUBMISSION, 1)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(crate + " has no schema.json: open it with openOrCreate to write it");
    assertThat(crate.resolve("length")).hasBinaryContent(new byte[Long.BYTES]);
    assertThat(crate.resolve("record")).doesNotExist();
  }

  @Test
  void commitsBeforeTheCratesAppendAreKnownToBeDone() throws IOException {
    Commit commit;
    try (SinkRun run = begin()) {
      commit = run.prepare(1, 0, 10);
      publish(commit);
    }
    Crate.append(path, TABLES, Rows.ofKeys(LongStream.range(10, 15)));

    assertThat(publishRestored(commit)).isEqualTo(Outcome.ALREADY_PUBLISHED);
    assertHasKeys(LongStream.range(0, 15));
  }

  @Test
  void theCratesAppendFailsBeforeItCommitsWhereThereAreLanes() throws IOException {
    try (SinkRun first = begin();
        SinkRun second = begin()) {
      publish(first.prepare(1, 0, 10));
      publish(second.prepare(2, 10, 20));
    }
    assertThatThrownBy(() -> Crate.append(path, TABLES, Rows.ofKeys(LongStream.range(20, 30))))
        .isInstanceOf(FileAlreadyExistsException.class);

    assertHasKeys(LongStream.range(0, 20));
  }

  @Test
  void everyLaneAndTheStoreGetADirectoryThatStopsTheCrate() throws IOException {
    Files.write(path.resolve("new_length"), new byte[8]);
    try (SinkRun zombie = begin();
        SinkRun run = begin()) {
      publish(zombie.prepare(1, 0, 10));
      assertThat(path.resolve("new_length")).isRegularFile();

      publish(run.prepare(2, 10, 20));
    }
    assertThat(path.resolve("new_length")).isDirectory();
    assertThat(path.resolve("lanes/00001/new_length")).isDirectory();
    assertThat(path.resolve("lanes/00001/length"))
        .hasBinaryContent(new byte[] {0, 0, 0, 0, 0, 0, 0, 10});
  }

  @Test
  void aPublisherMakesTheDirectoryDurableBeforeItBelievesLength() throws IOException {
    List<String> calls = new ArrayList<>();
    Commit commit;
    try (SinkRun run = begin()) {
      commit = run.prepare(1, 0, 10);
    }
    Store.open(recording(calls), path).publisher().publish(List.of(commit), false);

    assertThat(calls)
        .containsSubsequence("tryLock commit.lock", "syncDirectory store", "readUpTo length")
        .endsWith("link record", "rename length", "syncDirectory store");
    // The look before it asks no more than who wrote last.
    assertThat(calls.subList(0, calls.indexOf("syncDirectory store")))
        .containsOnlyOnce("readUpTo length")
        .doesNotContain("readUpTo record");
  }

  @Test
  void aPublisherSettlesARenameWhoseSyncFailedBeforeItReportsIt() throws IOException {
    List<String> calls = new ArrayList<>();
    AtomicBoolean broken = new AtomicBoolean(true);
    Disk disk =
        recording(
            calls,
            () ->
                broken.get()
                    && calls.contains("rename length")
                    && calls.get(calls.size() - 1).equals("syncDirectory store"));
    try (SinkRun run = begin();
        Publisher publisher = Store.open(disk, path).publisher()) {
      List<Commit> commits = List.of(run.prepare(1, 0, 10));
      assertThatThrownBy(() -> publisher.publish(commits, false)).hasMessage("broken disk");
      broken.set(false);
      calls.clear();

      assertThat(publisher.publish(commits, false)).containsExactly(Outcome.ALREADY_PUBLISHED);
      assertThat(calls).containsSubsequence("syncDirectory store", "readUpTo length");

      publisher.publish(List.of(run.prepare(2, 10, 20)), false);
      calls.clear();
      assertThat(publisher.publish(commits, false)).containsExactly(Outcome.ALREADY_PUBLISHED);
      assertThat(calls).as("durable already").doesNotContain("syncDirectory store");
    }
  }

  @Test
  void aPublisherSeesWhatTheCrateAppendedSinceItsOwnCommit() throws IOException {
    try (SinkRun run = begin();
        Publisher publisher = store.publisher()) {
      publisher.publish(List.of(run.prepare(1, 0, 10)), false);
      Commit second = run.prepare(2, 10, 20);
      Crate.append(path, TABLES, Rows.ofKeys(LongStream.range(30, 35)));

      assertThatThrownBy(() -> publisher.publish(List.of(second), false))
          .isInstanceOf(ConflictException.class)
          .hasMessageContaining("the lane has 15 rows and is owned by nobody");
    }
    assertHasKeys(LongStream.concat(LongStream.range(0, 10), LongStream.range(30, 35)));
  }

  private static Disk recording(List<String> calls) {
    return recording(calls, () -> false);
  }

  /**
   * The disk of this machine, and a line for each operation with the name of its last path.
   *
   * @param fails whether the operation that was recorded last does
   */
  private static Disk recording(List<String> calls, BooleanSupplier fails) {
    return Around.calls(
        Disk.class,
        new LocalDisk(),
        (method, arguments, original) -> {
          for (int i = arguments.length - 1; i >= 0; i--) {
            boolean onlyLooks = method.getName().equals("realPath");
            if (arguments[i] instanceof Path file && !onlyLooks) {
              calls.add(method.getName() + " " + file.getFileName());
              break;
            }
          }
          if (fails.getAsBoolean()) {
            throw new IOException("broken disk");
          }
          return original.call();
        });
  }

  @Test
  void preparedBytesOfADeadRunStayAndCanBePublishedAfterABackfill() throws IOException {
    Commit commit;
    try (SinkRun run = begin()) {
      commit = run.prepare(1, 0, 10);
    }
    appendDirectly(100, 200);
    assertThat(record().lane(1).orElseThrow().rows()).isEqualTo(100);

    assertThat(publishRestored(commit)).isEqualTo(Outcome.PUBLISHED);

    assertHasKeys(LongStream.concat(LongStream.range(0, 10), LongStream.range(100, 200)));
  }

  @Test
  void aSavepointsBytesStayAfterAFailoverToACheckpointBeforeIt() throws IOException {
    Commit savepoint;
    try (SinkRun run = begin()) {
      publish(run.prepare(1, 0, 10));
      savepoint = run.prepare(2, 10, 20);
    }
    try (SinkRun failover = begin()) {
      Commit second = failover.prepare(2, 30, 40);
      assertThat(second.lanes().get(0).number()).isEqualTo(1);
      publish(second);

      assertThat(publishRestored(savepoint)).isEqualTo(Outcome.PUBLISHED);
    }
    assertHasKeys(LongStream.concat(LongStream.range(0, 20), LongStream.range(30, 40)));
  }

  @Test
  void aDirectoryThatNoRecordNamesIsNotUsedAgain() throws IOException {
    try (SinkRun zombie = begin()) {
      publish(zombie.prepare(1, 0, 10));
      Commit pending;
      try (SinkRun dead = begin()) {
        pending = dead.prepare(2, 10, 20);
      }
      assertThat(pending.lanes().get(0).number()).isEqualTo(1);
      assertThat(record().lanes()).hasSize(1);

      try (SinkRun next = begin()) {
        Commit commit = next.prepare(2, 20, 30);
        assertThat(commit.lanes().get(0).number()).isEqualTo(2);
        publish(commit);
      }
      assertThat(publishRestored(pending)).isEqualTo(Outcome.PUBLISHED);
    }
    assertHasKeys(LongStream.range(0, 30));
    assertThat(record().lanes()).extracting(Lane::number).containsExactly(0, 1, 2);
    assertThat(record().nextLane()).isEqualTo(3);
  }

  @Test
  void laneNumbersOnlyGoUpOverDirectoriesThatNoRecordNames() throws IOException {
    Files.createDirectories(path.resolve("lanes/00007"));
    Files.createDirectories(path.resolve("lanes/notes"));
    try (SinkRun zombie = begin();
        SinkRun run = begin()) {
      publish(zombie.prepare(1, 0, 10));

      assertThat(run.prepare(2, 10, 20).lanes().get(0).number()).isEqualTo(8);
    }
  }

  @Test
  void aCommitIsRefusedOnceItsRunDoesNotOwnTheLaneAnyMore() throws IOException {
    try (SinkRun run = begin()) {
      publish(run.prepare(1, 0, 10));
      Commit late = run.prepare(2, 10, 20);
      publish(run.end(3));

      assertThatThrownBy(() -> publishRestored(late))
          .isInstanceOf(ConflictException.class)
          .hasMessageContaining("the lane has 10 rows and is owned by nobody");
    }
    assertHasKeys(LongStream.range(0, 10));
  }

  @Test
  void anAttemptThatWakesUpLateWritesNothingOverItsSuccessorsBytes() throws IOException {
    try (SinkRun paused = begin()) {
      Commit completed;
      try (SinkRun successor = begin()) {
        completed = successor.prepare(1, 0, 10);
      }
      assertThat(paused.prepare(1, 5, 15).lanes().get(0).number()).isEqualTo(1);

      assertThat(publishRestored(completed)).isEqualTo(Outcome.PUBLISHED);
    }
    assertHasKeys(LongStream.range(0, 10));
  }

  @Test
  void aZombieThatHoldsItsLaneKeepsNobodyWaiting() throws IOException {
    try (StoreWriter zombie = store.writer(WriterOptions.defaults())) {
      zombie.append(Rows.batch(Rows.ofKeys(LongStream.range(0, 10))));
      zombie.commit();

      appendDirectly(10, 20);
    }
    assertHasKeys(LongStream.range(0, 20));
    assertThat(record().lanes()).extracting(Lane::number).containsExactly(0, 1);
  }

  @Test
  void aWriterGoesOnInTheNewestLaneThatWasReleased() throws IOException {
    for (long from = 0; from < 50; from += 10) {
      appendDirectly(from, from + 10);
    }
    assertThat(record().lanes()).hasSize(1);
    assertThat(record().lanes().get(0).owner()).isEqualTo(Owner.NONE);
    assertThat(record().lanes().get(0).base()).isEqualTo(40);
    assertThat(path.resolve("lanes")).doesNotExist();
  }

  @Test
  void theRunThatEndsFirstReleasesNoOtherRunsLane() throws IOException {
    try (SinkRun first = begin();
        SinkRun second = begin()) {
      Commit ofFirst = first.prepare(1, 0, 10);
      Commit ofSecond = second.prepare(1, 10, 20);
      store.publisher().publish(List.of(ofFirst, ofSecond), false);

      assertThat(publish(first.end(2))).isEqualTo(Outcome.PUBLISHED);
      assertThat(record().lane(0).orElseThrow().owner()).isEqualTo(Owner.NONE);
      assertThat(record().lane(1).orElseThrow().owner())
          .isEqualTo(new Owner(Owner.Kind.RUN, ofSecond.run()));

      publish(second.prepare(2, 20, 30));
      assertHasKeys(LongStream.range(0, 30));
    }
  }

  @Test
  void onlyTheLastCommitReleasesAndItsSecondPublicationAddsNothing() throws IOException {
    try (SinkRun run = begin()) {
      Commit first = run.prepare(1, 0, 10);
      Owner owner = new Owner(Owner.Kind.RUN, first.run());
      publish(first);
      assertThat(record().lanes().get(0).owner()).isEqualTo(owner);

      Commit last = run.end(2);
      assertThat(last.lanes()).isEmpty();
      assertThat(publish(last)).isEqualTo(Outcome.PUBLISHED);
      CommitRecord released = record();
      assertThat(released.lanes().get(0).owner()).isEqualTo(Owner.NONE);
      assertThat(released.lanes().get(0).rows()).isEqualTo(10);

      assertThat(publish(last)).isEqualTo(Outcome.ALREADY_PUBLISHED);
      assertThat(record()).isEqualTo(released);
    }
    appendDirectly(10, 20);
    assertThat(record().lanes()).hasSize(1);
  }

  @Test
  void commitsOfOneCheckpointBecomeVisibleInOneRename() throws IOException {
    try (SinkRun first = begin();
        SinkRun second = begin()) {
      Commit left = first.prepare(1, 0, 10);
      Commit right = second.prepare(1, 10, 20);
      CommitRecord before = record();

      List<Outcome> outcomes = store.publisher().publish(List.of(right, left), false);

      assertThat(outcomes).containsExactly(Outcome.PUBLISHED, Outcome.PUBLISHED);
      assertThat(record().revision()).isEqualTo(before.revision() + 1);
      assertThat(record().commitCount()).isEqualTo(before.commitCount() + 1);
      assertHasKeys(LongStream.range(0, 20));
    }
  }

  @Test
  void ofCommitsOfOneCheckpointNoneIsPublishedIfOneConflicts() throws IOException {
    try (SinkRun first = begin();
        SinkRun second = begin()) {
      Commit good = first.prepare(1, 0, 10);
      second.prepare(1, 10, 20);
      Commit tooEarly = second.prepare(2, 20, 30);
      CommitRecord before = record();

      assertThatThrownBy(() -> store.publisher().publish(List.of(good, tooEarly), false))
          .isInstanceOf(ConflictException.class)
          .hasMessageContaining("the lane is not in the store");

      assertThat(record()).isEqualTo(before);
    }
  }

  @Test
  void rowsOlderThanCommittedOnesInAnotherLaneAreKept() throws IOException {
    try (SinkRun first = begin();
        SinkRun second = begin()) {
      Commit early = first.prepare(1, 0, 10);
      publish(second.prepare(1, 5, 15));
      publish(early);
    }
    assertThat(record().lanes()).extracting(Lane::visibleRows).containsExactly(10L, 10L);
  }

  @Test
  void aRestoredCommitWhoseBytesAreGoneIsRefused() throws IOException {
    Path copy = directory.resolve("copy");
    Commit commit;
    try (SinkRun run = begin()) {
      publish(run.prepare(1, 0, 10));
      Directories.copy(path, copy);
      commit = run.prepare(2, 10, 20);
    }
    replaceStoreBy(copy);

    assertThatThrownBy(() -> publishRestored(commit))
        .isInstanceOf(ConflictException.class)
        .hasMessageContaining("rows 10 to 20 (checkpoint 2, written on host " + Holder.host())
        .hasMessageContaining("the prepared bytes are not on disk any more")
        .hasMessageContaining("brought back from an older copy?");
    assertHasKeys(LongStream.range(0, 10));
  }

  @Test
  void aRestoredCommitWhoseLaneIsGoneIsRefused() throws IOException {
    Path copy = directory.resolve("copy");
    try (SinkRun zombie = begin();
        SinkRun run = begin()) {
      publish(zombie.prepare(1, 0, 10));
      Directories.copy(path, copy);
      Commit first = run.prepare(2, 10, 20);
      publish(first);
      Commit second = run.prepare(3, 20, 30);
      replaceStoreBy(copy);

      assertThatThrownBy(() -> publishRestored(first))
          .isInstanceOf(ConflictException.class)
          .hasMessageContaining("the prepared bytes are not on disk any more");
      assertThatThrownBy(() -> publishRestored(second))
          .isInstanceOf(ConflictException.class)
          .hasMessageContaining("follows 10 rows, but the lane is not in the store");
    }
    assertHasKeys(LongStream.range(0, 10));
  }

  private void replaceStoreBy(Path copy) throws IOException {
    Directories.delete(path);
    Files.move(copy, path);
  }

  @Test
  void aCommitThatNamesOtherKeysOrMoreRowsThanAreOnDiskIsNotPublished() throws IOException {
    try (SinkRun run = begin()) {
      Commit sound = run.prepare(1, 10, 20);
      LaneBatch batch = sound.lanes().get(0);
      assertNotOnDisk(sound, batch.rowsAfter(), batch.firstKey() - 1, batch.lastKey());
      assertNotOnDisk(sound, batch.rowsAfter(), batch.firstKey(), batch.lastKey() + 1);
      assertNotOnDisk(sound, 1L << 50, batch.firstKey(), batch.lastKey());

      assertThat(publishRestored(sound)).isEqualTo(Outcome.PUBLISHED);
    }
    assertHasKeys(LongStream.range(10, 20));
  }

  private void assertNotOnDisk(Commit sound, long rowsAfter, long firstKey, long lastKey) {
    LaneBatch batch = sound.lanes().get(0);
    LaneBatch changed =
        new LaneBatch(
            batch.number(),
            batch.rowsBefore(),
            rowsAfter,
            firstKey,
            lastKey,
            batch.keys(),
            batch.tables());
    Commit commit = copy(sound, sound.host(), List.of(changed));

    assertThatThrownBy(() -> publishRestored(commit))
        .isInstanceOf(ConflictException.class)
        .hasMessageContaining("the prepared bytes are not on disk any more");
  }

  private static Commit copy(Commit commit, String host, List<LaneBatch> lanes) {
    return new Commit(
        commit.storeId(),
        host,
        commit.lineage(),
        commit.submission(),
        commit.run(),
        commit.direct(),
        commit.checkpointId(),
        commit.last(),
        commit.stateless(),
        commit.watermark(),
        commit.insertId(),
        false,
        lanes);
  }

  @Test
  void aCommitForAnotherStoreNamesBothStoresAndHosts() throws IOException {
    Store other = Store.openOrCreate(directory.resolve("other"), Schema.ofTables(TABLES));
    try (SinkRun run = begin()) {
      Commit here = run.prepare(1, 0, 10);
      Commit there = copy(here, "far-away", here.lanes());

      assertThatThrownBy(() -> other.publisher().publish(List.of(there), false))
          .isInstanceOf(ConflictException.class)
          .hasMessageStartingWith(other.directory() + " is store " + other.id())
          .hasMessageContaining("as seen from host " + Holder.host())
          .hasMessageContaining("written to store " + store.id() + " on host far-away");
    }
    assertThat(Rows.read(other, TABLES)).isEmpty();
  }

  @Test
  void leftoversOfACrashedPublisherAreRemoved() throws IOException {
    Files.writeString(path.resolve(".length.1234"), "half a rec");
    Files.writeString(path.resolve(".record.1234"), "a link");
    Files.writeString(path.resolve(".notes"), "not ours");

    appendDirectly(0, 10);

    assertThat(path.toFile().list((dir, name) -> name.startsWith("."))).containsExactly(".notes");
  }

  @Test
  void aRecordWhoseRenameNeverCameIsTakenBack() throws IOException {
    appendDirectly(0, 10);
    byte[] committed = Files.readAllBytes(path.resolve("length"));
    CommitRecord neverCommitted = record().withFinished(SUBMISSION).nextRevision();
    Files.delete(path.resolve("record"));
    Files.write(path.resolve("record"), neverCommitted.toBytes());

    assertThat(store.publisher().startWithoutState(SUBMISSION)).isFalse();

    assertThat(path.resolve("record")).hasBinaryContent(committed);
    Crate.append(path, TABLES, Rows.ofKeys(LongStream.range(10, 20)));
    assertThat(store.publisher().startWithoutState(SUBMISSION)).isFalse();
    assertHasKeys(LongStream.range(0, 20));
  }

  @Test
  void aRecordWhoseRenameNeverCameIsTakenBackByOneWhoPublishedBeforeIt() throws IOException {
    try (SinkRun run = begin();
        Publisher publisher = store.publisher()) {
      Commit commit = run.prepare(1, 0, 10);
      publisher.publish(List.of(commit), false);
      CommitRecord neverCommitted = record().withFinished(OTHER_SUBMISSION).nextRevision();
      Files.delete(path.resolve("record"));
      Files.write(path.resolve("record"), neverCommitted.toBytes());

      assertThat(publisher.publish(List.of(commit), false))
          .containsExactly(Outcome.ALREADY_PUBLISHED);
    }
    assertThat(path.resolve("record")).hasSameBinaryContentAs(path.resolve("length"));
    Crate.append(path, TABLES, Rows.ofKeys(LongStream.range(10, 20)));
    assertThat(store.publisher().startWithoutState(OTHER_SUBMISSION)).isFalse();
  }

  @Test
  void theSecondAttemptOfASubmissionWithoutStateIsToldThatItIsFinished() throws IOException {
    assertThat(store.publisher().startWithoutState(SUBMISSION)).isFalse();
    try (SinkRun run = begin()) {
      publish(run.prepareStateless(0, 10));
    }
    assertThat(store.publisher().startWithoutState(SUBMISSION)).isTrue();
    assertThat(store.publisher().startWithoutState(OTHER_SUBMISSION)).isFalse();
  }

  @Test
  void theSecondAttemptsLastCommitAddsNothing() throws IOException {
    Commit second;
    try (SinkRun late = begin()) {
      try (SinkRun run = begin()) {
        publish(run.prepareStateless(0, 10));
      }
      second = late.prepareStateless(10, 20);
    }
    assertThat(publish(second)).isEqualTo(Outcome.ALREADY_PUBLISHED);
    assertHasKeys(LongStream.range(0, 10));

    appendDirectly(20, 30);
    assertHasKeys(LongStream.concat(LongStream.range(0, 10), LongStream.range(20, 30)));
    assertThat(record().lanes()).as("the second attempt's lane was released").hasSize(1);
  }

  @Test
  void bothAttemptsOfASubmissionWithoutStateMayPrepareAtOnce() throws IOException {
    try (SinkRun first = begin();
        SinkRun second = begin()) {
      Commit ofFirst = first.prepareStateless(0, 10);
      Commit ofSecond = second.prepareStateless(0, 10);
      assertThat(publish(ofSecond)).isEqualTo(Outcome.PUBLISHED);

      assertThat(publish(ofFirst)).isEqualTo(Outcome.ALREADY_PUBLISHED);
      assertThat(record().lanes()).extracting(Lane::visibleRows).containsExactly(0L, 10L);
    }
    assertHasKeys(LongStream.range(0, 10));
  }

  @Test
  void whatFailedAttemptsWithoutStateLeftGoesWithTheLastCommitOfTheOneThatEnds()
      throws IOException {
    appendDirectly(0, 5);
    Commit ofFirst;
    Commit ofSecond;
    Commit ofOther;
    try (SinkRun zombie = begin()) {
      try (SinkRun first = begin();
          SinkRun second = begin();
          SinkRun other = SinkRun.begin(store, OTHER_LINEAGE, OTHER_SUBMISSION)) {
        ofFirst = first.prepareStateless(5, 15);
        ofSecond = second.prepareStateless(5, 15);
        ofOther = other.prepareStateless(5, 15);
      }
      Commit ofZombie = zombie.prepareStateless(5, 15);
      assertThat(lanesOnDisk()).containsExactly("00001", "00002", "00003");
      try (SinkRun last = begin()) {
        assertThat(publish(last.prepareStateless(5, 15))).isEqualTo(Outcome.PUBLISHED);
      }
      assertThat(lanesOnDisk()).containsExactly("00002", "00003", "00004");
      assertThat(record().lanes()).extracting(lane -> lane.owner().kind()).containsOnly(NONE);
      assertThat(publish(ofZombie)).isEqualTo(Outcome.ALREADY_PUBLISHED);
      assertThat(publish(ofOther)).isEqualTo(Outcome.PUBLISHED);
    }
    appendDirectly(15, 20);
    assertThat(publish(ofFirst)).isEqualTo(Outcome.ALREADY_PUBLISHED);
    assertThat(publish(ofSecond)).isEqualTo(Outcome.ALREADY_PUBLISHED);
    assertThat(lanesOnDisk()).containsExactly("00002", "00004");
    assertThat(record().lanes()).extracting(Lane::number).containsExactly(0, 2, 4);
  }

  @Test
  void whatFailedAttemptsLeftAndCannotBeFoundFailsNoCommit() throws IOException {
    appendDirectly(0, 5);
    Files.createDirectory(path.resolve("lanes"));
    Files.createSymbolicLink(path.resolve("lanes/00007"), path.resolveSibling("elsewhere"));
    Files.createDirectory(path.resolveSibling("elsewhere"));
    try (SinkRun run = begin()) {
      assertThat(publish(run.prepareStateless(5, 15))).isEqualTo(Outcome.PUBLISHED);
    }
    assertHasKeys(LongStream.range(0, 15));
  }

  private List<String> lanesOnDisk() throws IOException {
    try (Stream<Path> lanes = Files.list(path.resolve("lanes"))) {
      return lanes.map(lane -> lane.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void twoSubmissionsOfOneJobPublishTheSameCheckpointId() throws IOException {
    try (SinkRun left = SinkRun.begin(store, LINEAGE, SUBMISSION);
        SinkRun right = SinkRun.begin(store, OTHER_LINEAGE, OTHER_SUBMISSION)) {
      Commit first = left.prepare(1, 0, 10);
      Commit second = right.prepare(1, 10, 20);

      assertThat(publish(first)).isEqualTo(Outcome.PUBLISHED);
      assertThat(publish(second)).isEqualTo(Outcome.PUBLISHED);
    }
    assertHasKeys(LongStream.range(0, 20));
  }

  @Test
  void whatADirectWriterLeftUnpublishedIsWrittenOverAndTheStoreIsSound() throws IOException {
    appendDirectly(0, 10);
    CrashingDisk disk = new CrashingDisk(Long.MAX_VALUE, CrashingDisk.Fate.DONE);
    WriterOptions options = WriterOptions.defaults().withBufferMemoryBytes(1 << 16);
    StoreWriter dead = Store.open(disk, path).writer(options);
    dead.append(Rows.batch(Rows.ofKeys(LongStream.range(10, 80_000))));
    disk.bury();
    assertThat(Files.size(path.resolve("keys"))).isGreaterThan(CommitRecord.CHUNK_BYTES);

    appendDirectly(20, 90_000);

    assertHasKeys(LongStream.concat(LongStream.range(0, 10), LongStream.range(20, 90_000)));
    assertThat(record().lanes()).hasSize(1);
    appendDirectly(90_000, 90_001);
  }
}
