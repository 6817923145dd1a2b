package io.timestore.flink.source;

import io.timestore.format.Batch;
import java.io.IOException;
import org.apache.flink.table.data.RowData;

/** Elements that a function makes of keys and cells. */
final class CellsReader<T> implements ElementReader<T> {
  private final RowReader rows;
  private final RowDeserializer<T> deserializer;
  private Batch batch = new Batch(0);

  CellsReader(RowReader rows, RowDeserializer<T> deserializer) {
    this.rows = rows;
    this.deserializer = deserializer;
  }

  @Override
  public void check(FilledBatch checked) throws IOException {
    rows.check(checked);
  }

  @Override
  public void bind(FilledBatch newBatch) {
    batch = newBatch.batch();
    rows.bind(newBatch);
  }

  @Override
  public T read(int row) throws IOException {
    RowData cells = rows.read(row);
    return deserializer.deserialize(batch.key(row), cells);
  }
}
