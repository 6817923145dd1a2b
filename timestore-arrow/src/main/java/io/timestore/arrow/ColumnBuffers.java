package io.timestore.arrow;

import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Endianness;
import io.timestore.format.Int128;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.IntFunction;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;

/**
 * Makes a vector's buffers of a column's cells. Where Arrow's layout is that of the cells, they are
 * the cells' own memory: little-endian ones of fixed width, and the bytes of those of variable
 * width, as long as no value of the batch is NULL, or has a filler, that would move the others.
 * Checks that cells hold values of their type.
 */
final class ColumnBuffers {
  private static final byte FILLER = (byte) 0xFF;
  private static final int MILLIS_PER_DAY = 86_400_000;

  private final Column column;
  private final BufferAllocator allocator;
  private final CellType.Kind kind;
  private final boolean isFixed;
  private final int width;
  private final ByteOrder order;
  private final Int128 decimalBound;

  /** Where cells end in the batch's bytes; of those of fixed width and NOT NULL nobody asks. */
  private final int[] ends;

  private int rowCount;
  private int sizeBytes;

  ColumnBuffers(Column column, BufferAllocator allocator, int rowCountMax) {
    this.column = column;
    this.allocator = allocator;
    kind = column.type().kind();
    width = column.type().widthBytes().orElse(0);
    isFixed = width > 0;
    order = column.endianness() == Endianness.BIG ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    decimalBound = Int128.ofNines(kind == CellType.Kind.DECIMAL ? column.type().length() : 1);
    ends = new int[rowCountMax];
  }

  String table() {
    return column.table();
  }

  void clear() {
    rowCount = 0;
    sizeBytes = 0;
  }

  /** Bytes of all cells of the batch. */
  int sizeBytes() {
    return sizeBytes;
  }

  /**
   * Adds cells.
   *
   * @param start where the first one begins in its file
   * @param cellEnds where they end there
   * @param places where the rows of the batch are, for errors
   */
  void add(long start, long[] cellEnds, int count, IntFunction<String> places)
      throws CorruptStoreException {
    int base = sizeBytes;
    if (isFixed) {
      checkWidths(start, cellEnds, count, places);
    }
    if (!isFixed || column.nullable()) {
      for (int i = 0; i < count; i++) {
        ends[rowCount + i] = base + (int) (cellEnds[i] - start);
      }
    }
    rowCount += count;
    sizeBytes = base + (int) (cellEnds[count - 1] - start);
  }

  private void checkWidths(long start, long[] cellEnds, int count, IntFunction<String> places)
      throws CorruptStoreException {
    long previous = start;
    for (int i = 0; i < count; i++) {
      long cellBytes = cellEnds[i] - previous;
      if (cellBytes != width && (cellBytes != 0 || !column.nullable())) {
        throw corrupt(
            places.apply(rowCount + i),
            "found "
                + cellBytes
                + " bytes, expected "
                + width
                + (column.nullable() ? ", or none for NULL" : ""));
      }
      previous = cellEnds[i];
    }
  }

  private CorruptStoreException corrupt(String place, String fault) {
    return new CorruptStoreException(
        "column "
            + column.name()
            + ", "
            + column.sqlType()
            + ": table '"
            + column.table()
            + "' of "
            + place
            + ": "
            + fault);
  }

  /** Adds cells of a lane that lacks the table: they are empty. */
  void addEmpty(int count, IntFunction<String> places) throws CorruptStoreException {
    if (isFixed && !column.nullable()) {
      throw corrupt(places.apply(rowCount), "found no such table, expected " + width + " bytes");
    }
    for (int i = 0; i < count; i++) {
      ends[rowCount + i] = sizeBytes;
    }
    rowCount += count;
  }

