package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.JournalEntry;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.format.Owner;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** {@code length} and {@code record}: the commit record of a store, read and replaced. */
final class RecordFile {
  private final Disk disk;
  private final Entropy entropy;
  private final StoreFiles files;
  private final UUID storeId;
  private volatile @Nullable Own own;

  RecordFile(Disk disk, Entropy entropy, StoreFiles files, UUID storeId) {
    this.disk = disk;
    this.entropy = entropy;
    this.files = files;
    this.storeId = storeId;
  }

  /**
   * A record, and how it was come by.
   *
   * @param byReference the reference wrote {@code length} last: lane 0 ends where it says, and the
   *     rest is what our last record said
   */
  record Loaded(CommitRecord record, boolean byReference) {}

  /** What this publisher made durable last, and the bytes of {@code length} then. */
  private record Own(CommitRecord record, ByteBuffer length) {}

  /**
   * The committed state, if this publisher itself made it durable and nobody came after, not even
   * one who died before the rename; the caller holds the commit lock.
   */
  Optional<Loaded> loadOwn() throws IOException {
    Own last = own;
    return last != null && holds(files.length(), last) && holds(files.record(), last)
        ? Optional.of(new Loaded(last.record, false))
        : Optional.empty();
  }

  private boolean holds(Path file, Own expected) throws IOException {
    return disk.exists(file) && ByteBuffer.wrap(SmallFile.read(disk, file)).equals(expected.length);
  }

  /** The committed state of the store. Without the commit lock it may be replaced at any time. */
  Loaded load() throws IOException {
    byte[] length;
    try {
      length = SmallFile.read(disk, files.length());
    } catch (NoSuchFileException e) {
      return beforeFirstCommit(e);
    }
    Optional<CommitRecord> record = CommitRecord.fromBytes(length, files.length().toString());
    if (record.isPresent()) {
      return new Loaded(checkStore(record.get(), files.length()), false);
    }
    long rows = CommitRecord.referenceRows(length, files.length().toString());
    if (rows < 0 || rows > Lane.ROWS_MAX) {
      throw new CorruptStoreException(
          files.length()
              + ": "
              + Long.toUnsignedString(rows)
              + " rows are more than a store holds");
    }
    CommitRecord last;
    try {
      last = byReference(rows);
    } catch (CorruptStoreException e) {
      if (isReplaced(length)) {
        return load();
      }
      throw e;
    }
    return isReplaced(length) ? load() : new Loaded(last, true);
  }

  /** Whether {@code record}, which was read after {@code length}, may belong to a later one. */
  private boolean isReplaced(byte[] length) throws IOException {
    return !Arrays.equals(length, SmallFile.read(disk, files.length()));
  }

  private Loaded beforeFirstCommit(NoSuchFileException cause) throws IOException {
    LaneFiles lane = files.lane(0);
    boolean hasRows = disk.exists(files.record()) && lastRecord().commitCount() > 0;
    if (!hasRows && disk.exists(lane.keys())) {
      try (DiskFile keys = disk.openForReading(lane.keys())) {
        hasRows = keys.sizeBytes() > 0;
      }
    }
    if (disk.exists(files.length())) {
      return load(); // A creator was quicker than this reader.
    }
    if (hasRows || !disk.exists(files.schema())) {
      throw new CorruptStoreException(
          files.length() + " is missing from a store that has rows", cause);
    }
    return new Loaded(CommitRecord.empty(storeId), false);
  }

  private CommitRecord checkStore(CommitRecord record, Path file) throws IOException {
    UUID expected = storeId.equals(Commit.NO_ID) ? adoptedId(record, file) : storeId;
    if (!record.storeId().equals(expected)) {
      throw new CorruptStoreException(
          file
              + ": the commit record belongs to store "
              + record.storeId()
              + ", the one that was opened here is store "
              + expected);
    }
    return record;
  }

  /** The id of a store of the reference that was adopted after it had been opened here. */
  private UUID adoptedId(CommitRecord record, Path file) throws IOException {
    if (!disk.exists(files.schema())) {
      throw new CorruptStoreException(
          files.schema() + " is missing, but " + file + " is of store " + record.storeId());
    }
    return files.readSchema(disk).storeId();
  }

  private CommitRecord byReference(long rows) throws IOException {
    if (!disk.exists(files.record())) {
      Lane lane = laneOfReference(Lane.empty(0, Owner.NONE), rows);
      return CommitRecord.ofLaneZero(storeId, lane);
    }
    CommitRecord record = lastRecord();
    Lane lane = record.lanes().get(0);
    long committed =
        rows == 0 ? record.referenceRows() : Math.max(record.referenceRows(), lane.from());
    if (rows < committed) {
      throw new CorruptStoreException(
          files.length()
              + ": "
              + rows
              + " rows, but "
              + files.record()
              + " says that "
              + committed
              + " were committed");
    }
    return rows == record.referenceRows() || replaces(record, lane, rows)
        ? record
        : record.withLane(laneOfReference(lane, rows).released());
  }

