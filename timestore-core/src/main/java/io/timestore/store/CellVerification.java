package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Endianness;
import java.io.Closeable;
import java.io.IOException;
import java.math.BigInteger;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Whether the cells of a table are values of their column's type. It is shown the file {@code data}
 * from its first byte to its last, chunk after chunk, and reads along in {@code offsets}, which
 * were found in order.
 */
final class CellVerification implements Closeable {
  private static final int MILLIS_PER_DAY = 86_400_000;
  private static final int WIDTH_BYTES_MAX = 16;
  private static final int ENDS_AT_ONCE = 4096;

  private final Column column;
  private final ChunkReader offsets;
  private final long rowCount;
  private final Report report;
  private final BigInteger decimalMax;
  private final long[] ends = new long[ENDS_AT_ONCE];
  private long endsStart;
  private int endsCount;

  /** The cell of which bytes are expected next. */
  private long row = -1;

  private long cellStart;
  private long cellEnd;

  /** Whether all bytes of the cell were shown. */
  private boolean isWhole;

  private final byte[] fixed = new byte[WIDTH_BYTES_MAX];
  private int fixedCount;
  private final Utf8 text = new Utf8();
  private boolean isFiller;

  /** Gets the cells that are no values of the type. */
  @FunctionalInterface
  interface Report {
    void fault(long row, long startByte, long endByte, String what);
  }

  private CellVerification(Column column, ChunkReader offsets, long rowCount, Report report) {
    this.column = column;
    this.offsets = offsets;
    this.rowCount = rowCount;
    this.report = report;
    this.decimalMax = BigInteger.TEN.pow(column.type().length() % 39).subtract(BigInteger.ONE);
  }

  /** Null for a type of which every cell is a value. */
  static @Nullable CellVerification open(
      Disk disk, Column column, CommittedFile offsets, long rowCount, Report report)
      throws IOException {
    if (!hasRules(column.type())) {
      return null;
    }
    ChunkReader reader = new ChunkReader(disk, offsets, false, ChunkReader::rowsOfNumbers);
    return new CellVerification(column, reader, rowCount, report);
  }

  private static boolean hasRules(CellType type) {
    return switch (type.kind()) {
      case BOOLEAN, TIME, DECIMAL, CHAR, VARCHAR -> true;
      case BINARY, VARBINARY -> type.length() != CellType.MAX_LENGTH;
      case TINYINT,
          SMALLINT,
          INT,
          BIGINT,
          FLOAT,
          DOUBLE,
          DATE,
          TIMESTAMP,
          TIMESTAMP_LTZ,
          INTERVAL_YEAR_MONTH,
          INTERVAL_DAY_TIME ->
          false;
    };
  }

  /**
   * The next bytes of the file.
   *
   * @param start where in the file they begin
   * @param isTrusted whether they are what was written
   */
  void see(byte[] bytes, int length, long start, boolean isTrusted) throws IOException {
    if (row < 0) {
      nextCell();
    }
    int from = 0;
    while (row < rowCount && cellEnd <= start + length) {
      int to = (int) (cellEnd - start);
      feed(bytes, from, to, isTrusted);
      if (isWhole) {
        judge();
      }
      from = to;
      nextCell();
    }
    if (row < rowCount) {
      feed(bytes, from, length, isTrusted);
    }
  }

  private void nextCell() throws IOException {
    row++;
    cellStart = cellEnd;
    isWhole = true;
    isFiller = true;
    fixedCount = 0;
    text.begin();
    if (row < rowCount) {
      if (row >= endsStart + endsCount) {
        endsStart = row;
        int most = (int) Math.min(ENDS_AT_ONCE, rowCount - row);
        endsCount = offsets.u64s(row, ends, 0, most);
      }
      cellEnd = ends[(int) (row - endsStart)];
    }
  }

  private void feed(byte[] bytes, int from, int to, boolean isTrusted) {
    if (!isTrusted) {
      isWhole &= from == to;
      return;
    }
    if (column.type().widthBytes().isPresent()) {
      int count = Math.min(to - from, fixed.length - fixedCount);
      System.arraycopy(bytes, from, fixed, fixedCount, count);
      fixedCount += count;
      return;
    }
    for (int i = from; isFiller && i < to; i++) {
      isFiller = bytes[i] == (byte) 0xFF;
    }
    text.feed(bytes, from, to);
  }

