package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.format.Commit.LaneBatch;
import io.timestore.format.Commit.TableBatch;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/** What a commit prepared, as it stands on disk now. */
final class PreparedBytes {
  private static final int READ_BYTES = 1024 * 1024;

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
    boolean match = crc(lane.keys(), from, to) == batch.keys().batchCrc();
    for (TableBatch table : batch.tables()) {
      match =
          match
              && crc(lane.offsets(table.name()), from, to) == table.offsets().batchCrc()
              && crc(lane.data(table.name()), table.dataBytesBefore(), table.dataBytesAfter())
                  == table.data().batchCrc();
    }
    return match;
  }

  private int crc(Path path, long from, long to) throws IOException {
    CRC32C crc = new CRC32C();
    if (!disk.exists(path)) {
      return ~0;
    }
    try (DiskFile file = disk.openForReading(path)) {
      ByteBuffer bytes = ByteBuffer.allocate(READ_BYTES);
      for (long position = from; position < to; position += READ_BYTES) {
        file.read(bytes.clear().limit((int) Math.min(READ_BYTES, to - position)), position);
        crc.update(bytes.flip());
      }
    }
    return (int) crc.getValue();
  }
}
