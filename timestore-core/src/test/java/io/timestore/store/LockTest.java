package io.timestore.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.timestore.disk.ChildJvm;
import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.disk.DiskLock;
import io.timestore.disk.LocalDisk;
import io.timestore.disk.LockHolder;
import io.timestore.disk.OtherClassLoader;
import io.timestore.format.Schema;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rule 4: one publisher at a time, whoever and wherever it is. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LockTest {
  private static final List<String> TABLES = List.of("a", "b");
  private static final UUID SUBMISSION = new UUID(2, 1);
  private static final int LINEAGES = 25;

  @TempDir Path directory;
  private final Disk disk = new LocalDisk();
  private Store store;
  private Path lockFile;

  @BeforeEach
  void createStore() throws IOException {
    store = Store.openOrCreate(directory.resolve("store"), Schema.ofTables(TABLES));
    lockFile = store.directory().resolve("commit.lock");
  }

  /** A thread with work that can be interrupted, and what comes of it. */
  private static final class Caller {
    private final FutureTask<Boolean> task;
    private final Thread thread;

    Caller(Callable<Boolean> work) {
      task = new FutureTask<>(work);
      thread = new Thread(task);
      thread.start();
    }

    void awaitWaiting() {
      await().until(() -> thread.getState() == Thread.State.TIMED_WAITING);
    }
  }

  @Test
  void publishersOfThreadsClassLoadersAndProcessesLoseNothingOfEachOther() throws Exception {
    String path = store.directory().toString();
    String count = Integer.toString(LINEAGES);
    List<Future<?>> registrars = new ArrayList<>();
    try (OtherClassLoader other = new OtherClassLoader();
        ChildJvm child = ChildJvm.start(Registrar.class, path, 3, count)) {
      for (int i = 0; i < 2; i++) {
        String[] arguments = {path, Integer.toString(i), count};
        registrars.add(
            CompletableFuture.supplyAsync(
                () -> {
                  try {
                    Registrar.main(arguments);
                    return true;
                  } catch (IOException e) {
                    throw new IllegalStateException(e);
                  }
                }));
      }
      other.main(Registrar.class, path, "2", count);
      for (Future<?> registrar : registrars) {
        registrar.get();
      }
      assertThat(child.end()).as("%s", child.remainingLines()).isZero();
    }
    assertThat(store.snapshot().record().lineages()).hasSize(4 * LINEAGES);
    assertThat(store.snapshot().record().revision()).isEqualTo(1 + 4 * LINEAGES);
  }

  @Test
  void aPublisherGoesOnOnceTheLockIsFree() throws Exception {
    DiskLock lock = disk.tryLock(lockFile, "somebody").orElseThrow();
    Caller caller = new Caller(() -> store.publisher().startWithoutState(SUBMISSION));
    caller.awaitWaiting();
    assertThat(caller.task.isDone()).isFalse();

    lock.close();

    assertThat(caller.task.get()).isFalse();
  }

  @Test
  void thoseWhoWaitCanTellWhoHoldsTheLock() throws Exception {
    try (ChildJvm child = ChildJvm.start(LockHolder.class, lockFile);
        Publisher publisher = store.publisher()) {
      child.awaitLine("locked");
      Caller caller = new Caller(() -> publisher.startWithoutState(SUBMISSION));
      caller.awaitWaiting();

      assertThat(disk.holder(lockFile)).isEqualTo("the child");

      Instant before = Instant.now().truncatedTo(ChronoUnit.MILLIS);
      child.kill();
      assertThat(caller.task.get()).isFalse();
      assertThat(sinceWhen(ProcessHandle.current().pid(), "start", disk.holder(lockFile)))
          .as("when it took the lock, not when it began to wait")
          .isBetween(before, Instant.now());
    }
  }

  /** The time in what a holder of a lock says of itself, which must begin with the rest. */
  private static Instant sinceWhen(long pid, String purpose, String holder) {
    Matcher parts =
        Pattern.compile("pid (\\d+) on host (.+) since (\\S+) \\((.+)\\)").matcher(holder);
    assertThat(parts.matches()).as(holder).isTrue();
    assertThat(parts.group(1)).isEqualTo(Long.toString(pid));
    assertThat(parts.group(2)).isEqualTo(Holder.host());
    assertThat(parts.group(4)).isEqualTo(purpose);
    return Instant.parse(parts.group(3));
  }

  @Test
  void aWaitingPublisherLogsWhoHoldsTheLock() throws Exception {
    DiskLock lock = disk.tryLock(lockFile, Holder.describe("test")).orElseThrow();
    try (ChildJvm child = ChildJvm.start(Stranger.class, "publish", store.directory())) {
      child.awaitLine(
          "INFO CommitLock - Waiting for " + lockFile + ", held by " + disk.holder(lockFile));
      lock.close();

      assertThat(child.end()).isZero();
      assertThat(child.remainingLines()).containsExactly("false");
    }
  }

  @Test
  void aPausedPublisherKeepsItsLockAndWhoWaitsForItFailsAndNamesIt() throws Exception {
    Instant start = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    try (ChildJvm child = ChildJvm.start(PausingWriter.class, store.directory(), "rename", 2);
        Publisher publisher = store.publisher(Duration.ofSeconds(1))) {
      child.awaitLine("at rename");
      child.pause();
      child.tell("go on");

      String message = lockFile + " could not be had within 1 s, it is held by ";
      assertThatThrownBy(() -> publisher.startWithoutState(SUBMISSION))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith(message)
          .satisfies(
              e ->
                  assertThat(
                          sinceWhen(
                              child.pid(), "publish", e.getMessage().substring(message.length())))
                      .isBetween(start, Instant.now()));
      assertThat(store.snapshot().rowCount()).as("readers go on").isEqualTo(10);

      child.resume();
      child.awaitLine("committed batch 1");
      assertThat(publisher.startWithoutState(SUBMISSION)).isFalse();
      assertThat(child.end()).isZero();
    }
    assertThat(Rows.read(store, TABLES)).isEqualTo(Rows.ofKeys(LongStream.range(0, 20)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"write", "sync"})
  void aPausedWriterKeepsItsLaneAndLosesNothing(String operation) throws Exception {
    Path writerLock = store.directory().resolve("writer.lock");
    try (ChildJvm child = ChildJvm.start(PausingWriter.class, store.directory(), operation, 3)) {
      child.awaitLine("at " + operation);
      child.pause();
      child.tell("go on");

      assertThat(disk.tryLock(writerLock, "somebody")).isEmpty();
      assertThat(disk.holder(writerLock)).startsWith("pid " + child.pid() + " on host ");
      append(100, 110);
      assertThat(store.snapshot().record().lane(1).orElseThrow().rows()).isEqualTo(10);
      child.resume();
      child.awaitLine("committed batch 1");
      child.end();
      // Its third batch has older keys than the other writer's.
      assertThat(String.join("", child.remainingLines()))
          .contains("key 20 is below 109, the newest key in ");
    }
    List<String> expected = new ArrayList<>(Rows.ofKeys(LongStream.range(0, 20)));
    expected.addAll(Rows.ofKeys(LongStream.range(100, 110)));
    assertThat(Rows.read(store, TABLES)).isEqualTo(expected);
  }

  @ParameterizedTest
  @EnumSource
  void aLaneWhoseOwnerLivesIsLeftToIt(Elsewhere elsewhere) throws Exception {
    try (StoreWriter owner = store.writer(WriterOptions.defaults())) {
      owner.append(Rows.batch(Rows.ofKeys(LongStream.range(0, 10))));
      owner.commit();

      elsewhere.run(Stranger.class, "write", store.directory().toString());

      assertThat(store.snapshot().record().lane(0).orElseThrow().rows()).isEqualTo(10);
      assertThat(store.snapshot().record().lane(1).orElseThrow().rows()).isEqualTo(100);
    }
    append(2000, 2010);
    assertThat(store.snapshot().record().lanes()).as("it has let it go").hasSize(2);
  }

  /** Where another writer may be. */
  enum Elsewhere {
    THREAD,
    CLASS_LOADER,
    PROCESS;

    void run(Class<?> main, Object... arguments) throws Exception {
      String[] texts = Arrays.stream(arguments).map(Object::toString).toArray(String[]::new);
      switch (this) {
        case THREAD -> CompletableFuture.supplyAsync(() -> invoke(main, texts)).get();
        case CLASS_LOADER -> {
          try (OtherClassLoader other = new OtherClassLoader()) {
            other.main(main, texts);
          }
        }
        case PROCESS -> {
          try (ChildJvm child = ChildJvm.start(main, arguments)) {
            assertThat(child.end()).isZero();
          }
        }
      }
    }

    private static boolean invoke(Class<?> main, String[] arguments) {
      try {
        main.getMethod("main", String[].class).invoke(null, (Object) arguments);
        return true;
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @Test
  void aWriterThatIsClosedKeepsItsLaneUntilItsLastWriteHasEnded() throws Exception {
    Path writerLock = store.directory().resolve("writer.lock");
    CountDownLatch writing = new CountDownLatch(1);
    CountDownLatch released = new CountDownLatch(1);
    Around blocking =
        (method, arguments, original) -> {
          if (method.getName().equals("write")) {
            writing.countDown();
            released.await();
          }
          return original.call();
        };
    Disk slow =
        Around.calls(
            Disk.class,
            disk,
            (method, arguments, original) ->
                method.getName().equals("openForAppending")
                    ? Around.calls(DiskFile.class, (DiskFile) original.call(), blocking)
                    : original.call());
    StoreWriter writer = Store.open(slow, store.directory()).writer(WriterOptions.preparing());
    writer.append(Rows.batch(Rows.ofKeys(LongStream.range(0, 10_000))));
    writing.await();
    Caller closer =
        new Caller(
            () -> {
              writer.close();
              return true;
            });
    closer.awaitWaiting();

    assertThat(disk.tryLock(writerLock, "somebody")).isEmpty();
    try (ChildJvm child = ChildJvm.start(LockHolder.class, writerLock)) {
      child.awaitLine("refused");
    }

    released.countDown();
    assertThat(closer.task.get()).isTrue();
    disk.tryLock(writerLock, "somebody").orElseThrow().close();
  }

  @Test
  void aReaderAsksForNoLockAndChangesNothing() throws Exception {
    append(0, 10);
    Set<String> looks =
        Set.of("openForReading", "readUpTo", "exists", "list", "isDirectory", "realPath");
    Disk readOnly =
        Around.calls(
            Disk.class,
            disk,
            (method, arguments, original) -> {
              if (!looks.contains(method.getName())
                  && !method.getName().equals("threads")
                  && !method.getName().equals("watch")) {
                throw new IllegalStateException(method + " is not for readers");
              }
              return original.call();
            });
    try (ChildJvm committing = ChildJvm.start(LockHolder.class, lockFile);
        ChildJvm writing =
            ChildJvm.start(LockHolder.class, store.directory().resolve("writer.lock"))) {
      committing.awaitLine("locked");
      writing.awaitLine("locked");
      Store unlocked = Store.open(readOnly, store.directory());

      assertThat(Rows.read(unlocked, TABLES)).isEqualTo(Rows.ofKeys(LongStream.range(0, 10)));
      try (StoreReader reader = unlocked.reader()) {
        assertThat(new String(reader.read("a", 5).orElseThrow(), UTF_8)).isEqualTo("v5");
        assertThat(reader.awaitChange(Duration.ZERO)).isFalse();
        try (RowIterator rows = reader.iterate(KeyRange.all(), "a")) {
          assertThat(rows.next()).isTrue();
        }
      }
    }
  }

  @Test
  void aWaitingPublisherThatIsClosedEndsAndLeavesTheHolderItsLock() throws Exception {
    try (DiskLock lock = disk.tryLock(lockFile, "somebody").orElseThrow()) {
      Publisher publisher = store.publisher();
      Caller caller = new Caller(() -> publisher.startWithoutState(SUBMISSION));
      caller.awaitWaiting();

      publisher.close();

      assertThatThrownBy(caller.task::get)
          .isInstanceOf(ExecutionException.class)
          .cause()
          .isInstanceOf(InterruptedIOException.class)
          .hasMessage("cancelled while waiting for " + lockFile);
      assertThat(lock).isNotNull();
      try (ChildJvm child = ChildJvm.start(LockHolder.class, lockFile)) {
        child.awaitLine("refused");
      }
    }
  }

  @Test
  void aWaitingPublisherThatIsInterruptedEnds() throws Exception {
    try (DiskLock lock = disk.tryLock(lockFile, "somebody").orElseThrow()) {
      Caller caller = new Caller(() -> store.publisher().startWithoutState(SUBMISSION));
      caller.awaitWaiting();

      caller.thread.interrupt();

      assertThatThrownBy(caller.task::get).hasCauseInstanceOf(InterruptedIOException.class);
      assertThat(lock).isNotNull();
    }
    assertThat(store.publisher().startWithoutState(SUBMISSION)).isFalse();
  }

  @Test
  void aWriterHoldsItsLaneForItsLifeAndNoLonger() throws Exception {
    Path writerLock = store.directory().resolve("writer.lock");
    try (SinkRun run = SinkRun.begin(store, new UUID(1, 1), SUBMISSION)) {
      assertThat(writerLock).doesNotExist();
      run.prepare(1, 0, 10);
      assertThat(disk.tryLock(writerLock, "somebody")).isEmpty();
      try (ChildJvm child = ChildJvm.start(LockHolder.class, writerLock)) {
        child.awaitLine("refused");
      }
    }
    disk.tryLock(writerLock, "somebody").orElseThrow().close();
  }

  @Test
  void aLaneWhoseDirectWriterLivesInAnotherProcessIsLeftToIt() throws Exception {
    Path writerLock = store.directory().resolve("writer.lock");
    try (ChildJvm child = ChildJvm.start(LockHolder.class, writerLock)) {
      child.awaitLine("locked");
      append(0, 10);
    }
    assertThat(store.snapshot().record().lane(1).orElseThrow().rows()).isEqualTo(10);
  }

  private void append(long from, long to) throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(Rows.ofKeys(LongStream.range(from, to))));
      writer.commit();
    }
  }
}
