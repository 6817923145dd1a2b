package io.timestore.flink.sink;

import io.timestore.format.Batch;

/** Appends elements to batches as rows. Not thread-safe. */
interface RowAppender<T> {

  /**
   * The key of an element's row.
   *
   * @throws IllegalArgumentException if there is none
   */
  long keyOf(T element);

  /**
   * Appends an element's row.
   *
   * @param key what {@link #keyOf} said
   * @throws IllegalArgumentException if a value can't be stored; names the column and the key
   */
  void append(T element, long key, Batch batch);
}
