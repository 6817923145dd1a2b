package io.timestore.format;

import java.io.IOException;

/**
 * What is on disk breaks the format. The message names the file, the place in it, what was expected
 * and what was found. Trying again does not help.
 */
public final class CorruptStoreException extends IOException {
  private static final long serialVersionUID = 1L;

  public CorruptStoreException(String message) {
    super(message);
  }

  /**
   * @param detail what led here; kept as suppressed, not as the cause: Flink's SQL client shows the
   *     innermost cause alone, and that is to be this sentence
   */
  public CorruptStoreException(String message, Throwable detail) {
    super(message);
    addSuppressed(detail);
  }
}
