package io.timestore.store;

import io.timestore.store.Publisher.Restored;
import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;

/** Registers so many lineages, one rename each: those that lock badly overwrite each other's. */
public final class Registrar {
  private Registrar() {}

  /** Arguments: the store, the number of this registrar, how many lineages. */
  public static void main(String[] arguments) throws IOException {
    Store store = Store.open(Path.of(arguments[0]));
    long registrar = Long.parseLong(arguments[1]);
    long count = Long.parseLong(arguments[2]);
    try (Publisher publisher = store.publisher()) {
      for (long i = 0; i < count; i++) {
        UUID submission = new UUID(1_000 + registrar, i);
        publisher.register(new Restored(new UUID(registrar, i), submission, submission, 1));
      }
    }
  }
}
