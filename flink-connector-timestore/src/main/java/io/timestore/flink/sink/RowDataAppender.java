package io.timestore.flink.sink;

import io.timestore.flink.types.RowEncoder;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.Batch;
import org.apache.flink.table.data.RowData;

/** Rows of a table, as they are. */
final class RowDataAppender implements RowAppender<RowData> {
  private final RowEncoder encoder;

  RowDataAppender(TableLayout layout) {
    encoder = new RowEncoder(layout);
  }

  @Override
  public long keyOf(RowData row) {
    return encoder.keyOf(row);
  }

  @Override
  public void append(RowData row, long key, Batch batch) {
    encoder.append(row, key, batch);
  }
}
