package io.timestore.flink.sink;

import static java.util.Objects.requireNonNull;

import io.timestore.flink.types.EventTime;
import io.timestore.flink.types.PojoColumns;
import io.timestore.flink.types.SchemaFacet;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.Commit;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.flink.annotation.Internal;
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
import org.apache.flink.streaming.api.lineage.DefaultLineageDataset;
import org.apache.flink.streaming.api.lineage.LineageDataset;
import org.apache.flink.streaming.api.lineage.LineageVertex;
import org.apache.flink.streaming.api.lineage.LineageVertexProvider;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;
import org.jspecify.annotations.Nullable;

/**
 * Appends rows to a store, each exactly once: a writer prepares what a checkpoint brought, and when
 * the checkpoint is complete, one rename makes it visible. In batch mode, and where a bounded
 * streaming job takes no checkpoints, there is one commit, at the end.
 */
public final class TimestoreSink<T>
    implements Sink<T>,
        SupportsWriterState<T, SinkState>,
        SupportsCommitter<Commit>,
        SupportsPreWriteTopology<T>,
        SupportsPreCommitTopology<Commit, Commit>,
        LineageVertexProvider {
  private static final long serialVersionUID = 1L;

  private final TableLayout layout;
  private final RowFormat<T> format;
  private final SinkSettings settings;

  /** Who this sink is, if no state says otherwise; made anew for each job it is translated into. */
  private SinkIdentity identity = newIdentity();

  /** Whether the job that it is translated into commits once, at its end. */
  private boolean isStateless;

  /** The input of the job that is being translated; null before, and when it was serialized. */
  private transient @Nullable Transformation<?> input;

  TimestoreSink(TableLayout layout, RowFormat<T> format, SinkSettings settings) {
    if (settings.ordering() == Ordering.WATERMARK) {
      EventTime.check(layout.key());
    }
    this.layout = layout;
    this.format = format;
    this.settings = settings;
  }

  /** Builds a sink for elements whose key and columns are given one by one. */
  public static <T> TimestoreSinkBuilder<T> builder() {
    return new TimestoreSinkBuilder<>();
  }

  /**
   * Builds a sink for Flink's internal rows.
   *
   * @param rowType a ROW
   * @param keyField the name of the field that is the key
   */
  public static TimestoreSinkBuilder<RowData> forRowData(DataType rowType, String keyField) {
    requireNonNull(rowType, "the row type is null, expected a ROW");
    if (!(rowType.getLogicalType() instanceof RowType)) {
      throw new IllegalArgumentException("found the type " + rowType + ", expected a ROW");
    }
    Map<String, DataType> fields = new LinkedHashMap<>();
    for (DataTypes.Field field : DataType.getFields(rowType)) {
      fields.put(field.getName(), field.getDataType());
    }
    return new TimestoreSinkBuilder<>(RowDataAppender::new, fields, keyField);
  }

  /**
   * Builds a sink for objects whose fields are the columns: primitives are NOT NULL, what else may
   * be null is nullable. Fields may be primitive or boxed numbers and booleans, String, byte[],
   * LocalDate, LocalTime, LocalDateTime and Instant.
   *
   * @param type a record, or a POJO in Flink's sense
   * @param keyField the name of the field that is the key
   */
  public static <T> TimestoreSinkBuilder<T> forPojo(Class<T> type, String keyField) {
    return forPojo(type, keyField, Map.of());
  }

  /**
   * As {@link #forPojo(Class, String)}.
   *
   * @param types of fields that are not to have their own; a BigDecimal needs one, a long may be
   *     the milliseconds of a TIMESTAMP_LTZ
   */
  public static <T> TimestoreSinkBuilder<T> forPojo(
      Class<T> type, String keyField, Map<String, DataType> types) {
    requireNonNull(type, "the class is null, expected a POJO's");
    requireNonNull(types, "the types are null, expected a map from fields to types");
    PojoColumns<T> columns = new PojoColumns<>(type);
    return new TimestoreSinkBuilder<>(new PojoFormat<>(columns), columns.columns(types), keyField);
  }

  /** A sink for rows of a table. */
  @Internal
  public static TimestoreSink<RowData> ofTable(TableLayout layout, SinkSettings settings) {
    return new TimestoreSink<>(layout, RowDataAppender::new, settings);
  }

  @Override
  public DataStream<T> addPreWriteTopology(DataStream<T> rows) {
    JobShape job = new JobShape(rows);
    job.check();
    if (settings.overwrite() && !job.isBatch()) {
      throw new ValidationException(
          "INSERT OVERWRITE into '"
              + layout.path()
              + "' works in batch mode, where the rows that take the place of others are all known"
              + " before they are shown. SET 'execution.runtime-mode' = 'batch'.");
    }
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
    isStateless = job.keepsNoState();
    return rows;
  }

  private static SinkIdentity newIdentity() {
    return new SinkIdentity(UUID.randomUUID(), SubmissionId.create());
  }

  private void writeObject(ObjectOutputStream out) throws IOException {
    out.defaultWriteObject();
    input = null;
  }

  @Override
  public TimestoreWriter<T> createWriter(WriterInitContext context) throws IOException {
    return restoreWriter(context, List.of());
  }

  @Override
  public TimestoreWriter<T> restoreWriter(WriterInitContext context, Collection<SinkState> states)
      throws IOException {
    return TimestoreWriter.open(layout, format, settings, isStateless, identity, context, states);
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

  /** The store: its path in the name space of local files, and a facet with its columns. */
  @Override
  public LineageVertex getLineageVertex() {
    LineageDataset store =
        new DefaultLineageDataset(
            layout.path(), "file", Map.of(SchemaFacet.NAME, SchemaFacet.of(layout)));
    return () -> List.of(store);
  }

  @Override
  public Committer<Commit> createCommitter(CommitterInitContext context) {
    return new TimestoreCommitter(
        layout,
        settings.restoreMode(),
        identity.submission(),
        context.getRestoredCheckpointId(),
        new CommitMetrics(context.metricGroup()));
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
