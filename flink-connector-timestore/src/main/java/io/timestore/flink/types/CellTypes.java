package io.timestore.flink.types;

import io.timestore.format.CellType;
import io.timestore.format.CellType.Kind;
import io.timestore.format.Column;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.types.logical.BinaryType;
import org.apache.flink.table.types.logical.CharType;
import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.LocalZonedTimestampType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.TimeType;
import org.apache.flink.table.types.logical.TimestampType;
import org.apache.flink.table.types.logical.VarBinaryType;
import org.apache.flink.table.types.logical.VarCharType;

/** The store's type for each SQL type. */
public final class CellTypes {
  private static final String SUPPORTED =
      "BOOLEAN, TINYINT, SMALLINT, INT, BIGINT, FLOAT, DOUBLE, DECIMAL, DATE, TIME, TIMESTAMP,"
          + " TIMESTAMP_LTZ, INTERVAL, CHAR, VARCHAR, STRING, BINARY, VARBINARY and BYTES, or, with a"
          + " format, ROW, ARRAY, MAP and MULTISET";

  private CellTypes() {}

  /**
   * What a column of a format is in the store.
   *
   * @param option names the format, for errors
   * @throws ValidationException if cells of the type are never made by a format
   */
  public static Column.Format format(String option, String format, LogicalType type) {
    boolean takesFormat =
        switch (type.getTypeRoot()) {
          case ROW, ARRAY, MAP, MULTISET -> true;
          case VARCHAR -> ((VarCharType) type).getLength() == VarCharType.MAX_LENGTH;
          case VARBINARY -> ((VarBinaryType) type).getLength() == VarBinaryType.MAX_LENGTH;
          default -> false;
        };
    if (!takesFormat) {
      throw new ValidationException(
          "option '"
              + option
              + "' = '"
              + format
              + "': a column of "
              + type.asSummaryString()
              + " has no format, expected ROW, ARRAY, MAP, MULTISET, STRING or BYTES; leave it out");
    }
    return new Column.Format(format, type.copy(true).asSerializableString());
  }

  /**
   * The layout of a column's cells, without a format.
   *
   * @param column named in errors
   * @throws ValidationException if this version has no cells for the type
   */
  public static CellType of(String column, LogicalType type) {
    return switch (type.getTypeRoot()) {
      case BOOLEAN -> CellType.of(Kind.BOOLEAN);
      case TINYINT -> CellType.of(Kind.TINYINT);
      case SMALLINT -> CellType.of(Kind.SMALLINT);
      case INTEGER -> CellType.of(Kind.INT);
      case BIGINT -> CellType.of(Kind.BIGINT);
      case FLOAT -> CellType.of(Kind.FLOAT);
      case DOUBLE -> CellType.of(Kind.DOUBLE);
      case DATE -> CellType.of(Kind.DATE);
      case TIME_WITHOUT_TIME_ZONE -> CellType.of(Kind.TIME, ((TimeType) type).getPrecision());
      case TIMESTAMP_WITHOUT_TIME_ZONE ->
          CellType.of(Kind.TIMESTAMP, ((TimestampType) type).getPrecision());
      case TIMESTAMP_WITH_LOCAL_TIME_ZONE ->
          CellType.of(Kind.TIMESTAMP_LTZ, ((LocalZonedTimestampType) type).getPrecision());
      case INTERVAL_YEAR_MONTH -> CellType.of(Kind.INTERVAL_YEAR_MONTH);
      case INTERVAL_DAY_TIME -> CellType.of(Kind.INTERVAL_DAY_TIME);
      case DECIMAL ->
          CellType.decimal(((DecimalType) type).getPrecision(), ((DecimalType) type).getScale());
      case CHAR -> CellType.of(Kind.CHAR, ((CharType) type).getLength());
      case VARCHAR -> CellType.of(Kind.VARCHAR, ((VarCharType) type).getLength());
      case BINARY -> CellType.of(Kind.BINARY, ((BinaryType) type).getLength());
      case VARBINARY -> CellType.of(Kind.VARBINARY, ((VarBinaryType) type).getLength());
      case ROW, ARRAY, MAP, MULTISET ->
          throw new ValidationException(
              "column "
                  + column
                  + ": the nested type "
                  + type.asSummaryString()
                  + " needs a format: set 'fields."
                  + column
                  + ".format' to one on the class path, such as 'json'");
      case TIMESTAMP_WITH_TIME_ZONE,
          STRUCTURED_TYPE,
          DISTINCT_TYPE,
          NULL,
          RAW,
          SYMBOL,
          UNRESOLVED,
          DESCRIPTOR,
          VARIANT,
          BITMAP ->
          throw new ValidationException(
              "column "
                  + column
                  + ": the type "
                  + type.asSummaryString()
                  + " is not supported, expected one of "
                  + SUPPORTED);
    };
  }
}
