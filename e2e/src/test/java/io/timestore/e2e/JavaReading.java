package io.timestore.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.format.Batch;
import io.timestore.format.ColumnData;
import io.timestore.store.ByteRange;
import io.timestore.store.KeyRange;
import io.timestore.store.RowIterator;
import io.timestore.store.Scan;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import io.timestore.store.StoreReader;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;

/** Reads a store with this project, in each way that it has, and compares. */
final class JavaReading implements Closeable {
  private final Store store;
  private final StoreReader reader;
  private final Snapshot snapshot;
  private final ExpectedRows expected;

  private JavaReading(Store store, ExpectedRows expected) throws IOException {
    this.store = store;
    this.reader = store.reader();
    this.snapshot = reader.snapshot();
    this.expected = expected;
  }

  /** Opens the store and reads all rows, then some ranges and some keys. */
  static void check(Path path, ExpectedRows expected, Random random) throws IOException {
    try (JavaReading reading = new JavaReading(Store.open(path), expected)) {
      reading.checkShape();
      reading.checkRows(0, expected.rowCount(), RandomRows.shuffled(expected.tables(), random));
      for (int i = 0; i < 3; i++) {
        int start = random.nextInt(expected.rowCount() + 1);
        int end = start + random.nextInt(expected.rowCount() - start + 1);
        List<String> shuffled = RandomRows.shuffled(expected.tables(), random);
        reading.checkRows(start, end, shuffled.subList(0, random.nextInt(shuffled.size() + 1)));
        reading.checkKey(RandomRows.keyNear(expected, random), shuffled.get(0));
        reading.checkIntervals(
            RandomRows.keyNear(expected, random),
            RandomRows.keyNear(expected, random),
            shuffled.get(0),
            shuffled.get(shuffled.size() - 1));
      }
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

  /** All rows of a key, and the first one. */
  private void checkKey(long key, String table) throws IOException {
    String what = table + " at " + Long.toUnsignedString(key);
    int column = expected.tables().indexOf(table);
    List<String> digests =
        expected.rowsOfKey(key).stream().map(row -> row.values().get(column).digest()).toList();
    List<String> found = new ArrayList<>();
    for (io.timestore.store.Value value : reader.values(table, key)) {
      found.add(Value.digest(value.bytes()));
    }
    assertThat(found).as(what).isEqualTo(digests);
    assertThat(reader.read(table, key).map(Value::digest))
        .as(what)
        .isEqualTo(digests.stream().findFirst());
  }

  /** Intervals, with one table read ahead and another one at each row. */
  private void checkIntervals(long from, long to, String ahead, String other) throws IOException {
    String what = "from " + Long.toUnsignedString(from) + " to " + Long.toUnsignedString(to);
    int row = expected.firstRowAbove(from);
    int end = expected.endOfIntervals(from, to);
    try (RowIterator rows = reader.iterate(KeyRange.covering(from, to), ahead)) {
      for (; row < end; row++) {
        assertThat(rows.next()).as(what).isTrue();
        assertThat(rows.key()).as(what).isEqualTo(expected.key(row));
        assertThat(rows.previousKey())
            .as(what)
            .isEqualTo(row == 0 ? OptionalLong.empty() : OptionalLong.of(expected.key(row - 1)));
        assertThat(Value.digest(rows.read(ahead))).isEqualTo(expected.value(row, ahead).digest());
        checkPart(rows, other, row);
      }
      assertThat(rows.next()).as("%s ends", what).isFalse();
    }
  }

  private void checkPart(RowIterator rows, String table, int row) throws IOException {
    byte[] value = expected.value(row, table).bytes();
    int middle = value.length / 2;
    List<byte[]> parts =
        rows.read(table, List.of(new ByteRange(middle, value.length), new ByteRange(0, middle)));
    assertThat(Arrays.equals(parts.get(0), Arrays.copyOfRange(value, middle, value.length)))
        .isTrue();
    assertThat(Arrays.equals(parts.get(1), Arrays.copyOf(value, middle))).isTrue();
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }
}
