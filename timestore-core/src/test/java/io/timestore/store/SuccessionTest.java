package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lineage;
import io.timestore.format.Lineage.Submission;
import io.timestore.format.Schema;
import io.timestore.store.Publisher.Outcome;
import io.timestore.store.Publisher.RestoreMode;
import io.timestore.store.Publisher.Restored;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rule 7: who may go on from which state. Submissions A, B and C were made in this order. */
class SuccessionTest {
  private static final List<String> TABLES = List.of("a", "b");
  private static final UUID LINEAGE = new UUID(1, 1);
  private static final UUID A = new UUID(2, 1);
  private static final UUID B = new UUID(2, 2);

  /** Its upper half is negative where Java takes it for a signed number. */
  private static final UUID C = new UUID(-3, 1);

  @TempDir Path directory;
  private Store store;

  @BeforeEach
  void createStore() throws IOException {
    store = Store.openOrCreate(directory.resolve("store"), Schema.ofTables(TABLES));
  }

  private SinkRun begin(UUID submission) throws IOException {
    return SinkRun.begin(store, LINEAGE, submission);
  }

  private Outcome publish(Commit commit) throws IOException {
    return store.publisher().publish(List.of(commit), true).get(0);
  }

  private void register(UUID stateSubmission, UUID submission, long checkpointId)
      throws IOException {
    store.publisher().register(new Restored(LINEAGE, stateSubmission, submission, checkpointId));
  }

  private CommitRecord record() throws IOException {
    return store.snapshot().record();
  }

  private Lineage lineage() throws IOException {
    return record().lineage(LINEAGE).orElseThrow();
  }

  private void assertHasKeys(LongStream keys) throws IOException {
    assertThat(Rows.read(store, TABLES)).isEqualTo(Rows.ofKeys(keys));
  }

  @Test
  void theNewerOfTwoJobsForkedFromOneSavepointWinsAndTheOtherIsTold() throws IOException {
    try (SinkRun origin = begin(A)) {
      publish(origin.prepare(1, 0, 10));
    }
    register(A, B, 1);
    register(A, C, 1);
    try (SinkRun left = begin(B);
        SinkRun right = begin(C)) {
      Commit ofB = left.prepare(2, 10, 20);
      Commit ofC = right.prepare(2, 20, 30);

      assertThatThrownBy(() -> publish(ofB))
          .isInstanceOf(ConflictException.class)
          .hasMessageContaining("checkpoint 2 of submission " + B + " must not be published")
          .hasMessageContaining("submission " + C + " took over from checkpoint 1");
      assertThat(publish(ofC)).isEqualTo(Outcome.PUBLISHED);
    }
    assertHasKeys(LongStream.concat(LongStream.range(0, 10), LongStream.range(20, 30)));
  }

  /** Flink does so where a job fails while it is stopped: the savepoint is no checkpoint to it. */
  @ParameterizedTest
  @EnumSource
  void aRestartFromBeforeTheNewestPublishedCheckpointIsRefused(RestoreMode mode)
      throws IOException {
    try (SinkRun first = begin(A)) {
      publish(first.prepare(1, 0, 10));
      publish(first.prepare(2, 10, 20));
    }
    CommitRecord before = record();

    assertThatThrownBy(() -> store.publisher().register(new Restored(LINEAGE, A, A, 1, mode)))
        .isInstanceOf(ConflictException.class)
        .hasMessageContaining("submission " + A + " was restarted from checkpoint 1")
        .hasMessageContaining("has published checkpoints up to 2")
        .hasMessageContaining("submit it anew from that savepoint");
    assertThat(record()).isEqualTo(before);
    register(A, A, 2);
    register(A, B, 2);
    assertThat(lineage().current()).isEqualTo(B);
  }

  @Test
  void ofTwoAttemptsThatKnowOfOneCheckpointOneOnlyPublishesTheNext() throws IOException {
    for (boolean isZombieFirst : new boolean[] {false, true}) {
      store = Store.openOrCreate(directory.resolve("of" + isZombieFirst), Schema.ofTables(TABLES));
      try (SinkRun zombie = begin(A);
          SinkRun attempt = begin(A)) {
        publish(zombie.prepare(1, 0, 10));
        Commit ofZombie = zombie.prepare(2, 10, 20);
        Commit ofAttempt = attempt.prepare(3, 10, 20);
        Commit winner = isZombieFirst ? ofZombie : ofAttempt;
        Commit loser = isZombieFirst ? ofAttempt : ofZombie;

        assertThat(publish(winner, 1)).isEqualTo(Outcome.PUBLISHED);
        assertThatThrownBy(() -> publish(loser, 1))
            .isInstanceOf(ConflictException.class)
            .hasMessageContaining(
                "another attempt has published checkpoint "
                    + winner.checkpointId()
                    + ", this one knows of 1");
        assertThat(publish(winner, 1)).isEqualTo(Outcome.ALREADY_PUBLISHED);
      }
      assertHasKeys(LongStream.range(0, 20));
    }
  }

