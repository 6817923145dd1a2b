package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Files of a store's lanes that stay open for reads at any position. Thread-safe. */
final class OpenFiles implements Closeable {
  /** A read into a byte[] goes through as much direct memory as it reads at once. */
  private static final int READ_BYTES_MAX = 1 << 20;

  private final Disk disk;
  private final @Nullable StoreFiles store;
  private final Map<Path, DiskFile> files = new HashMap<>();

  /** For who holds the commit lock, or expects no error. */
  OpenFiles(Disk disk) {
    this(disk, null);
  }

  /**
   * @param store whose record may be another one by now
   */
  OpenFiles(Disk disk, @Nullable StoreFiles store) {
    this.disk = disk;
    this.store = store;
  }

  /** A part of a file's committed bytes. */
  byte[] bytes(Path path, long committedBytes, long position, int length) throws IOException {
    DiskFile file = open(path, committedBytes);
    if (length > READ_BYTES_MAX && file.sizeBytes() < position + length) {
      // Before memory is taken for bytes that are not there.
      throw LaneFile.ended(path, file.sizeBytes(), committedBytes);
    }
    byte[] bytes = new byte[length];
    read(path, committedBytes, ByteBuffer.wrap(bytes), position);
    return bytes;
  }

  /** Fills the rest of the buffer from a file's committed bytes. */
  void read(Path path, long committedBytes, ByteBuffer target, long position) throws IOException {
    DiskFile file = open(path, committedBytes);
    int start = target.position();
    int end = target.limit();
    while (target.position() < end) {
      int done = target.position() - start;
      target.limit(Math.min(end, target.position() + READ_BYTES_MAX));
      file.read(target, position + done);
      if (target.hasRemaining()) {
        throw LaneFile.ended(path, position + target.position() - start, committedBytes);
      }
    }
    target.flip().position(start);
  }

  /** The big-endian u64 of that index. */
  long u64(Path path, long committedBytes, long index) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES);
    read(path, committedBytes, bytes, index * Long.BYTES);
    return bytes.getLong(0);
  }

  private synchronized DiskFile open(Path path, long committedBytes) throws IOException {
    DiskFile file = files.get(path);
    if (file == null) {
      file =
          store == null
              ? LaneFile.open(disk, path, committedBytes)
              : LaneFile.open(disk, store, path, committedBytes);
      files.put(path, file);
    }
    return file;
  }

  @Override
  public synchronized void close() throws IOException {
    List<DiskFile> open = List.copyOf(files.values());
    files.clear();
    Closing.all(open);
  }
}
