package io.timestore.flink.source;

import io.timestore.flink.types.TableLayout;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.DoubleType;
import org.apache.flink.table.types.logical.LocalZonedTimestampType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.VarCharType;

/** The store {@code rust-ticks}, which the Rust crate wrote, and the rows that it wrote. */
final class GoldenTicks {
  static final int ROWS = 1000;

  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final Key KEY = Key.of("ts", CellType.of(CellType.Kind.TIMESTAMP_LTZ, 3));
  private static final List<Column> COLUMNS =
      List.of(
          new Column("sym", "sym", CellType.of(CellType.Kind.VARCHAR, CellType.MAX_LENGTH), false),
          new Column("price", "price", CellType.of(CellType.Kind.DOUBLE), false),
          new Column("size", "size", CellType.of(CellType.Kind.BIGINT), false));

  private GoldenTicks() {}

  static Path copyTo(Path directory) throws IOException {
    Path source = GOLDEN.resolve("rust-ticks");
    try (Stream<Path> files = Files.walk(source)) {
      for (Path file : files.toList()) {
        Files.copy(file, directory.resolve(source.relativize(file)));
      }
    }
    return directory;
  }

  /** Each row as the {@code .rows} file spells it: the key, then the cells in hex. */
  static List<String> rows() throws IOException {
    return Files.readAllLines(GOLDEN.resolve("rust-ticks.rows"));
  }

  static TimestoreSource<RowData> source(Path directory, long splitSizeBytes) {
    RowType type =
        RowType.of(
            new LocalZonedTimestampType(false, 3),
            new VarCharType(false, VarCharType.MAX_LENGTH),
            new DoubleType(false),
            new BigIntType(false));
    return TimestoreSource.ofTable(
        layout(directory),
        new int[] {0, 1, 2, 3},
        List.of(),
        ScanSettings.DEFAULT.withSplitSizeBytes(splitSizeBytes),
        true,
        type);
  }

  private static TableLayout layout(Path directory) {
    return new TableLayout(
        directory.toAbsolutePath().toString(), null, "planning-host", KEY, 0, COLUMNS);
  }

  static ReaderSetup<RowData> setup(Path directory, ScanSettings settings) {
    return new ReaderSetup<>(
        new StoreAccess(layout(directory), new int[] {0, 1, 2, 3}, true),
        settings,
        RowReader::new,
        null);
  }

  /** Appends a row as the Rust crate does, which leaves no record behind. */
  static void append(Path directory, long key, String sym, double price, long size)
      throws IOException {
    long rows = ByteBuffer.wrap(Files.readAllBytes(directory.resolve("length"))).getLong();
    ByteBuffer number = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    appendCell(directory.resolve("sym"), rows, sym.getBytes(StandardCharsets.UTF_8));
    appendCell(directory.resolve("price"), rows, number.putDouble(0, price).array().clone());
    appendCell(directory.resolve("size"), rows, number.putLong(0, size).array());
    try (RandomAccessFile keys = new RandomAccessFile(directory.resolve("keys").toFile(), "rw")) {
      keys.seek(rows * Long.BYTES);
      keys.writeLong(key);
    }
    byte[] length = ByteBuffer.allocate(Long.BYTES).putLong(0, rows + 1).array();
    Path newLength = Files.write(directory.resolve("new_length"), length);
    Files.move(newLength, directory.resolve("length"), StandardCopyOption.ATOMIC_MOVE);
  }

  private static void appendCell(Path table, long rows, byte[] cell) throws IOException {
    try (RandomAccessFile offsets = new RandomAccessFile(table.resolve("offsets").toFile(), "rw");
        RandomAccessFile data = new RandomAccessFile(table.resolve("data").toFile(), "rw")) {
      offsets.seek((rows - 1) * Long.BYTES);
      long end = offsets.readLong();
      data.seek(end);
      data.write(cell);
      offsets.writeLong(end + cell.length);
    }
  }

  /** A row as the {@code .rows} file spells it. */
  static String textOf(RowData row) {
    HexFormat hex = HexFormat.of();
    ByteBuffer number = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    return row.getTimestamp(0, 3).getMillisecond()
        + " "
        + hex.formatHex(row.getString(1).toBytes())
        + " "
        + hex.formatHex(number.putDouble(0, row.getDouble(2)).array())
        + " "
        + hex.formatHex(number.putLong(0, row.getLong(3)).array());
  }
}
