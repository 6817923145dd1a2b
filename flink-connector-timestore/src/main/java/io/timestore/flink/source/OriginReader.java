package io.timestore.flink.source;

import io.timestore.flink.types.TableLayout;
import io.timestore.format.CorruptStoreException;
import io.timestore.store.LaneRange;
import java.util.List;
import java.util.OptionalLong;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.utils.JoinedRowData;

/** Rows of the projected columns, and behind them columns that tell where the row comes from. */
final class OriginReader implements ElementReader<RowData> {
  private final RowReader cells;
  private final RowOrigin origin;
  private final JoinedRowData joined = new JoinedRowData();
  private List<RowRun> runs = List.of();
  private List<StringData> directories = List.of();
  private FilledBatch batch;
  private int runIndex;
  private int runStart;

  OriginReader(TableLayout layout, int[] projection, List<RowMetadata> metadata) {
    cells = new RowReader(layout, projection);
    origin = new RowOrigin(layout, metadata);
  }

  @Override
  public void check(FilledBatch checked) throws CorruptStoreException {
    cells.check(checked);
  }

  @Override
  public void bind(FilledBatch newBatch) {
    cells.bind(newBatch);
    batch = newBatch;
    runs = newBatch.runs().stream().filter(run -> !run.isPassedOver()).toList();
    directories = newBatch.paths().stream().map(StringData::fromString).toList();
    runIndex = 0;
    runStart = 0;
  }

  @Override
  public RowData read(int index) {
    if (index < runStart) {
      runIndex = 0;
      runStart = 0;
    }
    while (index >= runStart + runs.get(runIndex).rowCount()) {
      runStart += runs.get(runIndex).rowCount();
      runIndex++;
    }
    RowRun run = runs.get(runIndex);
    int inRun = index - runStart;
    long row = run.rows().start() + inRun;
    OptionalLong previousKey =
        inRun == 0 ? run.previousKey() : OptionalLong.of(batch.batch().key(index - 1));
    return joined.replace(
        cells.read(index),
        origin.of(
            directories.get(run.store()),
            new LaneRange(run.rows().lane(), row, row + 1),
            previousKey));
  }
}
