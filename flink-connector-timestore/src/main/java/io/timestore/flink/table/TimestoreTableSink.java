package io.timestore.flink.table;

import io.timestore.flink.sink.SinkSettings;
import io.timestore.flink.sink.TimestoreSink;
import io.timestore.flink.types.FormatDecoder;
import io.timestore.flink.types.FormatEncoder;
import io.timestore.flink.types.TableLayout;
import io.timestore.store.Publisher;
import io.timestore.store.Store;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.format.EncodingFormat;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.sink.SinkV2Provider;
import org.apache.flink.table.connector.sink.abilities.SupportsOverwrite;
import org.apache.flink.table.connector.sink.abilities.SupportsTruncate;
import org.apache.flink.table.data.RowData;
import org.apache.flink.types.RowKind;

/** A store as a table that takes insertions. */
final class TimestoreTableSink implements DynamicTableSink, SupportsOverwrite, SupportsTruncate {
  private final TableLayout layout;
  private final Map<DataTypes.Field, EncodingFormat<SerializationSchema<RowData>>> formats;
  private SinkSettings settings;
  private final int parallelism;

  TimestoreTableSink(
      TableLayout layout,
      Map<DataTypes.Field, EncodingFormat<SerializationSchema<RowData>>> formats,
      SinkSettings settings,
      int parallelism) {
    this.layout = layout;
    this.formats = formats;
    this.settings = settings;
    this.parallelism = parallelism;
  }

  @Override
  public ChangelogMode getChangelogMode(ChangelogMode requestedMode) {
    if (!requestedMode.containsOnly(RowKind.INSERT)) {
      throw new ValidationException(
          "the query updates or deletes rows that it brought ("
              + requestedMode
              + "), but the store '"
              + layout.path()
              + "' takes insertions only: make the query append-only, for example by a window"
              + " aggregation in place of an unbounded one, or run it in batch mode");
    }
    return ChangelogMode.insertOnly();
  }

  @Override
  public SinkRuntimeProvider getSinkRuntimeProvider(Context context) {
    return SinkV2Provider.of(TimestoreSink.ofTable(encodingLayout(context), settings), parallelism);
  }

  private TableLayout encodingLayout(Context context) {
    Map<String, FormatEncoder> encoders = new HashMap<>();
    formats.forEach(
        (column, format) ->
            encoders.put(
                column.getName(),
                new FormatEncoder(
                    column.getDataType().getLogicalType(),
                    format.createRuntimeEncoder(context, FormatDecoder.rootType(column)))));
    return layout.withEncoders(encoders);
  }

  @Override
  public void applyOverwrite(boolean overwrite) {
    if (overwrite) {
      settings = settings.overwriting();
    }
  }

  /** TRUNCATE TABLE, in the client. */
  @Override
  public void executeTruncation() {
    try {
      if (Store.exists(layout.directory())) {
        try (Publisher publisher = Store.open(layout.directory()).publisher()) {
          long unusedRows = publisher.truncate(0);
          long unusedBytes = publisher.removeHidden();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  @Override
  public DynamicTableSink copy() {
    return new TimestoreTableSink(layout, formats, settings, parallelism);
  }

  @Override
  public String asSummaryString() {
    return "timestore " + layout.path();
  }
}
