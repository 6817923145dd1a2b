package io.timestore.store;

import java.io.IOException;

/** The store is sound, and uses something that this version of the software can't do. */
public final class UnsupportedStoreException extends IOException {
  private static final long serialVersionUID = 1L;

  public UnsupportedStoreException(String message) {
    super(message);
  }
}
