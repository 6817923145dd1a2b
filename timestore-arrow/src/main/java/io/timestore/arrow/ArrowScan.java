package io.timestore.arrow;

import io.timestore.disk.IoThreads;
import io.timestore.store.KeyRange;
import io.timestore.store.LaneRange;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.ipc.message.ArrowRecordBatch;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Rows of a store, in key order, as record batches of up to 65,536 rows. It is a reader of Arrow's,
 * for whatever takes one: each {@link #loadNextBatch} puts the next rows into the vectors of {@link
 * #getVectorSchemaRoot}.
 *
 * <p>The bytes of cells go from the files into Arrow's memory and are checked there; vectors are
 * views of it wherever Arrow's layout is the store's. A batch that meets damage is not handed out;
 * the batches before it were.
 *
 * <p>Reads one batch ahead, on a thread of its own: a caller that is interrupted gets an {@link
 * java.io.InterruptedIOException}, and may call again. Not thread-safe. What it allocates is
 * released by {@link #close}.
 */
public final class ArrowScan extends ArrowReader {
  private final Schema schema;
  private final IoThreads io = new IoThreads("timestore-arrow", 1);
  private final RecordBatches batches;
  private @Nullable Future<Optional<ArrowRecordBatch>> ahead;
  private boolean isAtEnd;
  private boolean isClosed;
  private long bytesRead;

  /**
   * Reads rows of a snapshot.
   *
   * @param ranges rows of the snapshot; those of one lane ascend
   * @param schema the columns to read; see {@link ArrowSchema#select}
   * @throws IOException if the snapshot has no such rows: they were replaced
   * @throws IllegalStateException if the JVM was started without the flag that Arrow needs
   */
  public ArrowScan(
      Snapshot snapshot, List<LaneRange> ranges, ArrowSchema schema, BufferAllocator allocator)
      throws IOException {
    super(allocator);
    this.schema = schema.arrow();
    try {
      ArrowMemory.check();
      batches = new RecordBatches(snapshot, ranges, schema, allocator);
    } catch (IOException | RuntimeException e) {
      io.close();
      throw e;
    }
  }

  /** Reads all columns of the rows that are committed now. */
  public static ArrowScan of(Store store, KeyRange range, BufferAllocator allocator)
      throws IOException {
    Snapshot snapshot = store.snapshot();
    return new ArrowScan(snapshot, snapshot.ranges(range), ArrowSchema.of(store), allocator);
  }

  @Override
  protected Schema readSchema() {
    return schema;
  }

  @Override
  public boolean loadNextBatch() throws IOException {
    prepareLoadNextBatch();
    if (isAtEnd) {
      return false;
    }
    if (ahead == null) {
      ahead = readAhead();
    }
    Optional<ArrowRecordBatch> next = IoThreads.await(ahead);
    isAtEnd = next.isEmpty();
    ahead = isAtEnd ? null : readAhead();
    if (next.isPresent()) {
      bytesRead += next.get().computeBodyLength();
      loadRecordBatch(next.get());
    }
    return !isAtEnd;
  }

  private Future<Optional<ArrowRecordBatch>> readAhead() {
    return io.submit(() -> Optional.ofNullable(batches.next()));
  }

  /** Bytes of the buffers of all batches that were loaded. */
  @Override
  public long bytesRead() {
    return bytesRead;
  }

  @Override
  protected void closeReadSource() throws IOException {
    if (isClosed) {
      return;
    }
    isClosed = true;
    isAtEnd = true;
    try {
      io.callToEnd(
          () -> {
            closeAhead();
            batches.close();
            return null;
          });
    } finally {
      io.close();
    }
  }

  /** On the thread that reads ahead, which has ended that by now. */
  private void closeAhead() throws IOException {
    if (ahead != null) {
      try {
        IoThreads.await(ahead).ifPresent(ArrowRecordBatch::close);
      } catch (IOException | RuntimeException e) {
        // The caller was told, or went away before it came to these rows.
      }
    }
  }
}
