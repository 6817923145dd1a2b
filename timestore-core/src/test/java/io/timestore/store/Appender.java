package io.timestore.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Commits one batch after another until it is killed, and prints the number of each. */
public final class Appender {
  static final String READY = "ready";
  static final List<String> TABLES = List.of("a", "b");

  private Appender() {}

  /** Arguments: the store, the arrival of its batches. */
  public static void main(String[] arguments) throws IOException {
    System.out.println(READY);
    Store store = Store.openOrCreate(Path.of(arguments[0]), TABLES);
    append(store, Arrival.valueOf(arguments[1]), () -> false);
  }

  /** Goes on with a store, and prints the number of each batch. */
  static @Nullable Void append(Store store, Arrival arrival, BooleanSupplier enough)
      throws IOException {
    int batch = Arrival.batchCount(store.snapshot().rowCount());
    try (StoreWriter writer = store.writer(arrival.writerOptions())) {
      while (!enough.getAsBoolean()) {
        writer.append(Rows.batch(arrival.batch(batch)));
        writer.commit();
        System.out.println(batch);
        batch++;
      }
    }
    return null;
  }
}
