package io.timestore.store;

import java.nio.file.Path;

/**
 * Something beside the rows that is not as a writer leaves it, that misleads no reader of ours, and
 * that can be put right from what is known for sure.
 *
 * @param kind what it is
 * @param file where it is
 * @param message what was found there, and what is to be there; the file included
 */
public record Repairable(Kind kind, Path file, String message) {

  /** What can be put right. */
  public enum Kind {
    /** A lane's own {@code length}, which only the Rust crate reads, is stale or missing. */
    LANE_LENGTH,
    /** The directory {@code new_length}, which keeps the Rust crate from appending, is missing. */
    NEW_LENGTH,
    /** Checksums of chunks are not noted, so that nothing would be found out by them. */
    CHECKSUMS
  }
}
