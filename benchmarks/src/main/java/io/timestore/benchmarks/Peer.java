package io.timestore.benchmarks;

import java.nio.file.Path;

/** Whose tables are written and read. */
enum Peer {
  TIMESTORE("'connector' = 'timestore'"),
  PARQUET("'connector' = 'filesystem', 'format' = 'parquet', 'parquet.compression' = 'SNAPPY'");

  private final String options;

  Peer(String options) {
    this.options = options;
  }

  /** The DDL of a table of this peer. */
  String table(String name, String columns, Path path) {
    return "CREATE TEMPORARY TABLE "
        + name
        + " ("
        + columns
        + ") WITH ("
        + options
        + ", 'path' = '"
        + path
        + "')";
  }
}
