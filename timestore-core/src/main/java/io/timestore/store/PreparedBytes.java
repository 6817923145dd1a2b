package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.format.Commit.FileBatch;
import io.timestore.format.Commit.LaneBatch;
import io.timestore.format.Commit.TableBatch;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.OptionalInt;

/** What a commit prepared, as it stands on disk now. */
final class PreparedBytes {
  private final Disk disk;
  private final StoreFiles files;

  PreparedBytes(Disk disk, StoreFiles files) {
    this.disk = disk;
    this.files = files;
  }

  /** Whether the lane's files hold the batch that was prepared, judged by its CRCs. */
  boolean match(LaneBatch batch) throws IOException {
    LaneFiles lane = files.lane(batch.number());
    long from = batch.rowsBefore() * Long.BYTES;
    long to = batch.rowsAfter() * Long.BYTES;
    boolean match = matches(lane.keys(), from, to, batch.keys()) && keysMatch(lane, batch);
    for (TableBatch table : batch.tables()) {
      match =
          match
              && matches(lane.offsets(table.name()), from, to, table.offsets())
              && matches(
                  lane.data(table.name()),
                  table.dataBytesBefore(),
                  table.dataBytesAfter(),
                  table.data());
    }
    return match;
  }

  /**
   * Whether the files hold the first and the last row of the batch: a few short reads, enough to
   * tell the files that were written from a copy that was made before.
   */
  boolean endsMatch(LaneBatch batch) throws IOException {
    LaneFiles lane = files.lane(batch.number());
    boolean match = keysMatch(lane, batch);
    for (TableBatch table : batch.tables()) {
      match =
          match
              && isU64(lane.offsets(table.name()), batch.rowsAfter() - 1, table.dataBytesAfter())
              && hasBytes(lane.data(table.name()), table.dataBytesAfter());
    }
    return match;
  }

  private boolean keysMatch(LaneFiles lane, LaneBatch batch) throws IOException {
    return isU64(lane.keys(), batch.rowsBefore(), batch.firstKey())
        && isU64(lane.keys(), batch.rowsAfter() - 1, batch.lastKey());
  }

  private boolean isU64(Path path, long index, long expected) throws IOException {
    if (!disk.exists(path)) {
      return false;
    }
    ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES);
    try (DiskFile file = disk.openForReading(path)) {
      return file.read(bytes, index * Long.BYTES) == Long.BYTES && bytes.getLong(0) == expected;
    }
  }

  private boolean hasBytes(Path path, long sizeBytes) throws IOException {
    if (!disk.exists(path)) {
      return false;
    }
    try (DiskFile file = disk.openForReading(path)) {
      return file.sizeBytes() >= sizeBytes;
    }
  }

  private boolean matches(Path path, long from, long to, FileBatch batch) throws IOException {
    if (!disk.exists(path)) {
      return false;
    }
    try (DiskFile file = disk.openForReading(path)) {
      return FileCrc.of(file, from, to).equals(OptionalInt.of(batch.batchCrc()));
    }
  }
}