  private Outcome publish(Commit commit, long knownCheckpointId) throws IOException {
    return store.publisher().publish(List.of(commit), false, knownCheckpointId).get(0);
  }

  @Test
  void aWriterThatARescaleLeftWithoutStateIsOfItsSubmissionsLineage() throws IOException {
    try (SinkRun origin = begin(A)) {
      publish(origin.prepare(1, 0, 10));
    }
    register(A, B, 1);
    UUID made = new UUID(77, 77);
    try (SinkRun withState = begin(B);
        SinkRun without = SinkRun.begin(store, made, B)) {
      store
          .publisher()
          .publish(List.of(without.prepare(2, 20, 30), withState.prepare(2, 10, 20)), false);
    }
    assertThat(record().lineages()).hasSize(1);
    assertThat(lineage().publishedCheckpointId()).isEqualTo(2);
    assertThat(record().journal().get(1).lineage()).isEqualTo(LINEAGE);

    // Its state names the lineage that it made, and its successor finds the right one.
    store.publisher().register(new Restored(made, B, C, 2));

    assertThat(lineage().current()).isEqualTo(C);
    try (SinkRun late = SinkRun.begin(store, made, B)) {
      Commit fenced = late.prepare(3, 30, 40);
      assertThatThrownBy(() -> publish(fenced))
          .isInstanceOf(ConflictException.class)
          .hasMessageContaining("submission " + C + " took over from checkpoint 2");
    }
    assertHasKeys(LongStream.range(0, 30));
  }

  @Test
  void aForkThatWasPausedBeforeItRegisteredIsToldOfTheNewerOne() throws IOException {
    try (SinkRun origin = begin(A)) {
      publish(origin.prepare(1, 0, 10));
    }
    register(A, C, 1);
    CommitRecord before = record();

    assertThatThrownBy(() -> register(A, B, 1))
        .isInstanceOf(ConflictException.class)
        .hasMessageContaining("submission " + B + " was restored from checkpoint 1")
        .hasMessageContaining("the newer submission " + C);
    assertThat(record()).isEqualTo(before);
  }

  @Test
  void anOlderSubmissionPublishesWhatIsPendingAndNothingLater() throws IOException {
    try (SinkRun old = begin(A)) {
      publish(old.prepare(1, 0, 10));
      Commit pending = old.prepare(2, 10, 20);
      Commit later = old.prepare(3, 20, 30);
      register(A, B, 2);

      assertThat(publish(pending)).isEqualTo(Outcome.PUBLISHED);
      assertThatThrownBy(() -> publish(later))
          .isInstanceOf(ConflictException.class)
          .hasMessageContaining("checkpoint 3 of submission " + A)
          .hasMessageContaining("submission " + B + " took over from checkpoint 2");
    }
    try (SinkRun successor = begin(B)) {
      publish(successor.prepare(3, 20, 30));
    }
    assertHasKeys(LongStream.range(0, 30));
    assertThat(lineage().publishedCheckpointId()).isEqualTo(3);
  }

  @Test
  void aZombieDoesNotPublishANewerCheckpointThanTheOneRestored() throws IOException {
    try (SinkRun zombie = begin(A)) {
      Commit newer = zombie.prepare(11, 0, 10);
      register(A, B, 10);

      assertThatThrownBy(() -> publish(newer))
          .isInstanceOf(ConflictException.class)
          .hasMessageContaining(B.toString());
    }
    assertHasKeys(LongStream.empty());
  }

  @Test
  void aZombiesEndWithoutRowsIsRefusedAboveItsFenceToo() throws IOException {
    try (SinkRun zombie = begin(A)) {
      publish(zombie.prepare(1, 0, 10));
      register(A, B, 1);
      Commit end = zombie.end(9);

      assertThatThrownBy(() -> publish(end))
          .isInstanceOf(ConflictException.class)
          .hasMessageContaining("checkpoint 9 of submission " + A)
          .hasMessageContaining(B.toString());
    }
    assertThat(lineage().publishedCheckpointId()).isEqualTo(1);
    assertThatCode(() -> register(B, C, 5)).doesNotThrowAnyException();
  }

