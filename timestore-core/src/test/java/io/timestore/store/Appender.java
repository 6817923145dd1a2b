package io.timestore.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Commits one batch after another until it is killed, and prints the number of each. */
public final class Appender {
  static final String READY = "ready";
  static final List<String> TABLES = List.of("a", "b");

  private Appender() {}

  /** Arguments: the store. */
  public static void main(String[] arguments) throws IOException {
    System.out.println(READY);
    append(Store.openOrCreate(Path.of(arguments[0]), TABLES), () -> false);
  }

  /** Goes on with a store, and prints the number of each batch. */
  static @Nullable Void append(Store store, BooleanSupplier enough) throws IOException {
    int batch = batchCount(store.snapshot().rowCount());
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      while (!enough.getAsBoolean()) {
        writer.append(Rows.batch(batch(batch)));
        writer.commit();
        System.out.println(batch);
        batch++;
      }
    }
    return null;
  }

  /** Batches of different sizes, from less than a block to several of them. */
  private static int rowCount(int batch) {
    return 1 + batch * 37 % 1200;
  }

  static List<String> batch(int batch) {
    return Rows.ofKeys(LongStream.range(batch * 10_000L, batch * 10_000L + rowCount(batch)));
  }

  /**
   * How many batches a store of so many rows holds.
   *
   * @throws IllegalStateException if it holds a batch in part
   */
  static int batchCount(long rows) {
    long left = rows;
    int batch = 0;
    while (left > 0) {
      left -= rowCount(batch);
      batch++;
    }
    if (left < 0) {
      throw new IllegalStateException(rows + " rows: batch " + (batch - 1) + " lacks " + -left);
    }
    return batch;
  }

  /** The rows of the first batches. */
  static List<String> rows(int batchCount) {
    return rows(0, batchCount);
  }

  /** The rows of some batches. */
  static List<String> rows(int fromBatch, int toBatch) {
    List<String> rows = new ArrayList<>();
    for (int i = fromBatch; i < toBatch; i++) {
      rows.addAll(batch(i));
    }
    return rows;
  }
}
