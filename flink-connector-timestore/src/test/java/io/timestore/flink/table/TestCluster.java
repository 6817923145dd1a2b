package io.timestore.flink.table;

import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.MiniClusterExtension;

/** Makes a cluster for the jobs of a test class, so that not each query starts its own. */
final class TestCluster {
  private TestCluster() {}

  static MiniClusterExtension start() {
    return new MiniClusterExtension(
        new MiniClusterResourceConfiguration.Builder().setNumberSlotsPerTaskManager(4).build());
  }
}
