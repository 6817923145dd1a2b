package io.timestore.store;

import io.timestore.disk.DirectIo;
import io.timestore.format.Commit;
import java.util.UUID;

/**
 * How a writer works.
 *
 * @param directIo whether it goes past the page cache
 * @param bufferMemoryBytes for the write buffers of all its files together, at least 1; each file
 *     has two of at least one block
 * @param lineage see {@link Commit}
 * @param submission see {@link Commit}
 * @param direct whether it publishes its own commits; false where others do, maybe after its death
 */
public record WriterOptions(
    DirectIo directIo, long bufferMemoryBytes, UUID lineage, UUID submission, boolean direct) {
  public WriterOptions {
    if (bufferMemoryBytes < 1) {
      throw new IllegalArgumentException(
          "write buffers of " + bufferMemoryBytes + " bytes, expected at least 1");
    }
  }

  /** A core writer's: it prepares and publishes in one process, with 32 MiB of buffers. */
  public static WriterOptions defaults() {
    return new WriterOptions(DirectIo.AUTO, 32L << 20, Commit.NO_ID, Commit.NO_ID, true);
  }

  /**
   * A core writer's that only prepares: whoever holds its commits publishes them, maybe after its
   * death.
   */
  public static WriterOptions preparing() {
    return ofSink(DirectIo.AUTO, 32L << 20, Commit.NO_ID, Commit.NO_ID);
  }

  /** These options with other buffers. */
  public WriterOptions withBufferMemoryBytes(long newBufferMemoryBytes) {
    return new WriterOptions(directIo, newBufferMemoryBytes, lineage, submission, direct);
  }

  /** These options with another way past the page cache, or none. */
  public WriterOptions withDirectIo(DirectIo newDirectIo) {
    return new WriterOptions(newDirectIo, bufferMemoryBytes, lineage, submission, direct);
  }

  /** The writer of a sink, whose commits a committer publishes. */
  public static WriterOptions ofSink(
      DirectIo directIo, long bufferMemoryBytes, UUID lineage, UUID submission) {
    return new WriterOptions(directIo, bufferMemoryBytes, lineage, submission, false);
  }
}
