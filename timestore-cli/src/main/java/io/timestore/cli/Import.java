package io.timestore.cli;

import io.timestore.arrow.ArrowAppender;
import io.timestore.arrow.ArrowSchema;
import io.timestore.format.Schema;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import io.timestore.store.WriterOptions.LateRows;
import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code timestore import}: rows of files into a new store, or one that is there. */
@Command(
    name = "import",
    description = {
      "Appends the rows of files to a store, or makes one of them. They may be in any order, and"
          + " older than what is there. All of them become visible at once, or none."
    },
    footer = {
      "",
      "Example: timestore import /data/ticks monday.csv tuesday.csv --bad-rows bad.jsonl",
      "Example: timestore import /data/new trades.csv --key ts --key-format s --schema"
          + " \"ts TIMESTAMP_LTZ(3), sym STRING NOT NULL, price DOUBLE\""
    })
final class Import extends StoreCommand {
  private static final Path STANDARD_INPUT = Path.of("-");
  private static final int LANES_MAX = 64;

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "FILE",
      description = "Files of rows, in UTF-8; -: the standard input.")
  private List<Path> files = List.of();

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "csv, jsonl or arrow (default: by the end of a file's name).")
  private @Nullable FileForm form;

  @Option(
      names = "--key",
      paramLabel = "NAME",
      description = "Of a new store: the column that is the key (default: the first one).")
  private @Nullable String key;

  @Option(
      names = "--key-format",
      paramLabel = "FORMAT",
      description =
          "How keys are written that are times: s, ms, us or ns since 1970, or a pattern such as"
              + " 'yyyy-MM-dd HH:mm:ss' (default: as ISO 8601 has them, or as they are stored).")
  private @Nullable String keyFormat;

  @Option(
      names = "--zone",
      paramLabel = "ZONE",
      description = "The zone of times of --key-format that have none: Z, +01:00, Europe/Berlin.")
  private @Nullable ZoneId zone;

  @Option(
      names = "--schema",
      paramLabel = "COLUMNS",
      description = "Of a new store: its columns, as SQL declares them.")
  private @Nullable String schema;

  @Option(
      names = "--separator",
      paramLabel = "CHARACTER",
      defaultValue = ",",
      description = "What is between the fields of CSV (default: ${DEFAULT-VALUE}).")
  private char separator;

  @Option(
      names = "--no-header",
      description =
          "The first line of CSV is a row: fields stand in the order of --schema, or the key first"
              + " and then the others as in the store.")
  private boolean hasNoHeader;

  @Option(
      names = "--bad-rows",
      paramLabel = "FILE",
      description =
          "Write what is no row to this file, with the reason, and go on; without it the first one"
              + " ends the import. Not for Arrow.")
  private @Nullable Path badRowsFile;

  @Override
  public Integer call() throws IOException {
    for (Path file : files) {
      checkFile(file);
    }
    Optional<Store> existing = existing();
    long rowCount;
    long badRowCount;
    try (BadRows badRows = new BadRows(badRowsFile)) {
      if (existing.isPresent()) {
        rowCount = load(adopted(existing.get()), badRows);
      } else {
        try (Unfinished made = new Unfinished(directory())) {
          rowCount = load(Store.openOrCreate(made.path(), newSchema()), badRows);
          made.finish();
        }
      }
      badRows.finish();
      badRowCount = badRows.count();
    }
    report(rowCount, badRowCount, existing.isEmpty());
    return Timestore.OK;
  }

  private void checkFile(Path file) {
    if (!file.equals(STANDARD_INPUT) && !Files.isReadable(file)) {
      throw misuse(
          file + " can't be read: " + (Files.exists(file) ? "no permission" : "no such file"));
    }
    FileForm found = form(file);
    if (found == FileForm.ARROW && badRowsFile != null) {
      throw misuse("--bad-rows: " + file + " is Arrow's, whose batches are taken whole");
    }
  }

  private FileForm form(Path file) {
    if (form != null) {
      return form;
    }
    return FileForm.of(file)
        .orElseThrow(() -> misuse(file + ": its name doesn't say what it holds: give --format"));
  }

  private Optional<Store> existing() throws IOException {
    boolean isNew = !Files.exists(directory()) || isEmptyDirectory();
    return isNew ? Optional.empty() : Optional.of(open());
  }

  private boolean isEmptyDirectory() throws IOException {
    if (!Files.isDirectory(directory())) {
      return false;
    }
    try (var children = Files.list(directory())) {
      return children.findAny().isEmpty();
    }
  }

  /** A store of the crate gets the schema that was given. */
  private Store adopted(Store store) throws IOException {
    Optional<Schema> declared =
        schema == null
            ? Optional.empty()
            : Optional.of(TypeText.schema(schema, Optional.ofNullable(key)));
    if (store.schema().isEmpty()) {
      return Store.openOrCreate(
          directory(),
          declared.orElseThrow(
              () -> misuse(directory() + " has no schema: declare its columns with --schema")));
    }
    Schema own = store.schema().get();
    if (declared.isPresent()
        && (!declared.get().key().equals(own.key())
            || !declared.get().columns().equals(own.columns()))) {
      throw misuse(
          "--schema is not the one of " + directory() + ", which has one already: leave it out");
    }
    if (key != null && !key.equals(own.key().name())) {
      throw misuse("--key " + key + ": the key of " + directory() + " is " + own.key().name());
    }
    return store;
  }

  private Schema newSchema() throws IOException {
    if (schema != null) {
      return TypeText.schema(schema, Optional.ofNullable(key));
    }
    Path first = files.get(0);
    if (form(first) != FileForm.ARROW || first.equals(STANDARD_INPUT)) {
      throw misuse(
          directory()
              + " is to be a new store: declare its columns with --schema"
              + " \"NAME TYPE, NAME TYPE NOT NULL, …\"");
    }
    try (ArrowInput input = ArrowInput.ofFile(first)) {
      return ArrowSchema.toStore(input.schema(), Optional.ofNullable(key));
    }
  }

  private long load(Store store, BadRows badRows) throws IOException {
    Schema own = store.schema().orElseThrow();
    // Lanes that nobody knows of yet are the runs of an external merge sort.
    WriterOptions options =
        WriterOptions.defaults().withLateRows(LateRows.KEEP).withLanesMax(LANES_MAX, true);
    try (StoreWriter writer = store.writer(options, own.tables())) {
      for (Path file : files) {
        if (form(file) == FileForm.ARROW) {
          loadArrow(file, new ArrowAppender(store, writer));
        } else {
          loadTexts(file, own, writer, badRows);
        }
      }
      return writer.commit();
    }
  }

  private static void loadArrow(Path file, ArrowAppender appender) throws IOException {
    try (ArrowInput input =
        file.equals(STANDARD_INPUT)
            ? ArrowInput.ofStream("standard input", System.in)
            : ArrowInput.ofFile(file)) {
      input.appendTo(appender);
    }
  }

  private void loadTexts(Path file, Schema own, StoreWriter writer, BadRows badRows)
      throws IOException {
    String name = file.equals(STANDARD_INPUT) ? "standard input" : file.toString();
    RowLoader loader = new RowLoader(writer, own, KeyFormat.of(own.key(), keyFormat, zone));
    List<String> wanted = new ArrayList<>(List.of(own.key().name()));
    own.columns().forEach(column -> wanted.add(column.name()));
    try (RowSource source = source(file, name, wanted)) {
      checkMissing(name, source.missing(), own);
      for (RowSource.Row row = source.next(); row != null; row = source.next()) {
        if (row.error() != null) {
          badRows.add(name, row, row.error(), null);
          continue;
        }
        try {
          loader.add(row.fields());
        } catch (IllegalArgumentException e) {
          badRows.add(name, row, String.valueOf(e.getMessage()), e);
        }
      }
      loader.flush();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(name + ": it is no UTF-8", e);
    }
  }

  private RowSource source(Path file, String name, List<String> wanted) throws IOException {
    InputStream in =
        file.equals(STANDARD_INPUT)
            ? System.in
            : new BufferedInputStream(new FileInputStream(file.toFile()));
    Reader reader = new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder());
    if (form(file) == FileForm.JSONL) {
      return new JsonSource(reader, wanted);
    }
    List<String> order = hasNoHeader && schema != null ? TypeText.names(schema) : wanted;
    return new CsvSource(name, reader, separator, hasNoHeader ? order : List.of(), wanted);
  }

  private void checkMissing(String name, List<String> missing, Schema own) {
    for (String column : missing) {
      boolean nullable =
          own.columns().stream().anyMatch(c -> c.name().equals(column) && c.nullable());
      if (!nullable) {
        throw new IllegalArgumentException(
            name + ": it has no column '" + column + "', which can't be NULL");
      }
      tell(name + " has no column '" + column + "', it will be NULL");
    }
  }

  private void report(long rowCount, long badRowCount, boolean isNew) {
    if (isJson()) {
      Map<String, Object> json = new LinkedHashMap<>();
      json.put("store", directory().toAbsolutePath().toString());
      json.put("created", isNew);
      json.put("files", files.stream().map(Path::toString).toList());
      json.put("rows", rowCount);
      json.put("badRows", badRowCount);
      output().json(json);
      return;
    }
    output()
        .line(
            rowCount
                + (rowCount == 1 ? " row" : " rows")
                + (isNew ? " in the new store " : " more in ")
                + directory()
                + (badRowsFile == null ? "" : ", " + badRowCount + " bad ones in " + badRowsFile));
  }
}
