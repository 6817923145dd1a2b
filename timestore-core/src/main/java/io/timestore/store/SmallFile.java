package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.format.CorruptStoreException;
import java.io.IOException;
import java.nio.file.Path;

/** Reads the files of a store that are read whole: {@code length}, {@code record}, the schema. */
final class SmallFile {
  private static final int SIZE_BYTES_MAX = 64 * 1024 * 1024;

  private SmallFile() {}

  static byte[] read(Disk disk, Path path) throws IOException {
    byte[] bytes = disk.readUpTo(path, SIZE_BYTES_MAX);
    if (bytes.length == SIZE_BYTES_MAX) {
      throw new CorruptStoreException(
          path + " has " + SIZE_BYTES_MAX + " bytes or more, which no such file has");
    }
    return bytes;
  }
}
