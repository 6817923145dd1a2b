package io.timestore.flink.source;

import io.timestore.disk.DirectIo;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.flink.table.data.RowData;

/** A store of ticks: a time in ms, and a number that says which row it is, as it was written. */
final class TickStore {
  static final Key KEY = Key.of("ts", CellType.of(CellType.Kind.TIMESTAMP_LTZ, 3));
  static final List<Column> COLUMNS =
      List.of(new Column("n", "n", CellType.of(CellType.Kind.BIGINT), false));

  private final Store store;
  private final long firstNumber;
  private final List<Tick> ticks = new ArrayList<>();

  /** A row that was written. */
  record Tick(long millis, long number) {
    @Override
    public String toString() {
      return millis + ":" + number;
    }
  }

  private TickStore(Store store, long firstNumber) {
    this.store = store;
    this.firstNumber = firstNumber;
  }

  static TickStore create(Path directory) throws IOException {
    return create(directory, 0);
  }

  static TickStore create(Path directory, long firstNumber) throws IOException {
    return new TickStore(Store.openOrCreate(directory, Schema.create(KEY, COLUMNS)), firstNumber);
  }

  /** Appends rows in one commit; late ones go to lanes of their own. */
  TickStore append(long... millis) throws IOException {
    WriterOptions options = WriterOptions.defaults().withLateRows(WriterOptions.LateRows.KEEP);
    try (StoreWriter writer = store.writer(options)) {
      for (long key : millis) {
        Tick tick = new Tick(key, firstNumber + ticks.size());
        writer.append(key, cell(tick.number()));
        ticks.add(tick);
      }
      writer.commit();
    }
    return this;
  }

  /** Appends rows in one commit of a sink, which had got that watermark. */
  TickStore appendFromSink(UUID lineage, long watermark, long... millis) throws IOException {
    try (StoreWriter writer =
        store.writer(WriterOptions.ofSink(DirectIo.OFF, 1 << 20, lineage, lineage))) {
      Batch batch = new Batch(COLUMNS);
      for (long key : millis) {
        Tick tick = new Tick(key, firstNumber + ticks.size());
        batch.column(0).appendLong(tick.number());
        batch.appendKey(key);
        ticks.add(tick);
      }
      writer.append(batch);
      store.publisher().publish(List.of(writer.prepare(false, watermark).orElseThrow()), false);
    }
    return this;
  }

  private static byte[] cell(long number) {
    return ByteBuffer.allocate(Long.BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(0, number)
        .array();
  }

  /** All rows that were written here, in that order. */
  List<Tick> ticks() {
    return ticks;
  }

  Store store() {
    return store;
  }

  static TableLayout layout(String path) {
    return new TableLayout(path, null, "planning-host", KEY, 0, COLUMNS);
  }

  static ReaderSetup<RowData> setup(String path, ScanSettings settings) {
    return new ReaderSetup<>(
        new StoreAccess(layout(path), new int[] {0, 1}, true), settings, RowReader::new, null);
  }

  static String textOf(RowData row) {
    return row.getTimestamp(0, 3).getMillisecond() + ":" + row.getLong(1);
  }
}
