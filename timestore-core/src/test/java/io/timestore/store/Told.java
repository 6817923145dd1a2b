package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.format.Commit;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * What a process that takes {@link Turns} told before it died.
 *
 * @param batchCount batches that are acknowledged
 * @param prepared the one behind them, if it was prepared
 */
record Told(int batchCount, Optional<Commit> prepared) {

  /**
   * Reads what was told.
   *
   * @param before batches that the store held when the process began
   */
  static Told of(int before, List<String> lines) throws IOException {
    int batchCount = before;
    Optional<Commit> prepared = Optional.empty();
    for (String line : lines) {
      if (line.matches("\\d+")) {
        batchCount = Integer.parseInt(line) + 1;
        prepared = Optional.empty();
      } else if (line.startsWith(Turns.PREPARED)) {
        byte[] commit = HexFormat.of().parseHex(line.substring(Turns.PREPARED.length()));
        prepared = Optional.of(Commit.fromBytes(commit));
      }
    }
    return new Told(batchCount, prepared);
  }

  /**
   * Opens the store, finds what was told and nothing in part, publishes what was prepared, and goes
   * on with it.
   *
   * @return the batches that the store holds then
   */
  int check(Path path, String when) throws IOException {
    Store store = Store.openOrCreate(path, Schema.ofTables(Appender.TABLES));
    int found = Arrival.batchCount(store.snapshot().rowCount());
    assertThat(found).as(when).isBetween(batchCount, batchCount + 1);
    assertHolds(store, found, when);
    if (prepared.isPresent()) {
      try (Publisher publisher = store.publisher()) {
        publisher.publish(List.of(prepared.get()), true);
      }
      found = batchCount + 1;
      assertHolds(store, found, when + ", once what was prepared is published");
    }
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(Arrival.IN_ORDER.batch(found)));
      writer.commit();
    }
    assertHolds(Store.open(path), found + 1, when + ", gone on with");
    return found + 1;
  }

  private static void assertHolds(Store store, int batchCount, String when) throws IOException {
    List<String> rows = Rows.read(store, Appender.TABLES);
    assertThat(rows.equals(Arrival.IN_ORDER.rows(0, batchCount)))
        .as("%s: %d rows, those of %d batches", when, rows.size(), batchCount)
        .isTrue();
  }
}
