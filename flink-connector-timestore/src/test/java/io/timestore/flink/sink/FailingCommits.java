package io.timestore.flink.sink;

import io.timestore.format.Commit;
import java.io.IOException;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.api.connector.sink2.CommitterInitContext;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SupportsCommitter;
import org.apache.flink.api.connector.sink2.SupportsWriterState;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.streaming.api.connector.sink2.CommittableMessage;
import org.apache.flink.streaming.api.connector.sink2.SupportsPreCommitTopology;
import org.apache.flink.streaming.api.connector.sink2.SupportsPreWriteTopology;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.table.data.RowData;

/** A sink whose task fails once, at its first commit. */
record FailingCommits(TimestoreSink<RowData> sink)
    implements Sink<RowData>,
        SupportsWriterState<RowData, SinkState>,
        SupportsCommitter<Commit>,
        SupportsPreWriteTopology<RowData>,
        SupportsPreCommitTopology<Commit, Commit> {
  private static final long serialVersionUID = 1L;

  /** When the next commit is to fail; null: it isn't. */
  private static final AtomicReference<EndFailure> FAILURE = new AtomicReference<>();

  static void arm(EndFailure failure) {
    FAILURE.set(failure);
  }

  static boolean isArmed() {
    return FAILURE.get() != null;
  }

  private static void failIf(EndFailure failure) throws IOException {
    if (FAILURE.compareAndSet(failure, null)) {
      throw new IOException("failure on purpose: " + failure);
    }
  }

  @Override
  public Committer<Commit> createCommitter(CommitterInitContext context) {
    TimestoreCommitter committer = (TimestoreCommitter) sink.createCommitter(context);
    return new Committer<>() {
      @Override
      public void commit(Collection<CommitRequest<Commit>> requests) throws IOException {
        failIf(EndFailure.BEFORE_THE_COMMIT);
        committer.commit(requests);
        failIf(EndFailure.AFTER_THE_COMMIT);
      }

      @Override
      public void close() {
        committer.close();
      }
    };
  }

  @Override
  public TimestoreWriter<RowData> createWriter(WriterInitContext context) throws IOException {
    return sink.createWriter(context);
  }

  @Override
  public TimestoreWriter<RowData> restoreWriter(
      WriterInitContext context, Collection<SinkState> states) throws IOException {
    return sink.restoreWriter(context, states);
  }

  @Override
  public DataStream<RowData> addPreWriteTopology(DataStream<RowData> rows) {
    return sink.addPreWriteTopology(rows);
  }

  @Override
  public DataStream<CommittableMessage<Commit>> addPreCommitTopology(
      DataStream<CommittableMessage<Commit>> commits) {
    return sink.addPreCommitTopology(commits);
  }

  @Override
  public SimpleVersionedSerializer<SinkState> getWriterStateSerializer() {
    return sink.getWriterStateSerializer();
  }

  @Override
  public SimpleVersionedSerializer<Commit> getCommittableSerializer() {
    return sink.getCommittableSerializer();
  }

  @Override
  public SimpleVersionedSerializer<Commit> getWriteResultSerializer() {
    return sink.getWriteResultSerializer();
  }
}
