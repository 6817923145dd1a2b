package io.timestore.flink.types;

import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.format.ColumnData;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Int128;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.core.memory.MemorySegmentFactory;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.MapData;
import org.apache.flink.table.data.RawValueData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.data.binary.BinaryStringData;
import org.apache.flink.types.RowKind;
import org.apache.flink.types.variant.Variant;
import org.jspecify.annotations.Nullable;

/**
 * A view of one row of a {@link Batch}, for some of the table's columns; moved from row to row and
 * from batch to batch. Strings that it hands out live on the batch's data arrays. Not thread-safe.
 */
public final class BatchRow implements RowData {
  private static final int KEY = -1;

  private final KeyColumn key;
  private final List<String> tables;
  private final boolean showsKey;
  private final int[] batchColumns;
  private final boolean[] nullable;
  private final @Nullable TimestampSteps[] steps;
  private final CellCheck[] checks;
  private final @Nullable FormatCells[] formats;
  private final @Nullable ColumnData[] cells;
  private final MemorySegment[][] segments;

  private Batch batch;
  private int row;
  private RowKind rowKind = RowKind.INSERT;

  /**
   * A row of these columns.
   *
   * @param projection indexes of the table's physical columns, one a field
   */
  public BatchRow(TableLayout layout, int[] projection) {
    int fieldCount = projection.length;
    key = new KeyColumn(layout);
    tables = layout.tables(projection);
    showsKey = Arrays.stream(projection).anyMatch(field -> field == layout.keyIndex());
    batchColumns = new int[fieldCount];
    nullable = new boolean[fieldCount];
    steps = new TimestampSteps[fieldCount];
    checks = new CellCheck[tables.size()];
    formats = new FormatCells[fieldCount];
    cells = new ColumnData[fieldCount];
    segments = new MemorySegment[fieldCount][1];
    batch = layout.newBatch(projection);
    int batchColumn = 0;
    for (int field = 0; field < fieldCount; field++) {
      if (projection[field] == layout.keyIndex()) {
        batchColumns[field] = KEY;
        continue;
      }
      Column column = layout.columnAt(projection[field]);
      nullable[field] = column.nullable();
      steps[field] = steps(column);
      checks[batchColumn] = new CellCheck(column);
      FormatDecoder decoder = layout.decoders().get(column.name());
      formats[field] = decoder == null ? null : new FormatCells(column, key, decoder);
      batchColumns[field] = batchColumn++;
    }
  }

  private static @Nullable TimestampSteps steps(Column column) {
    return switch (column.type().kind()) {
      case TIMESTAMP, TIMESTAMP_LTZ -> TimestampSteps.in(column.type().timeUnit());
      case BOOLEAN,
          TINYINT,
          SMALLINT,
          INT,
          BIGINT,
          FLOAT,
          DOUBLE,
          DATE,
          TIME,
          INTERVAL_YEAR_MONTH,
          INTERVAL_DAY_TIME,
          DECIMAL,
          CHAR,
          VARCHAR,
          BINARY,
          VARBINARY ->
          null;
    };
  }

  /** The tables whose cells a batch must hold, in this order. */
  public List<String> tables() {
    return tables;
  }

  /**
   * Checks what the getters rely on; call it once for each batch that was read.
   *
   * @param places where the batch's rows are, named in errors
   * @throws CorruptStoreException if a cell holds no value of its column's type
   * @throws ValidationException if the key's declared type can't show a key
   */
  public void check(Batch checked, IntFunction<String> places) throws CorruptStoreException {
    if (showsKey) {
      key.check(checked, places);
    }
    for (int column = 0; column < checks.length; column++) {
      checks[column].check(checked.column(column), places);
    }
  }

  /**
   * Looks at another batch, which was checked, or at other content of the same; at its row 0.
   *
   * @param places where the batch's rows are, named in errors
   */
  public void bind(Batch newBatch, IntFunction<String> places) {
    batch = newBatch;
    row = 0;
    for (int field = 0; field < cells.length; field++) {
      if (batchColumns[field] != KEY) {
        ColumnData column = newBatch.column(batchColumns[field]);
        cells[field] = column;
        // A segment of its own for each batch: strings of earlier ones stay on theirs.
        segments[field] = new MemorySegment[] {MemorySegmentFactory.wrap(column.data())};
        if (formats[field] != null) {
          formats[field].bind(newBatch, column, places);
        }
      }
    }
  }

