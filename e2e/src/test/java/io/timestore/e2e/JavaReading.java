package io.timestore.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.format.Batch;
import io.timestore.format.ColumnData;
import io.timestore.store.Scan;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Reads a store with this project, in each way that it has, and compares. */
final class JavaReading {
  private final Store store;
  private final Snapshot snapshot;
  private final ExpectedRows expected;

  private JavaReading(Store store, ExpectedRows expected) throws IOException {
    this.store = store;
    this.snapshot = store.snapshot();
    this.expected = expected;
  }

  /** Opens the store and reads all rows, then some ranges and some keys. */
  static void check(Path path, ExpectedRows expected, Random random) throws IOException {
    JavaReading reading = new JavaReading(Store.open(path), expected);
    reading.checkShape();
    reading.checkRows(0, expected.rowCount(), RandomRows.shuffled(expected.tables(), random));
    for (int i = 0; i < 3; i++) {
      int start = random.nextInt(expected.rowCount() + 1);
      int end = start + random.nextInt(expected.rowCount() - start + 1);
      List<String> shuffled = RandomRows.shuffled(expected.tables(), random);
      reading.checkRows(start, end, shuffled.subList(0, random.nextInt(shuffled.size() + 1)));
      reading.checkKey(RandomRows.keyNear(expected, random), shuffled.get(0));
    }
  }

  private void checkShape() throws IOException {
    assertThat(store.tables()).containsExactlyInAnyOrderElementsOf(expected.tables());
    assertThat(snapshot.rowCount()).as("rows").isEqualTo(expected.rowCount());
  }

  private void checkRows(int start, int end, List<String> tables) throws IOException {
    Batch batch = new Batch(tables.size());
    int row = start;
    try (Scan scan = snapshot.scan(snapshot.ranges(start, end), tables)) {
      while (scan.next(batch)) {
        for (int i = 0; i < batch.rowCount(); i++, row++) {
          assertThat(batch.key(i)).as("key of row %d", row).isEqualTo(expected.key(row));
          for (int column = 0; column < tables.size(); column++) {
            checkCell(batch.column(column), i, tables.get(column), row);
          }
        }
      }
    }
    assertThat(row).as("end of rows %d to %d", start, end).isEqualTo(end);
  }

  private void checkCell(ColumnData column, int index, String table, int row) {
    byte[] value = expected.value(row, table).bytes();
    int difference =
        Arrays.mismatch(
            column.data(), column.start(index), column.end(index), value, 0, value.length);
    if (difference >= 0) {
      throw new AssertionError(
          "table %s, row %d: %d bytes, expected %d, different from byte %d on"
              .formatted(
                  table, row, column.end(index) - column.start(index), value.length, difference));
    }
  }

  private void checkKey(long key, String table) throws IOException {
    String text = Long.toUnsignedString(key);
    assertThat(snapshot.rowAtOrAfter(key))
        .as("row at or after %s", text)
        .isEqualTo(expected.rowAtOrAfter(key));
    Optional<byte[]> first =
        expected.rowsOfKey(key).stream()
            .findFirst()
            .map(row -> row.values().get(expected.tables().indexOf(table)).bytes());
    assertThat(snapshot.read(table, key).map(Value::digest))
        .as("%s at %s", table, text)
        .isEqualTo(first.map(Value::digest));
  }
}
