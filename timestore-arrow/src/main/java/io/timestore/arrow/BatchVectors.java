package io.timestore.arrow;

import io.timestore.format.Batch;
import io.timestore.format.Column;
import io.timestore.format.ColumnData;
import io.timestore.format.CorruptStoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorLoader;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.apache.arrow.vector.ipc.message.ArrowRecordBatch;

/**
 * Rows that somebody else has read, as vectors with copies of their cells. Who reads rows for
 * vectors alone has {@link ArrowScan}, which does not copy.
 */
public final class BatchVectors {
  private final ArrowSchema schema;
  private final int[] fieldColumns;

  /** Vectors of the schema's fields. */
  public BatchVectors(ArrowSchema schema) {
    this.schema = schema;
    fieldColumns = schema.fieldColumns();
  }

  /**
   * The rows, to be closed by the caller.
   *
   * @param batch rows in the order of their keys, with the cells of the schema's columns
   * @param places where the rows are, for errors
   * @throws CorruptStoreException if a key or a cell holds no value of its type
   */
  public VectorSchemaRoot of(Batch batch, IntFunction<String> places, BufferAllocator allocator)
      throws CorruptStoreException {
    VectorSchemaRoot root = VectorSchemaRoot.create(schema.arrow(), allocator);
    try {
      if (batch.rowCount() > 0) {
        load(batch, places, allocator, root);
      }
      return root;
    } catch (CorruptStoreException | RuntimeException e) {
      root.close();
      throw e;
    }
  }

  private void load(
      Batch batch, IntFunction<String> places, BufferAllocator allocator, VectorSchemaRoot root)
      throws CorruptStoreException {
    List<ArrowFieldNode> nodes = new ArrayList<>();
    List<ArrowBuf> buffers = new ArrayList<>();
    try {
      for (int column : fieldColumns) {
        if (column == ArrowSchema.KEY_FIELD) {
          KeyBuffers keys = new KeyBuffers(schema.store().key(), allocator);
          nodes.add(keys.make(batch.keys(), batch.rowCount(), buffers, places));
        } else {
          Column of = schema.store().columns().get(column);
          nodes.add(makeColumn(of, batch.column(column), places, allocator, buffers));
        }
      }
      try (ArrowRecordBatch made = new ArrowRecordBatch(batch.rowCount(), nodes, buffers)) {
        new VectorLoader(root).load(made);
      }
    } finally {
      buffers.forEach(ArrowBuf::close); // The batch had its own hold on them, and the root has.
    }
  }

  private static ArrowFieldNode makeColumn(
      Column column,
      ColumnData data,
      IntFunction<String> places,
      BufferAllocator allocator,
      List<ArrowBuf> buffers)
      throws CorruptStoreException {
    int rowCount = data.rowCount();
    long[] ends = new long[rowCount];
    for (int row = 0; row < rowCount; row++) {
      ends[row] = data.end(row);
    }
    ColumnBuffers made = new ColumnBuffers(column, allocator, rowCount);
    made.add(0, ends, rowCount, places);
    try (ArrowBuf cells = copy(data, allocator)) {
      return made.make(cells, buffers, places);
    }
  }

  private static ArrowBuf copy(ColumnData data, BufferAllocator allocator) {
    int sizeBytes = data.sizeBytes();
    if (sizeBytes == 0) {
      return allocator.getEmpty();
    }
    ArrowBuf cells = allocator.buffer(sizeBytes);
    cells.writeBytes(data.data(), 0, sizeBytes);
    return cells;
  }
}
