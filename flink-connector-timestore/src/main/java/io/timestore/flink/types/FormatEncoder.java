package io.timestore.flink.types;

import java.io.IOException;
import java.io.Serializable;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;

/**
 * A Flink format that makes the cells of a column. Not thread-safe.
 *
 * @param type the column's
 * @param schema of the root row, see {@link FormatDecoder#rootType}
 */
public record FormatEncoder(LogicalType type, SerializationSchema<RowData> schema)
    implements Serializable {

  void open(String column, SerializationSchema.InitializationContext context) throws IOException {
    try {
      schema.open(context);
    } catch (Exception e) {
      throw FormatDecoder.unopened(column, e);
    }
  }

  /** The bytes of a value, which isn't NULL. */
  byte[] encode(Object value) {
    boolean isRoot = type.is(LogicalTypeRoot.ROW);
    return schema.serialize(isRoot ? (RowData) value : GenericRowData.of(value));
  }
}
