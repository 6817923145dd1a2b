package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.Disk;
import io.timestore.disk.LocalDisk;
import io.timestore.format.Commit;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Schema;
import io.timestore.store.Publisher.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/**
 * A store is replaced, moved or changed beneath a writer. The writer has rows 0 to 19 committed,
 * and is about to write rows 20 to 29.
 */
class ReplacedStoreTest {
  private static final List<String> TABLES = List.of("a", "b");
  private static final UUID LINEAGE = new UUID(1, 1);
  private static final UUID SUBMISSION = new UUID(2, 1);
  private static final String GONE = " is gone, expected the one that this writer opened";
  private static final String OTHER = " is another file than the one that this writer opened";

  @TempDir Path directory;
  private Path path;
  private Path away;
  private Path sameCopy;
  private Path olderCopy;
  private Path otherStore;

  /** What is done to the store. */
  enum Replacement {
    COPY_OF_THE_SAME_STATE("writer.lock" + OTHER, "writer.lock" + OTHER, 20),
    OLDER_COPY("writer.lock" + OTHER, "writer.lock" + OTHER, 10),
    OTHER_STORE("writer.lock" + GONE, "length: the commit record belongs to store ", 0),
    MOVED("writer.lock" + GONE, "commit.lock: there is no such directory", -1),
    EMPTY_DIRECTORY("writer.lock" + GONE, "length is missing from a store", -1),
    DELETED("writer.lock" + GONE, "commit.lock: there is no such directory", -1),
    KEYS_REPLACED("keys" + OTHER, "keys" + OTHER, 20),
    OFFSETS_MOVED("b/offsets" + GONE, "b/offsets" + GONE, -1),
    LOCK_REPLACED("writer.lock" + OTHER, "writer.lock" + OTHER, 20),
    LENGTH_DELETED("length is missing from a store", "length is missing from a store", -1);

    /** What a writer says that looks before it takes the commit lock, and under it. */
    private final String early;

    private final String late;

    /** What can be read at the store's path then; −1: nothing. */
    private final int rowCount;

    Replacement(String early, String late, int rowCount) {
      this.early = early;
      this.late = late;
      this.rowCount = rowCount;
    }

    boolean movesTheStore() {
      return switch (this) {
        case COPY_OF_THE_SAME_STATE, OLDER_COPY, OTHER_STORE, MOVED, EMPTY_DIRECTORY -> true;
        case DELETED, KEYS_REPLACED, OFFSETS_MOVED, LOCK_REPLACED, LENGTH_DELETED -> false;
      };
    }
  }

  @BeforeEach
  void namePaths() {
    path = directory.resolve("store");
    away = directory.resolve("away");
    sameCopy = directory.resolve("same");
    olderCopy = directory.resolve("older");
    otherStore = directory.resolve("other");
  }

  private static List<String> rows(long from, long to) {
    return Rows.ofKeys(LongStream.range(from, to));
  }

  private void replace(Replacement replacement) throws IOException {
    if (replacement.movesTheStore()) {
      Files.move(path, away);
    }
    switch (replacement) {
      case COPY_OF_THE_SAME_STATE -> Files.move(sameCopy, path);
      case OLDER_COPY -> Files.move(olderCopy, path);
      case OTHER_STORE -> Files.move(otherStore, path);
      case MOVED -> {}
      case EMPTY_DIRECTORY -> Files.createDirectory(path);
      case DELETED -> Directories.delete(path);
      case KEYS_REPLACED -> replaceByCopy(path.resolve("keys"));
      case OFFSETS_MOVED -> Files.move(path.resolve("b/offsets"), directory.resolve("offsets"));
      case LOCK_REPLACED -> replaceByCopy(path.resolve("writer.lock"));
      case LENGTH_DELETED -> Files.delete(path.resolve("length"));
    }
  }

  private static void replaceByCopy(Path file) throws IOException {
    Path copy = file.resolveSibling(".copy");
    Files.copy(file, copy);
    Files.delete(file);
    Files.move(copy, file);
  }

  /** A disk on which the store is replaced just before the next one asks for its commit lock. */
  private Disk replacing(AtomicReference<@Nullable Replacement> next) {
    return Around.calls(
        Disk.class,
        new LocalDisk(),
        (method, arguments, original) -> {
          if (method.getName().equals("tryLock") && ((Path) arguments[0]).endsWith("commit.lock")) {
            Replacement now = next.getAndSet(null);
            if (now != null) {
              replace(now);
            }
          }
          return original.call();
        });
  }

