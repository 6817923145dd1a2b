package io.timestore.flink.source;

import io.timestore.flink.types.TableLayout;
import java.io.Serializable;

/** What the elements of a source are. */
interface ElementFormat<T> extends Serializable {

  /**
   * A reader of them.
   *
   * @param projection indexes of the physical columns that are read
   */
  ElementReader<T> reader(TableLayout layout, int[] projection);
}
