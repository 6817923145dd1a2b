package io.timestore.benchmarks;

import java.util.Locale;

/** The same work of both peers, measured in turns: its times drift together. */
final class Peers {
  /** Repetitions that do not count: the JVM still compiles. */
  private static final int WARM_UPS = 5;

  private final Measured timestore = new Measured();
  private final Measured parquet = new Measured();

  /** One job of a peer. */
  @FunctionalInterface
  interface Job {
    Elapsed run(Peer peer) throws Exception;
  }

  /** Runs the job of each peer so often, after those that do not count. */
  void measure(int repetitions, Job job) throws Exception {
    for (int i = 0; i < WARM_UPS + repetitions; i++) {
      Elapsed ours = job.run(Peer.TIMESTORE);
      Elapsed theirs = job.run(Peer.PARQUET);
      if (i >= WARM_UPS) {
        timestore.add(ours);
        parquet.add(theirs);
      }
    }
  }

  void print(String name, long rowCount) {
    System.out.printf(
        Locale.ROOT,
        "%-34s timestore %s, parquet %s, ratio %.2f%n",
        name,
        timestore.perRow(rowCount),
        parquet.perRow(rowCount),
        parquet.seconds() / timestore.seconds());
  }
}
