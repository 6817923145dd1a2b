package io.timestore.flink.table;

import io.timestore.disk.FileNames;
import io.timestore.flink.sink.SinkSettings;
import io.timestore.flink.source.ScanSettings;
import io.timestore.flink.types.StorePattern;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.CorruptStoreException;
import io.timestore.store.Store;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.PatternSyntaxException;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.format.EncodingFormat;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DeserializationFormatFactory;
import org.apache.flink.table.factories.DynamicTableSinkFactory;
import org.apache.flink.table.factories.DynamicTableSourceFactory;
import org.apache.flink.table.factories.SerializationFormatFactory;

/** Makes sources and sinks of tables with {@code 'connector' = 'timestore'}. */
public final class TimestoreTableFactory
    implements DynamicTableSourceFactory, DynamicTableSinkFactory {
  static final String IDENTIFIER = "timestore";

  @Override
  public String factoryIdentifier() {
    return IDENTIFIER;
  }

  @Override
  public Set<ConfigOption<?>> requiredOptions() {
    return TimestoreOptions.REQUIRED;
  }

  @Override
  public Set<ConfigOption<?>> optionalOptions() {
    return TimestoreOptions.OPTIONAL;
  }

  @Override
  public DynamicTableSource createDynamicTableSource(Context context) {
    ColumnFormats<DeserializationFormatFactory> formats =
        new ColumnFormats<>(DeserializationFormatFactory.class, context);
    TableDeclaration declaration = new TableDeclaration(this, context, formats);
    ReadableConfig options = declaration.options();
    ScanSettings settings =
        new ScanOptions(options, context.getConfiguration(), declaration.key()).settings();
    LookupSettings lookup = LookupSettings.of(options);
    Map<DataTypes.Field, DecodingFormat<DeserializationSchema<RowData>>> decoding =
        formats.create((factory, own) -> factory.createDecodingFormat(context, own));
    TableLayout layout = onDisk(declaration.directory(), () -> readable(declaration, settings));
    return new TimestoreTableSource(
        layout,
        decoding,
        settings,
        options.getOptional(TimestoreOptions.SCAN_PARALLELISM).orElse(null),
        SessionMode.of(context.getConfiguration()),
        lookup,
        context.getPhysicalRowDataType());
  }

  private static TableLayout readable(TableDeclaration declaration, ScanSettings settings)
      throws IOException {
    StorePattern pattern = new StorePattern(declaration.directory().toString());
    boolean waits = settings.monitorInterval() != null;
    if (pattern.hasWildcards()) {
      if (settings.countsRows()) {
        throw new ValidationException(
            "path '"
                + pattern.path()
                + "' stands for several stores, of which each counts rows of its own: begin and end"
                + " the scan at a key or a timestamp");
      }
      return readableAll(declaration, pattern, waits);
    }
    if (waits && !pattern.isStore()) {
      return declaration.layout(null);
    }
    Store store = Store.open(declaration.directory());
    TableLayout layout = declaration.layout(store);
    layout.checkReadable(store);
    return layout;
  }

  /**
   * The layout of all stores that match.
   *
   * @param waits whether there may be none yet
   */
  private static TableLayout readableAll(
      TableDeclaration declaration, StorePattern pattern, boolean waits) throws IOException {
    List<String> paths = stores(pattern);
    if (paths.isEmpty() && !waits) {
      throw new ValidationException(
          "path '" + pattern.path() + "': no directory whose name matches holds a store");
    }
    if (paths.isEmpty()) {
      return declaration.layout(null);
    }
    TableLayout layout = declaration.layout(Store.open(FileNames.path(paths.get(0))));
    for (String path : paths) {
      TableLayout own = layout.at(path);
      own.checkReadable(Store.open(own.directory()));
    }
    return layout.at(pattern.path());
  }

  private static List<String> stores(StorePattern pattern) throws IOException {
    try {
      return pattern.stores();
    } catch (PatternSyntaxException e) {
      throw Refusal.of(
          "option 'path': '" + pattern.path() + "' is no pattern: " + e.getDescription(), e);
    }
  }

  @Override
  public DynamicTableSink createDynamicTableSink(Context context) {
    ColumnFormats<SerializationFormatFactory> formats =
        new ColumnFormats<>(SerializationFormatFactory.class, context);
    TableDeclaration declaration = new TableDeclaration(this, context, formats);
    ReadableConfig options = declaration.options();
    Map<DataTypes.Field, EncodingFormat<SerializationSchema<RowData>>> encoding =
        formats.create((factory, own) -> factory.createEncodingFormat(context, own));
    return new TimestoreTableSink(
        onDisk(declaration.directory(), () -> writable(declaration)),
        encoding,
        new SinkSettings(
            options.get(TimestoreOptions.SINK_ORDERING),
            options.get(TimestoreOptions.SINK_LATE_ROWS),
            options.get(TimestoreOptions.SINK_REORDER_BUFFER).getBytes(),
            options.get(TimestoreOptions.SINK_BUFFER_MEMORY).getBytes(),
            options.get(TimestoreOptions.SINK_LANES_MAX),
            options.get(TimestoreOptions.SINK_DIRECT_IO),
            options.get(TimestoreOptions.SINK_RESTORE_MODE),
            false),
        options.getOptional(TimestoreOptions.SINK_PARALLELISM).orElse(1));
  }

  private static TableLayout writable(TableDeclaration declaration) throws IOException {
    Path directory = declaration.directory();
    if (new StorePattern(directory.toString()).hasWildcards()) {
      throw new ValidationException(
          "path '"
              + directory
              + "' stands for all stores that match it, but rows are written to one: name its"
              + " directory");
    }
    Optional<Store> store =
        Store.exists(directory) ? Optional.of(Store.open(directory)) : Optional.empty();
    TableLayout layout = declaration.layout(store.orElse(null));
    if (store.isPresent()) {
      layout.checkWritable(store.get());
    }
    return layout;
  }

  @FunctionalInterface
  private interface Look {
    TableLayout layout() throws IOException;
  }

  /** Tells what the user can mend from damage and from failures of the disk. */
  private static TableLayout onDisk(Path directory, Look look) {
    try {
      return look.layout();
    } catch (NoSuchFileException e) {
      throw Refusal.of(
          "path '" + directory + "': " + e.getReason() + "; an INSERT would make one", e);
    } catch (AccessDeniedException e) {
      throw Refusal.of("path '" + directory + "': " + e.getMessage(), e);
    } catch (CorruptStoreException | FileSystemException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    } catch (IOException e) {
      throw Refusal.of("option 'path': " + e.getMessage(), e);
    }
  }
}
