package io.timestore.arrow;

import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.format.ColumnData;
import io.timestore.format.Int128;
import io.timestore.format.Schema;
import io.timestore.store.KeyRange;
import io.timestore.store.LaneRange;
import io.timestore.store.Scan;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.DurationVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.IntervalYearVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.TimeMilliVector;
import org.apache.arrow.vector.TimeStampVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;

/** Rows as texts, told in two ways: from the cells by the core, and from the vectors by Arrow. */
final class Texts {
  private Texts() {}

  /** What a scan of the core says. */
  static List<String> ofCells(Store store, List<LaneRange> ranges) throws IOException {
    Schema schema = store.schema().orElseGet(() -> tables(store));
    List<String> rows = new ArrayList<>();
    Batch batch = new Batch(schema.columns());
    try (Scan scan = store.snapshot().scan(ranges, schema.tables())) {
      while (scan.next(batch)) {
        for (int row = 0; row < batch.rowCount(); row++) {
          StringBuilder text = new StringBuilder(Long.toUnsignedString(batch.key(row)));
          for (int i = 0; i < schema.columns().size(); i++) {
            text.append('|').append(cell(schema.columns().get(i), batch.column(i), row));
          }
          rows.add(text.toString());
        }
      }
    }
    return rows;
  }

  private static Schema tables(Store store) {
    try {
      return Schema.ofTables(store.tables());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String cell(Column column, ColumnData cells, int row) {
    if (column.nullable() && cells.isEmpty(row)) {
      return "NULL";
    }
    return switch (column.type().kind()) {
      case BOOLEAN -> Boolean.toString(cells.booleanAt(row));
      case TINYINT -> Byte.toString(cells.byteAt(row));
      case SMALLINT -> Short.toString(cells.shortAt(row));
      case INT, DATE, TIME, INTERVAL_YEAR_MONTH -> Integer.toString(cells.intAt(row));
      case BIGINT, TIMESTAMP, TIMESTAMP_LTZ, INTERVAL_DAY_TIME -> Long.toString(cells.longAt(row));
      case FLOAT -> Float.toString(cells.floatAt(row));
      case DOUBLE -> Double.toString(cells.doubleAt(row));
      case DECIMAL ->
          new BigDecimal(
                  Int128.toBigInteger(cells.highLongAt(row), cells.lowLongAt(row)),
                  column.type().scale())
              .toPlainString();
      case CHAR, VARCHAR -> column.nullable() ? cells.nullableStringAt(row) : cells.stringAt(row);
      case BINARY, VARBINARY -> {
        int length =
            column.nullable() ? cells.nullableLength(row) : cells.end(row) - cells.start(row);
        yield HexFormat.of().formatHex(cells.data(), cells.start(row), cells.start(row) + length);
      }
    };
  }

  /** What a scan of Arrow's says. */
  static List<String> ofVectors(Store store, List<LaneRange> ranges, BufferAllocator allocator)
      throws IOException {
    List<String> rows = new ArrayList<>();
    Snapshot snapshot = store.snapshot();
    try (ArrowScan scan = new ArrowScan(snapshot, ranges, ArrowSchema.of(store), allocator)) {
      while (scan.loadNextBatch()) {
        addRows(scan.getVectorSchemaRoot(), rows);
      }
    }
    return rows;
  }

  static List<String> ofVectors(Store store, BufferAllocator allocator) throws IOException {
    return ofVectors(store, store.snapshot().ranges(KeyRange.all()), allocator);
  }

  static void addRows(VectorSchemaRoot root, List<String> rows) {
    for (int row = 0; row < root.getRowCount(); row++) {
      StringBuilder text = new StringBuilder();
      for (FieldVector vector : root.getFieldVectors()) {
        text.append(text.isEmpty() ? "" : "|").append(value(vector, row));
      }
      rows.add(text.toString());
    }
  }

  private static String value(FieldVector vector, int row) {
    if (vector.isNull(row)) {
      return "NULL";
    } else if (vector instanceof UInt8Vector numbers) {
      return Long.toUnsignedString(numbers.get(row));
    } else if (vector instanceof BitVector bits) {
      return Boolean.toString(bits.get(row) != 0);
    } else if (vector instanceof DateDayVector days) {
      return Integer.toString(days.get(row));
    } else if (vector instanceof TimeMilliVector times) {
      return Integer.toString(times.get(row));
    } else if (vector instanceof TimeStampVector times) {
      return Long.toString(times.get(row));
    } else if (vector instanceof IntervalYearVector months) {
      return Integer.toString(months.get(row));
    } else if (vector instanceof DurationVector times) {
      return Long.toString(DurationVector.get(times.getDataBuffer(), row));
    } else if (vector instanceof DecimalVector decimals) {
      return decimals.getObject(row).toPlainString();
    } else if (vector instanceof VarCharVector texts) {
      return new String(texts.get(row), StandardCharsets.UTF_8);
    } else if (vector instanceof VarBinaryVector bytes) {
      return HexFormat.of().formatHex(bytes.get(row));
    } else if (vector instanceof TinyIntVector
        || vector instanceof SmallIntVector
        || vector instanceof IntVector
        || vector instanceof BigIntVector
        || vector instanceof Float4Vector
        || vector instanceof Float8Vector) {
      return vector.getObject(row).toString();
    }
    throw new AssertionError("a vector of " + vector.getField());
  }
}
