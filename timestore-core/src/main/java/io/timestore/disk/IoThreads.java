package io.timestore.disk;

import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Threads that do I/O for others. Nobody interrupts them, so a caller that is interrupted, as Flink
 * does to cancel, never closes a channel in the middle of a write.
 */
public final class IoThreads implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(IoThreads.class);

  private final ExecutorService executor;

  /** Work that may fail with an I/O error. */
  public interface IoCallable<T> extends Callable<T> {
    @Override
    T call() throws IOException;
  }

  /** Daemon threads of this name. */
  public IoThreads(String name, int count) {
    this(Executors.newFixedThreadPool(count, daemons(name)));
  }

  /** The threads of an executor, which is nobody else's. */
  public IoThreads(ExecutorService executor) {
    this.executor = executor;
  }

  private static ThreadFactory daemons(String name) {
    AtomicInteger index = new AtomicInteger();
    return work -> {
      Thread thread = new Thread(work, name + "-" + index.getAndIncrement());
      thread.setDaemon(true);
      return thread;
    };
  }

  public <T> Future<T> submit(Callable<T> work) {
    return executor.submit(work);
  }

  /**
   * Does the work on one of the threads, and waits for it.
   *
   * @throws InterruptedIOException if the caller was interrupted; the work goes on to its end
   */
  public <T> T call(IoCallable<T> work) throws IOException {
    return await(submit(work));
  }

  /**
   * The result of work that was submitted.
   *
   * @throws InterruptedIOException if the caller was interrupted; the work goes on to its end
   */
  public static <T> T await(Future<T> work) throws IOException {
    try {
      return work.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("interrupted while waiting");
      interrupted.initCause(e);
      throw interrupted;
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof IOException failure) {
        throw failure;
      }
      if (cause instanceof RuntimeException failure) {
        throw failure;
      }
      if (cause instanceof Error failure) {
        throw failure;
      }
      throw new IOException(cause);
    }
  }

  /** As {@link #call}, but waits through interrupts; the caller finds its flag set afterwards. */
  public <T> T callToEnd(IoCallable<T> work) throws IOException {
    Future<T> future = submit(work);
    awaitEnd(future);
    boolean interrupted = Thread.interrupted();
    try {
      return await(future);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Waits until work has ended, one way or the other, also where the caller is interrupted. */
  public static void awaitEnd(Future<?> work) {
    boolean interrupted = false;
    boolean ended = false;
    while (!ended) {
      try {
        work.get();
        ended = true;
      } catch (ExecutionException e) {
        LOG.debug("Ended with a failure that nobody waited for", e);
        ended = true;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits until all work has ended, also where the caller is interrupted. */
  @Override
  public void close() {
    executor.shutdown();
    boolean interrupted = false;
    boolean ended = false;
    while (!ended) {
      try {
        ended = executor.awaitTermination(1, TimeUnit.MINUTES);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
