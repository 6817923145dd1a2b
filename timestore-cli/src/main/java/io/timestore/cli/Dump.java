package io.timestore.cli;

import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.store.KeyRange;
import io.timestore.store.LaneRange;
import io.timestore.store.Scan;
import io.timestore.store.SequencePart;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import io.timestore.store.StoreReader;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code timestore dump}: rows, to look at or to hand on. */
@Command(
    name = "dump",
    description = "Prints rows, in the order of their keys.",
    footer = {
      "",
      "Example: timestore dump /data/ticks --from 2026-01-31T12:00:00Z --head 20",
      "Example: timestore dump /data/ticks --format csv --columns ts,price > prices.csv"
    })
final class Dump extends StoreCommand {
  private static final Duration FOR_EVER = Duration.ofDays(36_500);

  /** What rows are printed as. */
  private enum Form {
    TABLE,
    CSV,
    JSONL,
    ARROW
  }

  @Mixin private Selection selection = new Selection();

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description =
          "table, csv, jsonl (an object a line, as --json does) or arrow (an IPC stream).")
  private @Nullable Form form;

  @Option(names = "--head", paramLabel = "N", description = "The first N of these rows.")
  private @Nullable Long head;

  @Option(names = "--tail", paramLabel = "N", description = "The last N of these rows.")
  private @Nullable Long tail;

  @Option(
      names = "--where-is",
      paramLabel = "KEY",
      description = "Say where rows of this key are, or would be, and print none.")
  private @Nullable String whereIs;

  @Option(names = "--follow", description = "Go on with rows as they are committed, until Ctrl-C.")
  private boolean follows;

  @Option(
      names = "--types",
      paramLabel = "TABLE=TYPE,…",
      description = "The types of tables of a store without a schema: sym=STRING,price=DOUBLE.")
  private @Nullable String types;

  @Override
  public Integer call() throws IOException {
    checkOptions();
    Store store = open();
    Map<String, CellType> typesOfTables = types == null ? Map.of() : TypeText.types(types);
    Columns columns = Columns.of(store, typesOfTables, selection.columns());
    if (whereIs != null) {
      return new Whereabouts(store, columns.keyText(), whereIs).tell(output(), isJson());
    }
    try (StoreReader reader = store.reader()) {
      Snapshot snapshot = reader.snapshot();
      SequencePart part = part(snapshot, columns);
      if (form() == Form.ARROW) {
        output().flush();
        new ArrowOutput(snapshot, ranges(snapshot, part), columns, false)
            .write(output().asStream(), rowCount -> {});
        return Timestore.OK;
      }
      try (RowPrinter printer = printer(columns)) {
        print(snapshot, ranges(snapshot, part), columns, printer);
        if (follows) {
          follow(reader, columns, printer);
        }
      }
    }
    return Timestore.OK;
  }

  private void checkOptions() {
    for (Long count : new Long[] {head, tail}) {
      if (count != null && count < 0) {
        throw misuse(count + " is no number of rows");
      }
    }
    if (head != null && (tail != null || follows)) {
      throw misuse("--head goes with neither --tail nor --follow");
    }
    if (isJson() && form != null && form != Form.JSONL) {
      throw misuse("--json is --format jsonl: leave one of them out");
    }
    if (follows && form == Form.ARROW) {
      throw misuse("--follow prints rows one by one: choose another --format than arrow");
    }
  }

  private Form form() {
    return isJson() ? Form.JSONL : form == null ? Form.TABLE : form;
  }

  private RowPrinter printer(Columns columns) throws IOException {
    return switch (form()) {
      case CSV -> new CsvPrinter(columns, output().asWriter());
      case JSONL -> new JsonPrinter(columns, output().asWriter());
      case TABLE, ARROW -> new TablePrinter(columns, output(), terminal());
    };
  }

  private SequencePart part(Snapshot snapshot, Columns columns) throws IOException {
    return snapshot.part(selection.range(columns.keyText()));
  }

  private List<LaneRange> ranges(Snapshot snapshot, SequencePart part) throws IOException {
    if (head != null && head < part.rowCount()) {
      return snapshot.ranges(part.start(), part.start() + head);
    }
    if (tail != null && tail < part.rowCount()) {
      return snapshot.ranges(part.end() - tail, part.end());
    }
    return part.ranges();
  }

  private static void print(
      Snapshot snapshot, List<LaneRange> ranges, Columns columns, RowPrinter printer)
      throws IOException {
    Batch batch = columns.newBatch();
    try (Scan scan = snapshot.scan(ranges, columns.tables())) {
      while (scan.next(batch)) {
        checkInterrupt();
        for (int row = 0; row < batch.rowCount(); row++) {
          printer.print(batch, row);
        }
      }
    }
  }

  private static void checkInterrupt() throws InterruptedIOException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("stopped by a signal");
    }
  }

  /** New rows, once each; those whose keys are outside of the range are left out. */
  private void follow(StoreReader reader, Columns columns, RowPrinter printer) throws IOException {
    KeyRange range = selection.range(columns.keyText());
    Batch batch = columns.newBatch();
    try {
      while (true) {
        printer.flush();
        output().flush();
        Snapshot before = reader.snapshot();
        if (reader.awaitChange(FOR_EVER)) {
          Snapshot now = reader.snapshot();
          try (Scan scan = now.scan(now.rangesSince(before), columns.tables())) {
            while (scan.next(batch)) {
              for (int row = 0; row < batch.rowCount(); row++) {
                if (isIn(range, batch.key(row))) {
                  printer.print(batch, row);
                }
              }
            }
          }
        }
      }
    } catch (InterruptedException | InterruptedIOException e) {
      // Ctrl-C: that is how it ends. The thread is not interrupted again, since files are closed
      // now.
    }
  }

  private static boolean isIn(KeyRange range, long key) {
    return Long.compareUnsigned(key, range.from()) >= 0
        && (range.end() == KeyRange.End.NONE || Long.compareUnsigned(key, range.to()) < 0);
  }

  /**
   * Where a key is.
   *
   * @param text the key as it was typed
   */
  private record Whereabouts(Store store, KeyText keys, String text) {

    int tell(Output output, boolean isJson) throws IOException {
      long key = keys.parse(text);
      Snapshot snapshot = store.snapshot();
      SequencePart part = snapshot.part(KeyRange.closed(key, key));
      List<Map<String, Object>> ranges = new ArrayList<>();
      for (LaneRange range : part.ranges()) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("lane", range.lane());
        json.put("from", range.start());
        json.put("to", range.end());
        ranges.add(json);
      }
      if (isJson) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("key", KeyText.number(key));
        json.put("keyTime", keys.time(key).orElse(null));
        json.put("rows", part.rowCount());
        json.put("row", part.start());
        json.put("ranges", ranges);
        json.put("previousKey", previous(part));
        json.put("nextKey", next(snapshot, part));
        output.json(json);
        return Timestore.OK;
      }
      output.line(
          keys.text(key)
              + (keys.time(key).isPresent() ? " (" + KeyText.number(key) + ")" : "")
              + ": "
              + (part.rowCount() == 0
                  ? "no row; it would be row " + part.start()
                  : part.rowCount() == 1
                      ? "row " + part.start()
                      : "rows " + part.start() + " to " + (part.end() - 1))
              + " of "
              + snapshot.rowCount());
      for (LaneRange range : part.ranges()) {
        output.line(
            "  lane "
                + range.lane()
                + ": "
                + (range.rowCount() == 1
                    ? "row " + range.start()
                    : "rows " + range.start() + " to " + (range.end() - 1)));
      }
      String before = previous(part);
      String after = next(snapshot, part);
      output.line("  before it: " + (before == null ? "none" : textOf(before)));
      output.line("  behind it: " + (after == null ? "none" : textOf(after)));
      return Timestore.OK;
    }

    private String textOf(String number) {
      return keys.text(Long.parseUnsignedLong(number));
    }

    private static @Nullable String previous(SequencePart part) {
      return part.previousKey().isPresent() ? KeyText.number(part.previousKey().getAsLong()) : null;
    }

    private static @Nullable String next(Snapshot snapshot, SequencePart part) throws IOException {
      return part.end() < snapshot.rowCount() ? KeyText.number(snapshot.key(part.end())) : null;
    }
  }
}
