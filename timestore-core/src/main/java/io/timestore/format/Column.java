package io.timestore.format;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * A column of a store: the cells of one table.
 *
 * @param name the SQL column
 * @param table the table's directory in the store
 * @param type the SQL type; bytes, if the cells are values of a format
 * @param nullable whether the empty value is NULL
 * @param endianness the order of a cell's bytes; little where a cell has one byte, or has no order
 * @param format what the cells are values of, which is not read here; null if they are plain
 */
public record Column(
    String name,
    String table,
    CellType type,
    boolean nullable,
    Endianness endianness,
    @Nullable Format format)
    implements Serializable {

  /**
   * A format that others read and write.
   *
   * @param name how others know it, such as {@code json}
   * @param sqlType the SQL type of the column, as they spell it
   */
  public record Format(String name, String sqlType) implements Serializable {
    /** The encoding of a column without a format. */
    static final String PLAIN = "plain";

    public Format {
      if (name.isEmpty() || name.equals(PLAIN) || sqlType.isEmpty()) {
        throw new IllegalArgumentException(
            "'" + name + "' of '" + sqlType + "' is no format, expected names of both");
      }
    }
  }

  public Column {
    TableNames.check(table);
    if (format != null && !type.equals(CellType.bytes())) {
      throw new IllegalArgumentException(
          "cells of the format '" + format.name() + "' are bytes, not " + type);
    }
    if (endianness == Endianness.BIG && type.widthBytes().isEmpty()) {
      throw new IllegalArgumentException(
          "endianness '" + endianness + "', but cells of variable width have no order of bytes");
    }
    if (type.widthBytes().orElse(1) == 1) {
      endianness = Endianness.LITTLE;
    }
  }

  /** A column of plain cells, little-endian. */
  public Column(String name, String table, CellType type, boolean nullable) {
    this(name, table, type, nullable, Endianness.LITTLE, null);
  }

  /** A column whose cells are values of a format. */
  public Column(String name, String table, Format format, boolean nullable) {
    this(name, table, CellType.bytes(), nullable, Endianness.LITTLE, format);
  }

  /** This column with the bytes of its cells in another order. */
  public Column withEndianness(Endianness other) {
    return new Column(name, table, type, nullable, other, format);
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
    return nullable || (format == null && type.equals(CellType.bytes()));
  }

  /** How a cell's bytes make a value: the format's name, or plain. */
  public String encoding() {
    return format == null ? Format.PLAIN : format.name();
  }

  /** The type without its nullability. */
  public String typeText() {
    return format == null ? type.toString() : format.sqlType();
  }

  /** The type with its nullability, as SQL writes it. */
  public String sqlType() {
    return typeText() + (nullable ? "" : " NOT NULL");
  }
}
