package io.timestore.flink.types;

import io.timestore.format.CellType;
import io.timestore.format.CellType.Kind;
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
          + " TIMESTAMP_LTZ, INTERVAL, CHAR, VARCHAR, STRING, BINARY, VARBINARY and BYTES";

  private CellTypes() {}

  /**
   * The layout of a column's cells.
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
      case ROW, ARRAY, MAP, MULTISET, STRUCTURED_TYPE ->
          throw new ValidationException(
              "column "
                  + column
                  + ": the nested type "
                  + type.asSummaryString()
                  + " needs a format, 'fields."
                  + column
                  + ".format', and this version can't read or write formats yet;"
                  + " expected one of "
                  + SUPPORTED);
      case TIMESTAMP_WITH_TIME_ZONE,
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
