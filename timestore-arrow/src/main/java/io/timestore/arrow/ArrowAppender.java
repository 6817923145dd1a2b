package io.timestore.arrow;

import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.format.Schema;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;

/**
 * Appends rows of vectors to a store. Vectors are found by their names: one for the key and one for
 * each column, no others. Their types may differ from those of {@link ArrowSchema} as long as no
 * value is changed: integers of other widths, other units of time, other scales, large and
 * fixed-size strings and bytes.
 *
 * <p>Rows of a batch may come in any order: they are appended sorted by key, and in the order in
 * which they stand at equal keys. Whether they may be older than those of the store is the writer's
 * matter. Not thread-safe.
 */
public final class ArrowAppender {
  private final StoreWriter writer;
  private final Schema schema;
  private final String where;
  private final Batch batch;

  /**
   * @param store has a schema
   * @param writer of that store
   */
  public ArrowAppender(Store store, StoreWriter writer) {
    this.writer = writer;
    this.where = store.toString();
    this.schema =
        store
            .schema()
            .orElseThrow(() -> new IllegalArgumentException(where + " has no schema.json"));
    // Values stand in the writer's order of the tables, which need not be the schema's.
    List<String> tables = writer.tables();
    batch =
        new Batch(
            tables.stream()
                .map(
                    table ->
                        schema.columns().stream()
                            .filter(column -> column.table().equals(table))
                            .findFirst()
                            .orElseThrow())
                .toList());
  }

  /**
   * Appends all rows as one batch.
   *
   * @throws IllegalArgumentException if a vector is missing or not known, or a value is none of its
   *     column's type: a NULL in a NOT NULL column or the key, a negative key, one that is too
   *     large or has digits too fine; nothing of the batch was appended then
   */
  public void append(VectorSchemaRoot root) throws IOException {
    batch.clear();
    checkNames(root);
    int rowCount = root.getRowCount();
    KeyValues keys = KeyValues.of(schema.key(), vector(root, schema.key().name()));
    for (int row = 0; row < rowCount; row++) {
      batch.appendKey(keys.at(row));
    }
    List<String> tables = writer.tables();
    for (Column column : schema.columns()) {
      FieldVector vector = vector(root, column.name());
      VectorCells.of(column, vector).append(rowCount, batch.column(tables.indexOf(column.table())));
    }
    writer.append(batch, batch.rowsByKey(), 0, rowCount);
  }

  private void checkNames(VectorSchemaRoot root) {
    List<String> expected = new ArrayList<>(List.of(schema.key().name()));
    schema.columns().forEach(column -> expected.add(column.name()));
    List<String> found = root.getFieldVectors().stream().map(FieldVector::getName).toList();
    Optional<String> unknown = found.stream().filter(name -> !expected.contains(name)).findFirst();
    Optional<String> missing = expected.stream().filter(name -> !found.contains(name)).findFirst();
    if (unknown.isPresent() || missing.isPresent() || found.size() != expected.size()) {
      throw new IllegalArgumentException(
          where + " has the columns " + expected + ", the batch has " + found);
    }
  }

  private static FieldVector vector(VectorSchemaRoot root, String name) {
    FieldVector vector = root.getVector(name);
    if (vector.getField().getDictionary() != null) {
      throw new IllegalArgumentException(
          "column " + name + ": indexes of a dictionary, expected decoded values");
    }
    return vector;
  }
}
