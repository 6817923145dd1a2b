package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.format.CorruptStoreException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Opens the files of a lane for reading. */
final class LaneFile {
  private LaneFile() {}

  /** A file that had all committed bytes when it was opened, and gave fewer. */
  static CorruptStoreException ended(Path path, long position, long committedBytes) {
    return new CorruptStoreException(
        path + " ended at byte " + position + " of " + committedBytes + " committed ones");
  }

  /** Opens a file that must hold at least the committed bytes. */
  static DiskFile open(Disk disk, Path path, long committedBytes) throws IOException {
    DiskFile file;
    try {
      file = disk.openForReading(path);
    } catch (NoSuchFileException e) {
      throw new CorruptStoreException(
          path + " is missing, expected " + committedBytes + " committed bytes in it", e);
    }
    try {
      long sizeBytes = file.sizeBytes();
      if (sizeBytes < committedBytes) {
        throw new CorruptStoreException(
            path
                + " is truncated: it has "
                + sizeBytes
                + " bytes, "
                + committedBytes
                + " are committed");
      }
      return file;
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }
}
