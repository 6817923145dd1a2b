package io.timestore.store;

import io.timestore.format.CommitRecord;
import java.nio.file.Path;

/**
 * A file of a lane, as far as it is committed.
 *
 * @param sizeBytes its committed bytes
 * @param tailCrc CRC32C of the last, partial chunk; 0: not known
 */
record CommittedFile(Path path, long sizeBytes, int tailCrc) {

  /** Chunks that are committed in full. */
  long fullChunks() {
    return sizeBytes / CommitRecord.CHUNK_BYTES;
  }

  /** Where the partial chunk begins. */
  long tailStart() {
    return fullChunks() * CommitRecord.CHUNK_BYTES;
  }
}
