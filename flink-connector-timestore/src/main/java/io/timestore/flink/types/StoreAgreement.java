package io.timestore.flink.types;

import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.format.TimeUnit;
import io.timestore.store.Holder;
import io.timestore.store.Store;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.flink.table.api.ValidationException;

/** Whether a DDL and a store on this host speak of the same thing. */
final class StoreAgreement {
  private final TableLayout layout;
  private final Store store;

  StoreAgreement(TableLayout layout, Store store) {
    this.layout = layout;
    this.store = store;
  }

  void checkIdentity() {
    UUID expected = layout.storeId();
    if (expected != null && !expected.equals(store.id())) {
      throw new ValidationException(
          "path '"
              + layout.path()
              + "' is the store "
              + expected
              + " on host "
              + layout.host()
              + ", where the statement was planned, but the store "
              + store.id()
              + " on host "
              + Holder.host()
              + "; expected one directory that all hosts share");
    }
  }

  void checkSchema() {
    Optional<Schema> schema = store.schema();
    if (schema.isPresent()) {
      checkKey(schema.get().key());
      for (Column column : layout.columns()) {
        checkColumn(column, schema.get().columns());
      }
    }
  }

  void checkTables() throws IOException {
    List<String> tables = store.tables();
    for (Column column : layout.columns()) {
      if (!tables.contains(column.table())) {
        throw new ValidationException(
            "column "
                + column.name()
                + ": '"
                + layout.path()
                + "' has no table '"
                + column.table()
                + "', found "
                + quoted(tables)
                + "; leave the column out, or name its table with 'fields."
                + column.name()
                + ".table'");
      }
    }
  }

  private void checkKey(Key expected) {
    Key key = layout.key();
    if (!key.name().equals(expected.name())) {
      throw new ValidationException(
          "key column "
              + key.name()
              + ": the key is named "
              + expected.name()
              + " in "
              + schemaFile()
              + "; set 'key.field' = '"
              + expected.name()
              + "'");
    }
    if (!key.type().equals(expected.type())) {
      throw disagreement("key column " + key.name(), text(key.type()), text(expected.type()));
    }
    TimeUnit unit = key.unit();
    TimeUnit expectedUnit = expected.unit();
    if (unit != null && expectedUnit != null && unit != expectedUnit) {
      throw new ValidationException(
          "key column "
              + key.name()
              + ": the DDL counts in '"
              + unit.symbol()
              + "', but "
              + schemaFile()
              + " says '"
              + expectedUnit.symbol()
              + "'; set 'key.unit' = '"
              + expectedUnit.symbol()
              + "'");
    }
  }

  private void checkColumn(Column column, List<Column> known) {
    Column expected =
        known.stream()
            .filter(other -> other.name().equals(column.name()))
            .findAny()
            .orElseThrow(
                () ->
                    new ValidationException(
                        "column "
                            + column.name()
                            + ": not in "
                            + schemaFile()
                            + ", which has the columns "
                            + names(known)
                            + " beside the key; name it as it is there; columns can't be added in this version yet"));
    if (!column.type().equals(expected.type()) || column.nullable() != expected.nullable()) {
      throw disagreement("column " + column.name(), text(column), text(expected));
    }
    if (!column.table().equals(expected.table())) {
      throw new ValidationException(
          "column "
              + column.name()
              + ": the DDL names the table '"
              + column.table()
              + "', but "
              + schemaFile()
              + " says '"
              + expected.table()
              + "'; leave 'fields."
              + column.name()
              + ".table' out");
    }
  }

  private ValidationException disagreement(String column, String ddl, String file) {
    return new ValidationException(
        column
            + ": the DDL declares "
            + ddl
            + ", but "
            + schemaFile()
            + " says "
            + file
            + "; declare it as "
            + file);
  }

  void checkNothingLeftOut() throws IOException {
    Optional<Schema> schema = store.schema();
    if (schema.isEmpty()) {
      checkTables();
      List<String> missing =
          store.tables().stream().filter(table -> !layout.tables().contains(table)).toList();
      refuse(missing, "'" + layout.path() + "'", "a column for each of the tables");
      return;
    }
    List<String> missing =
        schema.get().columns().stream()
            .filter(column -> !layout.tables().contains(column.table()))
            .map(column -> column.name() + " " + text(column))
            .toList();
    refuse(missing, schemaFile(), "the columns");
  }

  private static void refuse(List<String> missing, String place, String kind) {
    if (!missing.isEmpty()) {
      throw new ValidationException(
          "a table that is written to must declare all of "
              + place
              + ": "
              + kind
              + " "
              + String.join(", ", missing)
              + " are missing from the DDL");
    }
  }

  private String schemaFile() {
    return layout.directory().resolve("schema.json").toString();
  }

  private static String text(Column column) {
    return text(column.type()) + (column.nullable() ? "" : " NOT NULL");
  }

  /** The type as a DDL would spell it. */
  private static String text(CellType type) {
    if (type.length() == CellType.MAX_LENGTH && type.kind() == CellType.Kind.VARCHAR) {
      return "STRING";
    }
    return type.equals(CellType.bytes()) ? "BYTES" : type.toString();
  }

  private static String names(List<Column> columns) {
    return columns.stream().map(Column::name).collect(Collectors.joining(", "));
  }

  private static String quoted(List<String> tables) {
    return tables.isEmpty()
        ? "none"
        : tables.stream().map(table -> "'" + table + "'").collect(Collectors.joining(", "));
  }
}