  @Test
  void aFailoverOfTheSameSubmissionIsNotRefusedByItsOwnFence() throws IOException {
    register(A, A, 3);
    try (SinkRun run = begin(A)) {
      publish(run.prepare(4, 0, 10));
    }
    register(A, B, 4);
    register(B, B, 4);
    try (SinkRun run = begin(B)) {
      publish(run.prepare(5, 10, 20));
      publish(run.prepare(6, 20, 30));
    }
    CommitRecord before = record();

    register(B, B, 6);

    assertThat(record()).isEqualTo(before);
    try (SinkRun run = begin(B)) {
      assertThat(publish(run.prepare(7, 30, 40))).isEqualTo(Outcome.PUBLISHED);
    }
    assertHasKeys(LongStream.range(0, 40));
  }

  @Test
  void everyOtherSubmissionGetsAFenceWhichNeverRises() throws IOException {
    register(A, B, 5);
    register(B, C, 8);

    assertThat(lineage().current()).isEqualTo(C);
    assertThat(lineage().submissions())
        .containsExactlyInAnyOrder(
            new Submission(A, 5), new Submission(B, 8), new Submission(C, Lineage.NO_FENCE));
    assertThatThrownBy(() -> register(A, new UUID(-3, 2), 6))
        .isInstanceOf(ConflictException.class)
        .hasMessageContaining("the state of checkpoint 6 is of submission " + A)
        .hasMessageContaining("took over at checkpoint 5");
  }

  @Test
  void stateOlderThanTheStoreIsRefusedWithBothCheckpoints() throws IOException {
    try (SinkRun run = begin(A)) {
      publish(run.prepare(1, 0, 10));
      publish(run.prepare(15, 10, 20));
    }
    CommitRecord before = record();

    assertThatThrownBy(() -> register(A, B, 1))
        .isInstanceOf(ConflictException.class)
        .hasMessageContaining("the state is of checkpoint 1,")
        .hasMessageContaining("checkpoints up to 15 of its lineage are in the store")
        .hasMessageContaining("'sink.restore.mode' is 'fail'");
    assertThat(record()).isEqualTo(before);
  }

  @Test
  void stateIsNotOlderWhereTheCheckpointsInBetweenBroughtNoRows() throws IOException {
    try (SinkRun run = begin(A)) {
      publish(run.prepare(5, 0, 10));
    }
    register(A, A, 6);
    register(A, B, 9);

    assertThat(lineage().current()).isEqualTo(B);
  }

  @Test
  void whereOnlyOneWriterHadRowsTheOtherIsNotCalledOlder() throws IOException {
    try (SinkRun first = begin(A);
        SinkRun second = begin(A)) {
      publish(first.prepare(1, 0, 10));
      publish(second.prepare(1, 10, 20));
      publish(second.prepare(2, 20, 30));
    }
    register(A, B, 2);
    register(A, B, 2);

    assertThat(lineage().current()).isEqualTo(B);
  }

  @Test
  void registeringIsRepeatedByEveryWriterAndCommitterAndChangesTheStoreOnce() throws IOException {
    register(A, B, 5);
    CommitRecord before = record();

    register(A, B, 5);

    assertThat(record()).isEqualTo(before);
    assertThat(before.commitCount()).as("registering is no commit").isZero();
  }

  @Test
  void olderStateIsFoundAfterTheCrateDroppedTheRecord() throws IOException {
    try (SinkRun run = begin(A)) {
      publish(run.prepare(1, 0, 10));
      publish(run.prepare(2, 10, 20));
      publish(run.end(3));
    }
    Crate.append(store.directory(), TABLES, Rows.ofKeys(LongStream.range(20, 30)));

    assertThatThrownBy(() -> register(A, B, 1))
        .isInstanceOf(ConflictException.class)
        .hasMessageContaining("checkpoints up to 3");
    assertHasKeys(LongStream.range(0, 30));
  }

  @Test
  void aStartWithoutStateOfASubmissionThatHasPublishedIsRefused() throws IOException {
    try (SinkRun run = begin(A)) {
      publish(run.prepare(4, 0, 10));
    }
    assertThatThrownBy(() -> store.publisher().startWithoutState(A))
        .isInstanceOf(ConflictException.class)
        .hasMessageContaining("submission " + A + " starts without state")
        .hasMessageContaining("published checkpoints up to 4");
    assertThat(store.publisher().startWithoutState(B)).isFalse();
  }

  @Test
  void aLineageThatAnotherOneKnowsNothingOfGoesOnUnharmed() throws IOException {
    UUID otherLineage = new UUID(1, 9);
    register(A, B, 2);
    try (SinkRun other = SinkRun.begin(store, otherLineage, new UUID(2, 9))) {
      assertThat(publish(other.prepare(7, 0, 10))).isEqualTo(Outcome.PUBLISHED);
    }
    assertThat(lineage().publishedCheckpointId()).isEqualTo(Lineage.NO_CHECKPOINT);
    assertThat(record().lineage(otherLineage).orElseThrow().publishedCheckpointId()).isEqualTo(7);
  }
}
