package io.timestore.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Random;

/** Reads a store with the crate, in each way that it has, and compares. */
final class RustReading {
  private static final long MAX_KEY = -1;

  private RustReading() {}

  /** Every row that the crate can give. */
  static void checkAll(RustStore store, ExpectedRows expected) throws IOException {
    checkColumns(store, expected);
    assertThat(store.iter(0, MAX_KEY))
        .as("all rows")
        .isEqualTo(expected.iter(0, MAX_KEY, store.tables()));
    // The iterator leaves out key 0, and all but one row of the last key.
    if (expected.rowCount() > 0) {
      for (String table : store.tables()) {
        checkRead(store, expected, table, expected.key(0));
        checkRead(store, expected, table, expected.key(expected.rowCount() - 1));
      }
    }
  }

  /** The keys, and each table as one stream: the quick way for many rows. */
  static void checkColumns(RustStore store, ExpectedRows expected) throws IOException {
    assertThat(store.keys()).as("keys").isEqualTo(expected.keys());
    for (String table : store.tables()) {
      checkStream(store, expected, table, MAX_KEY);
    }
  }

  /** Some ranges and some keys. */
  static void checkParts(RustStore store, ExpectedRows expected, Random random) throws IOException {
    for (int i = 0; i < 3; i++) {
      long from = RandomRows.keyNear(expected, random);
      long to = RandomRows.keyNear(expected, random);
      assertThat(store.iter(from, to))
          .as("from %s to %s", Long.toUnsignedString(from), Long.toUnsignedString(to))
          .isEqualTo(expected.iter(from, to, store.tables()));
      String table = store.tables().get(random.nextInt(store.tables().size()));
      checkStream(store, expected, table, to);
      checkRead(store, expected, table, from);
    }
  }

  /**
   * From key 0 only: the crate streams values from the first row's on, wherever the range begins.
   */
  private static void checkStream(RustStore store, ExpectedRows expected, String table, long to)
      throws IOException {
    if (expected.rowCount() == 0 || expected.key(0) != 0) {
      assertThat(store.stream(0, to, table))
          .as("%s streamed to %s", table, Long.toUnsignedString(to))
          .isEqualTo(expected.iter(0, to, List.of(table)));
    }
  }

  private static void checkRead(RustStore store, ExpectedRows expected, String table, long key)
      throws IOException {
    List<String> values =
        expected.rowsOfKey(key).stream()
            .map(row -> row.values().get(expected.tables().indexOf(table)).digest())
            .toList();
    String description = "%s at %s".formatted(table, Long.toUnsignedString(key));
    if (values.isEmpty()) {
      assertThat(store.read(table, key)).as(description).isEmpty();
    } else {
      assertThat(values).as(description).contains(store.read(table, key).orElse("no row"));
    }
  }
}
