package io.timestore.flink.sink;

import io.timestore.flink.types.PojoColumns;
import io.timestore.flink.types.RowEncoder;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.Batch;

/** Objects whose fields are columns. */
record PojoFormat<T>(PojoColumns<T> columns) implements RowFormat<T> {
  private static final long serialVersionUID = 1L;

  @Override
  public RowAppender<T> appender(TableLayout layout) {
    RowEncoder encoder = new RowEncoder(layout);
    PojoRow row = new PojoRow(columns.fields());
    return new RowAppender<>() {
      @Override
      public long keyOf(T element) {
        return encoder.keyOf(row.of(element));
      }

      @Override
      public void append(T element, long key, Batch batch) {
        encoder.append(row.of(element), key, batch);
      }
    };
  }
}
