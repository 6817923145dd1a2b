/**
 * Rows into a store: ordered, written by {@code TimestoreWriter} into a lane of its own, and made
 * visible by {@code TimestoreCommitter}, one rename a checkpoint.
 */
@NullMarked
package io.timestore.flink.sink;

import org.jspecify.annotations.NullMarked;