  /**
   * Makes the buffers; those that it adds are the caller's to release, also when it fails.
   *
   * @param cells the bytes of the batch's cells, one after another
   * @param buffers gets the vector's buffers
   * @param places as above
   */
  ArrowFieldNode make(ArrowBuf cells, List<ArrowBuf> buffers, IntFunction<String> places)
      throws CorruptStoreException {
    int nullCount = column.nullable() ? nullCount() : 0;
    ArrowBuf validity = nullCount == 0 ? allocator.getEmpty() : allocator.buffer(bitmapBytes());
    buffers.add(validity);
    if (nullCount > 0) {
      writeValidity(validity);
    }
    // A view of no bytes can't be had of Arrow's empty buffer.
    ByteBuffer source =
        sizeBytes == 0 ? ByteBuffer.allocate(0) : cells.nioBuffer(0, sizeBytes).order(order);
    if (isFixed) {
      addFixed(cells, source, nullCount, buffers);
      checkValues(source, buffers.get(buffers.size() - 1), places);
    } else {
      addVariable(cells, source, buffers);
    }
    return new ArrowFieldNode(rowCount, nullCount);
  }

  /** Where a row's cell ends in the batch's bytes. */
  int end(int row) {
    return isFixed && !column.nullable() ? (row + 1) * width : ends[row];
  }

  private int start(int row) {
    return row == 0 ? 0 : ends[row - 1];
  }

  private boolean isNull(int row) {
    return start(row) == ends[row];
  }

  private int nullCount() {
    int count = 0;
    int previous = 0;
    for (int row = 0; row < rowCount; row++) {
      count += ends[row] == previous ? 1 : 0;
      previous = ends[row];
    }
    return count;
  }

  private int bitmapBytes() {
    return (rowCount + Long.SIZE - 1) / Long.SIZE * Long.BYTES;
  }

