package io.timestore.flink.source;

import java.io.IOException;

/** Makes elements of the rows of batches. Not thread-safe: one for each thread. */
interface ElementReader<T> {

  /**
   * Looks at what {@link #read} relies on, once for each batch that was read.
   *
   * @throws IOException if a cell holds no value of its column's type
   */
  void check(FilledBatch batch) throws IOException;

  /** Looks at another batch, which was checked. */
  void bind(FilledBatch batch);

  /** The element of a row of the batch; the next call may change it. */
  T read(int row) throws IOException;
}
