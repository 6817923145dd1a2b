package io.timestore.e2e;

import io.timestore.e2e.RustStore.Step;
import java.util.ArrayList;
import java.util.List;

/** What a store must hold: the model that both sides are held against. */
final class ExpectedRows {
  private final List<String> tables;
  private final List<Row> rows = new ArrayList<>();

  ExpectedRows(List<String> tables) {
    this.tables = List.copyOf(tables);
  }

  /** These rows, whatever is added later. */
  ExpectedRows copy() {
    ExpectedRows copy = new ExpectedRows(tables);
    copy.addAll(rows);
    return copy;
  }

  List<String> tables() {
    return tables;
  }

  List<Row> rows() {
    return rows;
  }

  void addAll(List<Row> more) {
    rows.addAll(more);
  }

  int rowCount() {
    return rows.size();
  }

  long key(int row) {
    return rows.get(row).key();
  }

  long[] keys() {
    return rows.stream().mapToLong(Row::key).toArray();
  }

  Value value(int row, String table) {
    return rows.get(row).values().get(tables.indexOf(table));
  }

  /** The first row whose key is not below. */
  int rowAtOrAfter(long key) {
    int row = 0;
    while (row < rowCount() && Long.compareUnsigned(key(row), key) < 0) {
      row++;
    }
    return row;
  }

  /** The first row whose key is above. */
  int firstRowAbove(long key) {
    return key == -1 ? rowCount() : rowAtOrAfter(key + 1);
  }

  /**
   * Behind the last row whose interval covers a part of ({@code from}, {@code to}]: none does where
   * {@code to} is 0.
   */
  int endOfIntervals(long from, long to) {
    int row = to == 0 ? firstRowAbove(from) : rowAtOrAfter(to);
    return to == 0 || row == rowCount() ? row : firstRowAbove(key(row));
  }

  /** The rows with this key. */
  List<Row> rowsOfKey(long key) {
    return rows.stream().filter(row -> row.key() == key).toList();
  }

  /**
   * What the crate's iterator gives: it begins at the first key above {@code from}, and ends with
   * the first row that reaches {@code to} or the last key. Rows behind that with the same key are
   * left out, and so is key 0.
   *
   * @param valuesOf the tables whose digests each step has
   */
  List<Step> iter(long from, long to, List<String> valuesOf) {
    List<Step> steps = new ArrayList<>();
    if (rows.isEmpty()) {
      return steps;
    }
    long last = key(rowCount() - 1);
    long end = Long.compareUnsigned(to, last) < 0 ? to : last;
    int row = firstRowAbove(from);
    long previous = row == 0 ? 0 : key(Math.min(row, rowCount()) - 1);
    for (; row < rowCount() && Long.compareUnsigned(previous, end) < 0; row++) {
      List<String> digests = new ArrayList<>();
      for (String table : valuesOf) {
        digests.add(value(row, table).digest());
      }
      steps.add(new Step(previous, key(row), digests));
      previous = key(row);
    }
    return steps;
  }
}
