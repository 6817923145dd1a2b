package io.timestore.flink.source;

import org.apache.flink.api.connector.source.SourceEvent;

/**
 * Tells a reader that asked for a split that there is none, and that none will come unless another
 * reader fails: nobody should wait for its event time. Not for a scan that ends, whose readers end.
 */
record NothingLeft() implements SourceEvent {
  private static final long serialVersionUID = 1L;
}
