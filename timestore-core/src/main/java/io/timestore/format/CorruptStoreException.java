package io.timestore.format;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What is on disk breaks the format. The message names the file, the place in it, what was expected
 * and what was found. Trying again does not help.
 */
public final class CorruptStoreException extends IOException {
  private static final long serialVersionUID = 1L;

  public CorruptStoreException(String message) {
    this(message, null);
  }

  public CorruptStoreException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
