package io.timestore.flink.source;

import java.util.List;

/**
 * The enumerator's state.
 *
 * @param isSnapshotTaken whether the rows that the scan begins with are fixed
 * @param isBacklog whether some of them were not read
 * @param unassigned the splits that no reader has, ascending
 */
public record ScanState(
    boolean isSnapshotTaken, boolean isBacklog, List<TimestoreSplit> unassigned) {

  static final ScanState FRESH = new ScanState(false, false, List.of());

  public ScanState {
    unassigned = List.copyOf(unassigned);
  }
}
