package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.flink.StoreJudge;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A batch of more rows than memory, in random order, through a TaskManager whose process may have 1
 * GB. Managed memory, which such a job has no use for, is left to the heap and to direct buffers.
 */
class RandomOrderITCase {
  private static final int ROWS = Integer.getInteger("timestore.rows", 2_000_000);
  private static final int MANY_ROWS = 100_000_000;

  @TempDir Path directory;

  /** So many bytes for {@link #MANY_ROWS}, and a share for fewer, so that as much is merged. */
  private static MemorySize share(long bytes) {
    return new MemorySize(Math.max(1 << 20, bytes * Math.min(ROWS, MANY_ROWS) / MANY_ROWS));
  }

  @Test
  void manyRowsInRandomOrderGoThroughASmallTaskManager() throws Exception {
    Path store = directory.resolve("store");
    ShuffledRows rows = new ShuffledRows(ROWS);
    try (ProcessCluster cluster = new ProcessCluster(directory, MemorySize.parse("1g"))) {
      cluster.set("taskmanager.memory.managed.size", "0");
      cluster.set("taskmanager.memory.task.off-heap.size", "128m");
      cluster.startJobManager();
      FlinkProcess taskManager = cluster.startTaskManager();
      cluster.awaitSlots(1);
      Configuration configuration = cluster.client();
      configuration.set(ExecutionOptions.RUNTIME_MODE, RuntimeExecutionMode.BATCH);
      configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "disable");
      StreamExecutionEnvironment environment = new StreamExecutionEnvironment(configuration);
      environment.setParallelism(1);
      environment
          .fromSource(rows.source(), WatermarkStrategy.noWatermarks(), "shuffled rows")
          .sinkTo(
              IndexedRows.builder(store)
                  .reorderBuffer(share(SinkSettings.DEFAULT.reorderBufferBytes()))
                  .bufferMemory(share(SinkSettings.DEFAULT.bufferMemoryBytes()))
                  .build());
      JobExecutionResult result = environment.executeAsync().getJobExecutionResult().get();

      long millis = result.getNetRuntime(TimeUnit.MILLISECONDS);
      long peakBytes = taskManager.peakResidentBytes();
      System.out.printf(
          "%d rows in %.1f s, %d rows/s, at most %d MiB resident, %d lanes%n",
          ROWS,
          millis / 1000.0,
          ROWS * 1000L / millis,
          peakBytes >> 20,
          new StoreJudge(store).laneCount());
      assertThat(peakBytes).isLessThan(1L << 30);
    }
    rows.assertExactlyOnce(store);
    assertThat(new StoreJudge(store).laneCount()).isLessThanOrEqualTo(64);
  }
}
