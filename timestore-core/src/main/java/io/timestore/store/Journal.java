package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.ColumnData;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.JournalEntry;
import io.timestore.format.JournalEntry.LaneRows;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.WriterOptions.LateRows;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Rule 14: every commit of a store, the newest ones in its record, those before in {@code
 * commits/}, a store of its own: its keys are wall times in ms, and it keeps no journal itself.
 */
final class Journal {
  private static final Key KEY = Key.of("committed_at", CellType.parse("TIMESTAMP_LTZ(3)"));

  private static final List<Column> COLUMNS =
      List.of(
          column("sequence", "BIGINT", false),
          column("lineage", "VARCHAR(2147483647)", true),
          column("submission", "VARCHAR(2147483647)", true),
          column("checkpoint_id", "BIGINT", true),
          column("watermark", "BIGINT", true),
          column("insert_id", "VARCHAR(2147483647)", true),
          column("row_count", "BIGINT", false),
          column("lane_rows", "VARCHAR(2147483647)", false));

  private static final List<String> TABLES = COLUMNS.stream().map(Column::table).toList();

  private final Disk disk;
  private final Entropy entropy;
  private final StoreFiles files;

  Journal(Disk disk, Entropy entropy, StoreFiles files) {
    this.disk = disk;
    this.entropy = entropy;
    this.files = files;
  }

  private static Column column(String name, String type, boolean nullable) {
    return new Column(name, name, CellType.parse(type), nullable);
  }

  /** Whether commits are kept beyond the record: not those of a journal itself. */
  boolean isKept() {
    return !files.isJournal();
  }

  /**
   * Adds entries to {@code commits/}, durably; those that are there already, by a publisher that
   * died behind it, are found. The caller holds the commit lock.
   */
  void append(List<JournalEntry> entries) throws IOException {
    Schema schema = new Schema(entropy.ids().get(), KEY, COLUMNS, Map.of());
    Store store = Store.openOrCreateJournal(disk, entropy, files.commits(), schema);
    List<JournalEntry> missing = entries.subList(1 + entries.indexOf(last(store)), entries.size());
    if (missing.isEmpty()) {
      return;
    }
    Batch batch = new Batch(TABLES.size());
    missing.forEach(entry -> append(entry, batch));
    WriterOptions options =
        WriterOptions.defaults().withBufferMemoryBytes(1).withLateRows(LateRows.KEEP);
    try (StoreWriter writer = store.writer(options, TABLES)) {
      writer.append(batch);
      writer.commit();
    }
  }

  private JournalEntry last(Store store) throws IOException {
    Snapshot snapshot = store.snapshot();
    long rowCount = snapshot.rowCount();
    Batch batch = new Batch(TABLES.size());
    try (Scan scan = snapshot.scan(snapshot.ranges(Math.max(0, rowCount - 1), rowCount), TABLES)) {
      return scan.next(batch) ? entry(batch, 0) : NONE;
    }
  }

  /** Like no entry of a store: before all commits. */
  static final JournalEntry NONE =
      new JournalEntry(-1, 0, Commit.NO_ID, Commit.NO_ID, -1, Long.MIN_VALUE, "", List.of());

  /** All commits up to the record's, as far back as they were kept; oldest first. */
  List<JournalEntry> entries(CommitRecord record) throws IOException {
    List<JournalEntry> entries = new ArrayList<>();
    if (isKept() && disk.exists(files.commits().resolve("schema.json"))) {
      Snapshot snapshot = Store.open(disk, files.commits()).snapshot();
      Batch batch = new Batch(TABLES.size());
      try (Scan scan = snapshot.scan(snapshot.ranges(), TABLES)) {
        while (scan.next(batch)) {
          for (int row = 0; row < batch.rowCount(); row++) {
            entries.add(entry(batch, row));
          }
        }
      }
    }
    entries.removeAll(record.journal()); // A publisher died between the two.
    entries.addAll(record.journal());
    return entries;
  }

  /** The most rows that a lane ever had behind a commit. */
  long mostRows(int lane, CommitRecord record) throws IOException {
    return entries(record).stream()
        .flatMap(entry -> entry.lanes().stream())
        .filter(rows -> rows.number() == lane)
        .mapToLong(LaneRows::rows)
        .max()
        .orElse(0);
  }

