package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskLock;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The lock under which one publisher at a time replaces the commit record. */
final class CommitLock {
  private static final Logger LOG = LoggerFactory.getLogger(CommitLock.class);

  /** Rule 4: after it, a publisher fails and names the holder. */
  static final Duration WAIT_MAX = Duration.ofSeconds(60);

  private static final long RETRY_MILLIS = 10;

  private CommitLock() {}

  /**
   * Waits for the lock.
   *
   * @param purpose what for, which others are told with who has it since when
   * @param cancelled ends the waiting
   * @throws IOException if somebody else keeps it for longer, naming them
   */
  static DiskLock acquire(
      Disk disk, Path lockFile, String purpose, Duration waitMax, CountDownLatch cancelled)
      throws IOException {
    long start = System.nanoTime();
    boolean logged = false;
    while (true) {
      Optional<DiskLock> lock = disk.tryLock(lockFile, Holder.describe(purpose));
      if (lock.isPresent()) {
        return lock.get();
      }
      if (System.nanoTime() - start > waitMax.toNanos()) {
        throw new IOException(
            lockFile
                + " could not be had within "
                + waitMax.toSeconds()
                + " s, it is held by "
                + disk.holder(lockFile));
      }
      if (!logged) {
        LOG.info("Waiting for {}, held by {}", lockFile, disk.holder(lockFile));
        logged = true;
      }
      if (isCancelled(cancelled)) {
        throw new InterruptedIOException("cancelled while waiting for " + lockFile);
      }
    }
  }

  private static boolean isCancelled(CountDownLatch cancelled) throws InterruptedIOException {
    try {
      return cancelled.await(RETRY_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for a lock");
    }
  }
}
