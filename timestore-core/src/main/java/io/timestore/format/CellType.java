package io.timestore.format;

import java.io.Serializable;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The SQL type of a column, and with it the layout of its cells.
 *
 * <p>Java 17 can switch exhaustively over enums only, so the variants are a {@link Kind}, not
 * subtypes: a new kind breaks the build wherever a switch has no answer for it.
 *
 * @param kind the variant
 * @param length characters of CHAR and VARCHAR, bytes of BINARY and VARBINARY, digits of DECIMAL,
 *     fractional digits of TIME and the timestamps; 0 where the kind has no parameter
 * @param scale digits behind the point of a DECIMAL, else 0
 */
public record CellType(Kind kind, int length, int scale) implements Serializable {

  /** Longest CHAR, VARCHAR, BINARY and VARBINARY; what SQL calls STRING and BYTES. */
  public static final int MAX_LENGTH = Integer.MAX_VALUE;

  /** The variants of a type. Cells of fixed width hold exactly {@code widthBytes} bytes. */
  public enum Kind {
    BOOLEAN("BOOLEAN", 1, 0),
    TINYINT("TINYINT", 1, 0),
    SMALLINT("SMALLINT", 2, 0),
    INT("INT", 4, 0),
    BIGINT("BIGINT", 8, 0),
    FLOAT("FLOAT", 4, 0),
    DOUBLE("DOUBLE", 8, 0),
    DATE("DATE", 4, 0),
    TIME("TIME", 4, 1),
    TIMESTAMP("TIMESTAMP", 8, 1),
    TIMESTAMP_LTZ("TIMESTAMP_LTZ", 8, 1),
    INTERVAL_YEAR_MONTH("INTERVAL YEAR TO MONTH", 4, 0),
    INTERVAL_DAY_TIME("INTERVAL DAY TO SECOND", 8, 0),
    DECIMAL("DECIMAL", 16, 2),
    CHAR("CHAR", -1, 1),
    VARCHAR("VARCHAR", -1, 1),
    BINARY("BINARY", -1, 1),
    VARBINARY("VARBINARY", -1, 1);

    private final String sqlName;
    private final int widthBytes;
    private final int parameterCount;

    Kind(String sqlName, int widthBytes, int parameterCount) {
      this.sqlName = sqlName;
      this.widthBytes = widthBytes;
      this.parameterCount = parameterCount;
    }

    private static Kind ofSqlName(String sqlName, String type) {
      for (Kind kind : values()) {
        if (kind.sqlName.equals(sqlName)) {
          return kind;
        }
      }
      throw new IllegalArgumentException("unknown type '" + type + "'");
    }
  }

  /** Far more than a type has; the pattern's depth grows with its text. */
  private static final int SQL_CHARS_MAX = 256;

  private static final Pattern SQL =
      Pattern.compile(
          "([A-Z_]+(?: [A-Z]+)*)(?:\\(\\s*(\\d{1,10})\\s*(?:,\\s*(\\d{1,10})\\s*)?\\))?");

  public CellType {
    switch (kind) {
      case TIME, TIMESTAMP, TIMESTAMP_LTZ -> require(0 <= length && length <= 9, kind, length);
      case DECIMAL -> {
        require(1 <= length && length <= 38, kind, length);
        require(0 <= scale && scale <= length, kind, scale);
      }
      case CHAR, VARCHAR, BINARY, VARBINARY -> require(length >= 1, kind, length);
      case BOOLEAN,
          TINYINT,
          SMALLINT,
          INT,
          BIGINT,
          FLOAT,
          DOUBLE,
          DATE,
          INTERVAL_YEAR_MONTH,
          INTERVAL_DAY_TIME ->
          require(length == 0, kind, length);
    }
    require(kind == Kind.DECIMAL || scale == 0, kind, scale);
  }

  private static void require(boolean condition, Kind kind, int parameter) {
    if (!condition) {
      throw new IllegalArgumentException(kind.sqlName + " can't have the parameter " + parameter);
    }
  }

  /** A type without parameters. */
  public static CellType of(Kind kind) {
    return new CellType(kind, 0, 0);
  }

  /** A type with a length, or a precision of fractional seconds. */
  public static CellType of(Kind kind, int length) {
    return new CellType(kind, length, 0);
  }

  /** DECIMAL(precision, scale). */
  public static CellType decimal(int precision, int scale) {
    return new CellType(Kind.DECIMAL, precision, scale);
  }

  /** STRING: any text. */
  public static CellType string() {
    return of(Kind.VARCHAR, MAX_LENGTH);
  }

  /** BYTES: any bytes. What a table without a declared type holds. */
  public static CellType bytes() {
    return of(Kind.VARBINARY, MAX_LENGTH);
  }

  /**
   * The type that {@link #toString} wrote.
   *
   * @throws IllegalArgumentException for any other text
   */
  public static CellType parse(String sql) {
    if (sql.length() > SQL_CHARS_MAX) {
      throw new IllegalArgumentException(
          "unknown type of " + sql.length() + " characters: '" + sql.substring(0, 40) + "…'");
    }
    String upper = sql.trim().toUpperCase(Locale.ROOT);
    Matcher matcher = SQL.matcher(upper);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("unknown type '" + sql + "'");
    }
    Kind kind = Kind.ofSqlName(matcher.group(1), sql);
    int parameterCount = matcher.group(2) == null ? 0 : matcher.group(3) == null ? 1 : 2;
    if (parameterCount != kind.parameterCount) {
      throw new IllegalArgumentException(
          "type '" + sql + "' has " + parameterCount + " parameters, not " + kind.parameterCount);
    }
    return new CellType(kind, parameter(matcher, 2, sql), parameter(matcher, 3, sql));
  }

  private static int parameter(Matcher matcher, int group, String sql) {
    if (matcher.group(group) == null) {
      return 0;
    }
    try {
      return Integer.parseInt(matcher.group(group));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("type '" + sql + "' has a parameter above 2^31 - 1", e);
    }
  }

  /** Bytes of every cell of this type, or empty where cells differ in size. */
  public OptionalInt widthBytes() {
    return kind.widthBytes < 0 ? OptionalInt.empty() : OptionalInt.of(kind.widthBytes);
  }

  /** The unit in which cells (or keys) of a timestamp type count from 1970-01-01T00:00:00. */
  public TimeUnit timeUnit() {
    return switch (kind) {
      case TIMESTAMP, TIMESTAMP_LTZ -> TimeUnit.ofPrecision(length);
      case BOOLEAN,
          TINYINT,
          SMALLINT,
          INT,
          BIGINT,
          FLOAT,
          DOUBLE,
          DATE,
          TIME,
          INTERVAL_YEAR_MONTH,
          INTERVAL_DAY_TIME,
          DECIMAL,
          CHAR,
          VARCHAR,
          BINARY,
          VARBINARY ->
          throw new IllegalArgumentException(this + " has no time unit");
    };
  }

  /** The type as {@code schema.json} spells it. */
  @Override
  public String toString() {
    return switch (kind.parameterCount) {
      case 0 -> kind.sqlName;
      case 1 -> kind.sqlName + "(" + length + ")";
      default -> kind.sqlName + "(" + length + ", " + scale + ")";
    };
  }
}
