package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.format.Column;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.format.TableNames;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;

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
  private final List<List<Lane>> groups;
  private final Set<String> readable;

  /** Bytes of a cell that is not empty, of the tables whose type says so. */
  private final Map<String, Integer> widths;

  /**
   * @param declared the columns of the schema; empty where there is none
   */
  Snapshot(Disk disk, StoreFiles files, CommitRecord record, List<Column> declared)
      throws IOException {
    this.disk = disk;
    this.files = files;
    this.record = record;
    this.sequence = LaneOrder.sequence(record.lanes());
    this.groups = LaneOrder.groups(sequence);
    this.widths = new HashMap<>();
    for (Column column : declared) {
      column.type().widthBytes().ifPresent(bytes -> widths.put(column.table(), bytes));
    }
    this.readable = new TreeSet<>();
    for (Column column : declared) {
      if (sequence.isEmpty() || column.mayBeAbsent()) {
        readable.add(column.table());
      }
    }
    record.lanes().forEach(lane -> lane.tables().forEach(table -> readable.add(table.name())));
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

  /** Every row. */
  public List<LaneRange> ranges() {
    return sequence.stream()
        .map(lane -> new LaneRange(lane.number(), lane.from(), lane.rows()))
        .toList();
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
   * The rows that an earlier snapshot of the store did not have. They need not follow the earlier
   * ones, and move the indexes of rows behind them.
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

  /** The lanes between whose rows no other lane has rows. */
  Set<Integer> aloneLanes() {
    return groups.stream()
        .filter(group -> group.size() == 1)
        .map(group -> group.get(0).number())
        .collect(Collectors.toUnmodifiableSet());
  }

  /**
   * A part of the sequence. Where lanes overlap, its ends are found by searches on disk.
   *
   * @param fromRow index in the sequence of the first row
   * @param toRow index behind the last one
   */
  public List<LaneRange> ranges(long fromRow, long toRow) throws IOException {
    checkRows(fromRow, toRow);
    try (OpenFiles open = new OpenFiles(disk, files)) {
      return search(open).rows(fromRow, toRow).ranges();
    }
  }

  void checkRows(long fromRow, long toRow) {
    if (fromRow < 0 || toRow < fromRow || toRow > rowCount()) {
      throw new IllegalArgumentException(
          "rows " + fromRow + " to " + toRow + " of " + rowCount() + " in " + files.root());
    }
  }

  /** The rows of a key range, found by binary searches on disk. */
  public List<LaneRange> ranges(KeyRange range) throws IOException {
    return part(range).ranges();
  }

  /** The rows of a key range, and where in the sequence they are. */
  public SequencePart part(KeyRange range) throws IOException {
    try (OpenFiles open = new OpenFiles(disk, files)) {
      return search(open).rows(range);
    }
  }

  /**
   * Some rows, in parts that follow one another in the sequence.
   *
   * @param fromRow index in the sequence of the first row
   * @param toRow index behind the last one
   * @param rowCountMax rows of each part but the last one, which may have fewer
   */
  public List<SequencePart> parts(long fromRow, long toRow, long rowCountMax) throws IOException {
    checkRows(fromRow, toRow);
    if (rowCountMax < 1) {
      throw new IllegalArgumentException("parts of " + rowCountMax + " rows");
    }
    try (OpenFiles open = new OpenFiles(disk, files)) {
      return search(open).parts(fromRow, toRow, rowCountMax);
    }
  }

  /**
   * The key of a row.
   *
   * @param row index in the sequence
   * @throws IllegalArgumentException if there is no such row
   */
  public long key(long row) throws IOException {
    try (OpenFiles open = new OpenFiles(disk, files)) {
      return search(open).key(row);
    }
  }

  /** How many lanes a scan merges at once, at most: those that have rows around the same key. */
  public int depth() {
    return LaneOrder.depth(sequence);
  }

  KeySearch search(OpenFiles open) {
    return new KeySearch(files, sequence, groups, open);
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
   * Reads rows forward, batch by batch, in the order of the sequence.
   *
   * @param ranges rows of this snapshot; those of one lane ascend
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
    LaneRange.checkAscending(ranges);
    checkTables(tables);
    return new Scan(disk, files, record, ranges, tables, widths, verifyChecksums);
  }

  /**
   * The cells of a table in one lane, to be read into memory of the caller's.
   *
   * @param lane of this snapshot
   * @param verifyChecksums whether to compare what is read with its checksums
   * @param openTablesMax how many such tables are open at once, to share the memory for chunks
   * @return empty if the lane lacks the table: all of its cells are empty
   * @throws IOException if the lane was removed since the snapshot was taken
   */
  public Optional<LaneCells> cells(
      int lane, String table, boolean verifyChecksums, int openTablesMax) throws IOException {
    checkTables(List.of(table));
    Lane of = record.lane(lane).orElseThrow();
    Optional<LaneTable> laneTable = of.table(table);
    if (laneTable.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new LaneCells(
            disk,
            files,
            files.lane(lane),
            of,
            laneTable.get(),
            widths.getOrDefault(table, 0),
            verifyChecksums,
            Scan.windowBytes(2L * openTablesMax)));
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
