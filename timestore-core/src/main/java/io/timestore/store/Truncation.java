package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Rule 2: how the last rows of a store are hidden. The caller holds the commit lock. */
final class Truncation {
  private final Disk disk;
  private final StoreFiles files;

  Truncation(Disk disk, StoreFiles files) {
    this.disk = disk;
    this.files = files;
  }

  /** The record of a store of which only the first rows are visible. */
  CommitRecord keep(long rowCount, CommitRecord record) throws IOException {
    List<Lane> sequence = LaneOrder.sequence(record.lanes());
    Optional<String> overlap = LaneOrder.overlap(sequence);
    if (overlap.isPresent()) {
      throw new UnsupportedStoreException(
          files.root() + ": " + overlap.get() + "; this version can't cut lanes that overlap");
    }
    long before = LaneOrder.rowCount(sequence);
    if (rowCount < 0 || rowCount > before) {
      throw new IllegalArgumentException(
          files.root() + " has " + before + " rows, it can't be cut to " + rowCount);
    }
    CommitRecord next = record;
    long left = rowCount;
    for (Lane lane : sequence) {
      if (left == 0) {
        next = next.withLane(lane.hidden());
      } else if (left < lane.visibleRows()) {
        next = next.withLane(cut(lane, lane.from() + left));
      }
      left -= Math.min(left, lane.visibleRows());
    }
    return next;
  }

  /** What the record says of a lane's new end comes from chunks that were checked. */
  private Lane cut(Lane lane, long rows) throws IOException {
    LaneFiles laneFiles = files.lane(lane.number());
    long cutBytes = rows * Long.BYTES;
    List<LaneTable> tables = new ArrayList<>();
    for (LaneTable table : lane.tables()) {
      tables.add(cut(lane, laneFiles, table, cutBytes));
    }
    try (ChunkReader keys =
        new ChunkReader(disk, laneFiles.committedKeys(lane), true, ChunkReader::rowsOfNumbers)) {
      int tailCrc = keys.tailCrc(cutBytes);
      long largestKey = keys.u64(rows - 1);
      if (Long.compareUnsigned(largestKey, lane.smallestKey()) < 0
          || Long.compareUnsigned(largestKey, lane.largestKey()) > 0) {
        throw new CorruptStoreException(
            keys.path()
                + ": key "
                + Long.toUnsignedString(largestKey)
                + " at row "
                + (rows - 1)
                + " lies outside "
                + Long.toUnsignedString(lane.smallestKey())
                + " to "
                + Long.toUnsignedString(lane.largestKey()));
      }
      return lane.cut(rows, largestKey, tailCrc, tables);
    }
  }

  private LaneTable cut(Lane lane, LaneFiles laneFiles, LaneTable table, long cutBytes)
      throws IOException {
    CommittedFile ends = laneFiles.committedOffsets(lane, table);
    try (ChunkReader offsets = new ChunkReader(disk, ends, true, ChunkReader::rowsOfNumbers);
        ChunkReader data =
            new ChunkReader(disk, laneFiles.committedData(table), true, new DataRows(disk, ends))) {
      int offsetsTailCrc = offsets.tailCrc(cutBytes);
      long dataBytes = offsets.u64(cutBytes / Long.BYTES - 1);
      if (dataBytes < 0 || dataBytes > table.dataBytes()) {
        throw new CorruptStoreException(
            offsets.path()
                + ": offset "
                + Long.toUnsignedString(dataBytes)
                + " at row "
                + (cutBytes / Long.BYTES - 1)
                + " is above the "
                + table.dataBytes()
                + " committed bytes of data");
      }
      return new LaneTable(table.name(), dataBytes, offsetsTailCrc, data.tailCrc(dataBytes));
    }
  }
}
