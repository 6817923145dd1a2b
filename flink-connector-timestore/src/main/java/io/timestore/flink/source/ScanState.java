package io.timestore.flink.source;

import java.util.List;

/**
 * The enumerator's state.
 *
 * @param isSnapshotTaken whether the rows to read are fixed
 * @param unassigned the splits that no reader has, ascending
 */
public record ScanState(boolean isSnapshotTaken, List<TimestoreSplit> unassigned) {

  static final ScanState FRESH = new ScanState(false, List.of());

  public ScanState {
    unassigned = List.copyOf(unassigned);
  }
}
