package io.timestore.flink.source;

import io.timestore.format.Batch;
import java.io.Closeable;
import java.io.IOException;

/** The rows of one split, batch by batch. Blocks: for an I/O thread only. */
interface SplitReading extends Closeable {

  /**
   * Fills the batch with the next rows. Not to be called behind the last batch.
   *
   * @return without rows where there are none now, and some may come
   */
  FilledBatch next(Batch batch) throws IOException;
}
