package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.format.Column;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.format.TableNames;
import io.timestore.store.KeySearch.Rows;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/**
 * The committed rows of a store at one moment, as one sequence in key order. Holds no file and no
 * key, so that it costs the same for any number of rows; thread-safe. Its rows stay readable while
 * writers go on, until an overwrite or a compaction replaces them.
 */
public final class Snapshot {
  private final Disk disk;
  private final StoreFiles files;
  private final CommitRecord record;
  private final List<Lane> sequence;
  private final Set<String> readable;

  /**
   * @param declared the columns of the schema; empty where there is none
   */
  Snapshot(Disk disk, StoreFiles files, CommitRecord record, List<Column> declared)
      throws IOException {
    this.disk = disk;
    this.files = files;
    this.record = record;
    this.sequence = LaneOrder.sequence(record.lanes());
    this.readable = new TreeSet<>();
    for (Column column : declared) {
      if (sequence.isEmpty() || column.mayBeAbsent()) {
        readable.add(column.table());
      }
    }
    record.lanes().forEach(lane -> lane.tables().forEach(table -> readable.add(table.name())));
    Optional<String> overlap = LaneOrder.overlap(sequence);
    if (overlap.isPresent()) {
      throw new UnsupportedStoreException(
          files.root() + ": " + overlap.get() + "; this version can't merge lanes that overlap");
    }
  }

  /** The store's UUID. */
  public UUID storeId() {
    return record.storeId();
  }

  /** What is committed, in full. */
  public CommitRecord record() {
    return record;
  }

  /** Visible rows, over all lanes. */
  public long rowCount() {
    return LaneOrder.rowCount(sequence);
  }

  /** Every row, in key order. */
  public List<LaneRange> ranges() {
    return ranges(0, rowCount());
  }

  /** Smallest key of all rows, unsigned; empty if there are none. */
  public OptionalLong smallestKey() {
    return sequence.isEmpty()
        ? OptionalLong.empty()
        : OptionalLong.of(sequence.get(0).smallestKey());
  }

  /** Largest key of all rows, unsigned; empty if there are none. */
  public OptionalLong largestKey() {
    return LaneOrder.largestKey(sequence);
  }

  /**
   * The rows that an earlier snapshot of the store did not have, in key order. They need not follow
   * the earlier ones, and move the indexes of rows behind them.
   *
   * @throws IllegalArgumentException if that was another store
   */
  public List<LaneRange> rangesSince(Snapshot earlier) {
    boolean isAdopted = earlier.storeId().equals(Commit.NO_ID);
    if (!(isAdopted || earlier.storeId().equals(storeId())) || !earlier.files.equals(files)) {
      throw new IllegalArgumentException(
          earlier.files.root()
              + " (store "
              + earlier.storeId()
              + ") is not "
              + files.root()
              + " (store "
              + storeId()
              + ")");
    }
    List<LaneRange> ranges = new ArrayList<>();
    for (Lane lane : sequence) {
      long seen = earlier.record.lane(lane.number()).map(Lane::rows).orElse(0L);
      long start = Math.max(lane.from(), seen);
      if (start < lane.rows()) {
        ranges.add(new LaneRange(lane.number(), start, lane.rows()));
      }
    }
    return ranges;
  }

  /** Index in the sequence of a lane's row. */
  long rowOf(int laneNumber, long laneRow) {
    long laneStart = 0;
    for (Lane lane : sequence) {
      if (lane.number() == laneNumber) {
        return laneStart + laneRow - lane.from();
      }
      laneStart += lane.visibleRows();
    }
    throw new IllegalArgumentException("lane " + laneNumber + " has no rows in " + this);
  }

  /**
   * A part of the sequence.
   *
   * @param fromRow index in the sequence of the first row
   * @param toRow index behind the last one
   */
  public List<LaneRange> ranges(long fromRow, long toRow) {
    if (fromRow < 0 || toRow < fromRow || toRow > rowCount()) {
      throw new IllegalArgumentException(
          "rows " + fromRow + " to " + toRow + " of " + rowCount() + " in " + files.root());
    }
    List<LaneRange> ranges = new ArrayList<>();
    long laneStart = 0;
    for (Lane lane : sequence) {
      long start = Math.max(fromRow, laneStart);
      long end = Math.min(toRow, laneStart + lane.visibleRows());
      if (start < end) {
        long shift = lane.from() - laneStart;
        ranges.add(new LaneRange(lane.number(), start + shift, end + shift));
      }
      laneStart += lane.visibleRows();
    }
    return ranges;
  }

  /** The rows of a key range, found by binary searches on disk. */
  public List<LaneRange> ranges(KeyRange range) throws IOException {
    try (OpenFiles open = new OpenFiles(disk)) {
      Rows rows = search(open).rows(range);
      return ranges(rows.start(), rows.end());
    }
  }

  KeySearch search(OpenFiles open) {
    return new KeySearch(files, sequence, open);
  }

  /** Logical bytes of the keys and of these tables' files, over all lanes. */
  public long sizeBytes(List<String> tables) {
    long sizeBytes = 0;
    for (Lane lane : sequence) {
      sizeBytes += lane.rows() * Long.BYTES;
      for (LaneTable table : lane.tables()) {
        if (tables.contains(table.name())) {
          sizeBytes += lane.rows() * Long.BYTES + table.dataBytes();
        }
      }
    }
    return sizeBytes;
  }

  /**
   * Reads rows forward, batch by batch.
   *
   * @param ranges rows of this snapshot, read in the order given
   * @param tables which tables to read, in the order of the batches' columns; one that a lane lacks
   *     is read as empty values
   * @throws IOException if the snapshot has no such rows: they were replaced
   */
  public Scan scan(List<LaneRange> ranges, List<String> tables) throws IOException {
    return scan(ranges, tables, true);
  }

  /**
   * As {@link #scan(List, List)}.
   *
   * @param verifyChecksums whether to compare what is read with its checksums
   */
  public Scan scan(List<LaneRange> ranges, List<String> tables, boolean verifyChecksums)
      throws IOException {
    for (LaneRange range : ranges) {
      Optional<Lane> lane = record.lane(range.lane());
      if (lane.isEmpty() || range.start() < lane.get().from() || range.end() > lane.get().rows()) {
        throw new IOException(
            files.root()
                + ": rows "
                + range.start()
                + " to "
                + range.end()
                + " of lane "
                + range.lane()
                + " are not there: the store's rows were replaced");
      }
    }
    checkTables(tables);
    return new Scan(disk, files, record, ranges, tables, verifyChecksums);
  }

  @Override
  public String toString() {
    return files.root() + " with " + rowCount() + " rows";
  }

  void checkTables(List<String> tables) {
    for (String table : tables) {
      TableNames.check(table);
      if (!readable.contains(table)) {
        throw new IllegalArgumentException(
            files.root() + " has no table '" + table + "', found " + readable);
      }
    }
  }
}
