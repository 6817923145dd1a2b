package io.timestore.store;

import static io.timestore.store.MutantClassLoader.with;
import static io.timestore.store.MutantClassLoader.without;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.timestore.disk.ChildJvm;
import io.timestore.disk.Disk;
import io.timestore.disk.DiskLock;
import io.timestore.disk.LocalDisk;
import io.timestore.disk.LockHolder;
import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess;
import io.timestore.disk.SimulatedProcess.Kind;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Lane;
import io.timestore.format.Owner;
import io.timestore.format.Schema;
import io.timestore.store.Publisher.Outcome;
import io.timestore.store.Publisher.RestoreMode;
import io.timestore.store.Publisher.Restored;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import net.bytebuddy.implementation.ExceptionMethod;
import net.bytebuddy.implementation.FixedValue;
import net.bytebuddy.implementation.Implementation;
import net.bytebuddy.implementation.MethodCall;
import net.bytebuddy.implementation.MethodDelegation;
import net.bytebuddy.implementation.StubMethod;
import net.bytebuddy.implementation.bind.annotation.Argument;
import net.bytebuddy.implementation.bind.annotation.FieldValue;
import net.bytebuddy.matcher.ElementMatchers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Histories that broke earlier drafts of the protocol. Each is played once more without the rule
 * that prevents it, and must break again.
 */
class TracesTest {
  private static final Path PATH = Path.of("/store");
  private static final List<String> TABLES = List.of("a", "b");
  private static final int POWER_CUTS = 50;
  private static final UUID LINEAGE = new UUID(1, 1);
  private static final UUID OTHER_LINEAGE = new UUID(1, 2);
  private static final UUID A = new UUID(2, 1);
  private static final UUID B = new UUID(2, 2);
  private static final UUID C = new UUID(2, 3);
  private static final UUID D = new UUID(2, 4);

  /** {@code ArchitectureTest} has the rule of the first: nobody maps files. */
  private static final List<String> WITHOUT_MUTANT =
      List.of(
          "aFileThatSomebodyTruncatesUnderAReaderIsAnError",
          "whatAnAbandonedBatchLeftDoesNotMakeAHealthyStoreCorrupt");

  @TempDir Path directory;
  private SimulatedDisk disk = new SimulatedDisk();
  private Store store;

  @BeforeEach
  void createStore() throws IOException {
    store = Store.openOrCreate(disk.process(), PATH, Schema.ofTables(TABLES));
  }

  private SinkRun begin() throws IOException {
    return begin(A);
  }

  private SinkRun begin(UUID submission) throws IOException {
    return SinkRun.begin(store, LINEAGE, submission);
  }

  private Outcome publish(Commit commit) throws IOException {
    return store.publisher().publish(List.of(commit), false).get(0);
  }

  private Outcome publishRestored(Commit commit) throws IOException {
    return store.publisher().publish(List.of(commit), true).get(0);
  }

  private void register(UUID stateSubmission, UUID submission, long checkpointId)
      throws IOException {
    store.publisher().register(new Restored(LINEAGE, stateSubmission, submission, checkpointId));
  }

  private CommitRecord record() throws IOException {
    return store.snapshot().record();
  }