  /**
   * Whether every commit of the record is there once, in order.
   *
   * @return what was read of {@code commits/}
   */
  Verified verify(CommitRecord record, Consumer<Fault> faults) throws IOException {
    Verified verified = new Verified(0, 0, 0, 0, 0);
    if (isKept() && disk.exists(files.commits().resolve("schema.json"))) {
      Store store = Store.open(disk, files.commits());
      try {
        verified = store.verify(faults);
      } catch (CorruptStoreException e) {
        // Its rows may be sound all the same, so it is a fault like others.
        faults.accept(Fault.of(files.commits(), String.valueOf(e.getMessage())));
        return new Verified(0, 0, 0, 0, 1);
      }
    }
    if (verified.faultCount() > 0) {
      return verified; // Its rows can't be read.
    }
    long faultCount = verifySequence(record, faults);
    return verified.and(new Verified(0, 0, 0, 0, faultCount));
  }

  private long verifySequence(CommitRecord record, Consumer<Fault> faults) throws IOException {
    List<JournalEntry> entries;
    try {
      entries = entries(record);
    } catch (CorruptStoreException e) {
      faults.accept(Fault.of(files.commits(), String.valueOf(e.getMessage())));
      return 1;
    }
    long faultCount = 0;
    long expected = 0;
    long wallTimeMillis = Long.MIN_VALUE;
    for (JournalEntry entry : entries) {
      if (entry.sequence() != expected || entry.wallTimeMillis() < wallTimeMillis) {
        String what =
            ": the journal's commit "
                + entry.sequence()
                + " at "
                + Instant.ofEpochMilli(entry.wallTimeMillis())
                + (expected == 0 ? " is the first one" : " follows commit " + (expected - 1));
        faults.accept(Fault.of(files.length(), files.length() + what));
        faultCount++;
      }
      expected = entry.sequence() + 1;
      wallTimeMillis = entry.wallTimeMillis();
    }
    return faultCount;
  }

  private static void append(JournalEntry entry, Batch batch) {
    batch.column(0).appendLong(entry.sequence());
    appendId(entry.lineage(), batch.column(1));
    appendId(entry.submission(), batch.column(2));
    appendLong(entry.checkpointId(), -1, batch.column(3));
    appendLong(entry.watermark(), Long.MIN_VALUE, batch.column(4));
    if (entry.insertId().isEmpty()) {
      batch.column(5).appendEmpty();
    } else {
      batch.column(5).appendNullableString(entry.insertId());
    }
    batch.column(6).appendLong(entry.lanes().stream().mapToLong(l -> l.rows() - l.from()).sum());
    batch.column(7).appendString(text(entry.lanes()));
    batch.appendKey(entry.wallTimeMillis());
  }

  private static void appendId(UUID id, ColumnData cells) {
    if (id.equals(Commit.NO_ID)) {
      cells.appendEmpty();
    } else {
      cells.appendNullableString(id.toString());
    }
  }

  private static void appendLong(long value, long none, ColumnData cells) {
    if (value == none) {
      cells.appendEmpty();
    } else {
      cells.appendLong(value);
    }
  }

  private JournalEntry entry(Batch batch, int row) throws CorruptStoreException {
    try {
      return parse(batch, row);
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new CorruptStoreException(
          files.commits() + " holds a row that is no commit: " + e.getMessage(), e);
    }
  }

  private static JournalEntry parse(Batch batch, int row) {
    return new JournalEntry(
        batch.column(0).longAt(row),
        batch.key(row),
        id(batch.column(1), row),
        id(batch.column(2), row),
        number(batch.column(3), row, -1),
        number(batch.column(4), row, Long.MIN_VALUE),
        batch.column(5).isEmpty(row) ? "" : batch.column(5).nullableStringAt(row),
        lanes(batch.column(7).stringAt(row)));
  }

  private static UUID id(ColumnData cells, int row) {
    return cells.isEmpty(row) ? Commit.NO_ID : UUID.fromString(cells.nullableStringAt(row));
  }

  private static long number(ColumnData cells, int row, long none) {
    return cells.isEmpty(row) ? none : cells.longAt(row);
  }

  /** Lanes as {@code number:from-rows}, with a blank in between. */
  private static String text(List<LaneRows> lanes) {
    return lanes.stream()
        .map(lane -> lane.number() + ":" + lane.from() + "-" + lane.rows())
        .collect(Collectors.joining(" "));
  }

  private static List<LaneRows> lanes(String text) {
    return Arrays.stream(text.split(" "))
        .map(lane -> lane.split("[:-]"))
        .map(
            parts ->
                new LaneRows(
                    Integer.parseInt(parts[0]), Long.parseLong(parts[1]), Long.parseLong(parts[2])))
        .toList();
  }
}
