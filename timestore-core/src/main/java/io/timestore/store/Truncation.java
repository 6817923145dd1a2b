package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
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
    long before = LaneOrder.rowCount(sequence);
    if (rowCount < 0 || rowCount > before) {
      throw new IllegalArgumentException(
          files.root() + " has " + before + " rows, it can't be cut to " + rowCount);
    }
    long[] cut;
    try (OpenFiles open = new OpenFiles(disk)) {
      cut = new KeySearch(files, sequence, LaneOrder.groups(sequence), open).cutAt(rowCount);
    }
    checkOrder(sequence, cut);
    CommitRecord next = record;
    for (int i = 0; i < cut.length; i++) {
      Lane lane = sequence.get(i);
      // A live run goes on behind rows that are all hidden.
      next = next.withLane(cut[i] == lane.from() ? lane.hidden() : hideFrom(lane, cut[i]));
    }
    return next;
  }

  /** The lane without its rows from that one on, closed for ever if there are any. */
  Lane hideFrom(Lane lane, long row) throws IOException {
    return row < lane.rows() ? cut(lane, row) : lane;
  }

  /**
   * Whether no row that is kept comes behind one that is hidden: the search looked at keys without
   * their checksums, here they are compared.
   */
  private void checkOrder(List<Lane> sequence, long[] cut) throws IOException {
    List<End> kept = new ArrayList<>();
    List<End> hidden = new ArrayList<>();
    for (int i = 0; i < cut.length; i++) {
      Lane lane = sequence.get(i);
      if (cut[i] == lane.from()) {
        hidden.add(new End(lane.smallestKey(), lane.number()));
      } else if (cut[i] == lane.rows()) {
        kept.add(new End(lane.largestKey(), lane.number()));
      } else {
        try (ChunkReader keys = keys(lane)) {
          kept.add(new End(keys.u64(cut[i] - 1), lane.number()));
          hidden.add(new End(keys.u64(cut[i]), lane.number()));
        }
      }
    }
    // A lane's own rows are in order, which is not asked here: two rows of it may have one key.
    Optional<End> last = kept.stream().max(End.ORDER);
    Optional<End> first = hidden.stream().min(End.ORDER);
    if (last.isPresent() && first.isPresent() && End.ORDER.compare(last.get(), first.get()) > 0) {
      throw new CorruptStoreException(
          files.root()
              + ": its keys are not in order: a cut behind key "
              + Long.toUnsignedString(last.get().key())
              + " of lane "
              + last.get().lane()
              + " would hide key "
              + Long.toUnsignedString(first.get().key())
              + " of lane "
              + first.get().lane());
    }
  }

  /** The key before or behind the cut of a lane. */
  private record End(long key, int lane) {
    static final Comparator<End> ORDER =
        (one, other) -> LaneOrder.compare(one.key, one.lane, other.key, other.lane);
  }

  private ChunkReader keys(Lane lane) throws IOException {
    return new ChunkReader(
        disk, files.lane(lane.number()).committedKeys(lane), true, ChunkReader::rowsOfNumbers);
  }

  /** What the record says of a lane's new end comes from chunks that were checked. */
  private Lane cut(Lane lane, long rows) throws IOException {
    LaneFiles laneFiles = files.lane(lane.number());
    long cutBytes = rows * Long.BYTES;
    List<LaneTable> tables = new ArrayList<>();
    for (LaneTable table : lane.tables()) {
      tables.add(cut(lane, laneFiles, table, cutBytes));
    }
    try (ChunkReader keys = keys(lane)) {
      int tailCrc = keys.tailCrc(cutBytes);
      if (rows <= lane.from()) {
        return lane.cut(rows, 0, tailCrc, tables);
      }
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
      long dataBytes = cutBytes == 0 ? 0 : offsets.u64(cutBytes / Long.BYTES - 1);
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
