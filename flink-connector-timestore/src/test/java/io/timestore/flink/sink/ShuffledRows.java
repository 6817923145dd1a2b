package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.fail;

import io.timestore.flink.StoreJudge;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.BitSet;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;

/**
 * Rows of {@link IndexedRows}' type whose keys are all numbers below their count, each once, in an
 * order without order.
 */
record ShuffledRows(int rowCount) implements Serializable {

  DataGeneratorSource<RowData> source() {
    return new DataGeneratorSource<>(this::row, rowCount, IndexedRows.TYPE);
  }

  private RowData row(long index) {
    return GenericRowData.of(key(index), index, StringData.fromString("row " + index));
  }

  /** A permutation: invertible steps on just enough bits, again until the number is one of ours. */
  private long key(long index) {
    int bits = Math.max(2, Long.SIZE - Long.numberOfLeadingZeros(rowCount - 1));
    long mask = (1L << bits) - 1;
    long mixed = index;
    do {
      for (int round = 0; round < 3; round++) {
        mixed = (mixed * 0x9E3779B97F4A7C15L + round) & mask;
        mixed ^= mixed >>> ((bits + 1) / 2);
      }
    } while (mixed >= rowCount);
    return mixed;
  }

  /** Each row is there once, and whole. */
  void assertExactlyOnce(Path store) throws IOException {
    BitSet seen = new BitSet(rowCount);
    new StoreJudge(store)
        .forEach(
            row -> {
              long index = row.int64(0);
              if (row.key() != key(index) || !row.text(1).equals("row " + index)) {
                fail("%s: %s, %s, %s", store, row.key(), index, row.text(1));
              }
              if (seen.get((int) index)) {
                fail("%s: row %s is there twice", store, index);
              }
              seen.set((int) index);
            },
            "index",
            "text");
    if (seen.cardinality() != rowCount) {
      fail("%s: %s rows of %s are there", store, seen.cardinality(), rowCount);
    }
  }
}
