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
  private static final long WAIT_NANOS_MAX = Duration.ofSeconds(60).toNanos();
  private static final long RETRY_MILLIS = 10;

  private CommitLock() {}

  /**
   * Waits up to 60 s for the lock.
   *
   * @param cancelled ends the waiting
   * @throws IOException if somebody else keeps it for longer, naming them
   */
  static DiskLock acquire(Disk disk, Path lockFile, String holder, CountDownLatch cancelled)
      throws IOException {
    long start = System.nanoTime();
    boolean logged = false;
    while (true) {
      Optional<DiskLock> lock = disk.tryLock(lockFile, holder);
      if (lock.isPresent()) {
        return lock.get();
      }
      if (System.nanoTime() - start > WAIT_NANOS_MAX) {
        throw new IOException(
            lockFile
                + " could not be had within "
                + TimeUnit.NANOSECONDS.toSeconds(WAIT_NANOS_MAX)
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
