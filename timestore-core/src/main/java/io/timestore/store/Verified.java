package io.timestore.store;

/**
 * How much of a store was read to verify it, and what came of it.
 *
 * @param rowCount rows of all lanes, hidden ones included; not those of the journal
 * @param sizeBytes bytes that were read
 * @param chunkCount chunks of up to half a MiB that were read
 * @param unverifiedChunkCount those of them whose checksum nobody knows
 * @param faultCount what breaks the format
 */
public record Verified(
    long rowCount, long sizeBytes, long chunkCount, long unverifiedChunkCount, long faultCount) {

  /** Both together; the rows are those of the first. */
  Verified and(Verified other) {
    return new Verified(
        rowCount,
        sizeBytes + other.sizeBytes,
        chunkCount + other.chunkCount,
        unverifiedChunkCount + other.unverifiedChunkCount,
        faultCount + other.faultCount);
  }
}
