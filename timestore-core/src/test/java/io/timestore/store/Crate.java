package io.timestore.store;

import io.timestore.format.Batch;
import io.timestore.format.ColumnData;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Appends rows as the Rust crate does: behind the rows of {@code length}, whatever lies there, and
 * then an 8-byte {@code length} renamed over the old one.
 */
final class Crate {
  private Crate() {}

  /**
   * @param rows see {@link Rows}; their values in the order of the tables
   */
  static void append(Path store, List<String> tables, List<String> rows) throws IOException {
    long rowCount = ByteBuffer.wrap(Files.readAllBytes(store.resolve("length"))).getLong(0);
    Batch batch = Rows.batch(rows);
    ByteBuffer keys = ByteBuffer.allocate(rows.size() * Long.BYTES);
    for (int row = 0; row < rows.size(); row++) {
      keys.putLong(batch.key(row));
    }
    write(store.resolve("keys"), rowCount * Long.BYTES, keys.array());
    for (int i = 0; i < tables.size(); i++) {
      append(store.resolve(tables.get(i)), rowCount, batch.column(i));
    }
    writeLength(store, rowCount + rows.size());
  }

  private static void append(Path table, long rowCount, ColumnData column) throws IOException {
    Path offsetsFile = table.resolve("offsets");
    long dataBytes = 0;
    if (rowCount > 0) {
      ByteBuffer before = ByteBuffer.wrap(Files.readAllBytes(offsetsFile));
      dataBytes = before.getLong((int) (rowCount - 1) * Long.BYTES);
    }
    ByteBuffer offsets = ByteBuffer.allocate(column.rowCount() * Long.BYTES);
    for (int row = 0; row < column.rowCount(); row++) {
      offsets.putLong(dataBytes + column.end(row));
    }
    write(offsetsFile, rowCount * Long.BYTES, offsets.array());
    byte[] data = new byte[column.sizeBytes()];
    System.arraycopy(column.data(), 0, data, 0, data.length);
    write(table.resolve("data"), dataBytes, data);
  }

  /** The crate's commit, which a directory of the name {@code new_length} stops. */
  static void writeLength(Path store, long rowCount) throws IOException {
    byte[] length = ByteBuffer.allocate(Long.BYTES).putLong(rowCount).array();
    Path temporary = store.resolve("new_length");
    Files.write(temporary, length, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    Files.move(temporary, store.resolve("length"), StandardCopyOption.REPLACE_EXISTING);
  }

  private static void write(Path file, long position, byte[] bytes) throws IOException {
    try (RandomAccessFile target = new RandomAccessFile(file.toFile(), "rw")) {
      target.seek(position);
      target.write(bytes);
    }
  }
}
