package io.timestore.flink.sink;

import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.dag.Transformation;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.operators.InputFormatOperatorFactory;
import org.apache.flink.streaming.api.transformations.LegacySourceTransformation;
import org.apache.flink.streaming.api.transformations.WithBoundedness;
import org.apache.flink.table.api.ValidationException;

/**
 * What decides how a sink's rows can be committed: whether the job's inputs end, and whether it
 * takes checkpoints.
 */
final class JobShape {
  private final DataStream<?> stream;
  private final StreamExecutionEnvironment environment;

  /** The shape of the job that ends in this stream. */
  JobShape(DataStream<?> stream) {
    this.stream = stream;
    this.environment = stream.getExecutionEnvironment();
  }

  /**
   * Refuses a job in which no commit would ever come, or rows could come twice.
   *
   * @throws ValidationException with the setting to turn on
   */
  void check() {
    if (keepsNoState()) {
      return;
    }
    if (!environment.getCheckpointConfig().isCheckpointingEnabled()) {
      throw new ValidationException(
          "The timestore sink makes rows visible with checkpoints, but checkpointing is off and the"
              + " input never ends. Turn it on, for instance with SET"
              + " 'execution.checkpointing.interval' = '10 s', or by enableCheckpointing(10_000).");
    }
    if (isBounded(stream.getTransformation())
        && !environment
            .getConfiguration()
            .get(CheckpointingOptions.ENABLE_CHECKPOINTS_AFTER_TASKS_FINISH)) {
      throw new ValidationException(
          "The timestore sink commits the last rows of an input that ends with the job's final"
              + " checkpoint, which is switched off. SET"
              + " 'execution.checkpointing.checkpoints-after-tasks-finish' = 'true'.");
    }
    CheckpointingMode mode = environment.getCheckpointConfig().getCheckpointingConsistencyMode();
    if (mode != CheckpointingMode.EXACTLY_ONCE) {
      throw new ValidationException(
          "The timestore sink writes each row exactly once, which the checkpointing mode "
              + mode
              + " can't give. SET 'execution.checkpointing.mode' = 'EXACTLY_ONCE'.");
    }
  }

  /** Whether the sink commits once, at the end of its input, and keeps no state before. */
  boolean keepsNoState() {
    return isBatch()
        || (!environment.getCheckpointConfig().isCheckpointingEnabled()
            && isBounded(stream.getTransformation()));
  }

  /** Whether the job runs in batch mode. */
  boolean isBatch() {
    RuntimeExecutionMode mode = environment.getConfiguration().get(ExecutionOptions.RUNTIME_MODE);
    return switch (mode) {
      case BATCH -> true;
      case AUTOMATIC -> isWholeJobBounded();
      case STREAMING -> false;
    };
  }

  /** Whether AUTOMATIC means BATCH: Flink looks at all inputs of the job, not at the sink's own. */
  private boolean isWholeJobBounded() {
    return isBounded(stream.getTransformation())
        && environment.getTransformations().stream().allMatch(JobShape::isBounded);
  }

  private static boolean isBounded(Transformation<?> end) {
    return end.getTransitivePredecessors().stream().allMatch(JobShape::ends);
  }

  private static boolean ends(Transformation<?> transformation) {
    return !(transformation instanceof WithBoundedness source)
        || source.getBoundedness() == Boundedness.BOUNDED
        || readsInputFormat(transformation);
  }

  /** VALUES in streaming mode is such a source: it ends, and claims that it doesn't. */
  private static boolean readsInputFormat(Transformation<?> transformation) {
    return transformation instanceof LegacySourceTransformation<?> source
        && source.getOperatorFactory() instanceof InputFormatOperatorFactory;
  }
}
