package io.timestore.e2e;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Makes rows and names such as stores may hold, the odd ones more often than life does. */
final class RandomRows {
  private static final int TABLES_MAX = 16;
  private static final int VALUE_BYTES_MAX = 4 << 20;

  /** Bytes of large values in one store, which is read many times. */
  private static final int LARGE_BYTES_MAX = 16 << 20;

  private static final int[] NEAR_A_BLOCK = {511, 512, 513, 4095, 4096, 4097, 65_536};
  private static final List<String> ODD_NAMES =
      List.of(
          " ",
          "a b",
          " leading and trailing ",
          "größe in €",
          "価格",
          "цена",
          "ب",
          "🕰",
          "e\u0301",
          "-rf",
          "a..b",
          "a\\b",
          "\"'$(x)*",
          "LENGTH",
          "keys2",
          "new_length ",
          "schema.json.bak",
          "x".repeat(255),
          "é".repeat(127));

  private final Random random;
  private int largeBytes;

  RandomRows(Random random) {
    this.random = random;
  }

  /** From 1 to 16 names of tables, few more often than many. */
  List<String> tables() {
    int count = 1 + random.nextInt(random.nextInt(4) == 0 ? TABLES_MAX : 3);
    Set<String> names = new LinkedHashSet<>();
    while (names.size() < count) {
      names.add(
          random.nextInt(3) == 0
              ? ODD_NAMES.get(random.nextInt(ODD_NAMES.size()))
              : "table" + random.nextInt(100));
    }
    return List.copyOf(names);
  }

  /** Rows that may follow those given. */
  List<Row> after(ExpectedRows before, int rowCount) {
    List<Row> rows = new ArrayList<>();
    long key = before.rowCount() == 0 ? firstKey() : keyAfter(before.key(before.rowCount() - 1));
    for (int i = 0; i < rowCount; i++) {
      List<Value> values = new ArrayList<>();
      for (int table = 0; table < before.tables().size(); table++) {
        values.add(Value.of(random.nextLong(), valueBytes()));
      }
      rows.add(new Row(key, values));
      key = keyAfter(key);
    }
    return rows;
  }

  private long firstKey() {
    return random.nextBoolean() ? random.nextInt(3) : 1_700_000_000_000L + random.nextInt(1000);
  }

  private long keyAfter(long key) {
    long step =
        switch (random.nextInt(40)) {
          case 0 -> random.nextLong() >>> (1 + random.nextInt(60));
          case 1, 2, 3, 4, 5, 6, 7, 8, 9 -> 0;
          default -> 1 + random.nextInt(1000);
        };
    long next = key + step;
    return Long.compareUnsigned(next, key) < 0 ? -1 : next;
  }

  private int valueBytes() {
    int kind = random.nextInt(100);
    if (kind < 20) {
      return 0;
    }
    if (kind < 80) {
      return 1 + random.nextInt(40);
    }
    if (kind < 92) {
      return random.nextInt(3000);
    }
    if (kind < 97) {
      return NEAR_A_BLOCK[random.nextInt(NEAR_A_BLOCK.length)];
    }
    int bytes = random.nextInt(random.nextInt(8) == 0 ? VALUE_BYTES_MAX : 100_000);
    if (largeBytes + bytes > LARGE_BYTES_MAX) {
      return 1;
    }
    largeBytes += bytes;
    return bytes;
  }

  /** A key of the rows, one beside it, or any other. */
  static long keyNear(ExpectedRows rows, Random random) {
    if (rows.rowCount() == 0 || random.nextInt(8) == 0) {
      return random.nextLong() >>> random.nextInt(Long.SIZE);
    }
    return rows.key(random.nextInt(rows.rowCount())) + random.nextInt(3) - 1;
  }

  static <T> List<T> shuffled(List<T> list, Random random) {
    List<T> copy = new ArrayList<>(list);
    Collections.shuffle(copy, random);
    return copy;
  }
}
