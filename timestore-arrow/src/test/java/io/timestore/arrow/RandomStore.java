package io.timestore.arrow;

import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.CellType.Kind;
import io.timestore.format.Column;
import io.timestore.format.ColumnData;
import io.timestore.format.Endianness;
import io.timestore.format.Int128;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Columns of every type, and random rows of them. */
final class RandomStore {
  private final Random random;
  private final Schema schema;

  RandomStore(Random random, Schema schema) {
    this.random = random;
    this.schema = schema;
  }

  /** Each type: NOT NULL and nullable, in both orders of bytes, and a format. */
  static Schema ofAllTypes() {
    List<CellType> types = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      switch (kind) {
        case DECIMAL -> types.addAll(List.of(CellType.decimal(9, 2), CellType.decimal(38, 10)));
        case TIMESTAMP, TIMESTAMP_LTZ -> {
          for (int precision : new int[] {0, 3, 6, 9}) {
            types.add(CellType.of(kind, precision));
          }
        }
        case TIME -> types.add(CellType.of(kind, 3));
        case CHAR, VARCHAR, BINARY, VARBINARY -> types.add(CellType.of(kind, 20));
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
            types.add(CellType.of(kind));
      }
    }
    List<Column> columns = new ArrayList<>();
    for (CellType type : types) {
      for (boolean nullable : new boolean[] {false, true}) {
        String name = "c" + columns.size();
        columns.add(new Column(name, name, type, nullable));
        if (type.widthBytes().isPresent()) {
          String big = "c" + columns.size();
          columns.add(new Column(big, big, type, nullable).withEndianness(Endianness.BIG));
        }
      }
    }
    columns.add(new Column("f", "f", new Column.Format("json", "ROW<a INT>"), true));
    return Schema.create(Key.of("ts", CellType.of(Kind.TIMESTAMP_LTZ, 3)), columns);
  }

  /** Rows of sorted keys. */
  Batch rows(long[] keys) {
    Arrays.sort(keys);
    Batch batch = new Batch(schema.columns());
    for (long key : keys) {
      for (int i = 0; i < schema.columns().size(); i++) {
        append(schema.columns().get(i), batch.column(i));
      }
      batch.appendKey(key);
    }
    return batch;
  }

  private void append(Column column, ColumnData cells) {
    if (column.nullable() && random.nextInt(4) == 0) {
      cells.appendEmpty();
      return;
    }
    switch (column.type().kind()) {
      case BOOLEAN -> cells.appendBoolean(random.nextBoolean());
      case TINYINT -> cells.appendByte((byte) random.nextInt());
      case SMALLINT -> cells.appendShort((short) random.nextInt());
      case INT, DATE, INTERVAL_YEAR_MONTH -> cells.appendInt(random.nextInt());
      case TIME -> cells.appendInt(random.nextInt(86_400_000));
      case BIGINT, TIMESTAMP, TIMESTAMP_LTZ, INTERVAL_DAY_TIME ->
          cells.appendLong(random.nextLong());
      case FLOAT -> cells.appendFloat(random.nextFloat());
      case DOUBLE -> cells.appendDouble(random.nextDouble());
      case DECIMAL -> {
        BigInteger bound = BigInteger.TEN.pow(column.type().length());
        BigInteger value = new BigInteger(127, random).mod(bound);
        Int128 parts = Int128.of(random.nextBoolean() ? value : value.negate());
        cells.appendInt128(parts.high(), parts.low());
      }
      case CHAR, VARCHAR -> {
        String text = "añ€".repeat(random.nextInt(5));
        if (column.nullable()) {
          cells.appendNullableString(text);
        } else {
          cells.appendString(text);
        }
      }
      case BINARY, VARBINARY -> {
        byte[] bytes = new byte[random.nextInt(6)];
        random.nextBytes(bytes);
        if (random.nextInt(3) == 0) {
          Arrays.fill(bytes, (byte) 0xFF);
        }
        if (column.nullable()) {
          cells.appendNullableBytes(bytes, 0, bytes.length);
        } else {
          cells.appendBytes(bytes, 0, bytes.length);
        }
      }
    }
  }
}
