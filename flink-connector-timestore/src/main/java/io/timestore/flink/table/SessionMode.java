package io.timestore.flink.table;

import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.ReadableConfig;

/**
 * How a statement runs.
 *
 * @param isBatch in batch mode: there are no watermarks
 * @param rowsAreCopied whether Flink copies each row between operators
 */
record SessionMode(boolean isBatch, boolean rowsAreCopied) {

  static SessionMode of(ReadableConfig session) {
    boolean isBatch = session.get(ExecutionOptions.RUNTIME_MODE) == RuntimeExecutionMode.BATCH;
    // Batch mode turns that off itself.
    return new SessionMode(isBatch, !isBatch && !session.get(PipelineOptions.OBJECT_REUSE));
  }
}
