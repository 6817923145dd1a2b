package io.timestore.flink.source;

import io.timestore.flink.types.BatchRow;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.Batch;
import io.timestore.store.LaneRange;
import io.timestore.store.Scan;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import org.apache.flink.api.connector.source.SourceReaderContext;

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

  Scan scan(Snapshot snapshot, List<LaneRange> ranges) throws IOException {
    return snapshot.scan(ranges, tables(), verifyChecksums);
  }

  /** The key of a row. */
  long key(Snapshot snapshot, LaneRange row) throws IOException {
    Batch batch = new Batch(0);
    try (Scan scan = snapshot.scan(List.of(row), List.of(), verifyChecksums)) {
      scan.next(batch);
    }
    return batch.key(0);
  }

  void openFormats(SourceReaderContext context) throws IOException {
    layout.openDecoders(context.metricGroup(), context.getUserCodeClassLoader());
  }

  Batch newBatch() {
    return layout.newBatch(projection);
  }

  BatchRow newRow() {
    return new BatchRow(layout, projection);
  }
}
