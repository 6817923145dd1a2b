package io.timestore.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

/** The rows of all benchmarks, in files that are kept for the next run. */
final class Rows {
  /** Of the tables that are compared. */
  static final String COLUMNS =
      "k BIGINT NOT NULL, sym STRING, price DOUBLE, size BIGINT, payload BYTES";

  /** The same, none of them NULL. */
  static final String NOT_NULL_COLUMNS =
      "k BIGINT NOT NULL, sym STRING NOT NULL, price DOUBLE NOT NULL, size BIGINT NOT NULL,"
          + " payload BYTES NOT NULL";

  private final BenchmarkCluster cluster;
  private final Path directory;
  private final long rowCount;

  Rows(BenchmarkCluster cluster, Path directory, long rowCount) {
    this.cluster = cluster;
    this.directory = directory;
    this.rowCount = rowCount;
  }

  long count() {
    return rowCount;
  }

  /**
   * Declares the table {@code source}, which has them in the order of k; shuffled is k in another
   * order, by a multiplication modulo 2^32.
   *
   * @param batch a session in batch mode, in which they are made where they are not there
   */
  void declareSource(StreamTableEnvironment batch) throws Exception {
    String columns = COLUMNS.replaceFirst(",", ", shuffled BIGINT NOT NULL,");
    TableResult unusedResult =
        batch.executeSql(Peer.TIMESTORE.table("source", columns, path("source")));
    fill(
        path("source"),
        () -> {
          TableResult unused =
              batch.executeSql(
                  "CREATE TEMPORARY TABLE numbers (i BIGINT) WITH ('connector' = 'datagen',"
                      + " 'rows-per-second' = '1000000000', 'fields.i.kind' = 'random', 'fields.i.min' = '0', 'fields.i.max' ="
                      + " '4294967295', 'number-of-rows' = '"
                      + rowCount
                      + "')");
          Elapsed unusedTime =
              cluster.run(
                  batch,
                  "INSERT INTO source SELECT i, MOD(i * 1540483477, 4294967296), 'SYM' ||"
                      + " CAST(MOD(i, 500) AS STRING), i * 0.25e0, MOD(i, 1000),"
                      + " ENCODE(SUBSTRING(MD5(CAST(i AS STRING)), 1, 32), 'UTF-8') FROM numbers"
                      + " ORDER BY i");
        });
  }

  /** Where a table is, by the number of rows. */
  Path path(String table) {
    return directory.resolve(table + "-" + rowCount);
  }

  /** What fills a table. */
  @FunctionalInterface
  interface Filling {
    void run() throws Exception;
  }

  /** Fills a table that is not there; one that a run left half full is made again. */
  void fill(Path path, Filling filling) throws Exception {
    Path done = path.resolveSibling(path.getFileName() + ".done");
    if (!Files.exists(done)) {
      delete(path);
      Files.createDirectories(directory);
      filling.run();
      Files.createFile(done);
    }
  }

  static void delete(Path path) throws IOException {
    if (Files.exists(path)) {
      try (Stream<Path> paths = Files.walk(path)) {
        for (Path each : paths.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(each);
        }
      }
    }
  }
}
