package io.timestore.disk;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The file system's notifications, or the clock where it has none. */
final class LocalWatch {
  private static final Logger LOG = LoggerFactory.getLogger(LocalWatch.class);

  /** A notification may be lost, or taken by another thread that waits. */
  private static final long LOOK_ANYWAY_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private LocalWatch() {}

  /**
   * @param notifications whether the file system tells of changes that other machines make, too
   */
  static DiskWatch of(Path file, boolean notifications) {
    if (!notifications) {
      return new Polling(file);
    }
    WatchService service;
    try {
      service = file.getFileSystem().newWatchService();
    } catch (IOException | UnsupportedOperationException e) {
      // The kernel allows a user so many of them.
      LOG.debug("No notifications for {}, polling it", file, e);
      return new Polling(file);
    }
    try {
      file.getParent().register(service, StandardWatchEventKinds.ENTRY_CREATE);
      return new Notified(file, service);
    } catch (IOException | UnsupportedOperationException e) {
      LOG.debug("No notifications for {}, polling it", file, e);
      closeQuietly(service);
      return new Polling(file);
    }
  }

  private static void closeQuietly(WatchService service) {
    try {
      service.close();
    } catch (IOException e) {
      LOG.debug("A watch service that served nobody could not be closed", e);
    }
  }

  /** A rename onto the file arrives as the creation of its name. */
  private record Notified(Path file, WatchService service) implements DiskWatch {
    @Override
    public void await(long nanosMax) throws IOException, InterruptedException {
      long deadline = System.nanoTime() + Math.min(nanosMax, LOOK_ANYWAY_NANOS);
      try {
        boolean replaced = false;
        while (!replaced) {
          WatchKey key = service.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
          if (key == null) {
            return;
          }
          for (WatchEvent<?> event : key.pollEvents()) {
            replaced |=
                event.kind() == StandardWatchEventKinds.OVERFLOW
                    || file.getFileName().equals(event.context());
          }
          // Not valid any more where the directory was removed: the next look says so.
          replaced |= !key.reset();
        }
      } catch (ClosedWatchServiceException e) {
        throw new IOException(file + " is not watched any more: the watch is closed", e);
      }
    }

    @Override
    public void close() throws IOException {
      service.close();
    }
  }

  private static final class Polling implements DiskWatch {
    private final Path file;
    private final CountDownLatch closed = new CountDownLatch(1);

    Polling(Path file) {
      this.file = file;
    }

    @Override
    public void await(long nanosMax) throws IOException, InterruptedException {
      if (closed.await(Math.min(nanosMax, POLL_NANOS), TimeUnit.NANOSECONDS)) {
        throw new IOException(file + " is not watched any more: the watch is closed");
      }
    }

    @Override
    public void close() {
      closed.countDown();
    }
  }
}
