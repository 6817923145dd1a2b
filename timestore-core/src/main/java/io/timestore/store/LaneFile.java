package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/** Opens the files of a lane for reading. */
final class LaneFile {
  private LaneFile() {}

  /** A file that had all committed bytes when it was opened, and gave fewer. */
  static CorruptStoreException ended(Path path, long position, long committedBytes) {
    return new CorruptStoreException(
        path + " ended at byte " + position + " of " + committedBytes + " committed ones");
  }

  /**
   * As {@link #open(Disk, Path, long)}, of a store whose record may be another one by now.
   *
   * @throws IOException if the file's lane was removed since
   */
  static DiskFile open(Disk disk, StoreFiles files, Path path, long committedBytes)
      throws IOException {
    try {
      return open(disk, path, committedBytes);
    } catch (CorruptStoreException e) {
      if (isRemoved(disk, files, path)) {
        throw new IOException(
            files.root()
                + ": the rows of "
                + path
                + " were replaced since this snapshot was taken, and removed: take a new one",
            e);
      }
      throw e;
    }
  }

  private static boolean isRemoved(Disk disk, StoreFiles files, Path path) throws IOException {
    Optional<CommitRecord> now =
        CommitRecord.fromBytes(SmallFile.read(disk, files.length()), files.length().toString());
    return now.isPresent()
        && now.get().lanes().stream()
            .noneMatch(lane -> lane.hasFiles() && files.lane(lane.number()).holds(path));
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
