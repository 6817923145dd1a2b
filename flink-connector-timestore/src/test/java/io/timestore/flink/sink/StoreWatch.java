package io.timestore.flink.sink;

import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** Does something again and again, on a thread of its own, while others work. */
final class StoreWatch {
  private static final int PAUSE_MILLIS = 10;

  private final Look look;
  private final CountDownLatch workIsDone = new CountDownLatch(1);

  /** What is done again and again. */
  @FunctionalInterface
  interface Look {
    void at() throws Exception;
  }

  private StoreWatch(Look look) {
    this.look = look;
  }

  /** Looks while the work is done, and once more behind it; throws what went wrong in either. */
  static <T> T during(Look look, Callable<T> work) throws Exception {
    StoreWatch watch = new StoreWatch(look);
    FutureTask<Integer> looking = new FutureTask<>(watch::lookOn);
    new Thread(looking, "watch").start();
    T done;
    try {
      done = work.call();
    } catch (Exception | AssertionError e) {
      watch.workIsDone.countDown();
      try {
        int unused = looking.get();
      } catch (ExecutionException seen) {
        e.addSuppressed(seen);
      }
      throw e;
    }
    watch.workIsDone.countDown();
    int unused = looking.get();
    return done;
  }

  private int lookOn() throws Exception {
    int looks = 0;
    for (boolean goesOn = true; goesOn; looks++) {
      goesOn = !workIsDone.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
      look.at();
    }
    return looks;
  }
}
