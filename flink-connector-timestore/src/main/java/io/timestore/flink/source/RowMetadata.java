package io.timestore.flink.source;

import java.util.Arrays;
import java.util.Optional;

/** What a source can tell of a row beside its cells. */
public enum RowMetadata {
  /** The row's number in its lane: together with that it names the row for good. */
  ROW("row"),
  /** The number of the row's lane. */
  LANE("lane"),
  /**
   * The key of the row before it in its store; none at the store's first row. For rows that came
   * while the scan went on, the row before is the one that the scan read before.
   */
  PREVIOUS_KEY("prev-key"),
  /** The directory of the row's store. */
  PATH("path");

  private final String key;

  RowMetadata(String key) {
    this.key = key;
  }

  /** The name in {@code METADATA FROM}. */
  public String key() {
    return key;
  }

  /** The one of that name. */
  public static Optional<RowMetadata> ofKey(String key) {
    return Arrays.stream(values()).filter(metadata -> metadata.key.equals(key)).findFirst();
  }
}
