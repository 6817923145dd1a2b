package io.timestore.cli;

import io.timestore.arrow.ArrowMemory;
import io.timestore.arrow.ArrowScan;
import io.timestore.arrow.ArrowSchema;
import io.timestore.store.LaneRange;
import io.timestore.store.Snapshot;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.function.LongConsumer;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.ArrowFileWriter;
import org.apache.arrow.vector.ipc.ArrowStreamWriter;
import org.apache.arrow.vector.ipc.ArrowWriter;

/**
 * Rows as Arrow's IPC.
 *
 * @param isFile whether as a file, which has an index at its end, or as a stream
 */
record ArrowOutput(Snapshot snapshot, List<LaneRange> ranges, Columns columns, boolean isFile) {

  /**
   * Writes all rows.
   *
   * @param progress gets how many rows each batch had
   */
  void write(OutputStream out, LongConsumer progress) throws IOException {
    ArrowSchema schema = ArrowSchema.of(columns.toSchema()).select(columns.names());
    WritableByteChannel channel = Channels.newChannel(new KeptOpen(out));
    try (BufferAllocator allocator = ArrowMemory.newAllocator();
        ArrowScan scan = new ArrowScan(snapshot, ranges, schema, allocator);
        ArrowWriter writer =
            isFile
                ? new ArrowFileWriter(scan.getVectorSchemaRoot(), null, channel)
                : new ArrowStreamWriter(scan.getVectorSchemaRoot(), null, channel)) {
      writer.start();
      while (scan.loadNextBatch()) {
        writer.writeBatch();
        progress.accept(scan.getVectorSchemaRoot().getRowCount());
      }
      writer.end();
    }
  }

  /** Arrow's writers close what they write to, which is not theirs. */
  private static final class KeptOpen extends FilterOutputStream {
    KeptOpen(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }
}
