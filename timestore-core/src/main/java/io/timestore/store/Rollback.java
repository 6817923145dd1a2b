package io.timestore.store;

import io.timestore.format.CommitRecord;
import io.timestore.format.JournalEntry;
import io.timestore.format.JournalEntry.LaneRows;
import io.timestore.format.Lane;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/**
 * What a lineage published after a checkpoint, as the journal tells, and how it is hidden: rule 7b.
 * The caller holds the commit lock.
 */
final class Rollback {
  private final StoreFiles files;
  private final Journal journal;
  private final Truncation truncation;

  Rollback(StoreFiles files, Journal journal, Truncation truncation) {
    this.files = files;
    this.journal = journal;
    this.truncation = truncation;
  }

  /**
   * The record without the rows that a lineage published after a checkpoint; those of others stay.
   *
   * @throws ConflictException if the journal does not tell which these are, or they can't be hidden
   *     alone; nothing was changed then
   */
  CommitRecord hideAfter(CommitRecord record, UUID lineage, long checkpointId) throws IOException {
    List<JournalEntry> since = since(record, lineage, checkpointId);
    Map<Integer, Long> firstRows = new TreeMap<>();
    for (LaneRows added : added(since, record, lineage, checkpointId)) {
      firstRows.putIfAbsent(added.number(), added.from());
    }
    CommitRecord next = record;
    for (Map.Entry<Integer, Long> first : firstRows.entrySet()) {
      Lane lane = record.lane(first.getKey()).orElseThrow();
      checkAlone(since, lane, first.getValue(), checkpointId);
      next = next.withLane(truncation.hideFrom(lane, first.getValue()));
    }
    return next;
  }

  /** How many rows those are; empty where it can't be told. */
  Optional<Long> rowsAfter(CommitRecord record, UUID lineage, long checkpointId)
      throws IOException {
    try {
      List<JournalEntry> since = since(record, lineage, checkpointId);
      return Optional.of(
          added(since, record, lineage, checkpointId).stream()
              .mapToLong(rows -> rows.rows() - rows.from())
              .sum());
    } catch (ConflictException e) {
      return Optional.empty();
    }
  }

  /** The rows that the lineage's entries brought, as far as they were not cut off since. */
  private List<LaneRows> added(
      List<JournalEntry> since, CommitRecord record, UUID lineage, long checkpointId)
      throws ConflictException {
    for (LaneRows before : since.get(0).lanes()) {
      checkInPlace(record, before.number(), before.from(), checkpointId);
    }
    List<LaneRows> added = new ArrayList<>();
    for (int i = 1; i < since.size(); i++) {
      if (since.get(i).lineage().equals(lineage)) {
        for (LaneRows rows : since.get(i).lanes()) {
          long first = since.get(i - 1).rowsOf(rows.number());
          if (rows.rows() > first) {
            long from = since.get(0).lane(rows.number()).map(LaneRows::from).orElse(0L);
            Lane lane = checkInPlace(record, rows.number(), from, checkpointId);
            long end = Math.min(rows.rows(), lane.rows());
            added.add(new LaneRows(rows.number(), Math.min(first, end), end));
          }
        }
      }
    }
    return added;
  }

  /**
   * Refuses to cut a lane beneath a writer that took it since, or beneath rows of the reference.
   */
  private void checkAlone(List<JournalEntry> since, Lane lane, long firstRow, long checkpointId)
      throws ConflictException {
    if (firstRow < lane.base()) {
      throw cannot(
          checkpointId,
          "rows from "
              + firstRow
              + " on of lane "
              + lane.number()
              + " would have to go, but another writer took the lane at row "
              + lane.base());
    }
    for (int i = 1; i < since.size(); i++) {
      long first = since.get(i - 1).rowsOf(lane.number());
      boolean isBehind = since.get(i).isOfReference() && first >= firstRow;
      if (isBehind && since.get(i).rowsOf(lane.number()) > first) {
        checkNoneFrom(first, lane, checkpointId);
      }
    }
    checkNoneFrom(since.get(since.size() - 1).rowsOf(lane.number()), lane, checkpointId);
  }

  private void checkNoneFrom(long row, Lane lane, long checkpointId) throws ConflictException {
    if (row < lane.rows()) {
      throw cannot(
          checkpointId,
          "the Rust crate wrote rows from "
              + row
              + " on of lane "
              + lane.number()
              + ", behind those that would have to go");
    }
  }

  /**
   * The journal from the last entry on that the lineage wrote at or before the checkpoint; where it
   * had written nothing by then, as a journal shows that knows of all commits, from before the
   * first one on.
   */
  private List<JournalEntry> since(CommitRecord record, UUID lineage, long checkpointId)
      throws IOException {
    List<JournalEntry> entries = journal.entries(record);
    int start = entries.size() - 1;
    while (start >= 0
        && !(entries.get(start).lineage().equals(lineage)
            && entries.get(start).checkpointId() <= checkpointId)) {
      start--;
    }
    if (start >= 0) {
      return entries.subList(start, entries.size());
    }
    if (entries.isEmpty() || entries.get(0).sequence() != 0) {
      throw cannot(
          checkpointId, "the journal has no commit of this job at or before that checkpoint");
    }
    List<JournalEntry> all = new ArrayList<>(List.of(Journal.NONE));
    all.addAll(entries);
    return all;
  }

  private Lane checkInPlace(CommitRecord record, int number, long from, long checkpointId)
      throws ConflictException {
    Optional<Lane> lane = record.lane(number);
    if (lane.isEmpty() || lane.get().from() != from) {
      throw cannot(
          checkpointId,
          "rows of lane " + number + " were compacted, overwritten or truncated since");
    }
    return lane.get();
  }

  private ConflictException cannot(long checkpointId, String why) {
    return new ConflictException(
        files.root() + ": can't go back to checkpoint " + checkpointId + ": " + why);
  }
}
