package io.timestore.cli;

import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.CellType.Kind;
import io.timestore.format.Column;
import io.timestore.format.ColumnData;
import io.timestore.format.Endianness;
import io.timestore.format.Int128;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.Scan;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;

/** A store with a column of each type, whose rows have their smallest and largest values. */
final class AllTypes {
  private static final int RANDOM_ROWS = 100;

  private AllTypes() {}

  static Schema schema() {
    List<Column> columns = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      List<CellType> types =
          switch (kind) {
            case DECIMAL -> List.of(CellType.decimal(5, 2), CellType.decimal(38, 0));
            case TIME -> List.of(CellType.of(kind, 3));
            case TIMESTAMP, TIMESTAMP_LTZ ->
                List.of(CellType.of(kind, 0), CellType.of(kind, 3), CellType.of(kind, 9));
            case CHAR, VARCHAR, BINARY, VARBINARY -> List.of(CellType.of(kind, 12));
            case BOOLEAN,
                TINYINT,
                SMALLINT,
                INT,
                BIGINT,
                FLOAT,
                DOUBLE,
                DATE,
                INTERVAL_YEAR_MONTH,
                INTERVAL_DAY_TIME ->
                List.of(CellType.of(kind));
          };
      for (CellType type : types) {
        String name = "c" + columns.size();
        columns.add(new Column(name, name, type, true));
      }
    }
    columns.add(
        new Column("big", "big", CellType.of(Kind.INT), false).withEndianness(Endianness.BIG));
    columns.add(new Column("doc", "doc", new Column.Format("json", "ROW<a INT>"), true));
    return Schema.create(Key.of("ts", CellType.of(Kind.TIMESTAMP_LTZ, 3)), columns);
  }

  static Store write(Path directory) throws IOException {
    Store store = Store.openOrCreate(directory, schema());
    Random random = new Random(11);
    Batch batch = new Batch(schema().columns());
    for (int row = 0; row < 3 + RANDOM_ROWS; row++) {
      for (int i = 0; i < batch.columnCount(); i++) {
        append(schema().columns().get(i), batch.column(i), row, random);
      }
      batch.appendKey(1_767_225_600_000L + row / 2 * 1001L);
    }
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(batch);
      writer.commit();
    }
    return store;
  }

  /** Row 0 is NULL, 1 the smallest value, 2 the largest. */
  private static void append(Column column, ColumnData cells, int row, Random random) {
    if (row == 0 && column.nullable()) {
      cells.appendEmpty();
      return;
    }
    boolean isSmallest = row == 1;
    boolean isLargest = row == 2;
    long number =
        isSmallest ? Long.MIN_VALUE : isLargest ? Long.MAX_VALUE : random.nextLong() >> row % 60;
    switch (column.type().kind()) {
      case BOOLEAN -> cells.appendBoolean(isLargest || random.nextBoolean());
      case TINYINT -> cells.appendByte((byte) (number >> 56));
      case SMALLINT -> cells.appendShort((short) (number >> 48));
      case INT, DATE, INTERVAL_YEAR_MONTH -> cells.appendInt((int) (number >> 32));
      case TIME ->
          cells.appendInt(isSmallest ? 0 : isLargest ? 86_399_999 : random.nextInt(86_400_000));
      case BIGINT, TIMESTAMP, TIMESTAMP_LTZ, INTERVAL_DAY_TIME -> cells.appendLong(number);
      case FLOAT ->
          cells.appendFloat(
              isSmallest ? Float.MIN_VALUE : isLargest ? Float.NaN : random.nextFloat());
      case DOUBLE ->
          cells.appendDouble(
              isSmallest ? Double.NEGATIVE_INFINITY : isLargest ? -0.0 : random.nextDouble());
      case DECIMAL -> {
        BigInteger nines = BigInteger.TEN.pow(column.type().length()).subtract(BigInteger.ONE);
        Int128 parts =
            Int128.of(
                isSmallest ? nines.negate() : isLargest ? nines : BigInteger.valueOf(number % 99));
        cells.appendInt128(parts.high(), parts.low());
      }
      case CHAR, VARCHAR ->
          cells.appendNullableString(
              isSmallest ? "" : isLargest ? "a,\"€\"\n'\t" : "t" + number % 99);
      case BINARY, VARBINARY -> {
        byte[] bytes =
            column.format() != null
                ? ("{\"a\":" + number % 9 + "}").getBytes(StandardCharsets.UTF_8)
                : isSmallest
                    ? new byte[0]
                    : isLargest ? new byte[] {-1, -1} : BigInteger.valueOf(number).toByteArray();
        cells.appendNullableBytes(bytes, 0, bytes.length);
      }
    }
  }

  /** Every key and cell of a store as hexadecimal digits, a line a row. */
  static List<String> rows(Store store) throws IOException {
    Snapshot snapshot = store.snapshot();
    List<String> tables = store.tables();
    List<String> rows = new ArrayList<>();
    Batch batch = new Batch(tables.size());
    try (Scan scan = snapshot.scan(snapshot.ranges(), tables)) {
      while (scan.next(batch)) {
        for (int row = 0; row < batch.rowCount(); row++) {
          StringBuilder text = new StringBuilder(Long.toUnsignedString(batch.key(row)));
          for (int i = 0; i < tables.size(); i++) {
            text.append(' ').append(HexFormat.of().formatHex(batch.column(i).bytesAt(row)));
          }
          rows.add(text.toString());
        }
      }
    }
    return rows;
  }
}