  /** Commits rows 0 to 19, and leaves the copies that replace the store. */
  private void begin(Work write) throws IOException {
    write.of(rows(0, 10));
    Directories.copy(path, olderCopy);
    write.of(rows(10, 20));
    Directories.copy(path, sameCopy);
    Store.openOrCreate(otherStore, Schema.ofTables(TABLES));
  }

  private interface Work {
    void of(List<String> rows) throws IOException;
  }

  private void assertRefused(ThrowingCallable work, String message) {
    assertThatThrownBy(work)
        .isInstanceOfAny(
            ConflictException.class, CorruptStoreException.class, NoSuchFileException.class)
        .hasMessageStartingWith(path.toString())
        .hasMessageContaining(message);
  }

  /** What stands at the store's path is what was put there, and the store itself goes on. */
  private void assertUnharmed(Replacement replacement) throws IOException {
    if (replacement.rowCount >= 0) {
      assertThat(Rows.read(Store.open(path), TABLES)).isEqualTo(rows(0, replacement.rowCount));
      assertGoesOn(path, replacement.rowCount);
    }
    if (replacement.movesTheStore()) {
      assertGoesOn(away, 20);
    }
  }

  private static void assertGoesOn(Path place, int rowCount) throws IOException {
    Store store = Store.open(place);
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(rows(50, 60)));
      writer.commit();
    }
    List<String> expected = new ArrayList<>(rows(0, rowCount));
    expected.addAll(rows(50, 60));
    assertThat(Rows.read(store, TABLES)).isEqualTo(expected);
  }

  @ParameterizedTest
  @EnumSource
  void aWriterNoticesBeforeItWritesItsNextBatch(Replacement replacement) throws IOException {
    Store store = Store.openOrCreate(path, Schema.ofTables(TABLES));
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      begin(rows -> commit(writer, rows));
      replace(replacement);

      assertRefused(() -> writer.append(Rows.batch(rows(20, 30))), replacement.early);
    }
    assertUnharmed(replacement);
  }

  @ParameterizedTest
  @EnumSource
  void aWriterNoticesBeforeItCommits(Replacement replacement) throws IOException {
    Store store = Store.openOrCreate(path, Schema.ofTables(TABLES));
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      begin(rows -> commit(writer, rows));
      writer.append(Rows.batch(rows(20, 30)));
      replace(replacement);

      assertRefused(writer::commit, replacement.early);
    }
    assertUnharmed(replacement);
  }

  @ParameterizedTest
  @EnumSource
  void aWriterNoticesWhatHappenedWhileItWaitedForTheLock(Replacement replacement)
      throws IOException {
    AtomicReference<@Nullable Replacement> next = new AtomicReference<>();
    Store store = Store.openOrCreate(replacing(next), path, Schema.ofTables(TABLES));
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      begin(rows -> commit(writer, rows));
      writer.append(Rows.batch(rows(20, 30)));
      next.set(replacement);

      assertRefused(writer::commit, replacement.late);
    }
    assertUnharmed(replacement);
  }

  @ParameterizedTest
  @EnumSource
  void aWriterNoticesBeforeItLetsItsLaneGo(Replacement replacement) throws IOException {
    Store store = Store.openOrCreate(path, Schema.ofTables(TABLES));
    StoreWriter writer = store.writer(WriterOptions.defaults());
    begin(rows -> commit(writer, rows));
    replace(replacement);

    assertRefused(writer::close, replacement.late);
    assertUnharmed(replacement);
  }

  private static void commit(StoreWriter writer, List<String> rows) throws IOException {
    writer.append(Rows.batch(rows));
    writer.commit();
  }

  @ParameterizedTest
  @EnumSource(mode = Mode.EXCLUDE, names = "LENGTH_DELETED")
  void aWriterNoticesBeforeItHandsOutWhatItPrepared(Replacement replacement) throws IOException {
    Store store = Store.openOrCreate(path, Schema.ofTables(TABLES));
    try (SinkRun run = SinkRun.begin(store, LINEAGE, SUBMISSION);
        Publisher publisher = store.publisher()) {
      begin(rows -> publish(run, publisher, rows));
      run.writer().append(Rows.batch(rows(20, 30)));
      replace(replacement);

      assertRefused(() -> run.writer().prepare(false, 0), replacement.early);
    }
    assertUnharmed(replacement);
  }

  private static void publish(SinkRun run, Publisher publisher, List<String> rows)
      throws IOException {
    run.writer().append(Rows.batch(rows));
    Commit commit = run.writer().prepare(false, Long.MIN_VALUE).orElseThrow();
    publisher.publish(List.of(commit.ofCheckpoint(1, false)), false);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "COPY_OF_THE_SAME_STATE | the prepared bytes are not on disk any more",
        "OLDER_COPY | the commit of rows 20 to 30",
        "OTHER_STORE | length: the commit record belongs to store",
        "MOVED | commit.lock: there is no such directory",
        "EMPTY_DIRECTORY | length is missing from a store",
        "DELETED | commit.lock: there is no such directory",
        "OFFSETS_MOVED | the prepared bytes are not on disk any more",
        "LENGTH_DELETED | length is missing from a store"
      })
  void aPublisherNoticesWhatHappenedSinceTheRowsWerePrepared(
      Replacement replacement, String message) throws IOException {
    Store store = Store.openOrCreate(path, Schema.ofTables(TABLES));
    Commit commit;
    try (SinkRun run = SinkRun.begin(store, LINEAGE, SUBMISSION);
        Publisher publisher = store.publisher()) {
      begin(rows -> publish(run, publisher, rows));
      commit = run.prepare(2, 20, 30);
      replace(replacement);

      assertRefused(() -> publisher.publish(List.of(commit), false), message);
      if (replacement.rowCount >= 0) {
        assertThat(Store.open(path).snapshot().rowCount()).isEqualTo(replacement.rowCount);
      }
    }
    if (replacement.movesTheStore()) {
      try (Publisher publisher = Store.open(away).publisher()) {
        assertThat(publisher.publish(List.of(commit), true)).containsExactly(Outcome.PUBLISHED);
      }
      assertGoesOn(away, 30);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"KEYS_REPLACED", "LOCK_REPLACED"})
  void aCopyThatHasThePreparedRowsIsPublishedAndTheWriterStopsThere(Replacement replacement)
      throws IOException {
    Store store = Store.openOrCreate(path, Schema.ofTables(TABLES));
    try (SinkRun run = SinkRun.begin(store, LINEAGE, SUBMISSION);
        Publisher publisher = store.publisher()) {
      begin(rows -> publish(run, publisher, rows));
      Commit commit = run.prepare(2, 20, 30);
      replace(replacement);

      publisher.publish(List.of(commit), false);
      assertRefused(() -> run.prepare(3, 30, 40), replacement.early);
    }
    assertGoesOn(path, 30);
  }

  @Test
  void theFirstRowsOfALaneAreNotPublishedIntoACopyFromBeforeThem() throws IOException {
    Store store = Store.openOrCreate(path, Schema.ofTables(TABLES));
    Directories.copy(path, olderCopy);
    try (SinkRun first = SinkRun.begin(store, LINEAGE, SUBMISSION);
        SinkRun second = SinkRun.begin(store, LINEAGE, SUBMISSION);
        Publisher publisher = store.publisher()) {
      first.prepare(1, 0, 10);
      Commit commit = second.prepare(1, 0, 10);
      assertThat(commit.lanes().get(0).number()).isEqualTo(1);
      replace(Replacement.OLDER_COPY);

      assertRefused(
          () -> publisher.publish(List.of(commit), false),
          "lanes/00001: the commit of rows 0 to 10 (checkpoint 1, written on host "
              + Holder.host()
              + "): the prepared bytes are not on disk any more");
    }
    assertThat(Rows.read(Store.open(path), TABLES)).isEmpty();
    assertGoesOn(path, 0);
  }

  @Test
  void rowsOfTheCrateBetweenAppendAndCommitStandAndTheCommitIsRefused() throws IOException {
    Store store = Store.openOrCreate(path, Schema.ofTables(TABLES));
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      commit(writer, rows(0, 20));
      writer.append(Rows.batch(rows(20, 30)));
      Crate.append(path, TABLES, List.of("20 cc cc", "21 cc -"));

      assertRefused(
          writer::commit,
          " has 22 rows, this writer knows of 20: somebody else appended to the lane");
    }
    List<String> expected = new ArrayList<>(rows(0, 20));
    expected.addAll(List.of("20 cc cc", "21 cc -"));
    assertThat(Rows.read(store, TABLES)).isEqualTo(expected);
  }
}
