package io.timestore.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import org.apache.flink.api.common.JobID;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.ResourceManagerOptions;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

/** A Flink cluster in this process, for one job at a time. */
final class BenchmarkCluster {
  private static final OperatingSystemMXBean PROCESS =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  private final MiniCluster cluster;
  private final int restPort;

  /** A cluster with Flink's defaults. */
  BenchmarkCluster() throws Exception {
    this(new Configuration());
  }

  /**
   * A cluster that gives slots at once: by default it waits 50 ms for further requests, now and
   * then twice, which is more than a short query takes.
   */
  static BenchmarkCluster withoutWaiting() throws Exception {
    Configuration configuration = new Configuration();
    configuration.set(ResourceManagerOptions.REQUIREMENTS_CHECK_DELAY, Duration.ZERO);
    configuration.set(ResourceManagerOptions.DECLARE_NEEDED_RESOURCE_DELAY, Duration.ZERO);
    return new BenchmarkCluster(configuration);
  }

  private BenchmarkCluster(Configuration configuration) throws Exception {
    configuration.set(RestOptions.PORT, 0);
    configuration.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(128));
    cluster =
        new MiniCluster(
            new MiniClusterConfiguration.Builder()
                .setConfiguration(configuration)
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(4)
                .build());
    cluster.start();
    restPort = cluster.getRestAddress().get().getPort();
  }

  /** A session in which each operator has one task, until it is set otherwise. */
  StreamTableEnvironment session(EnvironmentSettings settings) {
    StreamTableEnvironment tables =
        StreamTableEnvironment.create(
            StreamExecutionEnvironment.createRemoteEnvironment("localhost", restPort), settings);
    tables.getConfig().set("parallelism.default", "1");
    // As many tasks as a case says, whatever a source would infer.
    tables.getConfig().set("execution.batch.adaptive.auto-parallelism.enabled", "false");
    return tables;
  }

  /** Runs an INSERT to its end. */
  Elapsed run(StreamTableEnvironment tables, String insert) throws Exception {
    long start = System.nanoTime();
    long startCpu = PROCESS.getProcessCpuTime();
    JobID job = tables.executeSql(insert).getJobClient().orElseThrow().getJobID();
    // The client of a statement polls for its end, less often the longer it takes: 2 s at most.
    cluster.requestJobResult(job).get().toJobExecutionResult(getClass().getClassLoader());
    return new Elapsed(
        (System.nanoTime() - start) * 1e-9, (PROCESS.getProcessCpuTime() - startCpu) * 1e-9);
  }

  void close() throws Exception {
    cluster.close();
  }
}
