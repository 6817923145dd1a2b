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
import java.util.Set;
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

  /** Holds what the DDL says of the key, and of the columns that the schema has, against it. */
  void checkSchema() {
    Optional<Schema> schema = store.schema();
    if (schema.isPresent()) {
      checkKey(schema.get().key());
      for (Column column : layout.columns()) {
        known(column).ifPresent(expected -> checkColumn(column, expected));
      }
    }
  }

  private Optional<Column> known(Column column) {
    return store.schema().stream()
        .flatMap(schema -> schema.columns().stream())
        .filter(known -> known.name().equals(column.name()))
        .findAny();
  }

  /** Columns of the DDL that the store lacks. */
  List<Column> newColumns() throws IOException {
    List<String> tables = store.tables();
    return layout.columns().stream()
        .filter(
            column ->
                store.schema().isPresent()
                    ? known(column).isEmpty()
                    : !tables.contains(column.table()))
        .toList();
  }

  void checkNothingNew() throws IOException {
    Optional<Column> column = newColumns().stream().findFirst();
    if (column.isPresent()) {
      throw absent(column.get(), "; leave the column out");
    }
  }

  void checkNewColumnsAreNullable() throws IOException {
    Optional<Column> column = newColumns().stream().filter(c -> !c.nullable()).findFirst();
    if (column.isPresent()) {
      throw absent(
          column.get(),
          "; an INSERT can't add a column of "
              + text(column.get())
              + ", since the rows that are there have no value of it: declare it without NOT NULL");
    }
  }

  private ValidationException absent(Column column, String advice) throws IOException {
    if (store.schema().isEmpty()) {
      return new ValidationException(
          "column "
              + column.name()
              + ": '"
              + layout.path()
              + "' has no table '"
              + column.table()
              + "', found "
              + quoted(store.tables())
              + advice
              + ", or name its table with 'fields."
              + column.name()
              + ".table'");
    }
    return new ValidationException(
        "column "
            + column.name()
            + ": not in "
            + schemaFile()
            + ", which has the columns "
            + store.schema().get().columns().stream()
                .map(Column::name)
                .collect(Collectors.joining(", "))
            + " beside the key"
            + advice
            + ", or name it as it is there");
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

  private void checkColumn(Column column, Column expected) {
    if (!column.typeText().equals(expected.typeText())
        || column.nullable() != expected.nullable()) {
      throw disagreement("column " + column.name(), text(column), text(expected));
    }
    if (!column.encoding().equals(expected.encoding())) {
      throw new ValidationException(
          "column "
              + column.name()
              + ": the DDL declares "
              + format(column)
              + ", but "
              + schemaFile()
              + " says "
              + format(expected)
              + "; "
              + (expected.format() == null
                  ? "leave 'fields." + column.name() + ".format' out"
                  : "set 'fields." + column.name() + ".format' = '" + expected.encoding() + "'"));
    }
    if (column.endianness() != expected.endianness()) {
      throw new ValidationException(
          "column "
              + column.name()
              + ": the DDL declares "
              + column.endianness()
              + "-endian bytes, but "
              + schemaFile()
              + " says "
              + expected.endianness()
              + "-endian; set 'fields."
              + column.name()
              + ".endianness' = '"
              + expected.endianness()
              + "-endian'");
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

  void checkIsNoJournal() {
    try {
      store.checkWritable();
    } catch (IllegalArgumentException e) {
      throw new ValidationException(e.getMessage(), e);
    }
  }

  /**
   * Refuses a DDL that leaves out a column.
   *
   * @param isPlanned others may have added nullable columns since, which are NULL then
   */
  void checkNothingLeftOut(boolean isPlanned) throws IOException {
    Optional<Schema> schema = store.schema();
    if (schema.isEmpty()) {
      List<String> missing =
          store.tables().stream().filter(table -> !layout.tables().contains(table)).toList();
      refuse(missing, "'" + layout.path() + "'", "a column for each of the tables");
      return;
    }
    Set<String> declared = layout.columns().stream().map(Column::name).collect(Collectors.toSet());
    List<String> missing =
        schema.get().columns().stream()
            .filter(column -> !declared.contains(column.name()))
            .filter(column -> !isPlanned || !column.nullable())
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

  private static String format(Column column) {
    return column.format() == null ? "no format" : "the format '" + column.encoding() + "'";
  }

  private static String text(Column column) {
    String type = column.format() == null ? text(column.type()) : column.typeText();
    return type + (column.nullable() ? "" : " NOT NULL");
  }

  /** The type as a DDL would spell it. */
  private static String text(CellType type) {
    if (type.length() == CellType.MAX_LENGTH && type.kind() == CellType.Kind.VARCHAR) {
      return "STRING";
    }
    return type.equals(CellType.bytes()) ? "BYTES" : type.toString();
  }

  private static String quoted(List<String> tables) {
    return tables.isEmpty()
        ? "none"
        : tables.stream().map(table -> "'" + table + "'").collect(Collectors.joining(", "));
  }
}
