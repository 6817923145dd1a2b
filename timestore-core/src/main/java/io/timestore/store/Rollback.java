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
    CommitRecord next = record;
    for (Map.Entry<Integer, Long> first : firstRows(record, lineage, checkpointId).entrySet()) {
      Lane lane = next.lane(first.getKey()).orElseThrow();
      next = next.withLane(truncation.hideFrom(lane, first.getValue()));
    }
    return next;
  }

  /** How many rows those are; empty where it can't be told. */
  Optional<Long> rowsAfter(CommitRecord record, UUID lineage, long checkpointId)
      throws IOException {
    try {
      long rowCount = 0;
      for (Map.Entry<Integer, Long> first : firstRows(record, lineage, checkpointId).entrySet()) {
        rowCount += record.lane(first.getKey()).orElseThrow().rows() - first.getValue();
      }
      return Optional.of(rowCount);
    } catch (ConflictException e) {
      return Optional.empty();
    }
  }

  /** By lane, the first row that the lineage published after the checkpoint. */
  private Map<Integer, Long> firstRows(CommitRecord record, UUID lineage, long checkpointId)
      throws IOException {
    List<JournalEntry> since = since(record, lineage, checkpointId);
    Map<Integer, Long> firstRows = new TreeMap<>();
    for (int i = 1; i < since.size(); i++) {
      boolean isOfLineage = since.get(i).lineage().equals(lineage);
      for (LaneRows lane : since.get(i).lanes()) {
        long before = since.get(i - 1).rowsOf(lane.number());
        if (lane.rows() > before && isOfLineage) {
          firstRows.putIfAbsent(lane.number(), before);
        } else if (lane.rows() > before && firstRows.containsKey(lane.number())) {
          throw cannot(
              checkpointId,
              "another writer wrote rows "
                  + before
                  + " to "
                  + lane.rows()
                  + " of lane "
                  + lane.number()
                  + " behind them");
        }
      }
    }
    for (LaneRows before : since.get(0).lanes()) {
      checkInPlace(record, before.number(), before.from(), checkpointId);
    }
    for (Map.Entry<Integer, Long> first : firstRows.entrySet()) {
      Optional<LaneRows> before =
          since.get(0).lanes().stream().filter(l -> l.number() == first.getKey()).findFirst();
      long from = before.map(LaneRows::from).orElse(0L);
      Lane lane = checkInPlace(record, first.getKey(), from, checkpointId);
      if (first.getValue() < lane.base()) {
        throw cannot(
            checkpointId,
            "rows from "
                + first.getValue()
                + " on of lane "
                + lane.number()
                + " would have to go, but another writer took the lane at row "
                + lane.base());
      }
      long committed = since.get(since.size() - 1).rowsOf(lane.number());
      if (lane.rows() > committed) {
        throw cannot(
            checkpointId,
            "the Rust crate wrote rows "
                + committed
                + " to "
                + lane.rows()
                + " of lane "
                + lane.number()
                + " behind them");
      }
      first.setValue(Math.min(first.getValue(), lane.rows()));
    }
    return firstRows;
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
