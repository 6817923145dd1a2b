package io.timestore.flink.sink;

/** When rows are ordered, and which of them a checkpoint makes visible. */
public enum Ordering {
  /** All that came before a checkpoint is sorted and committed with it. */
  CHECKPOINT,

  /**
   * Rows are held, in state, until the watermark passes them: fewer lanes, later visible. Keys must
   * be times, and a row's timestamp its key.
   */
  WATERMARK
}
