package io.timestore.format;

import java.util.List;
import java.util.Optional;

/**
 * A lane in the commit record: one ordered run of rows, of which {@code from} ≤ row &lt; {@code
 * rows} are visible.
 *
 * @param number 0 is the store's own directory; a number is never used twice
 * @param state {@link #OPEN}, or {@link #CUT} or {@link #EMPTIED} for ever
 * @param generation 0; room for a lane that is written anew in place of an older one
 * @param encoding 0: plain arrays, the only encoding so far
 * @param owner who may append
 * @param base rows when the owner took the lane, or fewer if the lane was cut below them
 * @param from first visible row
 * @param rows end of the visible rows
 * @param smallestKey key of row {@code from}; 0 without visible rows
 * @param largestKey key of row {@code rows − 1}; 0 without visible rows
 * @param keysTailCrc CRC32C of the last, partial chunk of {@code keys}; 0 where it is not known
 * @param tables the tables that the lane has
 */
public record Lane(
    int number,
    int state,
    int generation,
    int encoding,
    Owner owner,
    long base,
    long from,
    long rows,
    long smallestKey,
    long largestKey,
    int keysTailCrc,
    List<LaneTable> tables) {

  /**
   * One table of a lane.
   *
   * @param name the table
   * @param dataBytes logical size of its {@code data}
   * @param offsetsTailCrc CRC32C of the last, partial chunk of {@code offsets}; 0: not known
   * @param dataTailCrc CRC32C of the last, partial chunk of {@code data}; 0: not known
   */
  public record LaneTable(String name, long dataBytes, int offsetsTailCrc, int dataTailCrc) {
    public LaneTable {
      TableNames.check(name);
      if (dataBytes < 0) {
        throw new IllegalArgumentException(
            "table " + name + " has " + Long.toUnsignedString(dataBytes) + " bytes of data");
      }
    }
  }

  /** The state of a lane that may be appended to. */
  public static final int OPEN = 0;

  /**
   * The state of a lane whose {@code rows} went down: bytes of hidden rows lie behind its end, so
   * that nobody appends to it any more.
   */
  public static final int CUT = 1;

  /** The state of lane 0 once its rows, all hidden, were removed: its files are empty. */
  public static final int EMPTIED = 2;

  /** As many keys as a file holds. */
  public static final long ROWS_MAX = Long.MAX_VALUE / Long.BYTES;

  /** The largest number that a directory of a lane can have: nine digits. */
  public static final int NUMBER_MAX = 999_999_999;

  public Lane {
    tables = List.copyOf(tables);
    if (state == EMPTIED && from != rows) {
      throw new IllegalArgumentException(
          "lane " + number + " was emptied, but shows the rows from " + from + " to " + rows);
    }
    if (number < 0
        || number > NUMBER_MAX
        || base < 0
        || from < 0
        || from > rows
        || rows > ROWS_MAX) {
      throw new IllegalArgumentException(
          "lane " + number + ": base " + base + ", from " + from + ", rows " + rows);
    }
    if (state < OPEN || state > EMPTIED || encoding != 0) {
      throw new IllegalArgumentException(
          "lane "
              + number
              + " has state "
              + state
              + " and encoding "
              + encoding
              + ", which this software does not know");
    }
  }

  /** A lane without rows. */
  public static Lane empty(int number, Owner owner) {
    return new Lane(number, OPEN, 0, 0, owner, 0, 0, 0, 0, 0, 0, List.of());
  }

  /** A table of the lane; empty where the lane lacks it. */
  public Optional<LaneTable> table(String name) {
    return tables.stream().filter(table -> table.name().equals(name)).findFirst();
  }

  /**
   * Logical bytes of all files.
   *
   * @throws ArithmeticException if they are more than a long holds
   */
  public long sizeBytes() {
    long sizeBytes = rows * Long.BYTES;
    for (LaneTable table : tables) {
      sizeBytes = Math.addExact(sizeBytes, Math.addExact(rows * Long.BYTES, table.dataBytes()));
    }
    return sizeBytes;
  }

  /** Rows that readers see. */
  public long visibleRows() {
    return rows - from;
  }

  /** Whether its files hold its rows, hidden ones included. */
  public boolean hasFiles() {
    return rows > 0 && state != EMPTIED;
  }

  /** Whether somebody may append to it. */
  public boolean isOpen() {
    return state == OPEN;
  }

  /** Whether its rows, which were replaced, are gone from its files. */
  public boolean isEmptied() {
    return state == EMPTIED;
  }

  /** Whether its {@code rows} went down. */
  public boolean isCut() {
    return state == CUT;
  }

  /** What the reference takes for the number of rows: all, or 0 once the first ones are hidden. */
  public long referenceRows() {
    return from == 0 ? rows : 0;
  }

  /** This lane with all of its rows hidden; its owner may go on behind them. */
  public Lane hidden() {
    return new Lane(
        number, state, generation, encoding, owner, base, rows, rows, 0, 0, keysTailCrc, tables);
  }

  /**
   * This lane with its first rows hidden, but not all.
   *
   * @param newFrom the first visible row
   * @param newSmallestKey its key
   */
  public Lane hiddenUpTo(long newFrom, long newSmallestKey) {
    return new Lane(
        number,
        state,
        generation,
        encoding,
        owner,
        base,
        newFrom,
        rows,
        newSmallestKey,
        largestKey,
        keysTailCrc,
        tables);
  }

  /** This lane without its files, closed for ever: it counts its hidden rows, no more. */
  public Lane emptied() {
    return new Lane(
        number, EMPTIED, generation, encoding, Owner.NONE, base, rows, rows, 0, 0, 0, List.of());
  }

  /**
   * This lane with its last rows hidden, and closed for ever.
   *
   * @param newRows where it ends now
   * @param newLargestKey key of the row before that; 0 if no row is visible then
   * @param newKeysTailCrc as {@code keysTailCrc}, up to there
   * @param newTables as {@code tables}, up to there
   */
  public Lane cut(long newRows, long newLargestKey, int newKeysTailCrc, List<LaneTable> newTables) {
    return new Lane(
        number,
        CUT,
        generation,
        encoding,
        Owner.NONE,
        Math.min(base, newRows),
        Math.min(from, newRows),
        newRows,
        newRows > from ? smallestKey : 0,
        newLargestKey,
        newKeysTailCrc,
        newTables);
  }

  /** This lane with another owner, who starts at the rows of now. */
  public Lane takenBy(Owner newOwner) {
    return withOwner(newOwner, rows);
  }

  /** This lane without an owner. */
  public Lane released() {
    return withOwner(Owner.NONE, base);
  }

  private Lane withOwner(Owner newOwner, long newBase) {
    return new Lane(
        number,
        state,
        generation,
        encoding,
        newOwner,
        newBase,
        from,
        rows,
        smallestKey,
        largestKey,
        keysTailCrc,
        tables);
  }

  /** This lane with the CRCs of its files' partial chunks. */
  public Lane withTailCrcs(int newKeysTailCrc, List<LaneTable> newTables) {
    return new Lane(
        number,
        state,
        generation,
        encoding,
        owner,
        base,
        from,
        rows,
        smallestKey,
        largestKey,
        newKeysTailCrc,
        newTables);
  }

  /** This lane with a committed batch more. */
  public Lane extendedBy(Commit.LaneBatch batch) {
    return new Lane(
        number,
        state,
        generation,
        encoding,
        owner,
        base,
        from,
        batch.rowsAfter(),
        visibleRows() == 0 ? batch.firstKey() : smallestKey,
        batch.lastKey(),
        batch.keys().tailCrc(),
        batch.tables().stream()
            .map(
                t ->
                    new LaneTable(
                        t.name(), t.dataBytesAfter(), t.offsets().tailCrc(), t.data().tailCrc()))
            .toList());
  }
}
