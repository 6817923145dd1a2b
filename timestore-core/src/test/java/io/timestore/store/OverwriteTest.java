package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.DirectIo;
import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Lane;
import io.timestore.format.Schema;
import io.timestore.store.Publisher.Outcome;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows that replace all others, and what becomes of those. */
class OverwriteTest {
  private static final Path PATH = Path.of("/store");
  private static final List<String> TABLES = List.of("a", "b");
  private static final UUID LINEAGE = new UUID(1, 1);
  private static final UUID SUBMISSION = new UUID(2, 1);
  private static final UUID OTHER = new UUID(2, 2);

  private SimulatedDisk disk = new SimulatedDisk();
  private Store store;

  @BeforeEach
  void createStore() throws IOException {
    store = Store.openOrCreate(disk.process(), PATH, Schema.ofTables(TABLES));
  }

  private static List<String> rows(long from, long to) {
    return Rows.ofKeys(LongStream.range(from, to));
  }

  private void insert(long from, long to) throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(rows(from, to)));
      writer.commit();
    }
  }

  private SinkRun begin() throws IOException {
    return SinkRun.begin(store, LINEAGE, OTHER);
  }

  /** What a writer of an overwriting batch job commits at its end. */
  private Commit overwriting(long from, long to) throws IOException {
    WriterOptions options =
        WriterOptions.ofSink(DirectIo.AUTO, 1 << 16, new UUID(1, 2), SUBMISSION).overwriting();
    try (StoreWriter writer = store.writer(options)) {
      if (from < to) {
        writer.append(Rows.batch(rows(from, to)));
      }
      return writer.prepare(true, Long.MIN_VALUE).orElseThrow().ofCheckpoint(1, true);
    }
  }

  private List<Outcome> publish(Commit... commits) throws IOException {
    return store.publisher().publish(List.of(commits), false);
  }

  private CommitRecord record() throws IOException {
    return store.snapshot().record();
  }

  private List<String> directories() throws IOException {
    return disk.process().list(PATH.resolve("lanes")).stream().sorted().toList();
  }

  private void assertHasKeys(LongStream... keys) throws IOException {
    assertThat(Rows.read(store, TABLES))
        .isEqualTo(Rows.ofKeys(Stream.of(keys).flatMapToLong(k -> k)));
    assertThat(store.verify(fault -> {}).faultCount()).isZero();
  }

  private static LongStream keys(long from, long to) {
    return LongStream.range(from, to);
  }

  @Test
  void anOverwriteReplacesAllRowsAndIsDoneOnce() throws IOException {
    insert(0, 10);
    Commit commit = overwriting(5, 8);
    assertHasKeys(keys(0, 10));

    assertThat(publish(commit)).containsExactly(Outcome.PUBLISHED);
    assertHasKeys(keys(5, 8));
    insert(20, 30);

    assertThat(publish(commit)).containsExactly(Outcome.ALREADY_PUBLISHED);
    assertThat(store.publisher().publish(List.of(commit), true))
        .containsExactly(Outcome.ALREADY_PUBLISHED);
    assertThat(publish(overwriting(6, 9))).containsExactly(Outcome.ALREADY_PUBLISHED);
    assertThat(store.publisher().startWithoutState(SUBMISSION)).isTrue();
    assertHasKeys(keys(5, 8), keys(20, 30));
  }

  @Test
  void anOverwriteWithoutRowsEmptiesTheStoreOnce() throws IOException {
    insert(0, 10);
    Commit commit = overwriting(0, 0);

    assertThat(publish(commit)).containsExactly(Outcome.PUBLISHED);
    assertHasKeys();
    insert(3, 5);
    assertThat(publish(commit)).containsExactly(Outcome.ALREADY_PUBLISHED);
    assertHasKeys(keys(3, 5));
  }

  @Test
  void writersThatOverwriteTogetherReplaceTheOldRowsAndNotOneAnother() throws IOException {
    insert(0, 10);
    Commit first = overwriting(5, 15);
    Commit second = overwriting(10, 20);
    Commit third = overwriting(0, 0);

    assertThat(publish(first, second, third)).containsOnly(Outcome.PUBLISHED);
    assertThat(publish(first, second, third)).containsOnly(Outcome.ALREADY_PUBLISHED);
    assertHasKeys(LongStream.concat(keys(5, 15), keys(10, 20)).sorted());
    assertThat(record().commitCount()).isEqualTo(2);
  }

  @Test
  void anOverwriteThatKeepsStateIsDoneOnceToo() throws IOException {
    insert(0, 10);
    Commit first;
    Commit second;
    try (StoreWriter writer = store.writer(WriterOptions.preparing().overwriting())) {
      writer.append(Rows.batch(rows(50, 60)));
      first = writer.prepare("", false).orElseThrow();
      writer.append(Rows.batch(rows(60, 70)));
      second = writer.prepare("", true).orElseThrow();
    }
    assertThat(publish(first)).containsExactly(Outcome.PUBLISHED);
    assertThat(publish(second)).containsExactly(Outcome.PUBLISHED);
    assertThat(publish(first)).containsExactly(Outcome.ALREADY_PUBLISHED);
    assertHasKeys(keys(50, 70));
  }

  @Test
  void aWriterThatPublishesItselfOverwritesWithItsFirstCommitAlone() throws IOException {
    insert(0, 10);
    store.writer(WriterOptions.defaults().overwriting()).close();
    assertHasKeys(keys(0, 10));
    try (StoreWriter writer = store.writer(WriterOptions.defaults().overwriting())) {
      writer.append(Rows.batch(rows(50, 60)));
      writer.commit();
      assertHasKeys(keys(50, 60));
      writer.append(Rows.batch(rows(60, 70)));
      writer.commit();
    }
    assertHasKeys(keys(50, 70));
  }

  @Test
  void aRunThatLivesGoesOnAndItsLaterRowsStay() throws IOException {
    try (SinkRun live = begin()) {
      publish(live.prepare(1, 0, 10));
      publish(overwriting(100, 110));
      store.publisher().removeHidden();
      assertHasKeys(keys(100, 110));

      publish(live.prepare(2, 10, 20));
      store.publisher().removeHidden();
      publish(live.prepare(3, 20, 30));
    }
    assertHasKeys(keys(10, 30), keys(100, 110));
  }

  @Test
  void whatWasPreparedBeforeCanBePublishedAfterTheRemoval() throws IOException {
    Commit published;
    Commit pending;
    try (SinkRun run = begin()) {
      published = run.prepare(1, 0, 10);
      publish(published);
      pending = run.prepare(2, 10, 20);
    }
    publish(overwriting(100, 110));
    assertThat(store.publisher().removeHidden()).isZero();

    assertThat(publish(published)).containsExactly(Outcome.ALREADY_PUBLISHED);
    assertThat(store.publisher().publish(List.of(pending), true))
        .containsExactly(Outcome.PUBLISHED);
    assertHasKeys(keys(10, 20), keys(100, 110));
  }

  @Test
  void lanesThatNobodyNeedsAreRemovedAndTheirCommitsStayDone() throws IOException {
    Commit inLaneZero;
    Commit inLaneOne;
    try (SinkRun first = begin();
        SinkRun second = begin()) {
      inLaneZero = first.prepare(1, 0, 10);
      inLaneOne = second.prepare(1, 5, 15);
      publish(inLaneZero, inLaneOne);
    }
    publish(overwriting(100, 110));
    assertThat(store.publisher().removeHidden()).isPositive();

    assertThat(directories()).containsExactly("00002");
    assertThat(record().tombstones()).containsExactly(1);
    assertThat(record().lanes().get(0).state()).isEqualTo(Lane.EMPTIED);
    assertThat(disk.process().readUpTo(PATH.resolve("keys"), 10)).isEmpty();
    for (boolean restored : new boolean[] {false, true}) {
      assertThat(store.publisher().publish(List.of(inLaneOne), restored))
          .containsExactly(Outcome.ALREADY_PUBLISHED);
    }
    assertThat(publish(inLaneZero)).containsExactly(Outcome.ALREADY_PUBLISHED);
    assertThat(store.publisher().removeHidden()).isZero();

    store = Store.open(disk.process(), PATH);
    assertHasKeys(keys(100, 110));
    insert(110, 120);
    try (StoreWriter late =
        store.writer(WriterOptions.defaults().withLateRows(WriterOptions.LateRows.KEEP))) {
      late.append(Rows.batch(rows(0, 5)));
      late.commit();
    }
    assertThat(directories()).containsExactly("00002", "00003");
    assertHasKeys(keys(0, 5), keys(100, 120));
  }

  @Test
  void aTruncationToNothingLeavesALaneZeroThatIsEmptied() throws IOException {
    insert(0, 10);
    store.publisher().truncate(0);
    assertThat(store.publisher().removeHidden()).isPositive();
    assertHasKeys();
    insert(0, 5);
    assertThat(record().lanes().get(0).state()).isEqualTo(Lane.EMPTIED);
    assertHasKeys(keys(0, 5));
  }

  /** The crate left a length without a record, so that the one that is linked first is seen. */
  @ParameterizedTest
  @ValueSource(longs = {100, 110})
  void anOverwriteOfTheCratesRowsThatDiesAnywhereShowsTheOldOnesOrTheNewOnes(long from)
      throws IOException {
    insert(0, 10);
    new Crate(disk.process(), PATH, TABLES).append(rows(10, 15));
    Commit commit = overwriting(from, 110);
    dieAnywhere(
        dying -> dying.publish(List.of(commit), false),
        operation -> {
          assertThat(Rows.read(store, TABLES))
              .as("died at %d", operation)
              .isIn(rows(0, 15), rows(from, 110));
          store.publisher().publish(List.of(commit), true);
          assertHasKeys(keys(from, 110));
        });
  }

  @Test
  void aRemovalThatDiesAnywhereIsMadeGoodByTheNextOne() throws IOException {
    try (SinkRun first = begin();
        SinkRun second = begin()) {
      publish(first.prepare(1, 0, 10), second.prepare(1, 5, 15));
    }
    publish(overwriting(100, 110));
    dieAnywhere(
        Publisher::removeHidden,
        operation -> {
          assertHasKeys(keys(100, 110));
          store.publisher().removeHidden();
          assertThat(directories()).as("died at %d", operation).containsExactly("00002");
          assertThat(disk.process().readUpTo(PATH.resolve("keys"), 10)).isEmpty();
          insert(110, 112);
          assertHasKeys(keys(100, 112));
        });
  }

  @FunctionalInterface
  private interface Work {
    void run(Publisher dying) throws IOException;
  }

  @FunctionalInterface
  private interface Check {
    void run(int operation) throws IOException;
  }

  /**
   * Does the work again and again: its process dies at the first operation that changes the disk,
   * at the second, and so on, alone or with the power.
   *
   * @param check what holds for the store then
   */
  private void dieAnywhere(Work work, Check check) throws IOException {
    SimulatedDisk before = disk.copy();
    boolean[] died = {true};
    for (int operation = 0; died[0]; operation++) {
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
              }
              each.run();
            });
        try {
          work.run(Store.open(dying, PATH).publisher());
        } catch (SimulatedProcess.KilledException e) {
          assertThat(died[0]).isTrue();
        }
        disk = cutsPower ? disk.afterPowerCut(new Random(operation)) : disk;
        store = Store.open(disk.process(), PATH);
        check.run(operation);
      }
    }
  }

  @Test
  void aSnapshotWhoseRowsWereRemovedSaysSoAndTheCrateIsRefused() throws IOException {
    insert(0, 10);
    Snapshot old = store.snapshot();
    publish(overwriting(100, 110));
    assertThat(Rows.read(old, old.ranges(), TABLES)).isEqualTo(rows(0, 10));
    store.publisher().removeHidden();

    assertThatThrownBy(() -> Rows.read(old, old.ranges(), TABLES))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(CorruptStoreException.class)
        .hasMessageContaining("were replaced since this snapshot was taken");
    assertThatThrownBy(() -> new Crate(disk.process(), PATH, TABLES).append(rows(200, 201)))
        .isInstanceOf(FileAlreadyExistsException.class);
  }
}
