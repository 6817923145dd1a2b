package io.timestore.store;

import io.timestore.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.OptionalInt;
import java.util.zip.CRC32C;

/** The CRC32C of what a file holds, computed on bytes that were read. */
final class FileCrc {
  private static final int READ_BYTES = 1024 * 1024;

  private FileCrc() {}

  /** Of the bytes from one position up to another; empty where the file ends before. */
  static OptionalInt of(DiskFile file, long from, long to) throws IOException {
    CRC32C crc = new CRC32C();
    ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(READ_BYTES, to - from));
    for (long position = from; position < to; position += bytes.limit()) {
      bytes.clear().limit((int) Math.min(READ_BYTES, to - position));
      if (file.read(bytes, position) < bytes.limit()) {
        return OptionalInt.empty();
      }
      crc.update(bytes.flip());
    }
    return OptionalInt.of((int) crc.getValue());
  }
}
