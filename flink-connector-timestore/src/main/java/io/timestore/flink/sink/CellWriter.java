package io.timestore.flink.sink;

import io.timestore.format.ColumnData;
import java.io.Serializable;

/** Appends one column's value of an element to the column's cells. */
@FunctionalInterface
public interface CellWriter<T> extends Serializable {

  /**
   * Appends exactly one cell, with the method that {@link ColumnData} names for the column's type,
   * or {@link ColumnData#appendEmpty} for NULL. In a nullable column, values of variable width are
   * appended by {@link ColumnData#appendNullableString} or {@link ColumnData#appendNullableBytes}.
   */
  void append(T element, ColumnData cells);
}
