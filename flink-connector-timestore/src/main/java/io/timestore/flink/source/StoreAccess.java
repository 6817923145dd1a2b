package io.timestore.flink.source;

import io.timestore.flink.types.BatchRow;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.Batch;
import io.timestore.store.Store;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;

/**
 * What is read of a store: the columns of a projection. Checks on each host what planning checked
 * on another.
 */
final class StoreAccess implements Serializable {
  private static final long serialVersionUID = 1L;

  private final TableLayout layout;
  private final int[] projection;

  StoreAccess(TableLayout layout, int[] projection) {
    this.layout = layout;
    this.projection = projection.clone();
  }

  String path() {
    return layout.path();
  }

  List<String> tables() {
    return layout.tables(projection);
  }

  /** Blocks, as all that reads the store does. */
  Store open() throws IOException {
    Store store = Store.open(layout.directory());
    layout.checkReadable(store);
    return store;
  }

  Batch newBatch() {
    return new Batch(tables().size());
  }

  BatchRow newRow() {
    return new BatchRow(layout, projection);
  }
}
