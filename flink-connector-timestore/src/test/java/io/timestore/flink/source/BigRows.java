package io.timestore.flink.source;

import io.timestore.disk.DirectIo;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Commit;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.flink.table.data.RowData;

/**
 * A store whose rows are so big that a batch holds two. Row i has the key 10 i, the number i (NULL
 * in row 1) and 400,000 bytes of i.
 */
final class BigRows {
  static final int[] PROJECTION = {0, 1, 2};

  private static final int BLOB_BYTES = 400_000;
  private static final Key KEY = Key.of("k", CellType.of(CellType.Kind.BIGINT));
  private static final List<Column> COLUMNS =
      List.of(
          new Column("n", "n", CellType.of(CellType.Kind.INT), true),
          new Column("blob", "blob", CellType.bytes(), false));

  private final Store store;
  private int rowCount;

  private BigRows(Store store) {
    this.store = store;
  }

  static BigRows create(Path directory) throws IOException {
    return new BigRows(Store.openOrCreate(directory, Schema.create(KEY, COLUMNS)));
  }

  /** Seven rows in lane 0, six in lane 1: the second writer came after a failover. */
  static BigRows inTwoLanes(Path directory) throws IOException {
    BigRows rows = create(directory);
    rows.append(7);
    rows.append(6);
    return rows;
  }

  /** Rows 0 to 12 in three lanes that overlap. */
  static BigRows inOverlappingLanes(Path directory) throws IOException {
    BigRows rows = create(directory);
    List<StoreWriter> writers = new ArrayList<>();
    List<Commit> commits = new ArrayList<>();
    for (int[] numbers : new int[][] {{0, 3, 4, 5, 9}, {1, 2, 6, 10}, {7, 8, 11, 12}}) {
      StoreWriter writer = rows.openWriter();
      writers.add(writer);
      commits.add(rows.prepare(writer, numbers));
    }
    rows.store.publisher().publish(commits, false);
    for (StoreWriter writer : writers) {
      writer.close();
    }
    return rows;
  }

  /** Appends rows in one commit of a run of its own, which leaves its lane without releasing it. */
  void append(int count) throws IOException {
    try (StoreWriter writer = openWriter()) {
      Commit commit = prepare(writer, IntStream.range(rowCount, rowCount + count).toArray());
      store.publisher().publish(List.of(commit), false);
    }
    rowCount += count;
  }

  private StoreWriter openWriter() throws IOException {
    return store.writer(
        WriterOptions.ofSink(DirectIo.OFF, 1 << 20, UUID.randomUUID(), UUID.randomUUID()));
  }

  private Commit prepare(StoreWriter writer, int... numbers) throws IOException {
    Batch batch = new Batch(COLUMNS.size());
    byte[] blob = new byte[BLOB_BYTES];
    for (int i : numbers) {
      batch.appendKey(10L * i);
      if (i == 1) {
        batch.column(0).appendEmpty();
      } else {
        batch.column(0).appendInt(i);
      }
      Arrays.fill(blob, (byte) i);
      batch.column(1).appendBytes(blob, 0, blob.length);
    }
    writer.append(batch);
    return writer.prepare(false, Long.MIN_VALUE).orElseThrow();
  }

  Store store() {
    return store;
  }

  /** The DDL: n INT, k BIGINT, blob BYTES. */
  TableLayout layout() {
    return new TableLayout(
        store.directory().toString(), store.id(), "planning-host", KEY, 1, COLUMNS);
  }

  StoreAccess access() {
    return new StoreAccess(layout(), PROJECTION, true);
  }

  TimestoreSplit split(LaneSlice... slices) {
    return numbered(0, slices);
  }

  TimestoreSplit numbered(int number, LaneSlice... slices) {
    RowsPart rows = new RowsPart(0, OptionalLong.empty(), List.of(slices));
    return new TimestoreSplit(
        number,
        "planning-host",
        List.of(new StoreRows(StoreRows.SOURCE_PATH, store.id(), List.of(rows))));
  }

  /** The slices of a split of one part. */
  static List<LaneSlice> slices(TimestoreSplit split) {
    return split.stores().get(0).parts().get(0).slices();
  }

  ReaderSetup<RowData> setup(ScanSettings settings) {
    return new ReaderSetup<>(access(), settings, RowReader::new, null);
  }

  /** The whole store as one split. */
  TimestoreSplit wholeSplit() throws IOException {
    return split(
        store.snapshot().ranges().stream().map(LaneSlice::unread).toArray(LaneSlice[]::new));
  }

  /** What {@link #textOf} says of these rows. */
  static List<String> texts(int fromRow, int toRow) {
    return IntStream.range(fromRow, toRow)
        .mapToObj(i -> 10 * i + " " + (i == 1 ? "NULL" : i) + " " + BLOB_BYTES + " of " + i)
        .toList();
  }

  static String textOf(RowData row) {
    byte[] blob = row.getBinary(2);
    for (byte b : blob) {
      if (b != blob[0]) {
        return "a blob of " + blob[0] + " and " + b;
      }
    }
    String number = row.isNullAt(0) ? "NULL" : Integer.toString(row.getInt(0));
    return row.getLong(1) + " " + number + " " + blob.length + " of " + blob[0];
  }
}
