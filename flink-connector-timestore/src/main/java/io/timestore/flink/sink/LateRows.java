package io.timestore.flink.sink;

/**
 * What happens to a row whose key is below the largest one that its writer has written; a writer
 * that has written nothing takes the store's newest key for that.
 */
public enum LateRows {
  /** It is kept, in another lane. */
  KEEP,

  /** It is left out, and counted: the metric {@code lateRows}, and a warning each checkpoint. */
  DROP,

  /** It fails the job. */
  FAIL
}
