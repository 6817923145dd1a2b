package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.IoThreads;
import io.timestore.format.Batch;
import io.timestore.format.ColumnData;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lane;
import io.timestore.format.Owner;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Writes all visible rows of a store anew, as one lane, and puts it in place of theirs: rule 8. Who
 * appends meanwhile goes on behind them.
 */
final class Compaction {
  private final Disk disk;
  private final StoreFiles files;
  private final List<String> tables;
  private final Progress progress;
  private long doneBytes;
  private long allBytes;

  Compaction(Disk disk, StoreFiles files, List<String> tables, Progress progress) {
    this.disk = disk;
    this.files = files;
    this.tables = tables;
    this.progress = progress;
  }

  /**
   * What was read or written, to be compared.
   *
   * @param crc CRC32C over the keys, ends and bytes of all rows
   */
  private record Digest(long rowCount, long crc) {}

  @FunctionalInterface
  private interface Rows {
    void accept(Batch batch) throws IOException;
  }

  /** Copies the rows of a snapshot in their order. */
  void copy(Snapshot snapshot, StoreWriter writer) throws IOException {
    Digest unused = read(snapshot, snapshot.ranges(), writer::append);
  }

  /**
   * Copies the rows of a snapshot into a lane of the writer's, reads them back, and only then shows
   * them in place of the old ones.
   */
  void replace(Snapshot snapshot, StoreWriter writer) throws IOException {
    // Each batch is read, and read back; what it weighs there is near enough to what it does here.
    allBytes = 2 * snapshot.sizeBytes(tables);
    // Step K1: all rows, merged, in a new lane.
    Digest read = read(snapshot, snapshot.ranges(), writer::append);
    writer.publishInPlaceOf(
        snapshot.record(),
        commit -> {
          // Step K2: the lane holds what was read.
          Digest written = readBack(commit);
          if (!written.equals(read)) {
            throw new IOException(
                files.root() + ": read back " + written + " of what was written, expected " + read);
          }
        });
  }

  private Digest readBack(Commit commit) throws IOException {
    CommitRecord record = CommitRecord.empty(commit.storeId());
    for (Commit.LaneBatch batch : commit.lanes()) {
      record = record.withLane(Lane.empty(batch.number(), Owner.NONE).extendedBy(batch));
    }
    List<LaneRange> ranges =
        commit.lanes().stream()
            .map(batch -> new LaneRange(batch.number(), 0, batch.rowsAfter()))
            .toList();
    try (Scan scan = new Scan(disk, files, record, ranges, tables, true);
        IoThreads reader = disk.threads("timestore-compact", 1)) {
      return digest(reader, scan, batch -> {});
    }
  }

  private Digest read(Snapshot snapshot, List<LaneRange> ranges, Rows rows) throws IOException {
    try (Scan scan = snapshot.scan(ranges, tables);
        IoThreads reader = disk.threads("timestore-compact", 1)) {
      return digest(reader, scan, rows);
    }
  }

  private Digest digest(IoThreads reader, Scan scan, Rows rows) throws IOException {
    Batch batch = new Batch(tables.size());
    CRC32C crc = new CRC32C();
    long rowCount = 0;
    while (reader.call(() -> scan.next(batch))) {
      rowCount += batch.rowCount();
      add(batch, crc);
      rows.accept(batch);
      doneBytes += batch.sizeBytes() + (long) batch.rowCount() * tables.size() * Integer.BYTES;
      progress.at(Math.min(doneBytes, allBytes), allBytes);
    }
    return new Digest(rowCount, crc.getValue());
  }

  /** Row by row, since batches of the same rows may be cut elsewhere. */
  private static void add(Batch batch, CRC32C crc) {
    ByteBuffer numbers = ByteBuffer.allocate(Long.BYTES + batch.columnCount() * Integer.BYTES);
    for (int row = 0; row < batch.rowCount(); row++) {
      numbers.clear().putLong(batch.key(row));
      for (int i = 0; i < batch.columnCount(); i++) {
        ColumnData cells = batch.column(i);
        numbers.putInt(cells.end(row) - cells.start(row));
      }
      crc.update(numbers.flip());
      for (int i = 0; i < batch.columnCount(); i++) {
        ColumnData cells = batch.column(i);
        crc.update(cells.data(), cells.start(row), cells.end(row) - cells.start(row));
      }
    }
  }
}
