package io.timestore.flink.source;

import java.io.IOException;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.data.writer.BinaryRowWriter;
import org.apache.flink.table.runtime.typeutils.ArrayDataSerializer;
import org.apache.flink.table.runtime.typeutils.MapDataSerializer;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.logical.ArrayType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.MapType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.utils.LogicalTypeChecks;

/**
 * Rows in Flink's binary format, for jobs in which each row is copied on its way: a copy of such a
 * row is one of its bytes, that of any other has an object for each value. One row, written over
 * and over.
 */
final class BinaryRowReader implements ElementReader<RowData> {
  private final ElementReader<RowData> rows;
  private final FieldWriter[] fields;
  private final BinaryRowData binary;
  private final BinaryRowWriter writer;

  /** Writes a value that is not NULL. */
  @FunctionalInterface
  private interface FieldWriter {
    void write(RowData row, int field, BinaryRowWriter writer);
  }

  /**
   * @param rows to be written in that format
   * @param type of the rows
   */
  BinaryRowReader(ElementReader<RowData> rows, RowType type) {
    this.rows = rows;
    fields =
        type.getChildren().stream().map(BinaryRowReader::fieldWriter).toArray(FieldWriter[]::new);
    binary = new BinaryRowData(fields.length);
    writer = new BinaryRowWriter(binary);
  }

  private static FieldWriter fieldWriter(LogicalType type) {
    return switch (type.getTypeRoot()) {
      case BOOLEAN -> (row, i, target) -> target.writeBoolean(i, row.getBoolean(i));
      case TINYINT -> (row, i, target) -> target.writeByte(i, row.getByte(i));
      case SMALLINT -> (row, i, target) -> target.writeShort(i, row.getShort(i));
      case INTEGER, DATE, TIME_WITHOUT_TIME_ZONE, INTERVAL_YEAR_MONTH ->
          (row, i, target) -> target.writeInt(i, row.getInt(i));
      case BIGINT, INTERVAL_DAY_TIME -> (row, i, target) -> target.writeLong(i, row.getLong(i));
      case FLOAT -> (row, i, target) -> target.writeFloat(i, row.getFloat(i));
      case DOUBLE -> (row, i, target) -> target.writeDouble(i, row.getDouble(i));
      case CHAR, VARCHAR -> (row, i, target) -> target.writeString(i, row.getString(i));
      case BINARY, VARBINARY -> (row, i, target) -> target.writeBinary(i, row.getBinary(i));
      case DECIMAL -> {
        int precision = LogicalTypeChecks.getPrecision(type);
        int scale = LogicalTypeChecks.getScale(type);
        yield (row, i, target) ->
            target.writeDecimal(i, row.getDecimal(i, precision, scale), precision);
      }
      case TIMESTAMP_WITHOUT_TIME_ZONE, TIMESTAMP_WITH_LOCAL_TIME_ZONE -> {
        int precision = LogicalTypeChecks.getPrecision(type);
        yield (row, i, target) ->
            target.writeTimestamp(i, row.getTimestamp(i, precision), precision);
      }
      case ROW -> {
        RowDataSerializer serializer = new RowDataSerializer((RowType) type);
        int arity = serializer.getArity();
        yield (row, i, target) -> target.writeRow(i, row.getRow(i, arity), serializer);
      }
      case ARRAY -> {
        ArrayDataSerializer serializer =
            new ArrayDataSerializer(((ArrayType) type).getElementType());
        yield (row, i, target) -> target.writeArray(i, row.getArray(i), serializer);
      }
      case MAP -> {
        MapType map = (MapType) type;
        MapDataSerializer serializer = new MapDataSerializer(map.getKeyType(), map.getValueType());
        yield (row, i, target) -> target.writeMap(i, row.getMap(i), serializer);
      }
      default ->
          throw new IllegalArgumentException("a timestore table has no " + type + " columns");
    };
  }

  @Override
  public void check(FilledBatch batch) throws IOException {
    rows.check(batch);
  }

  @Override
  public void bind(FilledBatch batch) {
    rows.bind(batch);
  }

  @Override
  public RowData read(int index) throws IOException {
    RowData row = rows.read(index);
    writer.reset();
    for (int field = 0; field < fields.length; field++) {
      if (row.isNullAt(field)) {
        writer.setNullAt(field);
      } else {
        fields[field].write(row, field, writer);
      }
    }
    writer.complete();
    return binary;
  }
}
