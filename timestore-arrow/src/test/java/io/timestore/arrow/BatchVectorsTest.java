package io.timestore.arrow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.CellType.Kind;
import io.timestore.format.Column;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.Scan;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BatchVectorsTest {
  @RegisterExtension final Allocation allocation = new Allocation();
  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void vectorsOfAScansBatchesSayWhatTheCoreSays(long seed) throws IOException {
    Random random = new Random(seed);
    Schema schema = RandomStore.ofAllTypes();
    Store store = Store.openOrCreate(directory.resolve("s"), schema);
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(new RandomStore(random, schema).rows(random.longs(5000, 0, 100_000).toArray()));
      writer.commit();
    }
    BatchVectors vectors = new BatchVectors(ArrowSchema.of(store));
    List<String> rows = new ArrayList<>();
    Batch batch = new Batch(schema.columns());
    try (Scan scan = store.snapshot().scan(store.snapshot().ranges(), schema.tables())) {
      while (scan.next(batch)) {
        try (VectorSchemaRoot root = vectors.of(batch, row -> "", allocation.allocator())) {
          Texts.addRows(root, rows);
        }
      }
    }
    assertThat(rows).isEqualTo(Texts.ofCells(store, store.snapshot().ranges()));
  }

  @Test
  void aBatchWithoutRowsHasVectorsWithoutValues() throws IOException {
    Schema schema = RandomStore.ofAllTypes();
    BatchVectors vectors = new BatchVectors(ArrowSchema.of(schema));
    Batch empty = new Batch(schema.columns());
    try (VectorSchemaRoot root = vectors.of(empty, row -> "", allocation.allocator())) {
      assertThat(root.getRowCount()).isZero();
      assertThat(root.getFieldVectors()).hasSize(1 + schema.columns().size());
    }
  }

  @Test
  void damagedCellsAndKeysAreRefusedWithTheirPlaces() {
    Schema schema =
        Schema.create(
            Key.of("k", CellType.of(Kind.BIGINT)),
            List.of(new Column("b", "b", CellType.of(Kind.BOOLEAN), false)));
    BatchVectors vectors = new BatchVectors(ArrowSchema.of(schema));
    assertThatThrownBy(() -> vectors.of(rows(schema, 7, 3), row -> "row " + row, allocator()))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining("row 1: found the byte 3, expected 0 or 1");
    assertThatThrownBy(() -> vectors.of(rows(schema, -1, 1), row -> "row " + row, allocator()))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining("row 1: the key 18446744073709551615 is no BIGINT");
  }

  private BufferAllocator allocator() {
    return allocation.allocator();
  }

  /** A sound row, and one of these. */
  private static Batch rows(Schema schema, long key, int cell) {
    Batch batch = new Batch(schema.columns());
    batch.column(0).appendBoolean(true);
    batch.appendKey(0);
    batch.column(0).appendByte((byte) cell);
    batch.appendKey(key);
    return batch;
  }
}
