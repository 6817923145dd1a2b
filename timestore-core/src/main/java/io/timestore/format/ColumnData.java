package io.timestore.format;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The cells of one column in a {@link Batch}: their bytes one after another, and where each ends.
 * Where all have one size, that is what is kept instead of their ends. The arrays grow and are used
 * again after {@link #clear}. Not thread-safe.
 */
public final class ColumnData {
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final byte FILLER = (byte) 0xFF;
  private static final int SIZE_BYTES_MAX = Integer.MAX_VALUE - 64;

  private final boolean isBigEndian;
  private byte[] data = new byte[64];
  private int[] ends = new int[16];
  private int rowCount;
  private int sizeBytes;

  /** Bytes of each cell; 0: they are told by their ends. */
  private int cellBytes;

  /** No cells; little-endian ones are to come. */
  public ColumnData() {
    this(Endianness.LITTLE);
  }

  /** No cells; what is appended and read as a number has its bytes in that order. */
  public ColumnData(Endianness endianness) {
    isBigEndian = endianness == Endianness.BIG;
  }

  /** Cells held. */
  public int rowCount() {
    return rowCount;
  }

  /** Bytes of all cells together. */
  public int sizeBytes() {
    return sizeBytes;
  }

  /** Bytes of both arrays, with the room that they have left. */
  long memoryBytes() {
    return data.length + (long) ends.length * Integer.BYTES;
  }

  /** The cells' bytes; valid up to {@link #sizeBytes} and until the next change. */
  public byte[] data() {
    return data;
  }

  /** Index in {@link #data} of a cell's first byte. */
  public int start(int row) {
    if (cellBytes > 0) {
      return row * cellBytes;
    }
    return row == 0 ? 0 : ends[row - 1];
  }

  /** Index in {@link #data} behind a cell's last byte. */
  public int end(int row) {
    return cellBytes > 0 ? (row + 1) * cellBytes : ends[row];
  }

  /** Bytes of every cell; 0: they may differ, or there is none. */
  public int cellBytes() {
    return cellBytes;
  }

  /** Drops all cells, and keeps the memory. */
  public void clear() {
    rowCount = 0;
    sizeBytes = 0;
    cellBytes = 0;
  }

  /** Drops the cells from that row on. */
  public void truncate(int newRowCount) {
    if (newRowCount == 0) {
      clear();
    } else {
      sizeBytes = end(newRowCount - 1);
      rowCount = newRowCount;
    }
  }

  /** A NULL, in a nullable column; the empty value in any other. */
  public void appendEmpty() {
    endCell();
  }

  /** A BOOLEAN: 1 byte. */
  public void appendBoolean(boolean value) {
    appendByte((byte) (value ? 1 : 0));
  }

  /** A TINYINT: 1 byte. */
  public void appendByte(byte value) {
    reserve(1);
    data[sizeBytes++] = value;
    endCell(Byte.BYTES);
  }

  /** A SMALLINT: 2 bytes. */
  public void appendShort(short value) {
    reserve(2);
    SHORT.set(data, sizeBytes, isBigEndian ? Short.reverseBytes(value) : value);
    sizeBytes += 2;
    endCell(Short.BYTES);
  }

  /** An INT, DATE, TIME or INTERVAL YEAR TO MONTH: 4 bytes. */
  public void appendInt(int value) {
    reserve(4);
    INT.set(data, sizeBytes, isBigEndian ? Integer.reverseBytes(value) : value);
    sizeBytes += 4;
    endCell(Integer.BYTES);
  }

  /** A BIGINT, TIMESTAMP, TIMESTAMP_LTZ or INTERVAL DAY TO SECOND: 8 bytes. */
  public void appendLong(long value) {
    reserve(8);
    setLong(sizeBytes, value);
    sizeBytes += 8;
    endCell(Long.BYTES);
  }

  /** A FLOAT: 4 bytes. */
  public void appendFloat(float value) {
    appendInt(Float.floatToRawIntBits(value));
  }

  /** A DOUBLE: 8 bytes. */
  public void appendDouble(double value) {
    appendLong(Double.doubleToRawLongBits(value));
  }

  /** A 128-bit integer in two's complement, as DECIMAL cells hold it. */
  public void appendInt128(long high, long low) {
    reserve(16);
    setLong(sizeBytes, isBigEndian ? high : low);
    setLong(sizeBytes + Long.BYTES, isBigEndian ? low : high);
    sizeBytes += 16;
    endCell(2 * Long.BYTES);
  }

  /** A text of a NOT NULL column, as UTF-8. */
  public void appendString(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    appendBytes(utf8, 0, utf8.length);
  }

  /** A text of a nullable column, as UTF-8; NULL is {@link #appendEmpty}. */
  public void appendNullableString(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    appendNullableBytes(utf8, 0, utf8.length);
  }

  /** A value's bytes as they are. */
  public void appendBytes(byte[] bytes, int offset, int length) {
    reserve(length);
    System.arraycopy(bytes, offset, data, sizeBytes, length);
    sizeBytes += length;
    endCell();
  }

  /** A copy of another column's cell. */
  void appendCell(ColumnData other, int row) {
    int start = other.start(row);
    if (other.cellBytes == 0) {
      appendBytes(other.data, start, other.ends[row] - start);
      return;
    }
    reserve(other.cellBytes);
    copy(other, start, other.cellBytes);
    endCell(other.cellBytes);
  }

  /** Of one cell; most of fixed width have 8 bytes. */
  private void copy(ColumnData other, int start, int length) {
    if (length == Long.BYTES) {
      LONG.set(data, sizeBytes, (long) LONG.get(other.data, start));
    } else {
      System.arraycopy(other.data, start, data, sizeBytes, length);
    }
    sizeBytes += length;
  }

  /** Copies of another column's cells {@code from} to {@code to}. */
  void appendCells(ColumnData other, int from, int to) {
    int start = other.start(from);
    int length = other.start(to) - start;
    reserve(length);
    System.arraycopy(other.data, start, data, sizeBytes, length);
    if (!takeCellBytes(other.cellBytes)) {
      int newRowCount = rowCount + to - from;
      if (newRowCount > ends.length) {
        ends = Arrays.copyOf(ends, Math.max(newRowCount, ends.length * 2));
      }
      int shift = sizeBytes - start;
      for (int row = from; row < to; row++) {
        ends[rowCount + row - from] = other.end(row) + shift;
      }
    }
    rowCount += to - from;
    sizeBytes += length;
  }

  /** Copies of another column's cells in that order. */
  void appendCells(ColumnData other, int[] order, int count) {
    for (int i = 0; i < count; i++) {
      appendCell(other, order[i]);
    }
  }

  /** Whether the cells have one size still, when cells of that size come; 0: they may differ. */
  private boolean takeCellBytes(int others) {
    if (others != cellBytes) {
      if (rowCount == 0) {
        cellBytes = others;
      } else if (cellBytes > 0) {
        noteEnds();
      }
    }
    return cellBytes > 0;
  }

  void swap(ColumnData other) {
    byte[] otherData = other.data;
    other.data = data;
    data = otherData;
    int[] otherEnds = other.ends;
    other.ends = ends;
    ends = otherEnds;
    int otherRowCount = other.rowCount;
    other.rowCount = rowCount;
    rowCount = otherRowCount;
    int otherSizeBytes = other.sizeBytes;
    other.sizeBytes = sizeBytes;
    sizeBytes = otherSizeBytes;
    int otherCellBytes = other.cellBytes;
    other.cellBytes = cellBytes;
    cellBytes = otherCellBytes;
  }

  /**
   * A value of variable width in a nullable column: one whose bytes are all {@code FF}, or empty,
   * gets one more {@code FF}, so that the empty cell is free to mean NULL.
   */
  public void appendNullableBytes(byte[] bytes, int offset, int length) {
    reserve(length + 1);
    System.arraycopy(bytes, offset, data, sizeBytes, length);
    sizeBytes += length;
    if (isFiller(bytes, offset, offset + length)) {
      data[sizeBytes++] = FILLER;
    }
    endCell();
  }

  /** Bytes of a cell's value, which {@link #appendNullableBytes} wrote; not for NULL. */
  public int nullableLength(int row) {
    int start = start(row);
    int end = end(row);
    return isFiller(data, start, end) ? end - start - 1 : end - start;
  }

  private static boolean isFiller(byte[] bytes, int start, int end) {
    for (int i = start; i < end; i++) {
      if (bytes[i] != FILLER) {
        return false;
      }
    }
    return true;
  }

  /** Whether a cell has no bytes: in a nullable column it is NULL then. */
  public boolean isEmpty(int row) {
    return start(row) == end(row);
  }

  /** See {@link #appendBoolean}. */
  public boolean booleanAt(int row) {
    return byteAt(row) != 0;
  }

  /** See {@link #appendByte}; not for NULL. */
  public byte byteAt(int row) {
    return data[start(row)];
  }

  /** See {@link #appendShort}; not for NULL. */
  public short shortAt(int row) {
    short value = (short) SHORT.get(data, start(row));
    return isBigEndian ? Short.reverseBytes(value) : value;
  }

  /** See {@link #appendInt}; not for NULL. */
  public int intAt(int row) {
    int value = (int) INT.get(data, start(row));
    return isBigEndian ? Integer.reverseBytes(value) : value;
  }

  /** See {@link #appendLong}; not for NULL. */
  public long longAt(int row) {
    return longAtByte(start(row));
  }

  /** See {@link #appendFloat}; not for NULL. */
  public float floatAt(int row) {
    return Float.intBitsToFloat(intAt(row));
  }

  /** See {@link #appendDouble}; not for NULL. */
  public double doubleAt(int row) {
    return Double.longBitsToDouble(longAt(row));
  }

  /** See {@link #appendString}. */
  public String stringAt(int row) {
    return new String(data, start(row), end(row) - start(row), StandardCharsets.UTF_8);
  }

  /** See {@link #appendNullableString}; not for NULL. */
  public String nullableStringAt(int row) {
    return new String(data, start(row), nullableLength(row), StandardCharsets.UTF_8);
  }

  /** A copy of a cell's bytes. */
  public byte[] bytesAt(int row) {
    return Arrays.copyOfRange(data, start(row), end(row));
  }

  /** The upper half of a 128-bit cell; not for NULL. */
  public long highLongAt(int row) {
    return longAtByte(isBigEndian ? start(row) : start(row) + Long.BYTES);
  }

  /** The lower half of a 128-bit cell; not for NULL. */
  public long lowLongAt(int row) {
    return longAtByte(isBigEndian ? start(row) + Long.BYTES : start(row));
  }

  private long longAtByte(int index) {
    long value = (long) LONG.get(data, index);
    return isBigEndian ? Long.reverseBytes(value) : value;
  }

  private void setLong(int index, long value) {
    LONG.set(data, index, isBigEndian ? Long.reverseBytes(value) : value);
  }

  /**
   * Takes cells that a reader has; {@link #setEnd} then sets their ends.
   *
   * @param newData the bytes of all cells, in an array that nobody changes any more: views of the
   *     one before stay valid
   */
  public void resize(int newRowCount, byte[] newData) {
    data = newData;
    if (ends.length < newRowCount) {
      ends = new int[newRowCount];
    }
    rowCount = newRowCount;
    sizeBytes = newData.length;
    cellBytes = 0;
  }

  /**
   * Takes cells that a reader has, as {@link #resize(int, byte[])} does; they all have one size.
   *
   * @param newCellBytes of each, at least 1
   */
  public void resize(int newRowCount, byte[] newData, int newCellBytes) {
    data = newData;
    rowCount = newRowCount;
    sizeBytes = newData.length;
    cellBytes = newRowCount == 0 ? 0 : newCellBytes;
  }

  /** See {@link #resize(int, byte[])}. */
  public void setEnd(int row, int end) {
    ends[row] = end;
  }

  /** Of a value that has as many bytes as all others of its type. */
  private void endCell(int bytes) {
    if (takeCellBytes(bytes)) {
      rowCount++;
    } else {
      endCell();
    }
  }

  private void endCell() {
    takeCellBytes(0);
    if (rowCount == ends.length) {
      ends = Arrays.copyOf(ends, ends.length * 2);
    }
    ends[rowCount++] = sizeBytes;
  }

  /** The cells before have one size, the next may have another. */
  private void noteEnds() {
    if (rowCount > ends.length) {
      ends = new int[Math.max(rowCount, ends.length * 2)];
    }
    for (int row = 0; row < rowCount; row++) {
      ends[row] = (row + 1) * cellBytes;
    }
    cellBytes = 0;
  }

  private void reserve(int bytes) {
    long needed = (long) sizeBytes + bytes;
    if (needed <= data.length) {
      return;
    }
    if (needed > SIZE_BYTES_MAX) {
      throw new IllegalArgumentException(
          "a batch's column can't hold " + needed + " bytes, at most " + SIZE_BYTES_MAX);
    }
    data = Arrays.copyOf(data, (int) Math.min(SIZE_BYTES_MAX, Math.max(needed, data.length * 2L)));
  }
}
