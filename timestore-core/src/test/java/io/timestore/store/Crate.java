package io.timestore.store;

import io.timestore.disk.AppendMode;
import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.disk.LocalDisk;
import io.timestore.format.Batch;
import io.timestore.format.ColumnData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The Rust crate with a store open: it looks at {@code length} once, and then appends behind the
 * rows that it knows of, whatever lies there, in whole blocks that end with zeros.
 */
final class Crate {
  private static final AppendMode BLOCKS = new AppendMode(false, 512, "as the crate writes");

  private final Disk disk;
  private final Path store;
  private final List<String> tables;
  private final List<Long> dataBytes = new ArrayList<>();
  private long rowCount;

  Crate(Disk disk, Path store, List<String> tables) throws IOException {
    this.disk = disk;
    this.store = store;
    this.tables = tables;
    this.rowCount = ByteBuffer.wrap(disk.readUpTo(store.resolve("length"), Long.BYTES)).getLong();
    for (String table : tables) {
      dataBytes.add(rowCount == 0 ? 0 : lastOffset(store.resolve(table).resolve("offsets")));
    }
  }

  /** Makes an empty store, as the crate does when it opens one that is not there. */
  static void create(Disk disk, Path store, List<String> tables) throws IOException {
    disk.createDirectory(store);
    disk.createDurably(store.resolve("length"), ByteBuffer.allocate(BLOCKS.blockBytes()));
    disk.writeVolatile(store.resolve("keys"), ByteBuffer.allocate(0));
    for (String table : tables) {
      disk.createDirectory(store.resolve(table));
      disk.writeVolatile(store.resolve(table).resolve("offsets"), ByteBuffer.allocate(0));
      disk.writeVolatile(store.resolve(table).resolve("data"), ByteBuffer.allocate(0));
    }
  }

  private long lastOffset(Path offsets) throws IOException {
    ByteBuffer offset = ByteBuffer.allocate(Long.BYTES);
    try (DiskFile file = disk.openForReading(offsets)) {
      file.read(offset, (rowCount - 1) * Long.BYTES);
    }
    return offset.getLong(0);
  }

  /** Opens a store of this machine and appends. */
  static void append(Path store, List<String> tables, List<String> rows) throws IOException {
    new Crate(new LocalDisk(), store, tables).append(rows);
  }

  /**
   * Appends rows in one commit; the crate itself takes one at a time.
   *
   * @param rows see {@link Rows}; their values in the order of the tables
   */
  void append(List<String> rows) throws IOException {
    Batch batch = Rows.batch(rows);
    for (int i = 0; i < tables.size(); i++) {
      ColumnData column = batch.column(i);
      byte[] values = Arrays.copyOf(column.data(), column.sizeBytes());
      write(store.resolve(tables.get(i)).resolve("data"), dataBytes.get(i), values);
    }
    for (int i = 0; i < tables.size(); i++) {
      ByteBuffer offsets = ByteBuffer.allocate(rows.size() * Long.BYTES);
      for (int row = 0; row < rows.size(); row++) {
        offsets.putLong(dataBytes.get(i) + batch.column(i).end(row));
      }
      write(
          store.resolve(tables.get(i)).resolve("offsets"), rowCount * Long.BYTES, offsets.array());
    }
    ByteBuffer keys = ByteBuffer.allocate(rows.size() * Long.BYTES);
    for (int row = 0; row < rows.size(); row++) {
      keys.putLong(batch.key(row));
    }
    write(store.resolve("keys"), rowCount * Long.BYTES, keys.array());
    writeLength(disk, store, rowCount + rows.size());
    rowCount += rows.size();
    for (int i = 0; i < tables.size(); i++) {
      dataBytes.set(i, dataBytes.get(i) + batch.column(i).sizeBytes());
    }
  }

  static void writeLength(Path store, long rowCount) throws IOException {
    writeLength(new LocalDisk(), store, rowCount);
  }

  /** Its commit, which a directory of the name {@code new_length} stops; no directory is synced. */
  static void writeLength(Disk disk, Path store, long rowCount) throws IOException {
    Path temporary = store.resolve("new_length");
    if (!disk.isDirectory(temporary)) {
      disk.delete(temporary);
    }
    disk.createDurably(temporary, ByteBuffer.allocate(Long.BYTES).putLong(rowCount).flip());
    disk.rename(temporary, store.resolve("length"));
  }

  private void write(Path path, long position, byte[] bytes) throws IOException {
    long start = BLOCKS.floor(position);
    int before = (int) (position - start);
    ByteBuffer blocks = ByteBuffer.allocate((int) BLOCKS.ceiling(before + bytes.length + 8));
    try (DiskFile file = disk.openForAppending(path, BLOCKS)) {
      file.read(blocks.limit(before), start);
      blocks.clear().position(before).put(bytes);
      file.write(blocks.rewind(), start);
      file.sync();
    }
  }
}
