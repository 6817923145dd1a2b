package io.timestore.flink.sink;

import java.io.Serializable;

/** Tells an element's key. */
@FunctionalInterface
public interface KeyExtractor<T> extends Serializable {

  /** The number, or the steps of the key's unit since 1970 UTC; never negative. */
  long keyOf(T element);
}
