package io.timestore.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/**
 * Queries over a timestore table and over filesystem+Parquet (snappy), of the same rows, in turns,
 * in batch mode. Each query's result is compared before it is measured. Prints, as medians of whole
 * jobs:
 *
 * <ul>
 *   <li>of a checksum of every byte, with one reader and with two, and of the sum of one column:
 *       rows a second, and their ratio;
 *   <li>of a hundredth of all keys, of one key, and of COUNT, MIN and MAX: milliseconds above those
 *       of a sum over an empty table.
 * </ul>
 *
 * <p>Arguments: a directory, in which the rows are kept for the next run; rows (10,000,000);
 * repetitions (9), after five that do not count; a part of the name of the only case to run.
 */
public final class ScanBenchmark {
  private static final String CHECKSUM = "SUM(checksum(k, sym, price, size, payload))";

  private final BenchmarkCluster cluster;
  private final Rows rows;
  private final int repetitions;
  private final String only;
  private final StreamTableEnvironment tables;

  private ScanBenchmark(
      BenchmarkCluster cluster, Path directory, long rowCount, int repetitions, String only) {
    this.cluster = cluster;
    this.rows = new Rows(cluster, directory, rowCount);
    this.repetitions = repetitions;
    this.only = only;
    this.tables = cluster.session(EnvironmentSettings.inBatchMode());
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
      new ScanBenchmark(cluster, directory, rowCount, repetitions, only).run();
    } finally {
      cluster.close();
    }
    BenchmarkCluster quick = BenchmarkCluster.withoutWaiting();
    try {
      ScanBenchmark scans = new ScanBenchmark(quick, directory, rowCount, repetitions, only);
      scans.prepare();
      scans.compareShort();
    } finally {
      quick.close();
    }
  }

  private void prepare() throws Exception {
    tables.createTemporarySystemFunction("checksum", Checksum.class);
    declare("CREATE TEMPORARY TABLE one_value (v STRING) WITH ('connector' = 'blackhole')");
    rows.declareSource(tables);
    for (Peer peer : Peer.values()) {
      fill(peer, name(peer), Rows.COLUMNS);
      fill(peer, name(peer) + "_not_null", Rows.NOT_NULL_COLUMNS);
    }
    createEmpty();
  }

  private void run() throws Exception {
    prepare();
    compare("checksum, 1 reader", 1, CHECKSUM, "");
    compare("checksum, 2 readers", 2, CHECKSUM, "");
    compare("checksum, 1 reader, NOT NULL", 1, CHECKSUM, "_not_null");
    compare("checksum, 2 readers, NOT NULL", 2, CHECKSUM, "_not_null");
    compare("sum of a column", 1, "SUM(price)", "");
    compare("sum of a column, NOT NULL", 1, "SUM(price)", "_not_null");
  }

  private static String name(Peer peer) {
    return peer.name().toLowerCase(Locale.ROOT);
  }

  private void declare(String ddl) {
    TableResult unused = tables.executeSql(ddl);
  }

  private void fill(Peer peer, String name, String columns) throws Exception {
    Path path = rows.path(name);
    declare(peer.table(name, columns, path));
    rows.fill(
        path,
        () -> {
          Elapsed unused =
              cluster.run(
                  tables,
                  "INSERT INTO " + name + " SELECT k, sym, price, size, payload FROM source");
        });
  }

  /** A store without rows. */
  private void createEmpty() throws Exception {
    Path path = rows.path("no_rows");
    declare(Peer.TIMESTORE.table("no_rows", Rows.COLUMNS, path));
    rows.fill(
        path,
        () -> {
          Elapsed unused =
              cluster.run(
                  tables,
                  "INSERT INTO no_rows SELECT k, sym, price, size, payload FROM source WHERE size < 0");
        });
  }

  private void compare(String name, int readers, String aggregate, String suffix) throws Exception {
    if (!name.contains(only)) {
      return;
    }
    tables.getConfig().set("parallelism.default", Integer.toString(readers));
    String ourQuery = query(aggregate, name(Peer.TIMESTORE) + suffix);
    String theirQuery = query(aggregate, name(Peer.PARQUET) + suffix);
    checkEqual(ourQuery, theirQuery);
    Peers peers = new Peers();
    peers.measure(repetitions, peer -> run(peer == Peer.TIMESTORE ? ourQuery : theirQuery));
    peers.print(name, rows.count());
    tables.getConfig().set("parallelism.default", "1");
  }

  private static String query(String aggregate, String tableAndFilter) {
    return "SELECT CAST(" + aggregate + " AS STRING) FROM " + tableAndFilter;
  }

  private Elapsed run(String query) throws Exception {
    return cluster.run(tables, "INSERT INTO one_value " + query);
  }

  private void checkEqual(String ourQuery, String theirQuery) throws Exception {
    String our = value(ourQuery);
    String their = value(theirQuery);
    if (!our.equals(their)) {
      throw new IllegalStateException(
          ourQuery + " is " + our + ", but " + theirQuery + " is " + their);
    }
  }

  private String value(String query) throws Exception {
    CloseableIterator<Row> result = tables.executeSql(query).collect();
    try {
      return String.valueOf(result.next().getField(0));
    } finally {
      result.close();
    }
  }

  /** Queries that read little, and are measured in turns with one that reads nothing. */
  private void compareShort() throws Exception {
    List<ShortQuery> all = new ArrayList<>();
    for (ShortQuery each :
        List.of(
            new ShortQuery(
                "1 % of the keys", "SUM(price)", " WHERE k BETWEEN 2000000000 AND 2042949672"),
            new ShortQuery(
                "one key",
                "SUM(price)",
                " WHERE k = " + value(query("MAX(k)", "timestore WHERE k < 3000000000"))),
            new ShortQuery("COUNT(*)", "COUNT(*)", ""),
            new ShortQuery("MIN of the key", "MIN(k)", ""),
            new ShortQuery("MAX of the key", "MAX(k)", ""))) {
      if (each.name.contains(only)) {
        checkEqual(each.query(Peer.TIMESTORE), each.query(Peer.PARQUET));
        all.add(each);
      }
    }
    Measured empty = new Measured();
    for (int i = 0; i < 12 * repetitions && !all.isEmpty(); i++) {
      boolean counts = i >= 6 * repetitions;
      Elapsed nothing = run(query("SUM(price)", "no_rows"));
      if (counts) {
        empty.add(nothing);
      }
      for (ShortQuery each : all) {
        Elapsed our = run(each.query(Peer.TIMESTORE));
        if (counts) {
          each.ours.add(our);
        }
        // The peer reads all of its keys, and takes long.
        if (i % 12 == 11) {
          each.theirs.add(run(each.query(Peer.PARQUET)));
        }
      }
    }
    for (ShortQuery each : all) {
      System.out.printf(
          Locale.ROOT,
          "%-34s timestore %.1f ms, parquet %.1f ms above the %.1f ms of an empty query%n",
          each.name,
          1e3 * (each.ours.seconds() - empty.seconds()),
          1e3 * (each.theirs.seconds() - empty.seconds()),
          1e3 * empty.seconds());
    }
  }

  /** A query that reads little. */
  private static final class ShortQuery {
    private final String name;
    private final String aggregate;
    private final String filter;
    private final Measured ours = new Measured();
    private final Measured theirs = new Measured();

    ShortQuery(String name, String aggregate, String filter) {
      this.name = name;
      this.aggregate = aggregate;
      this.filter = filter;
    }

    String query(Peer peer) {
      return ScanBenchmark.query(aggregate, ScanBenchmark.name(peer) + filter);
    }
  }
}
