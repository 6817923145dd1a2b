package io.timestore.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
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
 * repetitions (5), after one that does not count; a part of the name of the only case to run.
 */
public final class InsertBenchmark {
  private static final String COLUMNS =
      "k BIGINT NOT NULL, shuffled BIGINT NOT NULL, sym STRING, price DOUBLE, size BIGINT,"
          + " payload BYTES";

  private final Path directory;
  private final long rowCount;
  private final int repetitions;
  private final String only;
  private final StreamTableEnvironment batch;
  private final StreamTableEnvironment streaming;
  private int targetCount;

  private InsertBenchmark(
      Path directory, long rowCount, int repetitions, String only, int restPort) {
    this.directory = directory;
    this.rowCount = rowCount;
    this.repetitions = repetitions;
    this.only = only;
    this.batch = environment(restPort, EnvironmentSettings.inBatchMode());
    this.streaming = environment(restPort, EnvironmentSettings.inStreamingMode());
    streaming.getConfig().set("execution.checkpointing.interval", "1 s");
    streaming.getConfig().set("execution.checkpointing.mode", "EXACTLY_ONCE");
  }

  private static StreamTableEnvironment environment(int restPort, EnvironmentSettings settings) {
    StreamTableEnvironment tables =
        StreamTableEnvironment.create(
            StreamExecutionEnvironment.createRemoteEnvironment("localhost", restPort), settings);
    tables.getConfig().set("parallelism.default", "1");
    return tables;
  }

  /** Who takes the rows. */
  private enum Peer {
    TIMESTORE,
    PARQUET
  }

  /**
   * Runs all cases.
   *
   * @param args see the class
   */
  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[0]).toAbsolutePath();
    long rowCount = args.length > 1 ? Long.parseLong(args[1]) : 10_000_000;
    int repetitions = args.length > 2 ? Integer.parseInt(args[2]) : 5;
    Configuration configuration = new Configuration();
    configuration.set(RestOptions.PORT, 0);
    configuration.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(128));
    MiniCluster cluster =
        new MiniCluster(
            new MiniClusterConfiguration.Builder()
                .setConfiguration(configuration)
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(4)
                .build());
    cluster.start();
    try {
      int restPort = cluster.getRestAddress().get().getPort();
      String only = args.length > 3 ? args[3] : "";
      new InsertBenchmark(directory, rowCount, repetitions, only, restPort).run();
    } finally {
      cluster.close();
    }
  }

  private void run() throws Exception {
    Files.createDirectories(directory);
    createSource();
    compare("batch, 1 writer", batch, 1, "k");
    compare("batch, 2 writers", batch, 2, "k");
    compare("streaming, checkpoint each second", streaming, 1, "k");
    compare("batch, random order", batch, 1, "shuffled");
  }

  /** Rows in the order of k; shuffled is k in another order, by a multiplication modulo 2^32. */
  private void createSource() throws Exception {
    String ddl =
        "CREATE TABLE source ("
            + COLUMNS
            + ") WITH ('connector' = 'timestore', 'path' = '"
            + directory.resolve("source-" + rowCount)
            + "')";
    boolean isThere = Files.exists(directory.resolve("source-" + rowCount));
    for (StreamTableEnvironment tables : List.of(batch, streaming)) {
      TableResult unused = tables.executeSql(ddl);
    }
    if (isThere) {
      return;
    }
    TableResult unused =
        batch.executeSql(
            "CREATE TEMPORARY TABLE numbers (i BIGINT) WITH ('connector' = 'datagen', 'fields.i.kind' ="
                + " 'random', 'fields.i.min' = '0', 'fields.i.max' = '4294967295', 'number-of-rows' = '"
                + rowCount
                + "')");
    batch
        .executeSql(
            "INSERT INTO source SELECT i, MOD(i * 1540483477, 4294967296), 'SYM' || CAST(MOD(i, 500)"
                + " AS STRING), i * 0.25e0, MOD(i, 1000), ENCODE(SUBSTRING(MD5(CAST(i AS STRING)), 1,"
                + " 32), 'UTF-8') FROM numbers ORDER BY i")
        .await();
  }

  private void compare(String name, StreamTableEnvironment tables, int writers, String key)
      throws Exception {
    if (!name.contains(only)) {
      return;
    }
    List<Double> ours = new ArrayList<>();
    List<Double> theirs = new ArrayList<>();
    for (int i = 0; i <= repetitions; i++) {
      double our = insert(Peer.TIMESTORE, tables, writers, key);
      double their = insert(Peer.PARQUET, tables, writers, key);
      if (i > 0) {
        ours.add(our);
        theirs.add(their);
      }
    }
    System.out.printf(
        Locale.ROOT,
        "%-34s timestore %,12.0f rows/s, parquet %,12.0f rows/s, ratio %.2f%n",
        name,
        median(ours),
        median(theirs),
        median(ours) / median(theirs));
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }

  /** Returns rows a second of one whole job. */
  private double insert(Peer peer, StreamTableEnvironment tables, int writers, String key)
      throws IOException, ExecutionException, InterruptedException {
    String name = "target" + targetCount++;
    Path path = directory.resolve(name);
    String options =
        switch (peer) {
          case TIMESTORE -> "'connector' = 'timestore'";
          case PARQUET ->
              "'connector' = 'filesystem', 'format' = 'parquet', 'parquet.compression' = 'SNAPPY'";
        };
    tables.getConfig().set("parallelism.default", Integer.toString(writers));
    TableResult unused =
        tables.executeSql(
            "CREATE TEMPORARY TABLE "
                + name
                + " (k BIGINT NOT NULL, sym STRING, price DOUBLE, size BIGINT, payload BYTES) WITH ("
                + options
                + ", 'path' = '"
                + path
                + "', 'sink.parallelism' = '"
                + writers
                + "')");
    long start = System.nanoTime();
    tables
        .executeSql(
            "INSERT INTO " + name + " SELECT " + key + ", sym, price, size, payload FROM source")
        .await();
    double seconds = (System.nanoTime() - start) * 1e-9;
    delete(path);
    return rowCount / seconds;
  }

  private static void delete(Path path) throws IOException {
    try (Stream<Path> paths = Files.walk(path)) {
      for (Path each : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }
}
