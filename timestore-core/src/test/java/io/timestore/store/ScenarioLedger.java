package io.timestore.store;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What readers may see, as far as those know who write: an acknowledged batch is there, whole and
 * once; one that somebody tries to publish may be; nothing else is.
 */
final class ScenarioLedger {
  private final Map<String, Entry> entries;

  private record Entry(List<String> rows, int attempts, boolean acknowledged) {}

  ScenarioLedger() {
    this(new LinkedHashMap<>());
  }

  private ScenarioLedger(Map<String, Entry> entries) {
    this.entries = entries;
  }

  ScenarioLedger copy() {
    return new ScenarioLedger(new LinkedHashMap<>(entries));
  }

  /** Two rows of one key; the batch's name stands in their values. */
  static List<String> batch(String name, long key) {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      rows.add(Long.toUnsignedString(key) + " " + Rows.hex(name + "." + i) + " -");
    }
    return rows;
  }

  /** Somebody begins to make the batch visible. */
  void attempt(List<String> rows) {
    change(rows, 1, false);
  }

  /** The attempt was refused for good. */
  void refuse(List<String> rows) {
    change(rows, -1, false);
  }

  /** The batch is visible, and stays so. */
  void acknowledge(List<String> rows) {
    change(rows, 0, true);
  }

  boolean isAcknowledged(List<String> rows) {
    Entry entry = entries.get(rows.get(0));
    return entry != null && entry.acknowledged;
  }

  private void change(List<String> rows, int attempts, boolean acknowledged) {
    entries.merge(
        rows.get(0),
        new Entry(List.copyOf(rows), attempts, acknowledged),
        (a, b) -> new Entry(a.rows, a.attempts + b.attempts, a.acknowledged || b.acknowledged));
  }

  /**
   * Judges what a reader finds now.
   *
   * @throws AssertionError if it is not what it may be
   */
  void check(List<String> found) {
    checkHasNoOther(found);
    checkHasAcknowledged(found);
  }

  /** Judges whether all that was found may be there. */
  void checkHasNoOther(List<String> found) {
    Map<String, Entry> missing = new LinkedHashMap<>(entries);
    int row = 0;
    while (row < found.size()) {
      Entry batch = missing.remove(found.get(row));
      if (batch == null) {
        throw wrong("not a batch, or one that was there already, from row " + row, found);
      }
      int end = Math.min(found.size(), row + batch.rows.size());
      if (!found.subList(row, end).equals(batch.rows)) {
        throw wrong("a batch in part at row " + row, found);
      }
      if (batch.attempts <= 0 && !batch.acknowledged) {
        throw wrong("rows that nobody published at row " + row, found);
      }
      row = end;
    }
    checkOrder(found);
  }

  /** Judges whether nothing is missing. */
  void checkHasAcknowledged(List<String> found) {
    for (Entry entry : entries.values()) {
      if (entry.acknowledged && !found.containsAll(entry.rows)) {
        throw wrong("an acknowledged batch is missing: " + entry.rows, found);
      }
    }
  }

  private void checkOrder(List<String> found) {
    List<Long> keys =
        found.stream().map(row -> Long.parseUnsignedLong(row.split(" ", 2)[0])).toList();
    if (!keys.equals(keys.stream().sorted(Long::compareUnsigned).toList())) {
      throw wrong("keys out of order", found);
    }
  }

  private AssertionError wrong(String what, List<String> found) {
    return new AssertionError(what + "\nfound " + found + "\nknown " + entries.values());
  }
}
