package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.timestore.disk.ChildJvm;
import io.timestore.disk.Disk;
import io.timestore.disk.DiskLock;
import io.timestore.disk.LocalDisk;
import io.timestore.disk.LockHolder;
import io.timestore.disk.OtherClassLoader;
import io.timestore.format.Schema;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

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

      child.kill();
      assertThat(caller.task.get()).isFalse();
      assertThat(disk.holder(lockFile))
          .startsWith("pid " + ProcessHandle.current().pid() + " on host " + Holder.host())
          .endsWith("(start)");
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
