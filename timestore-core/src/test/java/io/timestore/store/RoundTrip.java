package io.timestore.store;

import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.format.Schema;
import io.timestore.store.WriterOptions.LateRows;
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
    run(Store.openOrCreate(path, Schema.ofTables(TABLES)), Arrival.LATE, 0);
  }

  /** Appends forty rows from that key on, in two commits. */
  static void run(Store store, Arrival arrival, long key) throws IOException, InterruptedException {
    try (StoreWriter writer = store.writer(arrival.writerOptions())) {
      append(writer, arrival, key);
      writer.commit();
    }
    WriterOptions preparing = WriterOptions.preparing().withLateRows(LateRows.KEEP);
    try (StoreWriter writer = store.writer(preparing);
        Publisher publisher = store.publisher()) {
      append(writer, arrival, key + 20);
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

  /** Twenty rows, in one lane or in two. */
  private static void append(StoreWriter writer, Arrival arrival, long key) throws IOException {
    boolean isLate = arrival == Arrival.LATE;
    writer.append(tenRows(key, isLate ? 2 : 1));
    writer.append(isLate ? tenRows(key + 1, 2) : tenRows(key + 10, 1));
  }

  private static Batch tenRows(long firstKey, int step) {
    return Rows.batch(Rows.ofKeys(LongStream.range(0, 10).map(row -> firstKey + row * step)));
  }
}
