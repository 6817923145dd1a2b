package io.timestore.store;

import io.timestore.format.Commit;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Commits batches that arrive in order in turns as a core writer and as attempts of a sink, and
 * tells of each step before it takes the next one: {@code prepared …}, where others may publish the
 * batch from now on, and the batch's number once it is acknowledged.
 */
final class Turns {
  static final String PREPARED = "prepared ";
  static final String FAILED = "failed ";
  static final String REFUSED = "refused ";
  static final String WENT_ON = "went on";

  private final Store store;
  private final Consumer<String> tell;
  private int batch;

  Turns(Store store, Consumer<String> tell) throws IOException {
    this.store = store;
    this.tell = tell;
    this.batch = Arrival.batchCount(store.snapshot().rowCount());
  }

  /** The run of a core writer, which lets its lane go at the end. */
  void core(int commitCount) throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      for (int i = 0; i < commitCount; i++) {
        try {
          writer.append(Rows.batch(Arrival.IN_ORDER.batch(batch)));
          writer.commit();
        } catch (IOException e) {
          goOnAfter(e, writer);
        }
        acknowledge();
      }
    }
  }

  /**
   * One attempt of a sink, with a checkpoint for each batch.
   *
   * @param ends whether it lets its lane go, so that no other is made after it
   */
  void sink(int checkpointCount, boolean ends) throws IOException {
    try (SinkRun run = SinkRun.begin(store, UUID.randomUUID(), UUID.randomUUID());
        Publisher publisher = store.publisher()) {
      for (int checkpoint = 1; checkpoint <= checkpointCount; checkpoint++) {
        publisher.publish(List.of(prepare(run, checkpoint)), false);
        acknowledge();
      }
      if (ends) {
        publisher.publish(List.of(run.end(checkpointCount + 1L)), false);
      }
    }
  }

  private Commit prepare(SinkRun run, int checkpoint) throws IOException {
    try {
      Commit commit = run.prepare(checkpoint, Arrival.IN_ORDER.batch(batch));
      tell.accept(PREPARED + HexFormat.of().formatHex(commit.toBytes()));
      return commit;
    } catch (IOException e) {
      throw goOnAfter(e, run.writer());
    }
  }

  /** Tries what must fail: a writer that failed is of no use any more. */
  private IOException goOnAfter(IOException failure, StoreWriter writer) throws IOException {
    try {
      writer.append(Rows.batch(Arrival.IN_ORDER.batch(batch + 1)));
      tell.accept(WENT_ON);
    } catch (IOException e) {
      tell.accept(REFUSED + e.getMessage());
    }
    throw failure;
  }

  private void acknowledge() {
    tell.accept(Integer.toString(batch));
    batch++;
  }
}
