package io.timestore.flink.source;

import io.timestore.format.Batch;
import io.timestore.store.LaneRange;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A batch that was read.
 *
 * @param rows where its rows are, in their order
 * @param isLast whether the split ends with it
 */
record FilledBatch(Batch batch, List<LaneRange> rows, boolean isLast) {

  int rowCount() {
    return batch.rowCount();
  }

  /** The slices, which were read up to this batch, behind its row before that index. */
  List<LaneSlice> positionsAt(int index, List<LaneSlice> slices) {
    Map<Integer, Integer> sliceOf = new HashMap<>();
    for (int i = 0; i < slices.size(); i++) {
      sliceOf.put(slices.get(i).lane(), i);
    }
    List<LaneSlice> positions = new ArrayList<>(slices);
    int end = 0;
    for (LaneRange range : rows) {
      int start = end;
      if (start == index) {
        break;
      }
      end = (int) Math.min(index, start + range.rowCount());
      positions.set(
          sliceOf.get(range.lane()),
          positions
              .get(sliceOf.get(range.lane()))
              .readTo(range.start() + end - start, batch.key(end - 1)));
    }
    return positions;
  }
}
