package io.timestore.flink.source;

import static java.util.Objects.requireNonNull;

import io.timestore.disk.FileNames;
import io.timestore.flink.types.CellTypes;
import io.timestore.flink.types.StorePattern;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.format.TimeUnit;
import io.timestore.store.Holder;
import io.timestore.store.Store;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.table.types.DataType;
import org.jspecify.annotations.Nullable;

/**
 * Builds a {@link TimestoreSource}. What must be said is the path, and where it does not follow
 * from the elements' class, the key, the columns and what makes elements of them. All else has the
 * defaults of SQL: the rows that are there when the job starts, all of them.
 */
public final class TimestoreSourceBuilder<T> {
  private final boolean hasFields;
  private @Nullable ElementFormat<T> format;
  private final List<Column> columns = new ArrayList<>();
  private @Nullable String keyName;
  private @Nullable CellType keyType;
  private @Nullable TimeUnit keyUnit;
  private int keyIndex;
  private @Nullable TypeInformation<T> elementType;
  private @Nullable String path;
  private ScanSettings settings = ScanSettings.DEFAULT;
  private @Nullable ScanPosition stop;
  private @Nullable Duration monitorInterval;
  private @Nullable RateLimiterStrategy<?> rateLimiter;

  /** For elements that are made of a key and of columns that are given one by one. */
  TimestoreSourceBuilder() {
    hasFields = false;
  }

  /** For elements that are made of batches of a key and of columns that are given one by one. */
  TimestoreSourceBuilder(ElementFormat<T> format, TypeInformation<T> elementType) {
    hasFields = false;
    this.format = format;
    this.elementType = elementType;
  }

