package io.timestore.flink.source;

import io.timestore.flink.types.BatchRow;
import io.timestore.flink.types.KeyColumn;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.Batch;
import io.timestore.format.CorruptStoreException;
import io.timestore.store.KeyRange;
import io.timestore.store.LaneRange;
import io.timestore.store.SequencePart;
import io.timestore.store.StoreReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.IntFunction;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.utils.JoinedRowData;
import org.apache.flink.table.functions.FunctionContext;
import org.apache.flink.table.functions.LookupFunction;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.util.SimpleUserCodeClassLoader;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the rows of a key: all of them, and those that are committed when it is asked. Other fields
 * may be compared too. Values are read without a look at checksums, which cover whole chunks.
 */
public final class StoreLookup extends LookupFunction {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(StoreLookup.class);

  private final StoreAccess access;
  private final TableLayout layout;
  private final int[] projection;
  private final List<RowMetadata> metadata;
  private final RowType type;
  private final int[] comparedFields;
  private final int keyIndex;
  private final List<KeyRange> keyRanges;
  private final int retriesMax;
  private transient Map<String, StoreReader> readers;
  private transient RowData.FieldGetter[] getters;
  private transient KeyColumn key;
  private transient RowOrigin origin;

  /**
   * A look-up of some keys.
   *
   * @param projection indexes of the DDL's physical columns, one for each field of the rows
   * @param metadata what else is told of each row, in fields behind these
   * @param type of the rows
   * @param comparedFields indexes of these, one for each field of the rows that are asked for; the
   *     key column is among them
   * @param keyRanges keys that the query wants, as closed ranges
   * @param retriesMax how often a failed one is tried again, by a reader of its own
   */
  public StoreLookup(
      TableLayout layout,
      int[] projection,
      List<RowMetadata> metadata,
      RowType type,
      int[] comparedFields,
      List<KeyRange> keyRanges,
      int retriesMax) {
    access = new StoreAccess(layout, projection, false);
    this.layout = layout;
    this.projection = projection.clone();
    this.metadata = List.copyOf(metadata);
    this.type = type;
    this.comparedFields = comparedFields.clone();
    keyIndex = keyIndex(layout, projection, comparedFields);
    this.keyRanges = List.copyOf(keyRanges);
    this.retriesMax = retriesMax;
  }

  private static int keyIndex(TableLayout layout, int[] projection, int[] comparedFields) {
    for (int i = 0; i < comparedFields.length; i++) {
      int field = comparedFields[i];
      if (field < projection.length && projection[field] == layout.keyIndex()) {
        return i;
      }
    }
    throw new IllegalArgumentException("the key column is not compared");
  }

  @Override
  public void open(FunctionContext context) throws IOException {
    readers = new HashMap<>();
    key = new KeyColumn(layout);
    origin = new RowOrigin(layout, metadata);
    getters = new RowData.FieldGetter[type.getFieldCount()];
    for (int i = 0; i < getters.length; i++) {
      getters[i] = RowData.createFieldGetter(type.getTypeAt(i), i);
    }
    layout.openDecoders(
        context.getMetricGroup(),
        SimpleUserCodeClassLoader.create(context.getUserCodeClassLoader()));
  }

  @Override
  public Collection<RowData> lookup(RowData asked) throws IOException {
    OptionalLong keyValue = key.findKey(asked, keyIndex);
    if (keyValue.isEmpty() || !isWanted(keyValue.getAsLong())) {
      return List.of();
    }
    for (int retry = 0; ; retry++) {
      try {
        return rows(keyValue.getAsLong(), asked);
      } catch (CorruptStoreException e) {
        throw e;
      } catch (IOException e) {
        if (retry >= retriesMax) {
          throw e;
        }
        LOG.warn("{}: a look-up failed, and is tried again", layout.path(), e);
        close();
      }
    }
  }

  private boolean isWanted(long keyValue) {
    for (KeyRange range : keyRanges) {
      if (Long.compareUnsigned(range.from(), keyValue) <= 0
          && Long.compareUnsigned(keyValue, range.to()) <= 0) {
        return true;
      }
    }
    return false;
  }

  private Collection<RowData> rows(long keyValue, RowData asked) throws IOException {
    List<RowData> rows = new ArrayList<>();
    for (String path : access.storePaths()) {
      StoreReader reader = reader(path);
      Batch batch = access.newBatch();
      SequencePart found = reader.read(keyValue, access.tables(), batch);
      addRows(access.directory(path), batch, found, asked, rows);
    }
    return rows;
  }

  /**
   * A reader that sees what is committed. Each commit gets a reader of its own: they keep files
   * open, and a network file system may keep pages of an open file from before the rows were there.
   */
  private StoreReader reader(String path) throws IOException {
    StoreReader reader = readers.get(path);
    if (reader != null && reader.refresh()) {
      readers.remove(path);
      reader.close();
      reader = null;
    }
    if (reader == null) {
      reader = access.open(path).reader();
      readers.put(path, reader);
    }
    return reader;
  }

  private void addRows(
      String directory, Batch batch, SequencePart found, RowData asked, List<RowData> rows)
      throws IOException {
    BatchRow cells = new BatchRow(layout, projection);
    IntFunction<String> places = row -> directory + ", a row with the key " + batch.key(row);
    cells.check(batch, places);
    cells.bind(batch, places);
    StringData path = StringData.fromString(directory);
    OptionalLong previousKey = found.previousKey();
    int index = 0;
    for (LaneRange range : found.ranges()) {
      for (long row = range.start(); row < range.end(); row++) {
        cells.seek(index);
        RowData copy =
            copy(cells, origin.of(path, new LaneRange(range.lane(), row, row + 1), previousKey));
        if (isAsked(copy, asked)) {
          rows.add(copy);
        }
        previousKey = OptionalLong.of(batch.key(index));
        index++;
      }
    }
  }

  /** A row of its own; its strings and bytes are on arrays that nobody writes to again. */
  private RowData copy(RowData cells, RowData rowOrigin) {
    RowData both = new JoinedRowData(cells, rowOrigin);
    GenericRowData copy = new GenericRowData(getters.length);
    for (int i = 0; i < getters.length; i++) {
      copy.setField(i, getters[i].getFieldOrNull(both));
    }
    return copy;
  }

  private boolean isAsked(RowData row, RowData asked) {
    for (int i = 0; i < comparedFields.length; i++) {
      int field = comparedFields[i];
      Object expected = RowData.createFieldGetter(type.getTypeAt(field), i).getFieldOrNull(asked);
      if (!isEqual(getters[field].getFieldOrNull(row), expected)) {
        return false;
      }
    }
    return true;
  }

  /** As SQL has it: NULL equals nothing, NaN neither, and 0.0 equals -0.0. */
  private static boolean isEqual(@Nullable Object a, @Nullable Object b) {
    if (a == null || b == null) {
      return false;
    }
    if (a instanceof byte[] bytes) {
      return Arrays.equals(bytes, (byte[]) b);
    }
    if (a instanceof Float || a instanceof Double) {
      return ((Number) a).doubleValue() == ((Number) b).doubleValue();
    }
    return a.equals(b);
  }

  @Override
  public void close() throws IOException {
    if (readers == null) {
      return; // it was not opened
    }
    IOException failure = null;
    for (StoreReader reader : readers.values()) {
      try {
        reader.close();
      } catch (IOException e) {
        failure = e;
      }
    }
    readers.clear();
    if (failure != null) {
      throw failure;
    }
  }
}
