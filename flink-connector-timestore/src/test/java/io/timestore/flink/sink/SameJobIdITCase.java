package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.flink.StoreJudge;
import io.timestore.store.Publisher.RestoreMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.flink.api.common.JobID;
import org.apache.flink.configuration.PipelineOptionsInternal;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Two submissions under one job id, which is what Flink's application mode gives each. */
class SameJobIdITCase {
  private static final int MORE = 2_000;

  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder().setNumberSlotsPerTaskManager(1).build());

  @TempDir Path directory;
  private Path store;
  private final JobID id = new JobID();

  @BeforeEach
  void nameStore() {
    store = directory.resolve("store");
  }

  private IndexedJob job(String name) {
    return new IndexedJob(name + " in " + directory, store, IndexedJob.ENDLESS)
        .with(PipelineOptionsInternal.PIPELINE_FIXED_JOB_ID, id.toHexString());
  }

  @Test
  void theOneThatTakesOverGoesOnAndTheOneThatStillRunsIsRefused() throws Exception {
    RunningJob first = job("first").submit();
    first.awaitRows(MORE);
    String savepoint = first.savepoint();
    first.awaitRows(new StoreJudge(store).rowCount() + MORE);

    RunningJob second =
        job("second")
            .from(savepoint)
            .sink(sink -> sink.restoreMode(RestoreMode.TRUNCATE))
            .submitApart();

    first.awaitSuccession();
    assertThat(List.of(first.id(), second.id())).containsOnly(id);
    second.goOnAndHaveEachRowOnce(MORE);
  }

  /** The second one publishes what the savepoint has; then the first comes with that, and more. */
  @Test
  void theOneThatWakesUpLaterIsRefused(@InjectMiniCluster MiniCluster cluster) throws Exception {
    RunningJob first =
        job("first").checkpointInterval(Duration.ofDays(1)).rowsPerSecond(10_000).submit();
    String savepoint = first.savepointOfMoreThan(0);
    RunningJob second = job("second").from(savepoint).submitApart();
    second.awaitRows(first.rowsBefore(savepoint) + MORE);

    String unused = cluster.triggerCheckpoint(first.id()).get();
    first.failure().hasStackTraceContaining("must not be published: submission");

    assertThat(List.of(first.id(), second.id())).containsOnly(id);
    second.goOnAndHaveEachRowOnce(MORE);
  }
}