  /** Moves to a row of the batch. */
  public void seek(int newRow) {
    row = newRow;
    rowKind = RowKind.INSERT; // an operator behind may have set another one
  }

  @Override
  public int getArity() {
    return cells.length;
  }

  @Override
  public RowKind getRowKind() {
    return rowKind;
  }

  @Override
  public void setRowKind(RowKind kind) {
    rowKind = kind;
  }

  @Override
  public boolean isNullAt(int pos) {
    return nullable[pos]
        && (isEmpty(cells[pos]) || (formats[pos] != null && formats[pos].valueAt(row) == null));
  }

  private boolean isEmpty(ColumnData column) {
    return column.start(row) == column.end(row);
  }

  @Override
  public boolean getBoolean(int pos) {
    return cells[pos].byteAt(row) != 0;
  }

  @Override
  public byte getByte(int pos) {
    return cells[pos].byteAt(row);
  }

  @Override
  public short getShort(int pos) {
    return cells[pos].shortAt(row);
  }

  @Override
  public int getInt(int pos) {
    return cells[pos].intAt(row);
  }

  @Override
  public long getLong(int pos) {
    ColumnData column = cells[pos];
    return column == null ? batch.key(row) : column.longAt(row);
  }

  @Override
  public float getFloat(int pos) {
    return Float.intBitsToFloat(cells[pos].intAt(row));
  }

  @Override
  public double getDouble(int pos) {
    return Double.longBitsToDouble(cells[pos].longAt(row));
  }

  @Override
  public StringData getString(int pos) {
    if (formats[pos] != null) {
      return (StringData) formatted(pos, "STRING");
    }
    ColumnData column = cells[pos];
    return BinaryStringData.fromAddress(segments[pos], column.start(row), sizeBytes(pos, column));
  }

  @Override
  public byte[] getBinary(int pos) {
    if (formats[pos] != null) {
      return (byte[]) formatted(pos, "BYTES");
    }
    ColumnData column = cells[pos];
    int start = column.start(row);
    return Arrays.copyOfRange(column.data(), start, start + sizeBytes(pos, column));
  }

  private int sizeBytes(int pos, ColumnData column) {
    return nullable[pos] ? column.nullableLength(row) : column.end(row) - column.start(row);
  }

  @Override
  public DecimalData getDecimal(int pos, int precision, int scale) {
    ColumnData column = cells[pos];
    if (column == null) {
      return key.decimalOf(batch.key(row));
    }
    long low = column.lowLongAt(row);
    if (DecimalData.isCompact(precision)) {
      return DecimalData.fromUnscaledLong(low, precision, scale);
    }
    long high = column.highLongAt(row);
    BigInteger unscaled =
        high == low >> (Long.SIZE - 1) ? BigInteger.valueOf(low) : Int128.toBigInteger(high, low);
    return DecimalData.fromBigDecimal(new BigDecimal(unscaled, scale), precision, scale);
  }

  @Override
  public TimestampData getTimestamp(int pos, int precision) {
    ColumnData column = cells[pos];
    return column == null
        ? key.timestampOf(batch.key(row))
        : steps[pos].timestamp(column.longAt(row));
  }

  @Override
  public <T> RawValueData<T> getRawValue(int pos) {
    throw noSuchCells("RAW");
  }

  @Override
  public ArrayData getArray(int pos) {
    return (ArrayData) formatted(pos, "ARRAY");
  }

  @Override
  public MapData getMap(int pos) {
    return (MapData) formatted(pos, "MAP");
  }

  @Override
  public RowData getRow(int pos, int numFields) {
    return (RowData) formatted(pos, "ROW");
  }

  @Override
  public Variant getVariant(int pos) {
    throw noSuchCells("VARIANT");
  }

  /** The value that a format makes of a cell; {@link #isNullAt} was asked before. */
  private Object formatted(int pos, String type) {
    FormatCells format = formats[pos];
    if (format == null) {
      throw noSuchCells(type);
    }
    return format.valueAt(row);
  }

  private static UnsupportedOperationException noSuchCells(String type) {
    return new UnsupportedOperationException("a timestore table has no " + type + " columns");
  }
}
