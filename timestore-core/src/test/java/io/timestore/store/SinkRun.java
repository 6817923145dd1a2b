package io.timestore.store;

import io.timestore.disk.DirectIo;
import io.timestore.format.Commit;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;

/**
 * One attempt of a sink: rows in, a commit for each checkpoint out, which others publish. Closing
 * it leaves what a killed attempt leaves: prepared bytes, and a lane that nobody holds.
 */
record SinkRun(StoreWriter writer) implements Closeable {

  static SinkRun begin(Store store, UUID lineage, UUID submission) throws IOException {
    return new SinkRun(
        store.writer(WriterOptions.ofSink(DirectIo.AUTO, 1 << 20, lineage, submission)));
  }

  /** The rows with keys from {@code from} up to {@code to}. */
  Commit prepare(long checkpointId, long from, long to) throws IOException {
    return prepare(checkpointId, Rows.ofKeys(LongStream.range(from, to)));
  }

  Commit prepare(long checkpointId, List<String> rows) throws IOException {
    writer.append(Rows.batch(rows));
    return writer.prepare(false, Long.MIN_VALUE).orElseThrow().ofCheckpoint(checkpointId, false);
  }

  /** The last commit of the run, without rows. */
  Commit end(long checkpointId) throws IOException {
    return writer.prepare(true, Long.MIN_VALUE).orElseThrow().ofCheckpoint(checkpointId, false);
  }

  /** The only commit of a run that keeps no state. */
  Commit prepareStateless(long from, long to) throws IOException {
    writer.append(Rows.batch(Rows.ofKeys(LongStream.range(from, to))));
    return writer.prepare(true, Long.MIN_VALUE).orElseThrow().ofCheckpoint(1, true);
  }

  @Override
  public void close() throws IOException {
    writer.close();
  }
}
