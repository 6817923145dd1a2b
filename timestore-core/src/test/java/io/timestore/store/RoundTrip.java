package io.timestore.store;

import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.LongStream;

/** Everything that opens something, once, and closes it: {@value #OPENS} opens. */
public final class RoundTrip {
  static final int OPENS = 9;
  private static final List<String> TABLES = List.of("a", "b");

  private RoundTrip() {}

  /** Arguments: a directory for a new store. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path path = Path.of(arguments[0]);
    run(Store.openOrCreate(path, Schema.ofTables(TABLES)), 0);
  }

  /** Appends twenty rows from that key on. */
  static void run(Store store, long key) throws IOException, InterruptedException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(Rows.ofKeys(LongStream.range(key, key + 10))));
      writer.commit();
    }
    try (StoreWriter writer = store.writer(WriterOptions.preparing());
        Publisher publisher = store.publisher()) {
      writer.append(Rows.batch(Rows.ofKeys(LongStream.range(key + 10, key + 20))));
      Commit commit = writer.prepare("", true).orElseThrow();
      publisher.publish(List.of(commit), true);
    }
    try (StoreReader reader = Store.open(store.directory()).reader()) {
      reader.awaitChange(Duration.ZERO);
      byte[] unused = reader.read("a", key).orElseThrow();
      try (RowIterator rows = reader.iterate(KeyRange.atLeast(key), "a", "b")) {
        rows.next();
      }
      reader.iterate(KeyRange.all(), "b"); // closed by its reader
    }
    Snapshot snapshot = store.snapshot();
    try (Scan scan = snapshot.scan(snapshot.ranges(), TABLES)) {
      scan.next(new Batch(TABLES.size()));
    }
  }
}
