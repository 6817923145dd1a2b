package io.timestore.cli;

import io.timestore.format.Batch;
import io.timestore.store.LaneRange;
import io.timestore.store.Scan;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.io.BufferedOutputStream;
import java.io.BufferedWriter;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code timestore export}: rows into a new store or a file. */
@Command(
    name = "export",
    description = {
      "Writes rows into a new store or a file. It is there whole, or not at all.",
      "A new store has one lane: the Rust crate opens it and appends to it."
    },
    footer = {
      "",
      "Example: timestore export /data/ticks january.arrow --from 2026-01-01T00:00:00Z --to"
          + " 2026-02-01T00:00:00Z"
    })
final class Export extends StoreCommand {
  /** What rows become. */
  private enum Form {
    STORE,
    CSV,
    JSONL,
    ARROW
  }

  @Parameters(index = "1", paramLabel = "TARGET", description = "A file or a directory to be made.")
  private Path target;

  @Mixin private Selection selection = new Selection();

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "store, csv, jsonl or arrow (default: by the end of the name, else a store).")
  private @Nullable Form form;

  @Override
  public Integer call() throws IOException {
    Store store = open();
    Columns columns = Columns.of(store, Map.of(), selection.columns());
    Snapshot snapshot = store.snapshot();
    List<LaneRange> ranges = snapshot.ranges(selection.range(columns.keyText()));
    long rowCount = ranges.stream().mapToLong(LaneRange::rowCount).sum();
    try (Unfinished made = new Unfinished(target)) {
      if (form() == Form.STORE) {
        writeStore(made.path(), snapshot, ranges, columns);
      } else {
        writeFile(made.path(), snapshot, ranges, columns);
      }
      made.finish();
    }
    if (isJson()) {
      Map<String, Object> json = new LinkedHashMap<>();
      json.put("target", target.toAbsolutePath().toString());
      json.put("format", form().name().toLowerCase(Locale.ROOT));
      json.put("rows", rowCount);
      output().json(json);
    } else {
      output().line(rowCount + (rowCount == 1 ? " row" : " rows") + " in " + target);
    }
    return Timestore.OK;
  }

  private Form form() {
    if (form != null) {
      return form;
    }
    return FileForm.of(target)
        .map(
            file ->
                switch (file) {
                  case CSV -> Form.CSV;
                  case JSONL -> Form.JSONL;
                  case ARROW -> Form.ARROW;
                })
        .orElse(Form.STORE);
  }

  private static void writeStore(
      Path path, Snapshot snapshot, List<LaneRange> ranges, Columns columns) throws IOException {
    if (!columns.hasKey()) {
      throw new IllegalArgumentException(
          "--columns: a store has a key: " + columns.key().name() + " is missing");
    }
    Store copy = Store.openOrCreate(path, columns.toSchema());
    Batch batch = columns.newBatch();
    try (StoreWriter writer = copy.writer(WriterOptions.defaults(), columns.tables());
        Scan scan = snapshot.scan(ranges, columns.tables())) {
      while (scan.next(batch)) {
        writer.append(batch);
      }
      writer.commit();
    }
  }

  private void writeFile(Path path, Snapshot snapshot, List<LaneRange> ranges, Columns columns)
      throws IOException {
    try (FileOutputStream file = new FileOutputStream(path.toFile());
        OutputStream out = new BufferedOutputStream(file)) {
      if (form() == Form.ARROW) {
        new ArrowOutput(snapshot, ranges, columns, true).write(out, rowCount -> {});
      } else {
        Writer writer = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
        writeText(writer, snapshot, ranges, columns);
        writer.flush();
      }
      out.flush();
      file.getFD().sync();
    }
  }

  private void writeText(Writer writer, Snapshot snapshot, List<LaneRange> ranges, Columns columns)
      throws IOException {
    Batch batch = columns.newBatch();
    try (RowPrinter printer =
            form() == Form.CSV
                ? new CsvPrinter(columns, writer)
                : new JsonPrinter(columns, writer);
        Scan scan = snapshot.scan(ranges, columns.tables())) {
      while (scan.next(batch)) {
        if (Thread.currentThread().isInterrupted()) {
          throw new InterruptedIOException("stopped by a signal");
        }
        for (int row = 0; row < batch.rowCount(); row++) {
          printer.print(batch, row);
        }
      }
    }
  }
}
