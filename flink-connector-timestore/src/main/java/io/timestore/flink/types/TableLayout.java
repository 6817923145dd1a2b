package io.timestore.flink.types;

import io.timestore.disk.FileNames;
import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.Store;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.util.UserCodeClassLoader;
import org.jspecify.annotations.Nullable;

/**
 * What planning knows of a table, and what travels to the cluster: the DDL, and which store it saw.
 *
 * @param path the store's directory, absolute
 * @param storeId the store's UUID at planning; null if there was no store, or one without a {@code
 *     schema.json}
 * @param host where planning ran, for errors
 * @param key the key column
 * @param keyIndex the key's index among the physical columns of the DDL
 * @param columns all other physical columns, in the DDL's order
 * @param encoders what makes the cells of columns that have a format, by column, when writing
 * @param decoders what makes their values, by column, when reading; those that are read
 */
public record TableLayout(
    String path,
    @Nullable UUID storeId,
    String host,
    Key key,
    int keyIndex,
    List<Column> columns,
    Map<String, FormatEncoder> encoders,
    Map<String, FormatDecoder> decoders)
    implements Serializable {

  public TableLayout {
    columns = List.copyOf(columns);
    encoders = Map.copyOf(encoders);
    decoders = Map.copyOf(decoders);
  }

  /** A layout without what encodes and decodes cells of a format. */
  public TableLayout(
      String path,
      @Nullable UUID storeId,
      String host,
      Key key,
      int keyIndex,
      List<Column> columns) {
    this(path, storeId, host, key, keyIndex, columns, Map.of(), Map.of());
  }

  /** This layout, to write columns of a format. */
  public TableLayout withEncoders(Map<String, FormatEncoder> newEncoders) {
    return new TableLayout(path, storeId, host, key, keyIndex, columns, newEncoders, decoders);
  }

  /** This layout, to read columns of a format. */
  public TableLayout withDecoders(Map<String, FormatDecoder> newDecoders) {
    return new TableLayout(path, storeId, host, key, keyIndex, columns, encoders, newDecoders);
  }

  /** Starts the formats of a writer: before a {@link RowEncoder} appends, in each subtask. */
  public void openEncoders(SerializationSchema.InitializationContext context) throws IOException {
    for (Map.Entry<String, FormatEncoder> encoder : encoders.entrySet()) {
      encoder.getValue().open(encoder.getKey(), context);
    }
  }

  /** Starts the formats of a reader: before a {@link BatchRow} is looked at, in each subtask. */
  public void openDecoders(MetricGroup metrics, UserCodeClassLoader loader) throws IOException {
    for (Map.Entry<String, FormatDecoder> decoder : decoders.entrySet()) {
      decoder.getValue().open(decoder.getKey(), metrics, loader);
    }
  }

  /** This layout, of another store with the same columns. */
  public TableLayout at(String newPath) {
    return new TableLayout(newPath, null, host, key, keyIndex, columns, encoders, decoders);
  }

  public Path directory() {
    return FileNames.path(path);
  }

  /** Physical columns, the key included. */
  public int fieldCount() {
    return columns.size() + 1;
  }

  /** The column at an index among the physical columns, which is not the key's. */
  Column columnAt(int field) {
    return columns.get(field < keyIndex ? field : field - 1);
  }

  /** The index among the physical columns of {@code columns().get(column)}. */
  int fieldOf(int column) {
    return column < keyIndex ? column : column + 1;
  }

  /** The tables of all columns, in the DDL's order. */
  public List<String> tables() {
    return columns.stream().map(Column::table).toList();
  }

  /**
   * The tables that a scan must bring for a {@link BatchRow} of the same projection, in this order.
   *
   * @param projection indexes of physical columns
   */
  public List<String> tables(int[] projection) {
    return columns(projection).stream().map(Column::table).toList();
  }

  /** A batch for cells of the tables of a projection. */
  public Batch newBatch(int[] projection) {
    return new Batch(columns(projection));
  }

  private List<Column> columns(int[] projection) {
    return Arrays.stream(projection)
        .filter(field -> field != keyIndex)
        .mapToObj(this::columnAt)
        .toList();
  }

  /** The schema of a new store for this table, or of one of the Rust crate that it adopts. */
  public Schema newSchema() {
    return Schema.create(key, columns);
  }

  /**
   * Refuses to read a store that isn't the one that planning saw, or that disagrees with the DDL.
   *
   * @throws ValidationException if so, with a sentence that names what differs
   */
  public void checkReadable(Store store) throws IOException {
    StoreAgreement agreement = new StoreAgreement(this, store);
    agreement.checkIdentity();
    agreement.checkSchema();
    agreement.checkNothingNew();
  }

  /**
   * Refuses to write to a store that isn't the one that planning saw, or that disagrees with the
   * DDL, or of which the DDL leaves out a column, or that lacks a NOT NULL one.
   *
   * @throws ValidationException if so, with a sentence that names what differs
   */
  public void checkWritable(Store store) throws IOException {
    checkWritable(store, false);
  }

  private StoreAgreement checkWritable(Store store, boolean isPlanned) throws IOException {
    StoreAgreement agreement = new StoreAgreement(this, store);
    agreement.checkIsNoJournal();
    agreement.checkIdentity();
    agreement.checkSchema();
    agreement.checkNothingLeftOut(isPlanned);
    agreement.checkNewColumnsAreNullable();
    return agreement;
  }

  /**
   * The store, with the columns that it lacked; for any number of rows at the same cost. Nullable
   * ones that others added since the job was planned are NULL in its rows: else a restart would
   * fail for good.
   *
   * @throws ValidationException as {@link #checkWritable}
   */
  public Store writable(Store store) throws IOException {
    List<Column> added = checkWritable(store, true).newColumns();
    return added.isEmpty() ? store : store.addColumns(added);
  }
}
