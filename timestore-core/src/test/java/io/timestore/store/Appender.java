package io.timestore.store;

import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/** Commits one batch after another until it is killed, and prints the number of each. */
public final class Appender {
  static final String READY = "ready";
  static final List<String> TABLES = List.of("a", "b");

  private Appender() {}

  /** Arguments: the store. */
  public static void main(String[] arguments) throws IOException {
    System.out.println(READY);
    Store store = Store.openOrCreate(Path.of(arguments[0]), Schema.ofTables(TABLES));
    int next = batchCount(store.snapshot().rowCount());
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      for (int batch = next; true; batch++) {
        writer.append(Rows.batch(batch(batch)));
        writer.commit();
        System.out.println(batch);
      }
    }
  }

  /** Batches of different sizes, from less than a block to several of them. */
  private static int rowCount(int batch) {
    return 1 + batch * 37 % 1200;
  }

  private static List<String> batch(int batch) {
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
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < batchCount; i++) {
      rows.addAll(batch(i));
    }
    return rows;
  }
}
