package io.timestore.flink.sink;

import io.timestore.flink.types.TableLayout;
import java.io.Serializable;

/** How a sink's elements become rows. */
@FunctionalInterface
interface RowFormat<T> extends Serializable {

  /** What one writer uses, for the columns of this layout. */
  RowAppender<T> appender(TableLayout layout);
}
