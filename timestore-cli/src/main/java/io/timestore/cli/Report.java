package io.timestore.cli;

import io.timestore.cli.RowAggregate.WatchedRows;
import io.timestore.disk.IoThreads;
import io.timestore.format.Column;
import io.timestore.format.Schema;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code timestore report}: a page to look at. */
@Command(
    name = "report",
    description = {
      "Reads all rows once and writes one page with charts, which needs no network: rows over"
          + " event time, gaps, lanes, numeric columns, commits over wall time, sizes."
    },
    footer = {"", "Example: timestore report /data/ticks -o ticks.html"})
final class Report extends StoreCommand {
  /** Columns that are drawn where none are named. */
  private static final int COLUMNS_MAX = 40;

  private static final int BUCKETS_MAX = 100_000;

  /** Rows that a bucket has at least, on average: else there is nothing to sum up. */
  private static final int BUCKET_ROWS_MIN = 4;

  private static final int FEW_BUCKETS = 60;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      defaultValue = "report.html",
      description = "The page, written over if it is there (default: ${DEFAULT-VALUE}).")
  private Path file;

  @Option(
      names = "--columns",
      paramLabel = "COL",
      split = ",",
      description = "The numeric columns to draw (default: all, up to " + COLUMNS_MAX + ").")
  private @Nullable List<String> columnNames;

  @Option(
      names = "--buckets",
      paramLabel = "N",
      defaultValue = "2000",
      description =
          "Parts of the event time in which rows are summed up (default: ${DEFAULT-VALUE}).")
  private int bucketCountMax;

  @Override
  public Integer call() throws IOException {
    if (bucketCountMax < 1 || bucketCountMax > BUCKETS_MAX) {
      throw misuse("--buckets " + bucketCountMax + ", expected 1 to " + BUCKETS_MAX);
    }
    Store store = open();
    List<Column> numeric = numericColumns(store);
    List<Column> drawn = drawnColumns(numeric);
    CommitHistory history = new CommitHistory(store.journal());
    WatchedRows watched = history.rowsToWatch();
    Snapshot snapshot = store.snapshot();
    RowAggregate rows = null;
    if (snapshot.rowCount() > 0) {
      rows = new RowAggregate(snapshot, drawn, bucketCount(snapshot.rowCount()), watched);
      read(rows);
    }
    ReportPage page =
        new ReportPage(
            store, snapshot, rows, history, watched, numeric.size() - drawn.size(), version());
    write(page.html());
    tellResult(store, snapshot, drawn);
    return Timestore.OK;
  }

  private void read(RowAggregate rows) throws IOException {
    try (Bar bar = bar("report");
        IoThreads thread = new IoThreads("timestore-report", 1)) {
      thread.call(
          () -> {
            rows.read(bar);
            return null;
          });
    }
  }

  private int bucketCount(long rowCount) {
    long enough = Math.max(FEW_BUCKETS, rowCount / BUCKET_ROWS_MIN);
    return (int) Math.min(bucketCountMax, enough);
  }

  private static List<Column> numericColumns(Store store) {
    return store.schema().map(Schema::columns).orElse(List.of()).stream()
        .filter(NumericColumn::isNumeric)
        .toList();
  }

  private List<Column> drawnColumns(List<Column> numeric) {
    if (columnNames == null) {
      return numeric.subList(0, Math.min(COLUMNS_MAX, numeric.size()));
    }
    List<Column> drawn = new ArrayList<>();
    for (String name : columnNames) {
      drawn.add(
          numeric.stream()
              .filter(column -> column.name().equals(name))
              .findFirst()
              .orElseThrow(
                  () ->
                      misuse(
                          "--columns: '"
                              + name
                              + "' is no numeric column of "
                              + directory()
                              + ", found "
                              + numeric.stream().map(Column::name).toList())));
    }
    return drawn;
  }

  /** Whole or not at all. */
  private void write(String html) throws IOException {
    Path absolute = file.toAbsolutePath();
    Path parent = absolute.getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      throw misuse("-o " + file + ": there is no directory " + parent);
    }
    if (Files.exists(absolute) && !Files.isRegularFile(absolute)) {
      Files.writeString(absolute, html); // A pipe, or /dev/stdout.
      return;
    }
    Path temporary = parent.resolve(".report." + UUID.randomUUID());
    try {
      Files.writeString(temporary, html, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      Files.move(temporary, absolute, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private void tellResult(Store store, Snapshot snapshot, List<Column> drawn) {
    if (!isJson()) {
      output().line(file + " shows " + snapshot.rowCount() + " rows of " + store.directory());
      return;
    }
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("store", store.directory().toString());
    json.put("page", file.toString());
    json.put("rows", snapshot.rowCount());
    json.put("columns", drawn.stream().map(Column::name).toList());
    output().json(json);
  }
}
