package io.timestore.store;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Several things that are closed in turn: all of them, also where one fails. */
final class Closing {
  private Closing() {}

  static void all(List<? extends Closeable> things) throws IOException {
    @Nullable IOException failure = null;
    for (Closeable thing : things) {
      try {
        thing.close();
      } catch (IOException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
