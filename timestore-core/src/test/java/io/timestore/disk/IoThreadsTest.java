package io.timestore.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class IoThreadsTest {
  private final CountDownLatch begun = new CountDownLatch(1);
  private final CountDownLatch released = new CountDownLatch(1);
  private final AtomicBoolean ended = new AtomicBoolean();
  private final AtomicBoolean interrupted = new AtomicBoolean();

  /** Work that goes on until it is released, and notes whether somebody interrupted it. */
  private boolean work() {
    begun.countDown();
    try {
      released.await();
      ended.set(true);
    } catch (InterruptedException e) {
      interrupted.set(true);
    }
    return true;
  }

  @Test
  void anInterruptedCallerLeavesTheWorkRunningToItsEnd() throws Exception {
    try (IoThreads threads = new IoThreads("test", 1)) {
      CompletableFuture<Boolean> wasStillInterrupted = new CompletableFuture<>();
      Thread caller =
          new Thread(
              () -> {
                try {
                  threads.call(this::work);
                  wasStillInterrupted.completeExceptionally(new AssertionError("not interrupted"));
                } catch (InterruptedIOException e) {
                  wasStillInterrupted.complete(Thread.currentThread().isInterrupted());
                } catch (IOException e) {
                  wasStillInterrupted.completeExceptionally(e);
                }
              });
      caller.start();
      begun.await();
      caller.interrupt();
      caller.join();

      assertThat(wasStillInterrupted.get()).isTrue();
      assertThat(ended).isFalse();
      assertThat(interrupted).isFalse();
      released.countDown();
      await().untilTrue(ended);
      assertThat(threads.call(() -> 7)).as("the thread goes on working").isEqualTo(7);
    }
    assertThat(interrupted).isFalse();
  }

  @Test
  void aCallerThatWasInterruptedBeforeHandsItsWorkOverAllTheSame() throws Exception {
    try (IoThreads threads = new IoThreads("test", 1)) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> threads.call(this::work)).isInstanceOf(InterruptedIOException.class);
      assertThat(Thread.interrupted()).isTrue();
      released.countDown();
    }
    assertThat(ended).isTrue();
    assertThat(interrupted).isFalse();
  }

  @Test
  void closingWaitsForTheWorkAlsoWhereTheCloserIsInterrupted() throws Exception {
    IoThreads threads = new IoThreads("test", 1);
    Future<Boolean> work = threads.submit(this::work);
    begun.await();
    AtomicBoolean closed = new AtomicBoolean();
    AtomicBoolean closerIsInterrupted = new AtomicBoolean();
    Thread closer =
        new Thread(
            () -> {
              threads.close();
              closerIsInterrupted.set(Thread.currentThread().isInterrupted());
              closed.set(true);
            });
    closer.start();
    await().until(() -> closer.getState() == Thread.State.TIMED_WAITING);
    closer.interrupt();
    await().until(() -> closer.getState() == Thread.State.TIMED_WAITING && !closer.isInterrupted());
    assertThat(closed).isFalse();

    released.countDown();
    closer.join();

    assertThat(ended).isTrue();
    assertThat(interrupted).isFalse();
    assertThat(work.get()).isTrue();
    assertThat(closerIsInterrupted).isTrue();
  }

  @Test
  void failuresComeOutAsTheyAre() {
    try (IoThreads threads = new IoThreads("test", 1)) {
      IOException io = new IOException("disk");
      assertThatThrownBy(
              () ->
                  threads.call(
                      () -> {
                        throw io;
                      }))
          .isSameAs(io);
      IllegalStateException misuse = new IllegalStateException("misuse");
      assertThatThrownBy(
              () ->
                  threads.call(
                      () -> {
                        throw misuse;
                      }))
          .isSameAs(misuse);
      Error error = new AssertionError("error");
      assertThatThrownBy(
              () ->
                  threads.call(
                      () -> {
                        throw error;
                      }))
          .isSameAs(error)
          .isNotInstanceOf(ExecutionException.class);
    }
  }
}
