package io.timestore.flink.source;

import java.io.IOException;

/**
 * Makes elements of the rows of batches: of each row, or of all of a batch. Not thread-safe: one
 * for each thread.
 */
interface ElementReader<T> {

  /**
   * Looks at what {@link #read} relies on, once for each batch that was read.
   *
   * @throws IOException if a cell holds no value of its column's type
   */
  void check(FilledBatch batch) throws IOException;

  /** Looks at another batch, which was checked. */
  void bind(FilledBatch batch);

  /** How many elements a batch is: one for each row, unless it is one as a whole. */
  default int elementCount(FilledBatch batch) {
    return batch.rowCount();
  }

  /** An element of the batch: that of a row, or the only one; the next call may change it. */
  T read(int element) throws IOException;
}
