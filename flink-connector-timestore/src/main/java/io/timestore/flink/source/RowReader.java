package io.timestore.flink.source;

import io.timestore.flink.types.BatchRow;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.CorruptStoreException;
import org.apache.flink.table.data.RowData;

/** Rows of the projected columns: one view, moved from row to row. */
final class RowReader implements ElementReader<RowData> {
  private final BatchRow row;

  RowReader(TableLayout layout, int[] projection) {
    row = new BatchRow(layout, projection);
  }

  @Override
  public void check(FilledBatch batch) throws CorruptStoreException {
    row.check(batch.batch(), batch::place);
  }

  @Override
  public void bind(FilledBatch batch) {
    row.bind(batch.batch(), batch::place);
  }

  @Override
  public RowData read(int index) {
    row.seek(index);
    return row;
  }
}
