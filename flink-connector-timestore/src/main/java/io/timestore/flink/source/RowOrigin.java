package io.timestore.flink.source;

import io.timestore.flink.types.KeyColumn;
import io.timestore.flink.types.TableLayout;
import io.timestore.store.LaneRange;
import java.util.List;
import java.util.OptionalLong;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;

/** Where a row comes from, as the metadata columns that a query asks for. */
final class RowOrigin {
  private final List<RowMetadata> columns;
  private final KeyColumn key;

  RowOrigin(TableLayout layout, List<RowMetadata> columns) {
    this.columns = columns;
    key = new KeyColumn(layout);
  }

  /**
   * The metadata columns of a row.
   *
   * @param directory of its store
   * @param lane the row's lane and, as its start, its number there
   * @param previousKey key of the row before it; empty if there is none
   */
  RowData of(StringData directory, LaneRange lane, OptionalLong previousKey) {
    GenericRowData row = new GenericRowData(columns.size());
    for (int i = 0; i < columns.size(); i++) {
      row.setField(
          i,
          switch (columns.get(i)) {
            case ROW -> lane.start();
            case LANE -> lane.lane();
            case PREVIOUS_KEY ->
                previousKey.isPresent()
                    ? key.valueOf(previousKey.getAsLong(), "the row before row " + lane.start())
                    : null;
            case PATH -> directory;
          });
    }
    return row;
  }
}
