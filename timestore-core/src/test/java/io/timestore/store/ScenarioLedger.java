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

  /**
   * @param attempts to make it visible that were not refused
   * @param acknowledgements of them
   * @param hiding whether somebody hides it just now, so that it may be seen or not
   */
  private record Entry(List<String> rows, int attempts, int acknowledgements, boolean hiding) {
    boolean mustBeSeen() {
      return acknowledgements > 0 && !hiding;
    }
  }

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
    Entry entry = entry(rows);
    put(rows, entry.attempts + 1, entry.acknowledgements, entry.hiding);
  }

  /** The attempt was refused for good. */
  void refuse(List<String> rows) {
    Entry entry = entry(rows);
    put(rows, entry.attempts - 1, entry.acknowledgements, entry.hiding);
  }

  /** The batch is visible, and stays so. */
  void acknowledge(List<String> rows) {
    Entry entry = entry(rows);
    put(rows, entry.attempts, entry.acknowledgements + 1, entry.hiding);
  }

  /** Somebody begins to hide the batch. */
  void hide(List<String> rows) {
    Entry entry = entry(rows);
    put(rows, entry.attempts, entry.acknowledgements, true);
  }

  /** It stays as it is. */
  void notHidden(List<String> rows) {
    Entry entry = entry(rows);
    put(rows, entry.attempts, entry.acknowledgements, false);
  }

  /** The batch is hidden, and comes again only where somebody publishes it once more. */
  void hidden(List<String> rows) {
    Entry entry = entry(rows);
    put(rows, entry.attempts - entry.acknowledgements, 0, false);
  }

  boolean isAcknowledged(List<String> rows) {
    return entry(rows).mustBeSeen();
  }

  private Entry entry(List<String> rows) {
    return entries.getOrDefault(rows.get(0), new Entry(List.copyOf(rows), 0, 0, false));
  }

  private void put(List<String> rows, int attempts, int acknowledgements, boolean hiding) {
    entries.put(rows.get(0), new Entry(List.copyOf(rows), attempts, acknowledgements, hiding));
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
      if (batch.attempts <= 0) {
        throw wrong("rows that nobody published at row " + row, found);
      }
      row = end;
    }
    checkOrder(found);
  }

  /** Judges whether nothing is missing. */
  void checkHasAcknowledged(List<String> found) {
    for (Entry entry : entries.values()) {
      if (entry.mustBeSeen() && !found.containsAll(entry.rows)) {
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
