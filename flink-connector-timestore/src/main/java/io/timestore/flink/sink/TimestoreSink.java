package io.timestore.flink.sink;

import io.timestore.flink.types.TableLayout;
import io.timestore.format.Commit;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.api.connector.sink2.CommitterInitContext;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SupportsCommitter;
import org.apache.flink.api.connector.sink2.SupportsWriterState;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.streaming.api.connector.sink2.CommittableMessage;
import org.apache.flink.streaming.api.connector.sink2.CommittableMessageTypeInfo;
import org.apache.flink.streaming.api.connector.sink2.CommittableWithLineage;
import org.apache.flink.streaming.api.connector.sink2.SupportsPreCommitTopology;
import org.apache.flink.streaming.api.connector.sink2.SupportsPreWriteTopology;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.table.data.RowData;

/**
 * Appends rows to a store, each exactly once: a writer prepares what a checkpoint brought, and when
 * the checkpoint is complete, one rename makes it visible. In batch mode, and where a bounded
 * streaming job takes no checkpoints, there is one commit, at the end.
 */
public final class TimestoreSink
    implements Sink<RowData>,
        SupportsWriterState<RowData, SinkState>,
        SupportsCommitter<Commit>,
        SupportsPreWriteTopology<RowData>,
        SupportsPreCommitTopology<Commit, Commit> {
  private static final long serialVersionUID = 1L;

  private final TableLayout layout;
  private final SinkSettings settings;
  private final UUID submission = SubmissionId.create();

  /** A sink's identity begins here: build a new one for each job that is submitted. */
  public TimestoreSink(TableLayout layout, SinkSettings settings) {
    this.layout = layout;
    this.settings = settings;
  }

  @Override
  public DataStream<RowData> addPreWriteTopology(DataStream<RowData> rows) {
    new JobShape(rows).check();
    return rows;
  }

  @Override
  public TimestoreWriter createWriter(WriterInitContext context) throws IOException {
    return restoreWriter(context, List.of());
  }

  @Override
  public TimestoreWriter restoreWriter(WriterInitContext context, Collection<SinkState> states)
      throws IOException {
    return TimestoreWriter.open(layout, settings, submission, context, states);
  }

  @Override
  public DataStream<CommittableMessage<Commit>> addPreCommitTopology(
      DataStream<CommittableMessage<Commit>> commits) {
    boolean stateless = new JobShape(commits).keepsNoState();
    return commits
        .map(message -> withCheckpoint(message, stateless))
        .returns(CommittableMessageTypeInfo.of(this::getCommittableSerializer))
        .name("Checkpoint of commits")
        .global();
  }

  /** A writer isn't told which checkpoint it prepares for; what it emits then is. */
  private static CommittableMessage<Commit> withCheckpoint(
      CommittableMessage<Commit> message, boolean stateless) {
    if (message instanceof CommittableWithLineage<Commit> commit) {
      return commit.map(c -> c.ofCheckpoint(commit.getCheckpointId(), stateless));
    }
    return message;
  }

  @Override
  public Committer<Commit> createCommitter(CommitterInitContext context) {
    return new TimestoreCommitter(layout, submission, context.getRestoredCheckpointId());
  }

  @Override
  public SimpleVersionedSerializer<SinkState> getWriterStateSerializer() {
    return new SinkState.Serializer();
  }

  @Override
  public SimpleVersionedSerializer<Commit> getCommittableSerializer() {
    return new CommitSerializer();
  }

  @Override
  public SimpleVersionedSerializer<Commit> getWriteResultSerializer() {
    return new CommitSerializer();
  }
}
