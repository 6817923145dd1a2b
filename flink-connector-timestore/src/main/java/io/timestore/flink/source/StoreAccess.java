package io.timestore.flink.source;

import io.timestore.flink.types.StorePattern;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.store.Holder;
import io.timestore.store.LaneRange;
import io.timestore.store.Scan;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import java.util.UUID;
import org.apache.flink.api.connector.source.SourceReaderContext;

/**
 * What is read of a store, or of those that the path stands for: the columns of a projection.
 * Checks on each host what planning checked on another.
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

  TableLayout layout() {
    return layout;
  }

  int[] projection() {
    return projection.clone();
  }

  /** What the user calls the source. */
  String path() {
    return layout.path();
  }

  List<String> tables() {
    return layout.tables(projection);
  }

  private StorePattern pattern() {
    return new StorePattern(layout.path());
  }

  /** Whether the path may stand for several stores. */
  boolean isPattern() {
    return pattern().hasWildcards();
  }

  /**
   * The stores that are there now, as {@link StoreRows#path} names them. Blocks, as all that reads
   * stores does.
   */
  List<String> storePaths() throws IOException {
    StorePattern pattern = pattern();
    if (pattern.hasWildcards()) {
      return pattern.stores();
    }
    return pattern.isStore() ? List.of(StoreRows.SOURCE_PATH) : List.of();
  }

  /** The directory of a store. */
  String directory(String storePath) {
    return storePath.equals(StoreRows.SOURCE_PATH) ? layout.path() : storePath;
  }

  /** A store that is there. */
  Store open(String storePath) throws IOException {
    TableLayout own = storePath.equals(StoreRows.SOURCE_PATH) ? layout : layout.at(storePath);
    Store store = Store.open(own.directory());
    own.checkReadable(store);
    return store;
  }

  /**
   * The store of a split, which was planned elsewhere or earlier.
   *
   * @param host where that was
   */
  Store open(StoreRows rows, String host) throws IOException {
    Store store = open(rows.path());
    UUID expected = rows.storeId();
    // A store of the Rust crate has no UUID until ours writes to it: its rows stay what they are.
    if (!expected.equals(Commit.NO_ID) && !expected.equals(store.id())) {
      throw new IOException(
          directory(rows.path())
              + " is another store here: expected "
              + expected
              + ", which host "
              + host
              + " planned to read, found "
              + store.id()
              + " on host "
              + Holder.host());
    }
    return store;
  }

  Scan scan(Snapshot snapshot, List<LaneRange> ranges) throws IOException {
    return snapshot.scan(ranges, tables(), verifyChecksums);
  }

  /** Finds the last key of a position again, unless the rows were replaced. */
  void checkNotReplaced(StoreRows rows, LaneSlice slice, Snapshot snapshot) throws IOException {
    long key = key(snapshot, slice.lastRange());
    if (key != slice.lastKey()) {
      throw new IOException(
          directory(rows.path())
              + ": rows were replaced while a job was reading them: row "
              + (slice.next() - 1)
              + " of lane "
              + slice.lane()
              + " had the key "
              + Long.toUnsignedString(slice.lastKey())
              + ", now it has "
              + Long.toUnsignedString(key));
    }
  }

  private long key(Snapshot snapshot, LaneRange row) throws IOException {
    Batch batch = new Batch(0);
    try (Scan scan = snapshot.scan(List.of(row), List.of(), verifyChecksums)) {
      scan.next(batch);
    }
    return batch.key(0);
  }

  /** Bytes that a snapshot's rows have in the tables that are read, on average. */
  double rowBytes(Snapshot snapshot) {
    return (double) snapshot.sizeBytes(tables()) / Math.max(1, snapshot.rowCount());
  }

  void openFormats(SourceReaderContext context) throws IOException {
    layout.openDecoders(context.metricGroup(), context.getUserCodeClassLoader());
  }

  Batch newBatch() {
    return layout.newBatch(projection);
  }
}