  private void writeValidity(ArrowBuf validity) {
    ByteBuffer bits = validity.nioBuffer(0, bitmapBytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (int first = 0; first < rowCount; first += Long.SIZE) {
      long word = 0;
      int last = Math.min(first + Long.SIZE, rowCount);
      for (int row = first; row < last; row++) {
        word |= (isNull(row) ? 0L : 1L) << (row - first);
      }
      bits.putLong(word);
    }
    validity.writerIndex(bitmapBytes());
  }

  private void addFixed(ArrowBuf cells, ByteBuffer source, int nullCount, List<ArrowBuf> buffers) {
    if (kind == CellType.Kind.BOOLEAN) {
      ArrowBuf bits = allocator.buffer(bitmapBytes());
      buffers.add(bits);
      packBooleans(source, bits.nioBuffer(0, bitmapBytes()).order(ByteOrder.LITTLE_ENDIAN));
      bits.writerIndex(bitmapBytes());
    } else if (nullCount == 0 && order == ByteOrder.LITTLE_ENDIAN) {
      cells.getReferenceManager().retain();
      buffers.add(cells);
    } else {
      ArrowBuf values = allocator.buffer((long) rowCount * width);
      buffers.add(values);
      values.setZero(0, (long) rowCount * width);
      spread(source, values.nioBuffer(0, rowCount * width).order(ByteOrder.LITTLE_ENDIAN));
      values.writerIndex((long) rowCount * width);
    }
  }

  private void packBooleans(ByteBuffer source, ByteBuffer target) {
    for (int first = 0; first < rowCount; first += Long.SIZE) {
      long word = 0;
      int last = Math.min(first + Long.SIZE, rowCount);
      for (int row = first; row < last; row++) {
        if (!column.nullable()) {
          word |= (source.get(row) & 1L) << (row - first);
        } else if (!isNull(row)) {
          word |= (source.get(start(row)) & 1L) << (row - first);
        }
      }
      target.putLong(word);
    }
  }

  /** Puts cells where Arrow has them, a NULL taking room too, and turns their bytes around. */
  private void spread(ByteBuffer source, ByteBuffer target) {
    for (int row = 0; row < rowCount; row++) {
      int from = column.nullable() ? start(row) : row * width;
      if (column.nullable() && from == ends[row]) {
        continue;
      }
      int to = row * width;
      switch (width) {
        case 1 -> target.put(to, source.get(from));
        case 2 -> target.putShort(to, source.getShort(from));
        case 4 -> target.putInt(to, source.getInt(from));
        case 8 -> target.putLong(to, source.getLong(from));
        default -> {
          boolean isBig = order == ByteOrder.BIG_ENDIAN;
          target.putLong(to, source.getLong(isBig ? from + Long.BYTES : from));
          target.putLong(to + Long.BYTES, source.getLong(isBig ? from : from + Long.BYTES));
        }
      }
    }
  }

  private void addVariable(ArrowBuf cells, ByteBuffer source, List<ArrowBuf> buffers) {
    int offsetsBytes = (rowCount + 1) * Integer.BYTES;
    ArrowBuf offsets = allocator.buffer(offsetsBytes);
    buffers.add(offsets);
    if (column.nullable() && hasFiller(source)) {
      ArrowBuf values = allocator.buffer(sizeBytes);
      buffers.add(values);
      int length = dropFillers(source, values.nioBuffer(0, sizeBytes));
      values.writerIndex(length);
    } else {
      cells.getReferenceManager().retain();
      buffers.add(cells);
    }
    ByteBuffer target = offsets.nioBuffer(0, offsetsBytes).order(ByteOrder.LITTLE_ENDIAN);
    target.putInt(0);
    target.asIntBuffer().put(ends, 0, rowCount);
    offsets.writerIndex(offsetsBytes);
  }

  private boolean hasFiller(ByteBuffer source) {
    for (int row = 0; row < rowCount; row++) {
      if (isFiller(source, start(row), ends[row])) {
        return true;
      }
    }
    return false;
  }

  /** Whether a cell has bytes, and all of them are {@code FF}: its last one is no value's. */
  private static boolean isFiller(ByteBuffer source, int start, int end) {
    if (start == end || source.get(end - 1) != FILLER) {
      return false;
    }
    for (int i = start; i < end; i++) {
      if (source.get(i) != FILLER) {
        return false;
      }
    }
    return true;
  }

  /** Copies the values without their fillers, and makes the ends those of the copies. */
  private int dropFillers(ByteBuffer source, ByteBuffer target) {
    int start = 0;
    int written = 0;
    for (int row = 0; row < rowCount; row++) {
      int end = ends[row];
      int length = end - start - (isFiller(source, start, end) ? 1 : 0);
      target.put(written, source, start, length);
      written += length;
      ends[row] = written;
      start = end;
    }
    return written;
  }

  /** Of those that are NULL the values are zeros. */
  private void checkValues(ByteBuffer cells, ArrowBuf values, IntFunction<String> places)
      throws CorruptStoreException {
    // Only where a type has fewer values than its bytes.
    switch (kind) {
      case BOOLEAN -> checkBooleans(cells, places);
      case TIME -> checkTimes(values, places);
      case DECIMAL -> checkDecimals(values, places);
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
          INTERVAL_DAY_TIME,
          CHAR,
          VARCHAR,
          BINARY,
          VARBINARY -> {}
    }
  }

  private void checkBooleans(ByteBuffer cells, IntFunction<String> places)
      throws CorruptStoreException {
    for (int i = 0; i < sizeBytes; i++) {
      byte value = cells.get(i);
      if ((value & 1) != value) {
        throw corrupt(
            places.apply(column.nullable() ? rowOf(i) : i),
            "found the byte " + value + ", expected 0 or 1");
      }
    }
  }

  private int rowOf(int byteIndex) {
    int row = 0;
    while (ends[row] <= byteIndex) {
      row++;
    }
    return row;
  }

  private void checkTimes(ArrowBuf values, IntFunction<String> places)
      throws CorruptStoreException {
    ByteBuffer times = view(values);
    for (int row = 0; row < rowCount; row++) {
      int millis = times.getInt(row * width);
      if (millis < 0 || millis >= MILLIS_PER_DAY) {
        throw corrupt(
            places.apply(row), "found " + millis + " ms, expected 0 to " + (MILLIS_PER_DAY - 1));
      }
    }
  }

  private void checkDecimals(ArrowBuf values, IntFunction<String> places)
      throws CorruptStoreException {
    ByteBuffer decimals = view(values);
    for (int row = 0; row < rowCount; row++) {
      long low = decimals.getLong(row * width);
      long high = decimals.getLong(row * width + Long.BYTES);
      if (!decimalBound.isBoundOf(high, low)) {
        throw corrupt(
            places.apply(row),
            "found the unscaled value "
                + Int128.toBigInteger(high, low)
                + ", expected at most "
                + Int128.toBigInteger(decimalBound.high(), decimalBound.low()));
      }
    }
  }

  private ByteBuffer view(ArrowBuf values) {
    return rowCount == 0
        ? ByteBuffer.allocate(0)
        : values.nioBuffer(0, rowCount * width).order(ByteOrder.LITTLE_ENDIAN);
  }
}
