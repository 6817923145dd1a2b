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
 * @param lateRows what becomes of rows that are older than what is there
 * @param lanesMax how many lanes it may have at once, at least 1
 * @param mergesLanes whether it merges its lanes where there are too many, which needs one {@link
 *     StoreWriter#prepare} at its end; else it fails
 * @param overwrites whether its first commit replaces all that the store has when it is published
 */
public record WriterOptions(
    DirectIo directIo,
    long bufferMemoryBytes,
    UUID lineage,
    UUID submission,
    boolean direct,
    LateRows lateRows,
    int lanesMax,
    boolean mergesLanes,
    boolean overwrites) {

  /** How many lanes a writer may have, where nothing else is said. */
  public static final int LANES_MAX = 64;

  /** What becomes of a row whose key is below the newest one in the store. */
  public enum LateRows {
    /** It is refused before a byte is written. */
    REFUSE,
    /** It goes to another lane. */
    KEEP
  }

  public WriterOptions {
    if (bufferMemoryBytes < 1) {
      throw new IllegalArgumentException(
          "write buffers of " + bufferMemoryBytes + " bytes, expected at least 1");
    }
    if (lanesMax < 1) {
      throw new IllegalArgumentException(lanesMax + " lanes at most, expected at least 1");
    }
  }

  /**
   * A core writer's: it prepares and publishes in one process, with 32 MiB of buffers, and refuses
   * late rows.
   */
  public static WriterOptions defaults() {
    return new WriterOptions(
        DirectIo.AUTO,
        32L << 20,
        Commit.NO_ID,
        Commit.NO_ID,
        true,
        LateRows.REFUSE,
        LANES_MAX,
        false,
        false);
  }

  /**
   * A core writer's that only prepares: whoever holds its commits publishes them, maybe after its
   * death.
   */
  public static WriterOptions preparing() {
    return ofSink(DirectIo.AUTO, 32L << 20, Commit.NO_ID, Commit.NO_ID)
        .withLateRows(LateRows.REFUSE);
  }

  /** The writer of a sink, whose commits a committer publishes; it keeps late rows. */
  public static WriterOptions ofSink(
      DirectIo directIo, long bufferMemoryBytes, UUID lineage, UUID submission) {
    return new WriterOptions(
        directIo,
        bufferMemoryBytes,
        lineage,
        submission,
        false,
        LateRows.KEEP,
        LANES_MAX,
        false,
        false);
  }

  /** These options with other buffers. */
  public WriterOptions withBufferMemoryBytes(long newBufferMemoryBytes) {
    return new WriterOptions(
        directIo,
        newBufferMemoryBytes,
        lineage,
        submission,
        direct,
        lateRows,
        lanesMax,
        mergesLanes,
        overwrites);
  }

  /** These options with another way past the page cache, or none. */
  public WriterOptions withDirectIo(DirectIo newDirectIo) {
    return new WriterOptions(
        newDirectIo,
        bufferMemoryBytes,
        lineage,
        submission,
        direct,
        lateRows,
        lanesMax,
        mergesLanes,
        overwrites);
  }

  /** These options with late rows kept, or refused. */
  public WriterOptions withLateRows(LateRows newLateRows) {
    return new WriterOptions(
        directIo,
        bufferMemoryBytes,
        lineage,
        submission,
        direct,
        newLateRows,
        lanesMax,
        mergesLanes,
        overwrites);
  }

  /**
   * These options with another bound on lanes.
   *
   * @param merges whether to merge where it is reached; else the writer fails
   */
  public WriterOptions withLanesMax(int newLanesMax, boolean merges) {
    return new WriterOptions(
        directIo,
        bufferMemoryBytes,
        lineage,
        submission,
        direct,
        lateRows,
        newLanesMax,
        merges,
        overwrites);
  }

  /** These options of a writer whose first commit replaces all rows, and whose next ones add. */
  public WriterOptions overwriting() {
    return new WriterOptions(
        directIo,
        bufferMemoryBytes,
        lineage,
        submission,
        direct,
        lateRows,
        lanesMax,
        mergesLanes,
        true);
  }
}
