package io.timestore.benchmarks;

import java.nio.file.Path;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

/**
 * INSERTs into a timestore table and into filesystem+Parquet (snappy), of the same rows, in turns:
 * batch mode with one writer and with two, streaming with a checkpoint a second, and rows in random
 * order. The rows come out of a timestore table. Prints rows a second, medians of whole jobs, and
 * their ratio.
 *
 * <p>Arguments: a directory, in which the rows are kept for the next run; rows (10,000,000);
 * repetitions (9), after five that do not count; a part of the name of the only case to run.
 */
public final class InsertBenchmark {
  private final BenchmarkCluster cluster;
  private final Path directory;
  private final Rows rows;
  private final int repetitions;
  private final String only;
  private int targetCount;

  private InsertBenchmark(
      BenchmarkCluster cluster, Path directory, long rowCount, int repetitions, String only) {
    this.cluster = cluster;
    this.directory = directory;
    this.rows = new Rows(cluster, directory, rowCount);
    this.repetitions = repetitions;
    this.only = only;
  }

  /**
   * Runs all cases.
   *
   * @param args see the class
   */
  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[0]).toAbsolutePath();
    long rowCount = args.length > 1 ? Long.parseLong(args[1]) : 10_000_000;
    int repetitions = args.length > 2 ? Integer.parseInt(args[2]) : 9;
    String only = args.length > 3 ? args[3] : "";
    BenchmarkCluster cluster = new BenchmarkCluster();
    try {
      new InsertBenchmark(cluster, directory, rowCount, repetitions, only).run();
    } finally {
      cluster.close();
    }
  }

  private void run() throws Exception {
    StreamTableEnvironment batch = cluster.session(EnvironmentSettings.inBatchMode());
    rows.declareSource(batch);
    StreamTableEnvironment streaming = cluster.session(EnvironmentSettings.inStreamingMode());
    streaming.getConfig().set("execution.checkpointing.interval", "1 s");
    streaming.getConfig().set("execution.checkpointing.mode", "EXACTLY_ONCE");
    rows.declareSource(streaming);
    compare("batch, 1 writer", batch, 1, "k");
    compare("batch, 2 writers", batch, 2, "k");
    compare("streaming, checkpoint each second", streaming, 1, "k");
    compare("batch, random order", batch, 1, "shuffled");
  }

  private void compare(String name, StreamTableEnvironment tables, int writers, String key)
      throws Exception {
    if (!name.contains(only)) {
      return;
    }
    Peers peers = new Peers();
    peers.measure(repetitions, peer -> insert(peer, tables, writers, key));
    peers.print(name, rows.count());
  }

  /** One whole job. */
  private Elapsed insert(Peer peer, StreamTableEnvironment tables, int writers, String key)
      throws Exception {
    String name = "target" + targetCount++;
    Path path = directory.resolve(name);
    tables.getConfig().set("parallelism.default", Integer.toString(writers));
    TableResult unused = tables.executeSql(peer.table(name, Rows.COLUMNS, path));
    Elapsed elapsed =
        cluster.run(
            tables,
            "INSERT INTO "
                + name
                + " /*+ OPTIONS('sink.parallelism' = '"
                + writers
                + "') */ SELECT "
                + key
                + ", sym, price, size, payload FROM source");
    Rows.delete(path);
    return elapsed;
  }
}
