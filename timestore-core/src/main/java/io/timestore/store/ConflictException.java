package io.timestore.store;

import java.io.IOException;

/**
 * A commit or a restored state does not fit what is in the store; the store is sound and unchanged.
 * The message names both sides. Trying again does not help.
 */
public final class ConflictException extends IOException {
  private static final long serialVersionUID = 1L;

  ConflictException(String message) {
    super(message);
  }
}
