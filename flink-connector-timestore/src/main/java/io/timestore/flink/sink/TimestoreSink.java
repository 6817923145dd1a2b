package io.timestore.flink.sink;

import io.timestore.flink.types.TableLayout;
import io.timestore.format.Commit;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.api.connector.sink2.CommitterInitContext;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SupportsCommitter;
import org.apache.flink.api.connector.sink2.SupportsWriterState;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.api.dag.Transformation;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.streaming.api.connector.sink2.CommittableMessage;
import org.apache.flink.streaming.api.connector.sink2.CommittableMessageTypeInfo;
import org.apache.flink.streaming.api.connector.sink2.CommittableWithLineage;
import org.apache.flink.streaming.api.connector.sink2.SupportsPreCommitTopology;
import org.apache.flink.streaming.api.connector.sink2.SupportsPreWriteTopology;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.data.RowData;
import org.jspecify.annotations.Nullable;

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

  /** Who this sink is, if no state says otherwise; made anew for each job it is translated into. */
  private SinkState identity = newIdentity();

  /** The input of the job that is being translated; null before, and when it was serialized. */
  private transient @Nullable Transformation<?> input;

  public TimestoreSink(TableLayout layout, SinkSettings settings) {
    this.layout = layout;
    this.settings = settings;
  }

  @Override
  public DataStream<RowData> addPreWriteTopology(DataStream<RowData> rows) {
    new JobShape(rows).check();
    if (input != null && input.getId() != rows.getTransformation().getId()) {
      throw new ValidationException(
          "One timestore sink for "
              + layout.path()
              + " was given two streams, '"
              + input.getName()
              + "' and '"
              + rows.getTransformation().getName()
              + "': union them, or build a sink for each");
    }
    input = rows.getTransformation();
    identity = newIdentity();
    return rows;
  }

  private static SinkState newIdentity() {
    return new SinkState(UUID.randomUUID(), SubmissionId.create());
  }

  private void writeObject(ObjectOutputStream out) throws IOException {
    out.defaultWriteObject();
    input = null;
  }

  @Override
  public TimestoreWriter createWriter(WriterInitContext context) throws IOException {
    return restoreWriter(context, List.of());
  }

  @Override
  public TimestoreWriter restoreWriter(WriterInitContext context, Collection<SinkState> states)
      throws IOException {
    return TimestoreWriter.open(layout, settings, identity, context, states);
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
    return new TimestoreCommitter(layout, identity.submission(), context.getRestoredCheckpointId());
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
