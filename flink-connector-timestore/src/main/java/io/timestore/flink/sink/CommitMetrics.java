package io.timestore.flink.sink;

import io.timestore.format.Commit;
import io.timestore.format.Commit.LaneBatch;
import io.timestore.format.Commit.TableBatch;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.flink.metrics.groups.SinkCommitterMetricGroup;

/** What the committer tells of the last checkpoint that it published. */
final class CommitMetrics {
  /** Read by the threads of reporters. */
  private volatile long durationMillis;

  private volatile long rowCount;
  private volatile long sizeBytes;

  CommitMetrics(SinkCommitterMetricGroup group) {
    group.gauge("lastCommitDurationMillis", () -> durationMillis);
    group.gauge("lastCommitRows", () -> rowCount);
    group.gauge("lastCommitBytes", () -> sizeBytes);
  }

  void committed(List<Commit> commits, long nanos) {
    durationMillis = TimeUnit.NANOSECONDS.toMillis(nanos);
    rowCount = commits.stream().mapToLong(Commit::rowCount).sum();
    sizeBytes =
        commits.stream()
            .flatMap(commit -> commit.lanes().stream())
            .mapToLong(CommitMetrics::sizeBytes)
            .sum();
  }

  private static long sizeBytes(LaneBatch lane) {
    long rows = lane.rowsAfter() - lane.rowsBefore();
    long sizeBytes = rows * Long.BYTES;
    for (TableBatch table : lane.tables()) {
      sizeBytes += rows * Long.BYTES + table.dataBytesAfter() - table.dataBytesBefore();
    }
    return sizeBytes;
  }
}
