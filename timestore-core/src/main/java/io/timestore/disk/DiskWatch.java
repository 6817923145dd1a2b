package io.timestore.disk;

import java.io.Closeable;
import java.io.IOException;

/** Tells when a file may have been replaced. Thread-safe. */
public interface DiskWatch extends Closeable {

  /**
   * Waits until the file may have been replaced since the watch began, or since this was called
   * last. It may return without a reason; where the file system tells nothing it does so every now
   * and then.
   *
   * @param nanosMax how long to wait at most
   * @throws IOException if the watch is closed, also while waiting
   */
  void await(long nanosMax) throws IOException, InterruptedException;
}
