package io.timestore.flink.source;

import java.io.Serializable;

/**
 * Where a scan begins, or where it ends: it has the rows from its start on that lie before its
 * stop.
 *
 * @param kind what the value is
 * @param value a key, unsigned, or a row; 0 where the kind needs none
 */
public record ScanPosition(Kind kind, long value) implements Serializable {

  /** What a position is told by. */
  public enum Kind {
    /** Before the first row; a start only. */
    EARLIEST,
    /** Behind the last row that is committed when the scan begins. */
    LATEST,
    /** Before the first row whose key is not below the value. */
    KEY,
    /**
     * Before the row of this index in the sequence that the scan reads: the merged rows that are
     * committed when it begins, and behind them those that come later, in the order in which they
     * come.
     */
    ROW,
    /** Behind all rows that will ever come; a stop only. */
    NEVER
  }

  private static final ScanPosition EARLIEST = new ScanPosition(Kind.EARLIEST, 0);
  private static final ScanPosition LATEST = new ScanPosition(Kind.LATEST, 0);
  private static final ScanPosition NEVER = new ScanPosition(Kind.NEVER, 0);

  public ScanPosition {
    if (kind == Kind.ROW && value < 0) {
      throw new IllegalArgumentException("row " + value + ", expected 0 or more");
    }
  }

  public static ScanPosition earliest() {
    return EARLIEST;
  }

  public static ScanPosition latest() {
    return LATEST;
  }

  /** See {@link Kind#KEY}. */
  public static ScanPosition atKey(long key) {
    return new ScanPosition(Kind.KEY, key);
  }

  /** See {@link Kind#ROW}. */
  public static ScanPosition atRow(long row) {
    return new ScanPosition(Kind.ROW, row);
  }

  public static ScanPosition never() {
    return NEVER;
  }
}
