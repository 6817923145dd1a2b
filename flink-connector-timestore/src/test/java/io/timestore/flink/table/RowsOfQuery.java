package io.timestore.flink.table;

import java.io.IOException;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/** The rows of a query that may never end; closing it cancels the job. */
final class RowsOfQuery implements AutoCloseable {
  private final CloseableIterator<Row> rows;

  RowsOfQuery(TableResult result) {
    rows = result.collect();
  }

  /** Waits for a row. */
  Row next() {
    return rows.next();
  }

  @Override
  public void close() throws IOException {
    try {
      rows.close();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("the job of a query was not cancelled", e);
    }
  }
}