  /**
   * Whether the record is that of an overwrite or a compaction which stopped before its rename. Its
   * rows are there as a whole, and are not shown beside those that they replace. A truncation shows
   * none, and is not in the journal: it is as if it had not begun.
   */
  private static boolean replaces(CommitRecord record, Lane lane, long rows) {
    if (lane.rows() != rows || lane.visibleRows() > 0) {
      return false;
    }
    List<JournalEntry> journal = record.journal();
    return record.lanes().stream().anyMatch(other -> other.visibleRows() > 0)
        || (!journal.isEmpty()
            && journal.get(journal.size() - 1).lanes().stream()
                .anyMatch(entry -> entry.number() == 0 && entry.from() == rows));
  }

  /**
   * What {@code record} keeps of our last publication, or of one that stopped before its rename.
   */
  private CommitRecord lastRecord() throws IOException {
    String file = files.record().toString();
    return checkStore(
        CommitRecord.fromBytes(SmallFile.read(disk, files.record()), file)
            .orElseThrow(
                () ->
                    new CorruptStoreException(
                        file + ": there is no commit record in it, nor in length")),
        files.record());
  }

  /**
   * Lane 0 as the reference left it, with so many rows: what the files' own ends say. It appends
   * where no row is hidden; a record that hides some is that of a truncation before its rename.
   */
  private Lane laneOfReference(Lane before, long rows) throws IOException {
    LaneFiles lane = files.lane(0);
    long bytes = rows * Long.BYTES;
    try (OpenFiles open = new OpenFiles(disk)) {
      List<LaneTable> tables = new ArrayList<>();
      for (String table : lane.tables(disk)) {
        long dataBytes = rows == 0 ? 0 : open.u64(lane.offsets(table), bytes, rows - 1);
        checkDataBytes(lane.data(table), dataBytes, rows);
        tables.add(new LaneTable(table, dataBytes, 0, 0));
      }
      return new Lane(
          0,
          0,
          0,
          0,
          Owner.NONE,
          before.base(),
          0,
          rows,
          rows == 0 ? 0 : open.u64(lane.keys(), bytes, 0),
          rows == 0 ? 0 : open.u64(lane.keys(), bytes, rows - 1),
          0,
          tables);
    }
  }

  private void checkDataBytes(Path path, long dataBytes, long rows) throws IOException {
    if (dataBytes < 0) {
      throw new CorruptStoreException(
          path.resolveSibling("offsets")
              + ": offset "
              + Long.toUnsignedString(dataBytes)
              + " at row "
              + (rows - 1)
              + " is more than a file holds");
    }
    if (rows > 0) {
      LaneFile.open(disk, path, dataBytes).close();
    }
  }

  /**
   * Makes the names of lane 0's files durable, if the reference wrote {@code length} last: it syncs
   * no directory, and its {@code length} must not outlive its rows. The caller holds the commit
   * lock, and syncs the store's directory next.
   */
  void syncTablesOfReference() throws IOException {
    if (!disk.exists(files.length())) {
      return;
    }
    byte[] length = SmallFile.read(disk, files.length());
    if (CommitRecord.fromBytes(length, files.length().toString()).isEmpty()) {
      for (String table : files.lane(0).tables(disk)) {
        disk.syncDirectory(files.lane(0).table(table));
      }
    }
  }

  /**
   * Makes {@code record} the same as {@code length} again, where somebody died between linking the
   * one and renaming the other; the caller holds the commit lock.
   */
  void repairSecondLink() throws IOException {
    byte[] length = SmallFile.read(disk, files.length());
    Optional<CommitRecord> record = CommitRecord.fromBytes(length, files.length().toString());
    if (record.isEmpty()) {
      return;
    }
    checkStore(record.get(), files.length());
    if (!disk.exists(files.record())
        || !Arrays.equals(length, SmallFile.read(disk, files.record()))) {
      disk.link(files.length(), files.record());
      disk.syncDirectory(files.root());
    }
  }

  /**
   * Replaces the record; the caller holds the commit lock and built {@code next} from what {@link
   * #load} gave under it.
   */
  void replace(CommitRecord next) throws IOException {
    if (next.storeId().equals(Commit.NO_ID)) {
      throw new IllegalStateException(
          files.root() + " has no schema.json: open it with openOrCreate to write it");
    }
    own = null;
    CommitRecord record = next.nextRevision();
    byte[] bytes = record.toBytes();
    SmallFile.check(files.length(), bytes);
    Path temporary = files.temporary(files.length(), entropy.ids().get());
    // Step P4: the new record, durable under a name that nobody reads.
    disk.createDurably(temporary, ByteBuffer.wrap(bytes));
    // Step P5: a second link, which the reference's own rename leaves readable.
    disk.link(temporary, files.record());
    // Step P6: the rename is the commit.
    disk.rename(temporary, files.length());
    // Step P7: and now it is durable.
    disk.syncDirectory(files.root());
    own = new Own(record, ByteBuffer.wrap(bytes));
  }
}
