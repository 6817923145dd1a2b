package io.timestore.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C and SIGTERM: the command's thread is interrupted, so that it clears away what it has not
 * finished, and is given time for that. A store is sound without it, too: this spares the space.
 */
final class Interruption {
  private static final int WAIT_SECONDS_MAX = 30;

  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile boolean isStopped;

  private Interruption() {}

  /** Somebody stopped the command. */
  static final class StoppedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StoppedException() {
      super("stopped");
    }
  }

  static Interruption ofThisThread() {
    Interruption interruption = new Interruption();
    Thread worker = Thread.currentThread();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> interruption.stop(worker)));
    return interruption;
  }

  private void stop(Thread worker) {
    if (ended.getCount() > 0) {
      isStopped = true;
      worker.interrupt();
      try {
        boolean unused = ended.await(WAIT_SECONDS_MAX, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** For work in other threads, which nobody interrupts. */
  void check() {
    if (isStopped) {
      throw new StoppedException();
    }
  }

  void workHasEnded() {
    ended.countDown();
  }
}
