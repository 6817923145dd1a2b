package io.timestore.store;

import io.timestore.store.WriterOptions.LateRows;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * In which order batches come that are told apart by their numbers. Four of them have the keys
 * between those of the four before and those of the four behind, no two the same one.
 */
enum Arrival {
  /** Each behind the one before: one lane keeps them. */
  IN_ORDER(1),
  /**
   * Of four, the third lies among the rows of the second, and behind its end; the fourth among
   * those of the first. Three lanes keep them, whoever writes each.
   */
  LATE(3);

  /** Batches that may lie among one another. */
  private static final int GROUP = 4;

  private static final int[] ORIGINS_OF_LATE = {0, 1, 1, 0};
  private static final long KEYS_BETWEEN_ORIGINS = 10_000;

  private final int lanesMax;

  Arrival(int lanesMax) {
    this.lanesMax = lanesMax;
  }

  /** Batches of different sizes, from less than a block to several of them. */
  static int rowCount(int batch) {
    return 1 + batch * 37 % 1200;
  }

  /**
   * How many batches a store of so many rows holds.
   *
   * @throws IllegalStateException if it holds a batch in part
   */
  static int batchCount(long rows) {
    long left = rows;
    int batch = 0;
    while (left > 0) {
      left -= rowCount(batch);
      batch++;
    }
    if (left < 0) {
      throw new IllegalStateException(rows + " rows: batch " + (batch - 1) + " lacks " + -left);
    }
    return batch;
  }

  /** The first of the batches that may lie among the rows of this one or of a later one. */
  static int firstBeside(int batch) {
    return batch - batch % GROUP;
  }

  /** The options of a writer that takes what comes. */
  WriterOptions writerOptions() {
    return WriterOptions.defaults().withLateRows(this == LATE ? LateRows.KEEP : LateRows.REFUSE);
  }

  /** How many lanes hold the first batches. */
  int laneCount(int batchCount) {
    return Math.max(1, Math.min(lanesMax, batchCount - 1));
  }

  private LongStream keys(int batch) {
    int origin = this == LATE ? firstBeside(batch) + ORIGINS_OF_LATE[batch % GROUP] : batch;
    long first = origin * KEYS_BETWEEN_ORIGINS + batch % GROUP;
    return LongStream.range(0, rowCount(batch)).map(row -> first + row * GROUP);
  }

  List<String> batch(int batch) {
    return rows(batch, batch + 1);
  }

  /** The rows of some batches, by key. */
  List<String> rows(int fromBatch, int toBatch) {
    return Rows.ofKeys(
        IntStream.range(fromBatch, toBatch).boxed().flatMapToLong(this::keys).sorted());
  }
}
