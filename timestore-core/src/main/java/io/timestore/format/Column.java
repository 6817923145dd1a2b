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

  /** The type with its nullability, as SQL writes it. */
  public String sqlType() {
    return type + (nullable ? "" : " NOT NULL");
  }
}
