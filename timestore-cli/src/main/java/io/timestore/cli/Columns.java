package io.timestore.cli;

import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.Store;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The columns of rows that are shown or written, in that order.
 *
 * @param key the key's name, type and unit
 * @param keyText its texts
 * @param names of all, the key's among them where it is wanted
 * @param cells of all but the key
 */
record Columns(Key key, KeyText keyText, List<String> names, List<CellText> cells) {

  /**
   * Those of a store.
   *
   * @param types of tables of a store without a schema; empty where it has one
   * @param selected names; empty: the key and all others
   */
  static Columns of(Store store, Map<String, CellType> types, List<String> selected)
      throws IOException {
    Optional<Schema> schema = store.schema();
    if (schema.isPresent() && !types.isEmpty()) {
      throw new IllegalArgumentException(
          store + " has a schema, which gives its columns their types: leave --types out");
    }
    List<String> tables = store.tables();
    for (String table : types.keySet()) {
      if (!tables.contains(table)) {
        throw new IllegalArgumentException(
            "--types: " + store + " has no table '" + table + "', found " + tables);
      }
    }
    Key key = schema.orElseGet(() -> Schema.ofTables(tables)).key();
    List<CellText> all = new ArrayList<>();
    if (schema.isPresent()) {
      schema.get().columns().forEach(column -> all.add(CellText.of(column)));
    } else {
      for (String table : tables) {
        CellType type = types.get(table);
        all.add(
            type == null
                ? CellText.ofTable(table)
                : CellText.of(new Column(table, table, type, false)));
      }
    }
    return select(key, KeyText.of(schema), all, selected);
  }

  private static Columns select(
      Key key, KeyText keyText, List<CellText> all, List<String> selected) {
    List<String> found = new ArrayList<>(List.of(key.name()));
    all.forEach(cells -> found.add(cells.column().name()));
    if (selected.isEmpty()) {
      return new Columns(key, keyText, found, all);
    }
    List<CellText> cells = new ArrayList<>();
    for (String name : selected) {
      if (!found.contains(name)) {
        throw new IllegalArgumentException("--columns: no column '" + name + "', found " + found);
      }
      all.stream().filter(c -> c.column().name().equals(name)).forEach(cells::add);
    }
    if (selected.stream().distinct().count() != selected.size()) {
      throw new IllegalArgumentException("--columns: " + selected + " has a name twice");
    }
    return new Columns(key, keyText, List.copyOf(selected), cells);
  }

  List<String> tables() {
    return cells.stream().map(text -> text.column().table()).toList();
  }

  Batch newBatch() {
    return new Batch(cells.stream().map(CellText::column).toList());
  }

  boolean hasKey() {
    return names.contains(key.name());
  }

  boolean isKey(String name) {
    return name.equals(key.name());
  }

  /** The schema of a store that has these columns alone. */
  Schema toSchema() {
    return Schema.create(key, cells.stream().map(CellText::column).toList());
  }
}
