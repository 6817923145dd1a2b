package io.timestore.format;

import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What the journal keeps of one commit, or of the rows that the reference appended between two.
 *
 * @param sequence 0 for the store's first commit, then one more each
 * @param wallTimeMillis when it was published, ms since 1970; never below the entry before. Rows of
 *     the reference were there earlier: they are entered with the next commit
 * @param lineage see {@link Commit}
 * @param submission see {@link Commit}
 * @param checkpointId see {@link Commit}; {@link #OF_REFERENCE} for rows of the reference
 * @param watermark the smallest watermark of the writers; {@code Long.MIN_VALUE}: none
 * @param insertId the user's name of the insert; empty: none
 * @param lanes the rows of every lane after this commit
 */
public record JournalEntry(
    long sequence,
    long wallTimeMillis,
    UUID lineage,
    UUID submission,
    long checkpointId,
    long watermark,
    String insertId,
    List<LaneRows> lanes) {

  /** In place of a checkpoint's id. */
  public static final long OF_REFERENCE = -2;

  /** Visible rows of a lane: {@code from} ≤ row &lt; {@code rows}. */
  public record LaneRows(int number, long from, long rows) {}

  public JournalEntry {
    lanes = List.copyOf(lanes);
  }

  /** Whether the reference appended what came since the entry before. */
  public boolean isOfReference() {
    return checkpointId == OF_REFERENCE;
  }

  /** A lane as it was after this commit. */
  public Optional<LaneRows> lane(int number) {
    return lanes.stream().filter(lane -> lane.number() == number).findFirst();
  }

  /** Where the visible rows of a lane ended after this commit; 0: there was no such lane. */
  public long rowsOf(int lane) {
    return lane(lane).map(LaneRows::rows).orElse(0L);
  }

  /** This entry, whose wall time is that of an earlier one if the clock went back. */
  JournalEntry notBefore(JournalEntry earlier) {
    return new JournalEntry(
        sequence,
        Math.max(earlier.wallTimeMillis, wallTimeMillis),
        lineage,
        submission,
        checkpointId,
        watermark,
        insertId,
        lanes);
  }
}
