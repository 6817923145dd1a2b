package io.timestore.flink.table;

import io.timestore.flink.sink.SinkSettings;
import io.timestore.flink.sink.TimestoreSink;
import io.timestore.flink.types.TableLayout;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.sink.SinkV2Provider;
import org.apache.flink.types.RowKind;

/** A store as a table that takes insertions. */
final class TimestoreTableSink implements DynamicTableSink {
  private static final int PARALLELISM = 1;

  private final TableLayout layout;
  private final SinkSettings settings;

  TimestoreTableSink(TableLayout layout, SinkSettings settings) {
    this.layout = layout;
    this.settings = settings;
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
    return SinkV2Provider.of(new TimestoreSink(layout, settings), PARALLELISM);
  }

  @Override
  public DynamicTableSink copy() {
    return new TimestoreTableSink(layout, settings);
  }

  @Override
  public String asSummaryString() {
    return "timestore " + layout.path();
  }
}
