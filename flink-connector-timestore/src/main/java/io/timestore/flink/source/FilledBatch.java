package io.timestore.flink.source;

import io.timestore.format.Batch;

/**
 * A batch that was read.
 *
 * @param sliceIndex the slice of the split that its rows belong to
 * @param firstRow the row of that slice's lane at which the batch begins
 * @param firstIndex index in the batch of the first row to emit: 1 behind a row that was read only
 *     to compare its key
 * @param isLast whether the split ends with it
 */
record FilledBatch(Batch batch, int sliceIndex, long firstRow, int firstIndex, boolean isLast) {
  int rowCount() {
    return batch.rowCount();
  }

  /** The slice behind the row before that index. */
  LaneSlice positionAt(int index, LaneSlice slice) {
    return index == firstIndex ? slice : slice.readTo(firstRow + index, batch.key(index - 1));
  }
}