  private void appendDirectly(long from, long to) throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(Rows.ofKeys(LongStream.range(from, to))));
      writer.commit();
    }
  }

  private void appendAsCrate(long from, long to) throws IOException {
    new Crate(disk.process(), PATH, TABLES).append(Rows.ofKeys(LongStream.range(from, to)));
  }

  private void assertHasKeys(LongStream... keys) throws IOException {
    LongStream all = Stream.of(keys).flatMapToLong(k -> k);
    assertThat(Rows.read(store, TABLES)).isEqualTo(Rows.ofKeys(all));
  }

  private static LongStream keys(long from, long to) {
    return LongStream.range(from, to);
  }

  @Test
  void publishingAnOlderCheckpointAgainDoesNotTakeTheLengthBack() throws IOException {
    try (SinkRun run = begin()) {
      Commit first = run.prepare(1, 0, 10);
      Commit second = run.prepare(2, 10, 20);
      publish(first);
      publish(second);

      assertThat(publishRestored(first)).isEqualTo(Outcome.ALREADY_PUBLISHED);
    }
    assertHasKeys(keys(0, 20));
  }

  @Test
  void aRowOfTheCrateIsNotTakenForThePreparedOne() throws IOException {
    Commit commit;
    try (SinkRun run = begin()) {
      commit = run.prepare(1, 5, 6);
    }
    appendAsCrate(7, 8);

    assertThatThrownBy(() -> publish(commit)).isInstanceOf(ConflictException.class);
    assertHasKeys(keys(7, 8));
  }

  @Test
  void aRenameThatSomebodyDiedBehindIsDurableBeforeAnyoneBuildsOnIt() throws IOException {
    Commit commit;
    try (SinkRun run = begin()) {
      commit = run.prepare(1, 0, 10);
    }
    SimulatedProcess dying = disk.process();
    Store opened = Store.open(dying, PATH);
    boolean[] renamed = new boolean[1];
    dying.withFate(
        operation -> {
          if (renamed[0]) {
            dying.kill();
          } else {
            operation.run();
            renamed[0] = operation.kind() == Kind.RENAME && operation.path().endsWith("length");
          }
        });
    assertThatThrownBy(() -> opened.publisher().publish(List.of(commit), false))
        .isInstanceOf(SimulatedProcess.KilledException.class);

    assertThat(publish(commit)).isEqualTo(Outcome.ALREADY_PUBLISHED);

    for (int seed = 0; seed < POWER_CUTS; seed++) {
      Disk left = disk.afterPowerCut(new Random(seed)).process();
      assertThat(Rows.read(Store.open(left, PATH), TABLES)).isEqualTo(Rows.ofKeys(keys(0, 10)));
    }
  }

  @Test
  void ofTwoForksThatPublishTheSameCheckpointTheNewerOneWinsAndTheOtherIsTold() throws IOException {
    try (SinkRun origin = begin()) {
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
          .hasMessageContaining(C.toString());
      assertThat(publish(ofC)).isEqualTo(Outcome.PUBLISHED);
    }
    assertHasKeys(keys(0, 10), keys(20, 30));
  }

  @Test
  void twoSubmissionsOfOneJobIdPublishTheSameCheckpoint() throws IOException {
    try (SinkRun left = begin(A);
        SinkRun right = SinkRun.begin(store, OTHER_LINEAGE, B)) {
      Commit first = left.prepare(1, 0, 10);
      Commit second = right.prepare(1, 10, 20);

      assertThat(publish(first)).isEqualTo(Outcome.PUBLISHED);
      assertThat(publish(second)).isEqualTo(Outcome.PUBLISHED);
    }
    assertHasKeys(keys(0, 20));
  }

  @Test
  void aZombieDoesNotPublishANewerCheckpointThanTheOneThatWasRestored() throws IOException {
    try (SinkRun zombie = begin()) {
      publish(zombie.prepare(1, 0, 10));
      Commit newer = zombie.prepare(2, 10, 20);
      register(A, B, 1);

      assertThatThrownBy(() -> publish(newer)).isInstanceOf(ConflictException.class);
    }
    assertHasKeys(keys(0, 10));
  }

  @Test
  void threeSubmissionsRestoredFromOneFiveAndThreeAndOneThatWasPaused() throws IOException {
    try (SinkRun origin = begin()) {
      publish(origin.prepare(1, 0, 10));
      register(A, B, 1);
      assertThatThrownBy(() -> publish(origin.prepare(5, 10, 20)))
          .isInstanceOf(ConflictException.class);
    }
    assertThatThrownBy(() -> register(A, C, 5))
        .as("checkpoint 5 is of a branch that was cut off at 1")
        .isInstanceOf(ConflictException.class);
    register(B, D, 3);
    assertThatThrownBy(() -> register(B, C, 3))
        .as("an older one that was paused before it registered")
        .isInstanceOf(ConflictException.class);
    try (SinkRun cut = begin(B)) {
      assertThatThrownBy(() -> publish(cut.prepare(4, 10, 20)))
          .isInstanceOf(ConflictException.class);
    }
    try (SinkRun newest = begin(D)) {
      publish(newest.prepare(4, 10, 20));
    }
    assertHasKeys(keys(0, 20));
  }

  @Test
  void theWriterThatEndsFirstDoesNotReleaseTheLaneOfTheOther() throws IOException {
    try (SinkRun first = begin();
        SinkRun second = begin()) {
      Commit ofFirst = first.prepare(1, 0, 10);
      Commit ofSecond = second.prepare(1, 10, 20);
      store.publisher().publish(List.of(ofFirst, ofSecond), false);

      publish(first.end(2));

      assertThat(record().lane(1).orElseThrow().owner())
          .isEqualTo(new Owner(Owner.Kind.RUN, ofSecond.run()));
      publish(second.prepare(2, 20, 30));
    }
    assertHasKeys(keys(0, 30));
  }

  @Test
  void whereOnlyOneOfTwoWritersHadRowsTheStateIsNotOlder() throws IOException {
    try (SinkRun first = begin();
        SinkRun second = begin()) {
      publish(first.prepare(1, 0, 10));
      publish(second.prepare(1, 10, 20));
      publish(second.prepare(2, 20, 30));
    }
    assertThatCode(() -> register(A, B, 2)).doesNotThrowAnyException();
  }

  @Test
  void aBackfillDoesNotTakeTheLaneOfADeadRunWhoseCheckpointIsComplete() throws IOException {
    Commit commit;
    try (SinkRun run = begin()) {
      commit = run.prepare(1, 0, 10);
    }
    appendDirectly(100, 200);

    assertThat(publishRestored(commit)).isEqualTo(Outcome.PUBLISHED);
    assertHasKeys(keys(0, 10), keys(100, 200));
  }

  @Test
  void aDirectoryThatNoRecordNamesIsNotUsedAgain() throws IOException {
    try (SinkRun zombie = begin()) {
      publish(zombie.prepare(1, 0, 10));
      Commit pending;
      try (SinkRun dead = begin()) {
        pending = dead.prepare(2, 10, 20);
      }
      try (SinkRun next = begin()) {
        publish(next.prepare(2, 20, 30));
      }
      assertThat(publishRestored(pending)).isEqualTo(Outcome.PUBLISHED);
    }
    assertHasKeys(keys(0, 30));
  }

  @Test
  void anAttemptThatWakesUpLateWritesNothingOverItsSuccessorsBytes() throws IOException {
    try (SinkRun paused = begin()) {
      Commit completed;
      try (SinkRun successor = begin()) {
        completed = successor.prepare(1, 0, 10);
      }
      paused.prepare(1, 5, 15);

      assertThat(publishRestored(completed)).isEqualTo(Outcome.PUBLISHED);
    }
    assertHasKeys(keys(0, 10));
  }

  @Test
  void aSavepointsBytesStayAfterAFailoverToACheckpointBeforeIt() throws IOException {
    Commit savepoint;
    try (SinkRun run = begin()) {
      publish(run.prepare(1, 0, 10));
      savepoint = run.prepare(2, 10, 20);
    }
    try (SinkRun failover = begin()) {
      publish(failover.prepare(2, 30, 40));
    }
    assertThat(publishRestored(savepoint)).isEqualTo(Outcome.PUBLISHED);
    assertHasKeys(keys(0, 20), keys(30, 40));
  }

  @Test
  void nobodyWaitsForTheLaneOfAZombie() throws IOException {
    try (SinkRun zombie = begin()) {
      publish(zombie.prepare(1, 0, 10));
      try (SinkRun next = begin()) {
        publish(next.prepare(2, 10, 20));
      }
    }
    assertHasKeys(keys(0, 20));
  }

  @Test
  void whoLosesALockInTheHoldersProcessDoesNotDropIt() throws Exception {
    Path lockFile = directory.resolve("writer.lock");
    try (DiskLock held = new LocalDisk().tryLock(lockFile, "holder").orElseThrow()) {
      assertThat(new LocalDisk().tryLock(lockFile, "loser")).isEmpty();
      try (ChildJvm child = ChildJvm.start(LockHolder.class, lockFile)) {
        child.end();
        assertThat(child.remainingLines()).endsWith("refused");
      }
      assertThat(held).isNotNull();
    }
  }

  @Test
  void theCrateDoesNotDropTheRecordWhereThereAreLanes() throws IOException {
    try (SinkRun first = begin();
        SinkRun second = begin()) {
      publish(first.prepare(1, 0, 10));
      publish(second.prepare(2, 10, 20));
    }
    assertThatThrownBy(() -> appendAsCrate(20, 30)).isInstanceOf(FileAlreadyExistsException.class);
    assertHasKeys(keys(0, 20));
  }

  @Test
  void anOlderStateIsNoticedAfterTheCrateWroteTheLength() throws IOException {
    try (SinkRun run = begin()) {
      publish(run.prepare(1, 0, 10));
      publish(run.prepare(2, 10, 20));
      publish(run.end(3));
    }
    appendAsCrate(20, 30);

    assertThatThrownBy(() -> register(A, B, 1))
        .isInstanceOf(ConflictException.class)
        .hasMessageContaining("checkpoints up to 3");
  }

  @Test
  void aBatchThatWasCommittedAtTheEndOfInputAndRanAgainIsThereOnce() throws IOException {
    Commit again;
    try (SinkRun run = begin()) {
      publish(run.prepareStateless(0, 10));
    }
    try (SinkRun run = begin()) {
      again = run.prepareStateless(10, 20);
    }
    assertThat(publish(again)).isEqualTo(Outcome.ALREADY_PUBLISHED);
    assertThat(store.publisher().startWithoutState(A)).isTrue();
    assertHasKeys(keys(0, 10));
  }

  @Test
  void bytesThatAnOlderBackupLacksAreNotPublished() throws IOException {
    Commit commit;
    SimulatedDisk backup;
    try (SinkRun run = begin()) {
      publish(run.prepare(1, 0, 10));
      backup = disk.copy();
      commit = run.prepare(2, 10, 20);
    }
    disk = backup;
    store = Store.open(disk.process(), PATH);

    assertThatThrownBy(() -> publishRestored(commit)).isInstanceOf(ConflictException.class);
    assertHasKeys(keys(0, 10));
  }

  @Test
  void whatAnAbandonedBatchLeftDoesNotMakeAHealthyStoreCorrupt() throws IOException {
    appendDirectly(0, 10);
    SimulatedProcess dying = disk.process();
    StoreWriter dead = Store.open(dying, PATH).writer(WriterOptions.defaults());
    dead.append(Rows.batch(Rows.ofKeys(keys(10, 80_000))));
    dying.kill();

    appendDirectly(20, 90_000);

    assertHasKeys(keys(0, 10), keys(20, 90_000));
  }

  @Test
  void rowsThatAReaderHoldsStayAfterATruncationAndAnAppend() throws IOException {
    appendDirectly(0, 10);
    Snapshot held = store.snapshot();
    store.publisher().truncate(5);
    appendDirectly(20, 28);

    assertThat(Rows.read(held, held.ranges(), TABLES)).isEqualTo(Rows.ofKeys(keys(0, 10)));
    assertHasKeys(keys(0, 5), keys(20, 28));
  }

  @Test
  void rowsPreparedBeforeATableWasAddedLackItAndNoneAreWrittenBehindThem() throws IOException {
    Commit commit;
    Commit end;
    try (SinkRun run = begin()) {
      commit = run.prepare(1, 0, 2);
      end = run.end(2);
    }
    Store wider = store.addTables(List.of("c"));
    publish(commit);
    publish(end);
    try (StoreWriter writer = wider.writer(WriterOptions.defaults(), List.of("a", "b", "c"))) {
      writer.append(Rows.batch(List.of("7 61 - 62")));
      writer.commit();
    }
    assertThat(Rows.read(wider, List.of("a", "c")))
        .containsExactly("0 " + Rows.hex("v0") + " -", "1 " + Rows.hex("v1") + " -", "7 61 62");
  }

  @Test
  void aFileThatSomebodyTruncatesUnderAReaderIsAnError() throws IOException {
    Store local = Store.openOrCreate(directory, TABLES);
    try (StoreWriter writer = local.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(Rows.ofKeys(keys(0, 1000))));
      writer.commit();
    }
    Snapshot snapshot = local.snapshot();
    try (Scan scan = snapshot.scan(snapshot.ranges(), TABLES);
        FileChannel keys = FileChannel.open(directory.resolve("keys"), StandardOpenOption.WRITE)) {
      keys.truncate(100);
      assertThatThrownBy(() -> scan.next(Rows.batch(List.of("1 - -"))))
          .isInstanceOf(CorruptStoreException.class);
    }
  }

  private void truncateTo(UUID stateSubmission, UUID submission, long checkpointId)
      throws IOException {
    store
        .publisher()
        .register(
            new Restored(LINEAGE, stateSubmission, submission, checkpointId, RestoreMode.TRUNCATE));
  }

  @Test
  void restoredFromTenWithTruncateWhileElevenToFifteenWerePublished() throws IOException {
    Commit paused;
    try (SinkRun old = begin(A)) {
      for (long id = 1; id <= 11; id++) {
        publish(old.prepare(id, 10 * id, 10 * id + 10));
      }
      paused = old.prepare(12, 120, 130);
    }
    truncateTo(A, B, 10);
    truncateTo(A, B, 10); // a failover before its first checkpoint
    try (SinkRun job = begin(B)) {
      assertThat(publish(job.prepare(11, 500, 510))).isEqualTo(Outcome.PUBLISHED);
      assertThatThrownBy(() -> publish(paused)).isInstanceOf(ConflictException.class);
      truncateTo(B, B, 11); // a failover
      publish(job.prepare(12, 510, 520));
    }
    assertHasKeys(keys(10, 110), keys(500, 520));
  }

  @Test
  void whatIsPendingIsPublishedBehindTheTruncationAndStays() throws IOException {
    Commit pending;
    try (SinkRun run = begin(A)) {
      publish(run.prepare(9, 0, 10));
      pending = run.prepare(10, 10, 20);
    }
    try (SinkRun again = begin(A)) {
      publish(again.prepare(11, 20, 30));
    }
    truncateTo(A, B, 10); // by the committer
    assertThat(publishRestored(pending)).isEqualTo(Outcome.PUBLISHED);
    truncateTo(A, B, 10); // by a writer, later
    assertHasKeys(keys(0, 20));
  }

  @Test
  void aTruncationBehindACompactionIsRefused() throws IOException {
    try (SinkRun run = begin(A)) {
      publish(run.prepare(1, 0, 10));
      publish(run.prepare(2, 10, 20));
    }
    try (SinkRun other = SinkRun.begin(store, OTHER_LINEAGE, D)) {
      publish(other.prepare(1, 5, 6));
    }
    store.compact();
    assertThatThrownBy(() -> truncateTo(A, B, 1)).isInstanceOf(ConflictException.class);
    assertHasKeys(keys(0, 5), LongStream.of(5, 5), keys(6, 20));
  }

  @Test
  void aTruncationTakesNoRowsOfAnotherLineageInALaneThatWasReleased() throws IOException {
    try (SinkRun run = begin(A)) {
      publish(run.prepare(1, 0, 10));
      publish(run.prepare(2, 10, 20));
      publish(run.end(3));
    }
    try (SinkRun other = SinkRun.begin(store, new UUID(7, 7), C)) {
      Commit commit = other.prepare(1, 20, 30);
      assertThat(record().lanes()).hasSize(1);
      assertThatThrownBy(() -> truncateTo(A, B, 1)).isInstanceOf(ConflictException.class);
      publish(commit);
    }
    assertThatThrownBy(() -> truncateTo(A, B, 1)).isInstanceOf(ConflictException.class);
    assertHasKeys(keys(0, 30));
  }

  @Test
  void anEntryOfABranchThatWasCutDoesNotRaiseItsRowsAgain() throws IOException {
    try (SinkRun run = begin(A)) {
      for (long id = 1; id <= 5; id++) {
        publish(run.prepare(id, 10 * id, 10 * id + 10));
      }
    }
    truncateTo(A, B, 2);
    try (SinkRun job = begin(B)) {
      publish(job.prepare(6, 600, 610));
    }
    truncateTo(B, C, 4);
    assertHasKeys(keys(10, 30));
  }

  @Test
  void aCheckpointThatIsCompleteAndUnpublishedOutlivesACompaction() throws IOException {
    Commit pending;
    try (SinkRun run = begin(A)) {
      publish(run.prepare(1, 0, 10));
      pending = run.prepare(2, 10, 20);
    }
    appendDirectly(30, 40);
    store.compact();
    assertThat(publishRestored(pending)).isEqualTo(Outcome.PUBLISHED);
    assertHasKeys(keys(0, 20), keys(30, 40));
  }

  private static Class<?> localLock() {
    try {
      return Class.forName(LocalDisk.class.getPackageName() + ".LocalLock");
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  private static MutantClassLoader lanesOfDeadRunsAreTaken() {
    return without(LaneAllocator.class, "isFree", "kind");
  }

  private static Implementation call(Class<?> type, String method) {
    return MethodCall.invoke(
        Arrays.stream(type.getDeclaredMethods())
            .filter(m -> m.getName().equals(method))
            .findFirst()
            .orElseThrow());
  }

  /** In place of a directory that never was one. */
  static int useWhatIsThere(
      @FieldValue("disk") Disk disk,
      @FieldValue("files") StoreFiles files,
      @Argument(0) CommitRecord record)
      throws IOException {
    disk.createDirectory(files.lane(record.nextLane()).directory());
    return record.nextLane();
  }

  /** In place of a look whether its rows are still where they were. */
  static Lane wherever(@Argument(0) CommitRecord record, @Argument(1) int number) {
    return record.lane(number).orElse(record.lanes().get(0));
  }

  private static Implementation delegate(String method) {
    return MethodDelegation.withDefaultConfiguration()
        .filter(ElementMatchers.named(method))
        .to(TracesTest.class);
  }

  static Stream<Arguments> rules() {
    return Stream.of(
        arguments(
            "restoredFromTenWithTruncateWhileElevenToFifteenWerePublished",
            with(Rollback.class, "hideAfter", FixedValue.argument(0))),
        arguments(
            "whatIsPendingIsPublishedBehindTheTruncationAndStays",
            with(Rollback.class, "hideAfter", FixedValue.argument(0))),
        arguments(
            "aTruncationBehindACompactionIsRefused",
            with(Rollback.class, "checkInPlace", delegate("wherever"))),
        arguments(
            "aTruncationTakesNoRowsOfAnotherLineageInALaneThatWasReleased",
            with(Lane.class, "base", FixedValue.value(0L))),
        arguments(
            "anEntryOfABranchThatWasCutDoesNotRaiseItsRowsAgain",
            with(Rollback.class, "hideAfter", FixedValue.argument(0))),
        arguments(
            "aCheckpointThatIsCompleteAndUnpublishedOutlivesACompaction",
            with(HiddenLanes.class, "hasPrepared", FixedValue.value(false))),
        arguments(
            "publishingAnOlderCheckpointAgainDoesNotTakeTheLengthBack",
            with(Publisher.class, "isDone", FixedValue.value(false))),
        arguments(
            "aRowOfTheCrateIsNotTakenForThePreparedOne",
            with(PreparedBytes.class, "match", FixedValue.value(true))),
        arguments(
            "aRenameThatSomebodyDiedBehindIsDurableBeforeAnyoneBuildsOnIt",
            without(Publisher.class, "underLock", "syncDirectory")),
        arguments(
            "ofTwoForksThatPublishTheSameCheckpointTheNewerOneWinsAndTheOtherIsTold",
            with(Succession.class, "checkFence", StubMethod.INSTANCE)),
        arguments(
            "twoSubmissionsOfOneJobIdPublishTheSameCheckpoint",
            with(Publisher.class, "isDone", FixedValue.value(true))),
        arguments(
            "aZombieDoesNotPublishANewerCheckpointThanTheOneThatWasRestored",
            with(Succession.class, "register", call(Optional.class, "empty"))),
        arguments(
            "threeSubmissionsRestoredFromOneFiveAndThreeAndOneThatWasPaused",
            with(Succession.class, "checkSuccession", StubMethod.INSTANCE)),
        arguments(
            "theWriterThatEndsFirstDoesNotReleaseTheLaneOfTheOther",
            with(Owner.class, "is", FixedValue.value(true))),
        arguments(
            "whereOnlyOneOfTwoWritersHadRowsTheStateIsNotOlder",
            with(Restored.class, "checkpointId", FixedValue.value(1L))),
        arguments(
            "aBackfillDoesNotTakeTheLaneOfADeadRunWhoseCheckpointIsComplete",
            lanesOfDeadRunsAreTaken()),
        arguments(
            "aDirectoryThatNoRecordNamesIsNotUsedAgain",
            with(LaneAllocator.class, "makeDirectory", delegate("useWhatIsThere"))),
        arguments(
            "anAttemptThatWakesUpLateWritesNothingOverItsSuccessorsBytes",
            lanesOfDeadRunsAreTaken()),
        arguments(
            "aSavepointsBytesStayAfterAFailoverToACheckpointBeforeIt", lanesOfDeadRunsAreTaken()),
        arguments(
            "nobodyWaitsForTheLaneOfAZombie",
            with(LaneAllocator.class, "newLane", ExceptionMethod.throwing(IOException.class))),
        arguments(
            "whoLosesALockInTheHoldersProcessDoesNotDropIt",
            without(localLock(), "tryLock", "putIfAbsent")),
        arguments(
            "theCrateDoesNotDropTheRecordWhereThereAreLanes",
            with(LaneAllocator.class, "stopReference", StubMethod.INSTANCE)),
        arguments(
            "anOlderStateIsNoticedAfterTheCrateWroteTheLength",
            without(RecordFile.class, "replace", "link")),
        arguments(
            "rowsThatAReaderHoldsStayAfterATruncationAndAnAppend",
            with(Lane.class, "isOpen", FixedValue.value(true))),
        arguments(
            "rowsPreparedBeforeATableWasAddedLackItAndNoneAreWrittenBehindThem",
            with(LaneAllocator.class, "hasAllOf", FixedValue.value(true))),
        arguments(
            "aBatchThatWasCommittedAtTheEndOfInputAndRanAgainIsThereOnce",
            with(CommitRecord.class, "withFinished", FixedValue.self())),
        arguments(
            "bytesThatAnOlderBackupLacksAreNotPublished",
            with(PreparedBytes.class, "match", FixedValue.value(true))));
  }

  /** Plays one of the traces above, in whichever class loader this is. */
  static void play(String trace, Path directory) throws Exception {
    TracesTest traces = new TracesTest();
    traces.directory = directory;
    traces.createStore();
    try {
      TracesTest.class.getDeclaredMethod(trace).invoke(traces);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof Error failure) {
        throw failure;
      }
      throw (Exception) e.getCause();
    }
  }

  @ParameterizedTest
  @MethodSource("rules")
  void aTraceBreaksWithoutItsRule(String trace, MutantClassLoader withoutRule) {
    assertThatThrownBy(() -> withoutRule.call(TracesTest.class, "play", trace, directory))
        .isInstanceOfAny(AssertionError.class, IOException.class);
  }

  @Test
  void everyTraceHasARule() {
    List<String> traces = new ArrayList<>();
    for (Method method : TracesTest.class.getDeclaredMethods()) {
      if (method.isAnnotationPresent(Test.class)) {
        traces.add(method.getName());
      }
    }
    traces.remove("everyTraceHasARule");
    traces.removeAll(WITHOUT_MUTANT);
    assertThat(rules().map(rule -> (String) rule.get()[0]).distinct())
        .containsExactlyInAnyOrderElementsOf(traces);
  }
}
