package io.timestore.flink.types;

import java.io.IOException;
import java.io.Serializable;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.util.Collector;
import org.apache.flink.util.UserCodeClassLoader;
import org.jspecify.annotations.Nullable;

/**
 * A Flink format that makes values of the cells of a column. Not thread-safe.
 *
 * @param type the column's
 * @param schema of the root row, see {@link #rootType}
 */
public record FormatDecoder(LogicalType type, DeserializationSchema<RowData> schema)
    implements Serializable {

  /**
   * The row that a format reads and writes for a column: the column's own, or one whose only field
   * is the column.
   */
  public static DataType rootType(DataTypes.Field column) {
    DataType type = column.getDataType();
    boolean isRoot = type.getLogicalType().is(LogicalTypeRoot.ROW);
    return (isRoot ? type : DataTypes.ROW(column)).notNull();
  }

  void open(String column, MetricGroup metrics, UserCodeClassLoader loader) throws IOException {
    try {
      schema.open(
          new DeserializationSchema.InitializationContext() {
            @Override
            public MetricGroup getMetricGroup() {
              return metrics;
            }

            @Override
            public UserCodeClassLoader getUserCodeClassLoader() {
              return loader;
            }
          });
    } catch (Exception e) {
      throw unopened(column, e);
    }
  }

  static IOException unopened(String column, Exception cause) {
    return new IOException(
        "column " + column + ": its format did not start: " + reason(cause), cause);
  }

  /**
   * The value of a cell's bytes; null if the format makes none of them, or NULL.
   *
   * @throws IOException if it can't read them; so do unchecked exceptions
   */
  @Nullable Object decode(byte[] bytes) throws IOException {
    Only only = new Only();
    schema.deserialize(bytes, only);
    RowData root = only.row;
    if (root == null || type.is(LogicalTypeRoot.ROW)) {
      return root;
    }
    return RowData.createFieldGetter(type, 0).getFieldOrNull(root);
  }

  /** What a failure of a format says, and those beneath it that say something else. */
  public static String reason(Throwable failure) {
    String reason = text(failure);
    for (Throwable e = failure.getCause(); e != null; e = e.getCause()) {
      if (!reason.contains(text(e))) {
        reason += " " + text(e);
      }
    }
    return reason;
  }

  private static String text(Throwable failure) {
    return failure.getMessage() == null ? failure.toString() : failure.getMessage();
  }

  /** A cell is one value, though some formats find many in an array. */
  private static final class Only implements Collector<RowData> {
    private @Nullable RowData row;

    @Override
    public void collect(RowData record) {
      if (row != null) {
        throw new IllegalArgumentException("found more than one row, expected one");
      }
      row = record;
    }

    @Override
    public void close() {}
  }
}
