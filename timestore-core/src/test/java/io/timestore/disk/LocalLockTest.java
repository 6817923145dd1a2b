package io.timestore.disk;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LocalLockTest {
  private static final int THREADS = 8;

  @TempDir Path directory;
  private final Disk disk = new LocalDisk();
  private Path lockFile;

  @BeforeEach
  void nameTheLockFile() {
    lockFile = directory.resolve("commit.lock");
  }

  private DiskLock lock() throws IOException {
    return disk.tryLock(lockFile, "the parent").orElseThrow();
  }

  private String tryInChild() throws IOException, InterruptedException {
    try (ChildJvm child = ChildJvm.start(LockHolder.class, lockFile)) {
      child.end();
      List<String> lines = child.remainingLines();
      return lines.get(lines.size() - 1);
    }
  }

  @Test
  void ofManyThreadsOneHasTheLock() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try {
      for (int round = 0; round < 20; round++) {
        CyclicBarrier start = new CyclicBarrier(THREADS);
        List<Future<Optional<DiskLock>>> attempts = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
          String holder = "thread " + i;
          attempts.add(
              threads.submit(
                  () -> {
                    start.await();
                    return disk.tryLock(lockFile, holder);
                  }));
        }
        List<DiskLock> locks = new ArrayList<>();
        for (Future<Optional<DiskLock>> attempt : attempts) {
          attempt.get().ifPresent(locks::add);
        }
        assertThat(locks).hasSize(1);
        locks.get(0).close();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void aLockThatWasLetGoCanBeTakenAgain() throws IOException {
    lock().close();
    lock().close();

    assertThat(lockFile).as("lock files are never removed").exists();
    assertThat(directory.toFile().list()).containsExactlyInAnyOrder("commit.lock", "commit.holder");
  }

  @Test
  void twoClassLoadersExcludeEachOther() throws Exception {
    try (OtherClassLoader other = new OtherClassLoader()) {
      try (DiskLock lock = lock()) {
        assertThat(other.tryLock(lockFile, "other")).isEmpty();
        assertThat(lock).isNotNull();
      }
      Optional<?> otherLock = other.tryLock(lockFile, "other");
      assertThat(otherLock).isPresent();
      assertThat(disk.tryLock(lockFile, "the parent")).isEmpty();

      ((Closeable) otherLock.get()).close();
      lock().close();
    }
  }

  @Test
  void twoProcessesExcludeEachOther() throws Exception {
    try (DiskLock lock = lock()) {
      assertThat(tryInChild()).isEqualTo(LockHolder.REFUSED);
      assertThat(lock).isNotNull();
    }
    try (ChildJvm child = ChildJvm.start(LockHolder.class, lockFile)) {
      child.awaitLine(LockHolder.LOCKED);
      assertThat(disk.tryLock(lockFile, "the parent")).isEmpty();
      assertThat(disk.holder(lockFile)).isEqualTo("the child");

      assertThat(child.end()).isZero();
    }
    lock().close();
  }

  @Test
  void theLockOfAKilledProcessIsFreeAtOnce() throws Exception {
    try (ChildJvm child = ChildJvm.start(LockHolder.class, lockFile)) {
      child.awaitLine(LockHolder.LOCKED);
      child.kill();

      lock().close();
    }
  }

  @Test
  void whoLosesTheRaceInTheHoldersJvmDoesNotDropItsLock() throws Exception {
    try (OtherClassLoader other = new OtherClassLoader();
        DiskLock lock = lock()) {
      assertThat(disk.tryLock(lockFile, "loser")).isEmpty();
      assertThat(other.tryLock(lockFile, "loser")).isEmpty();
      assertThat(lock).isNotNull();

      assertThat(tryInChild()).isEqualTo(LockHolder.REFUSED);
      assertThat(disk.holder(lockFile)).isEqualTo("the parent");
    }
    assertThat(tryInChild()).isEqualTo(LockHolder.LOCKED);
  }

  @Test
  void twoNamesOfOneFileAreOneLock() throws Exception {
    Path link = directory.resolveSibling(directory.getFileName() + "-link");
    try (DiskLock lock = lock()) {
      Files.createSymbolicLink(link, directory);

      assertThat(disk.tryLock(link.resolve("commit.lock"), "the other name")).isEmpty();
      assertThat(tryInChild()).isEqualTo(LockHolder.REFUSED);
      assertThat(lock).isNotNull();
    } finally {
      Files.deleteIfExists(link);
    }
  }

  @Test
  void otherFilesAreOtherLocks() throws IOException {
    try (DiskLock lock = lock();
        DiskLock other = disk.tryLock(directory.resolve("writer.lock"), "writer").orElseThrow()) {
      assertThat(lock).isNotSameAs(other);
      assertThat(disk.holder(directory.resolve("writer.lock"))).isEqualTo("writer");
    }
  }

  @Test
  void theHolderOfALockThatNobodyTookIsUnknown() throws IOException {
    assertThat(disk.holder(lockFile)).isEqualTo("unknown");
  }
}
