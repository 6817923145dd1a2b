package io.timestore.flink.sink;

import static java.util.Objects.requireNonNull;

import io.timestore.disk.DirectIo;
import io.timestore.disk.FileNames;
import io.timestore.flink.types.CellTypes;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.format.TimeUnit;
import io.timestore.store.Holder;
import io.timestore.store.Publisher.RestoreMode;
import io.timestore.store.Store;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.table.types.DataType;
import org.jspecify.annotations.Nullable;

/**
 * Builds a {@link TimestoreSink}. What must be said is the path, and where it does not follow from
 * the elements' class, the key and the columns; all else has the defaults of SQL.
 */
public final class TimestoreSinkBuilder<T> {
  private final @Nullable RowFormat<T> format;
  private final List<Column> columns = new ArrayList<>();
  private final List<CellWriter<T>> writers = new ArrayList<>();
  private @Nullable KeyExtractor<T> keyExtractor;
  private @Nullable String keyName;
  private @Nullable CellType keyType;
  private @Nullable TimeUnit keyUnit;
  private int keyIndex;
  private @Nullable Path path;
  private SinkSettings settings = SinkSettings.DEFAULT;

  /** For elements whose key and columns are given one by one. */
  TimestoreSinkBuilder() {
    format = null;
  }

  /** For elements that have fields, of which one is the key. */
  TimestoreSinkBuilder(RowFormat<T> format, Map<String, DataType> fields, String keyField) {
    this.format = format;
    requireNonNull(keyField, "the key field is null, expected the name of a field");
    for (Map.Entry<String, DataType> field : fields.entrySet()) {
      CellType type = CellTypes.of(field.getKey(), field.getValue().getLogicalType());
      if (field.getKey().equals(keyField)) {
        keyIndex = columns.size();
        keyName = keyField;
        keyType = type;
      } else {
        columns.add(column(field.getKey(), type, field.getValue()));
      }
    }
    if (keyName == null) {
      throw new IllegalArgumentException(
          "the key field '"
              + keyField
              + "' is not there, expected one of "
              + String.join(", ", fields.keySet()));
    }
  }

  private static Column column(String name, CellType type, DataType declared) {
    return new Column(name, name, type, declared.getLogicalType().isNullable());
  }

  /** The store's directory, which all hosts must see alike; it is made where there is none. */
  public TimestoreSinkBuilder<T> path(Path newPath) {
    path = requireNonNull(newPath, "the path is null, expected the store's directory");
    return this;
  }

  /**
   * The key column.
   *
   * @param type TIMESTAMP(p) or TIMESTAMP_LTZ(p), whose unit follows from p (0 s, 1 to 3 ms, 4 to 6
   *     us, 7 to 9 ns), BIGINT, or DECIMAL(20, 0) for any 64 bits
   */
  public TimestoreSinkBuilder<T> key(String name, DataType type, KeyExtractor<T> extractor) {
    checkOneByOne();
    keyName = requireNonNull(name, "the key column's name is null");
    keyType = CellTypes.of(name, typeOf(name, type).getLogicalType());
    keyExtractor = requireNonNull(extractor, () -> "column " + name + ": the extractor is null");
    return this;
  }

  /** What a step of a time key is, where it is finer than its type. */
  public TimestoreSinkBuilder<T> keyUnit(TimeUnit unit) {
    keyUnit = requireNonNull(unit, "the key's unit is null");
    return this;
  }

  /** A further column; its table in the store has the same name. */
  public TimestoreSinkBuilder<T> column(String name, DataType type, CellWriter<T> writer) {
    checkOneByOne();
    requireNonNull(name, "a column's name is null");
    requireNonNull(writer, () -> "column " + name + ": the writer is null");
    DataType declared = typeOf(name, type);
    columns.add(column(name, CellTypes.of(name, declared.getLogicalType()), declared));
    writers.add(writer);
    return this;
  }

  private static DataType typeOf(String column, DataType type) {
    return requireNonNull(type, () -> "column " + column + ": the type is null");
  }

  private void checkOneByOne() {
    if (format != null) {
      throw new IllegalStateException(
          "the columns of this sink are its elements' fields: leave key(...) and column(...) out");
    }
  }

  /** When rows are ordered, and which of them a checkpoint makes visible. */
  public TimestoreSinkBuilder<T> ordering(Ordering ordering) {
    settings = settings.withOrdering(requireNonNull(ordering, "the ordering is null"));
    return this;
  }

  /** What happens to rows that came too late for their place. */
  public TimestoreSinkBuilder<T> lateRows(LateRows lateRows) {
    settings = settings.withLateRows(requireNonNull(lateRows, "what to do with late rows is null"));
    return this;
  }

  /** Rows held for ordering: when it is full, the oldest are written first. */
  public TimestoreSinkBuilder<T> reorderBuffer(MemorySize size) {
    settings =
        settings.withReorderBufferBytes(
            requireNonNull(size, "the reorder buffer's size is null").getBytes());
    return this;
  }

  /** All write buffers of one writer. */
  public TimestoreSinkBuilder<T> bufferMemory(MemorySize size) {
    settings =
        settings.withBufferMemoryBytes(
            requireNonNull(size, "the write buffers' size is null").getBytes());
    return this;
  }

  /** How many lanes one run of one writer may make. */
  public TimestoreSinkBuilder<T> lanesMax(int lanesMax) {
    settings = settings.withLanesMax(lanesMax);
    return this;
  }

  /** What happens to state older than what its own lineage committed. */
  public TimestoreSinkBuilder<T> restoreMode(RestoreMode restoreMode) {
    settings = settings.withRestoreMode(requireNonNull(restoreMode, "the restore mode is null"));
    return this;
  }

  /** Whether writes go past the page cache. */
  public TimestoreSinkBuilder<T> directIo(DirectIo directIo) {
    settings = settings.withDirectIo(requireNonNull(directIo, "the direct I/O is null"));
    return this;
  }

  /**
   * The sink.
   *
   * @throws IllegalStateException if the path or the key was not given
   * @throws org.apache.flink.table.api.ValidationException if the store at the path, as seen from
   *     here, has another key or other columns
   */
  public TimestoreSink<T> build() {
    if (path == null) {
      throw new IllegalStateException("the sink needs a path: call path(...)");
    }
    if (keyName == null || keyType == null) {
      throw new IllegalStateException("the sink needs a key: call key(...)");
    }
    Key key = keyUnit == null ? Key.of(keyName, keyType) : new Key(keyName, keyType, keyUnit);
    Path directory = FileNames.absolute(path);
    try {
      return new TimestoreSink<>(layout(directory, key), format(), settings);
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  private TableLayout layout(Path directory, Key key) throws IOException {
    Store store = Store.exists(directory) ? Store.open(directory) : null;
    TableLayout layout =
        new TableLayout(
            directory.toString(),
            store == null ? null : store.schema().map(Schema::storeId).orElse(null),
            Holder.host(),
            key,
            keyIndex,
            columns);
    layout.newSchema();
    if (store != null) {
      layout.checkWritable(store);
    }
    return layout;
  }

  private RowFormat<T> format() {
    if (format != null) {
      return format;
    }
    KeyExtractor<T> extractor = requireNonNull(keyExtractor);
    List<CellWriter<T>> cells = List.copyOf(writers);
    return layout -> new ColumnsAppender<>(layout, extractor, cells);
  }
}
