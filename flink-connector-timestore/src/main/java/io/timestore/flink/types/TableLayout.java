package io.timestore.flink.types;

import io.timestore.disk.FileNames;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.Store;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.apache.flink.table.api.ValidationException;
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
 */
public record TableLayout(
    String path, @Nullable UUID storeId, String host, Key key, int keyIndex, List<Column> columns)
    implements Serializable {

  public TableLayout {
    columns = List.copyOf(columns);
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
    return Arrays.stream(projection)
        .filter(field -> field != keyIndex)
        .mapToObj(field -> columnAt(field).table())
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
    agreement.checkTables();
  }

  /**
   * Refuses to write to a store that isn't the one that planning saw, or that disagrees with the
   * DDL, or of which the DDL leaves out a column.
   *
   * @throws ValidationException if so, with a sentence that names what differs
   */
  public void checkWritable(Store store) throws IOException {
    StoreAgreement agreement = new StoreAgreement(this, store);
    agreement.checkIdentity();
    agreement.checkSchema();
    agreement.checkNothingLeftOut();
  }
}
