package io.timestore.flink.source;

import static java.util.Objects.requireNonNull;

import io.timestore.arrow.ArrowMemory;
import io.timestore.arrow.ArrowSchema;
import io.timestore.arrow.BatchVectors;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.CorruptStoreException;
import java.io.IOException;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;

/**
 * Elements that a function makes of whole batches. Memory is allocated for one call, and is to be
 * back at its end: Arrow's allocator says so where it isn't.
 */
final class BatchReader<T> implements ElementReader<T> {
  private final RowReader rows;
  private final BatchVectors vectors;
  private final ArrowDeserializer<T> deserializer;
  private FilledBatch batch;

  BatchReader(TableLayout layout, int[] projection, ArrowDeserializer<T> deserializer) {
    rows = new RowReader(layout, projection);
    vectors = new BatchVectors(ArrowSchema.of(layout.newSchema()));
    this.deserializer = deserializer;
  }

  @Override
  public void check(FilledBatch checked) throws CorruptStoreException {
    rows.check(checked);
  }

  @Override
  public void bind(FilledBatch newBatch) {
    batch = newBatch;
  }

  @Override
  public int elementCount(FilledBatch counted) {
    return Math.min(1, counted.rowCount());
  }

  @Override
  public T read(int element) throws IOException {
    FilledBatch of = batch;
    try (BufferAllocator allocator = ArrowMemory.newAllocator();
        VectorSchemaRoot root = vectors.of(of.batch(), of::place, allocator)) {
      return requireNonNull(
          deserializer.deserialize(root),
          () -> "the deserializer gave null for the batch that begins at " + of.place(0));
    }
  }
}
