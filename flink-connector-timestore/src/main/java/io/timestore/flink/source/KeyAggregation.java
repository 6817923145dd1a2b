package io.timestore.flink.source;

import io.timestore.disk.IoThreads;
import io.timestore.flink.types.KeyColumn;
import io.timestore.flink.types.TableLayout;
import java.io.IOException;
import java.util.List;
import java.util.OptionalLong;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.jspecify.annotations.Nullable;

/**
 * Makes the one row of an aggregation that needs no cells, from the keys of the rows that are there
 * when it is called.
 *
 * @param aggregates one a field
 */
public record KeyAggregation(
    TableLayout layout, ScanSettings settings, List<KeyAggregate> aggregates)
    implements MapFunction<Long, RowData> {

  public KeyAggregation {
    aggregates = List.copyOf(aggregates);
  }

  @Override
  public RowData map(Long unused) throws IOException {
    KeySummary summary;
    try (IoThreads thread = new IoThreads("timestore-aggregation", 1)) {
      summary = thread.call(() -> KeySummary.of(layout, settings));
    }
    GenericRowData row = new GenericRowData(aggregates.size());
    for (int i = 0; i < aggregates.size(); i++) {
      row.setField(
          i,
          switch (aggregates.get(i)) {
            case COUNT -> summary.rowCount();
            case SMALLEST_KEY -> value(summary.smallestKey());
            case LARGEST_KEY -> value(summary.largestKey());
          });
    }
    return row;
  }

  private @Nullable Object value(OptionalLong key) {
    return key.isPresent()
        ? new KeyColumn(layout).valueOf(key.getAsLong(), "a row of " + layout.path())
        : null;
  }
}
