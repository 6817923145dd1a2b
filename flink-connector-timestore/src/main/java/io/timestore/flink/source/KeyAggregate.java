package io.timestore.flink.source;

/** What can be told of many rows by their keys alone. */
public enum KeyAggregate {
  /** The number of rows. */
  COUNT,
  /** NULL if there are no rows. */
  SMALLEST_KEY,
  /** NULL if there are no rows. */
  LARGEST_KEY
}
