package io.timestore.format;

import java.io.Serializable;

/**
 * A column of a store: the cells of one table.
 *
 * @param name the SQL column
 * @param table the table's directory in the store
 * @param type the SQL type
 * @param nullable whether the empty value is NULL
 */
public record Column(String name, String table, CellType type, boolean nullable)
    implements Serializable {
  public Column {
    TableNames.check(table);
  }

  /**
   * The column of a table of plain bytes: any values, and no NULL.
   *
   * @param table also the column's name
   */
  public static Column ofTable(String table) {
    return new Column(table, table, CellType.bytes(), false);
  }

  /**
   * Whether rows may lack it, so that it can be added to a store that has some: their cells are
   * empty then, which is NULL, or no bytes.
   */
  public boolean mayBeAbsent() {
    return nullable || type.equals(CellType.bytes());
  }

  /** The type with its nullability, as SQL writes it. */
  public String sqlType() {
    return type + (nullable ? "" : " NOT NULL");
  }
}
