package io.timestore.flink.sink;

import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.runtime.client.JobStatusMessage;
import org.apache.flink.runtime.messages.Acknowledge;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.util.ExceptionUtils;
import org.apache.flink.util.FileUtils;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random jobs: each ends with every row exactly once, whatever happened to it, and whoever looked
 * meanwhile saw whole commits.
 */
class RandomJobsITCase {
  private static final int JOBS = 12;

  /** The build runs the same jobs each time; the threads' order is another. */
  private static final long SEED_OF_BUILD = 2000;

  private static final int JOBS_OF_CAMPAIGN = Integer.getInteger("jobs", 250);

  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder()
              .setNumberTaskManagers(2)
              .setNumberSlotsPerTaskManager(4)
              .build());

  @TempDir Path directory;

  @Test
  void eachEndsWithEveryRowExactlyOnce(@InjectMiniCluster MiniCluster cluster) throws Exception {
    run(cluster, Long.getLong("timestore.seed", SEED_OF_BUILD), JOBS);
  }

  @Test
  @Tag("campaign")
  void soDoHundreds(@InjectMiniCluster MiniCluster cluster) throws Exception {
    run(cluster, Long.getLong("timestore.seed", System.nanoTime()), JOBS_OF_CAMPAIGN);
  }

  private void run(MiniCluster cluster, long first, int jobs) throws Exception {
    System.out.println("Replay with -Dtimestore.seed=" + first);
    AssertionError failed = new AssertionError("not all jobs ended with every row exactly once");
    for (long seed = first; seed < first + jobs; seed++) {
      RandomJob job = RandomJob.draw(seed);
      Path own = Files.createDirectory(directory.resolve("job" + (seed - first)));
      long beganNanos = System.nanoTime();
      try {
        int failures = new RandomJobRun(job, cluster, own).run();
        System.out.printf(
            "%d ms, %d failures: %s%n",
            (System.nanoTime() - beganNanos) / 1_000_000, failures, job);
      } catch (Exception | AssertionError e) {
        String what = "Replay with -Dtimestore.seed=" + seed + ": " + job;
        System.out.println(what + "\n" + ExceptionUtils.stringifyException(e));
        failed.addSuppressed(new AssertionError(what, e));
        cancelAll(cluster);
      }
      FileUtils.deleteDirectory(own.toFile());
    }
    if (failed.getSuppressed().length > 0) {
      throw failed;
    }
  }

  private static void cancelAll(MiniCluster cluster) throws Exception {
    for (JobStatusMessage running : cluster.listJobs().get()) {
      if (!running.getJobState().isGloballyTerminalState()) {
        Acknowledge unused = cluster.cancelJob(running.getJobId()).get();
      }
    }
  }
}
