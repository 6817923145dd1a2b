package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.format.CorruptStoreException;
import java.io.IOException;
import java.nio.file.Path;

/** Reads the files of a store that are read whole: {@code length}, {@code record}, the schema. */
final class SmallFile {
  /** Of objects, a hostile file makes some twenty times as many bytes as it has itself. */
  private static final int SIZE_BYTES_MAX = 16 * 1024 * 1024;

  private SmallFile() {}

  static byte[] read(Disk disk, Path path) throws IOException {
    byte[] bytes = disk.readUpTo(path, SIZE_BYTES_MAX);
    if (bytes.length == SIZE_BYTES_MAX) {
      throw new CorruptStoreException(
          path + " has " + SIZE_BYTES_MAX + " bytes or more, which no such file has");
    }
    return bytes;
  }

  /** Refuses what {@link #read} would refuse, before it is written. */
  static void check(Path path, byte[] bytes) throws IOException {
    if (bytes.length >= SIZE_BYTES_MAX) {
      throw new IOException(
          path
              + " can't be written: it would have "
              + bytes.length
              + " bytes, expected fewer than "
              + SIZE_BYTES_MAX);
    }
  }
}
