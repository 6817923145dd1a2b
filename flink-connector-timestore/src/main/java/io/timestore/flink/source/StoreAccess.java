package io.timestore.flink.source;

import io.timestore.flink.types.BatchRow;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.Batch;
import io.timestore.store.LaneRange;
import io.timestore.store.Scan;
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
  private final boolean verifyChecksums;

  StoreAccess(TableLayout layout, int[] projection, boolean verifyChecksums) {
    this.layout = layout;
    this.projection = projection.clone();
    this.verifyChecksums = verifyChecksums;
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

  /** Reads rows of the store as it is now. */
  Scan scan(Store store, List<LaneRange> ranges) throws IOException {
    return store.snapshot().scan(ranges, tables(), verifyChecksums);
  }

  Batch newBatch() {
    return new Batch(tables().size());
  }

  BatchRow newRow() {
    return new BatchRow(layout, projection);
  }
}
