package io.timestore.flink;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/** SQL as a user types it, on an embedded cluster, each statement to its end. */
public final class Sql {
  private final TableEnvironment tables;

  public Sql(TableEnvironment tables) {
    this.tables = tables;
  }

  /** Runs a statement and waits until its job has ended. */
  public void run(String statement) throws InterruptedException, ExecutionException {
    TableResult result = tables.executeSql(statement);
    if (result.getJobClient().isPresent()) {
      result.await();
    }
  }

  /** The rows of a query. */
  @SuppressWarnings("try") // CloseableIterator.close throws Exception, and so maybe an interrupt
  public List<Row> query(String query) throws Exception {
    List<Row> rows = new ArrayList<>();
    try (CloseableIterator<Row> iterator = tables.executeSql(query).collect()) {
      iterator.forEachRemaining(rows::add);
    }
    return rows;
  }

  /** The first rows of a query that may never end. */
  @SuppressWarnings("try") // CloseableIterator.close throws Exception, and so maybe an interrupt
  public List<Row> first(String query, int rowCount) throws Exception {
    List<Row> rows = new ArrayList<>();
    try (CloseableIterator<Row> iterator = tables.executeSql(query).collect()) {
      while (rows.size() < rowCount) {
        rows.add(iterator.next());
      }
    }
    return rows;
  }
}