  private void judge() {
    long sizeBytes = cellEnd - cellStart;
    boolean isNull = column.nullable() && sizeBytes == 0;
    int widthBytes = column.type().widthBytes().orElse(-1);
    if (isNull || (widthBytes >= 0 && widthBytes != sizeBytes)) {
      return; // A wrong width was told with the offsets.
    }
    String what = fault(sizeBytes);
    if (what != null) {
      report.fault(row, cellStart, cellEnd, what);
    }
  }

  private @Nullable String fault(long sizeBytes) {
    boolean isEscaped = column.nullable() && isFiller;
    long valueBytes = isEscaped ? sizeBytes - 1 : sizeBytes;
    int lengthMax = column.type().length();
    return switch (column.type().kind()) {
      case BOOLEAN -> fixed[0] == 0 || fixed[0] == 1 ? null : "is the byte " + fixed[0];
      case TIME -> timeFault();
      case DECIMAL -> decimalFault();
      case CHAR, VARCHAR -> textFault(isEscaped, valueBytes, lengthMax);
      case BINARY, VARBINARY ->
          valueBytes <= lengthMax ? null : "has " + valueBytes + " bytes, at most " + lengthMax;
      case TINYINT,
          SMALLINT,
          INT,
          BIGINT,
          FLOAT,
          DOUBLE,
          DATE,
          TIMESTAMP,
          TIMESTAMP_LTZ,
          INTERVAL_YEAR_MONTH,
          INTERVAL_DAY_TIME ->
          null;
    };
  }

  private @Nullable String textFault(boolean isEscaped, long valueBytes, int lengthMax) {
    boolean isText = isEscaped ? valueBytes == 0 : text.isText();
    if (!isText) {
      return "is no UTF-8";
    }
    long characters = isEscaped ? 0 : text.characterCount();
    return characters <= lengthMax
        ? null
        : "has " + characters + " characters, at most " + lengthMax;
  }

  private @Nullable String timeFault() {
    int millis = number().intValue();
    return 0 <= millis && millis < MILLIS_PER_DAY ? null : "is " + millis + " ms of a day";
  }

  private @Nullable String decimalFault() {
    BigInteger unscaled = number();
    return unscaled.abs().compareTo(decimalMax) <= 0
        ? null
        : "is the unscaled value " + unscaled + ", at most " + decimalMax;
  }

  /** A cell of fixed width. */
  private BigInteger number() {
    byte[] bigEndian = Arrays.copyOf(fixed, fixedCount);
    if (column.endianness() == Endianness.LITTLE) {
      for (int i = 0; i < fixedCount / 2; i++) {
        byte other = bigEndian[i];
        bigEndian[i] = bigEndian[fixedCount - 1 - i];
        bigEndian[fixedCount - 1 - i] = other;
      }
    }
    return new BigInteger(bigEndian);
  }

  @Override
  public void close() throws IOException {
    offsets.close();
  }

  /** Well-formed UTF-8, by the table of Unicode's chapter 3.9, in pieces of any size. */
  private static final class Utf8 {
    private boolean isBroken;
    private int missingBytes;
    private int nextMin;
    private int nextMax;
    private long characterCount;

    void begin() {
      isBroken = false;
      missingBytes = 0;
      characterCount = 0;
    }

    boolean isText() {
      return !isBroken && missingBytes == 0;
    }

    long characterCount() {
      return characterCount;
    }

    void feed(byte[] bytes, int from, int to) {
      for (int i = from; i < to && !isBroken; i++) {
        int unit = bytes[i] & 0xFF;
        if (missingBytes > 0) {
          isBroken = unit < nextMin || unit > nextMax;
          expect(missingBytes - 1, 0x80, 0xBF);
        } else {
          characterCount++;
          if (unit >= 0x80) {
            lead(unit);
          }
        }
      }
    }

    private void lead(int unit) {
      switch (unit) {
        case 0xE0 -> expect(2, 0xA0, 0xBF);
        case 0xED -> expect(2, 0x80, 0x9F);
        case 0xF0 -> expect(3, 0x90, 0xBF);
        case 0xF4 -> expect(3, 0x80, 0x8F);
        default -> {
          int more = unit < 0xC2 ? 0 : unit < 0xE0 ? 1 : unit < 0xF0 ? 2 : unit < 0xF5 ? 3 : 0;
          isBroken = more == 0;
          expect(more, 0x80, 0xBF);
        }
      }
    }

    private void expect(int more, int min, int max) {
      missingBytes = more;
      nextMin = min;
      nextMax = max;
    }
  }
}
