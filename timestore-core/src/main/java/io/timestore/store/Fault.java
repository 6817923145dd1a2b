package io.timestore.store;

import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import java.nio.file.Path;

/**
 * Something on disk that breaks the format.
 *
 * @param file where it is
 * @param startByte index of the first byte concerned
 * @param endByte index behind the last one; as {@code startByte} where it is not about bytes
 * @param firstRow index in its lane of the first row concerned; −1 where it is not known
 * @param endRow index behind the last one; −1 where it is not known
 * @param message what was expected there and what was found, the file included
 */
public record Fault(
    Path file, long startByte, long endByte, long firstRow, long endRow, String message) {

  /** Something that is about a file as a whole. */
  static Fault of(Path file, String message) {
    return new Fault(file, 0, 0, -1, -1, message);
  }

  /** A checksum that is not that of the bytes. */
  static Fault checksum(
      Path file, long startByte, long endByte, RowSpan rows, int crc, int expected) {
    String bytes =
        String.format(
            "%s: chunk %d, bytes %d to %d, has the CRC32C %08x, expected %08x",
            file, startByte / CommitRecord.CHUNK_BYTES, startByte, endByte, crc, expected);
    return new Fault(file, startByte, endByte, rows.first(), rows.end(), bytes + rows.described());
  }

  /** Some rows of a lane; −1: it is not known which. */
  record RowSpan(long first, long end) {
    static final RowSpan UNKNOWN = new RowSpan(-1, -1);

    private String described() {
      return first < 0 ? "" : "; rows " + first + " to " + (end - 1) + " are in it";
    }
  }

  CorruptStoreException toException() {
    return new CorruptStoreException(message);
  }
}