  /** For elements that have fields, of which one is the key. */
  TimestoreSourceBuilder(
      ElementFormat<T> format,
      TypeInformation<T> elementType,
      Map<String, DataType> fields,
      String keyField) {
    hasFields = true;
    this.format = format;
    this.elementType = elementType;
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

  /** The store's directory, which all hosts must see alike. */
  public TimestoreSourceBuilder<T> path(Path newPath) {
    requireNonNull(newPath, "the path is null, expected the store's directory");
    return path(newPath.toString());
  }

  /**
   * The store's directory, or a pattern of several with the same columns, which are read as one
   * sequence: {@code *}, {@code ?}, <code>[abc]</code> and <code>{a,b}</code> stand for parts of
   * directories' names.
   */
  public TimestoreSourceBuilder<T> path(String newPath) {
    path = requireNonNull(newPath, "the path is null, expected the store's directory");
    return this;
  }

  /**
   * The key column.
   *
   * @param type TIMESTAMP(p) or TIMESTAMP_LTZ(p), whose unit follows from p (0 s, 1 to 3 ms, 4 to 6
   *     us, 7 to 9 ns), BIGINT, or DECIMAL(20, 0) for any 64 bits
   */
  public TimestoreSourceBuilder<T> key(String name, DataType type) {
    checkOneByOne();
    keyName = requireNonNull(name, "the key column's name is null");
    keyType = CellTypes.of(name, typeOf(name, type).getLogicalType());
    return this;
  }

  /** What a step of a time key is, where it is finer than its type. */
  public TimestoreSourceBuilder<T> keyUnit(TimeUnit unit) {
    keyUnit = requireNonNull(unit, "the key's unit is null");
    return this;
  }

  /** A further column to read; its table in the store has the same name. */
  public TimestoreSourceBuilder<T> column(String name, DataType type) {
    checkOneByOne();
    requireNonNull(name, "a column's name is null");
    DataType declared = typeOf(name, type);
    columns.add(column(name, CellTypes.of(name, declared.getLogicalType()), declared));
    return this;
  }

  private static DataType typeOf(String column, DataType type) {
    return requireNonNull(type, () -> "column " + column + ": the type is null");
  }

  /** What makes the elements, and their type. */
  public TimestoreSourceBuilder<T> deserializer(
      RowDeserializer<T> newDeserializer, TypeInformation<T> type) {
    checkOneByOne();
    requireNonNull(newDeserializer, "the deserializer is null");
    format = (layout, fields) -> new CellsReader<>(new RowReader(layout, fields), newDeserializer);
    elementType = requireNonNull(type, "the elements' type is null");
    return this;
  }

  private void checkOneByOne() {
    if (hasFields) {
      throw new IllegalStateException(
          "the columns of this source are its elements' fields: leave key(...), column(...) and"
              + " deserializer(...) out");
    }
  }

  /** Where the scan begins; before the first row, if nothing is said. */
  public TimestoreSourceBuilder<T> startAt(ScanPosition position) {
    settings = settings.withStart(requireNonNull(position, "the position is null"));
    return this;
  }

  /**
   * Where the scan ends: behind the rows that are committed when it begins, if nothing is said; or
   * never, if it looks for new ones.
   */
  public TimestoreSourceBuilder<T> stopAt(ScanPosition position) {
    stop = requireNonNull(position, "the position is null");
    return this;
  }

  /**
   * How often to look for new rows, as soon as those are read with which the scan begins. A store
   * that is not there yet is waited for.
   */
  public TimestoreSourceBuilder<T> monitorInterval(Duration interval) {
    monitorInterval = requireNonNull(interval, "the monitor interval is null");
    return this;
  }

  /** What a reader is given at once, about. */
  public TimestoreSourceBuilder<T> splitSize(MemorySize size) {
    settings =
        settings.withSplitSizeBytes(requireNonNull(size, "the split size is null").getBytes());
    return this;
  }

  /** Whether to compare what is read with its checksums. */
  public TimestoreSourceBuilder<T> verifyChecksums(boolean verifies) {
    settings = settings.withVerifyChecksums(verifies);
    return this;
  }

  /** Holds up rows, all readers together. */
  public TimestoreSourceBuilder<T> rateLimiter(RateLimiterStrategy<?> strategy) {
    rateLimiter = requireNonNull(strategy, "the rate limiter is null");
    return this;
  }

  /**
   * The source.
   *
   * @throws IllegalStateException if the path, the key or the deserializer was not given
   * @throws org.apache.flink.table.api.ValidationException if a store at the path, as seen from
   *     here, has another key or other columns
   * @throws UncheckedIOException if there is no store, and the scan does not look for one
   */
  public TimestoreSource<T> build() {
    if (path == null) {
      throw new IllegalStateException("the source needs a path: call path(...)");
    }
    if (keyName == null || keyType == null) {
      throw new IllegalStateException("the source needs a key: call key(...)");
    }
    ScanSettings scan = settings();
    Key key = keyUnit == null ? Key.of(keyName, keyType) : new Key(keyName, keyType, keyUnit);
    String absolute = FileNames.absolute(FileNames.path(path)).toString();
    TableLayout layout;
    try {
      layout = layout(absolute, key, scan.hasTail());
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
    return TimestoreSource.of(layout, projection(), format(), scan, type(), rateLimiter);
  }

  private ScanSettings settings() {
    if (monitorInterval != null) {
      return settings.withMonitorInterval(
          monitorInterval, stop == null ? ScanPosition.never() : stop);
    }
    return stop == null ? settings : settings.withStop(stop);
  }

  private TableLayout layout(String absolute, Key key, boolean waits) throws IOException {
    TableLayout layout =
        new TableLayout(absolute, null, Holder.host(), key, keyIndex, List.copyOf(columns));
    StorePattern pattern = new StorePattern(absolute);
    if (pattern.hasWildcards()) {
      for (String store : pattern.stores()) {
        layout.at(store).checkReadable(Store.open(FileNames.path(store)));
      }
      return layout;
    }
    if (!pattern.isStore()) {
      if (waits) {
        return layout;
      }
      throw new NoSuchFileException(
          absolute, null, "no store: there is no such directory, or it is empty");
    }
    Store store = Store.open(layout.directory());
    TableLayout seen =
        new TableLayout(
            absolute,
            store.schema().map(Schema::storeId).orElse(null),
            Holder.host(),
            key,
            keyIndex,
            List.copyOf(columns));
    seen.checkReadable(store);
    return seen;
  }

  /** All fields; or, for a deserializer, which gets the key by itself, all but the key. */
  private int[] projection() {
    return IntStream.rangeClosed(0, columns.size())
        .filter(field -> hasFields || field != keyIndex)
        .toArray();
  }

  private ElementFormat<T> format() {
    if (format == null) {
      throw new IllegalStateException(
          "the source needs to know its elements: call deserializer(...)");
    }
    return format;
  }

  private TypeInformation<T> type() {
    return requireNonNull(elementType);
  }
}
