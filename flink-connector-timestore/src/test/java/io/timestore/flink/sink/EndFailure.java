package io.timestore.flink.sink;

/** Where at its end a job may fail. */
enum EndFailure {
  /** Before the writer is told that there are no more rows. */
  AT_THE_END_OF_INPUT,
  /** When the writer has prepared its commit and handed it on. */
  WHEN_PREPARED,
  BEFORE_THE_COMMIT,
  AFTER_THE_COMMIT
}
