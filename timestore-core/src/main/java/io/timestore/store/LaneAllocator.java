package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.disk.DiskLock;
import io.timestore.format.Batch;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.format.Owner;
import io.timestore.store.LaneWriter.OwnLane;
import io.timestore.store.RecordFile.Loaded;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Rule 3: which lane a run gets. The caller holds the commit lock. */
final class LaneAllocator {
  private static final Logger LOG = LoggerFactory.getLogger(LaneAllocator.class);

  private final Disk disk;
  private final StoreFiles files;
  private final RecordFile recordFile;

  LaneAllocator(Disk disk, StoreFiles files, RecordFile recordFile) {
    this.disk = disk;
    this.files = files;
    this.recordFile = recordFile;
  }

  /**
   * The released lane with the largest last key that the first row may follow, else a new lane;
   * locked for the run.
   *
   * @param holder how the run calls itself
   */
  OwnLane take(
      Owner owner, String holder, List<String> tables, long firstKey, boolean isNew, Loaded current)
      throws IOException {
    CommitRecord record = current.record();
    if (current.byReference()) {
      checkRowsOfReference(record);
    }
    for (Lane lane : isNew ? List.<Lane>of() : candidates(record, tables, firstKey)) {
      checkDirectory(lane);
      Optional<DiskLock> lock = disk.tryLock(files.lane(lane.number()).writerLock(), holder);
      if (lock.isPresent()) {
        try {
          Lane taken = withTailCrcs(lane).takenBy(owner);
          recordFile.replace(record.withLane(taken));
          return new OwnLane(taken, lock.get());
        } catch (Throwable e) {
          lock.get().close();
          throw e;
        }
      }
    }
    return newLane(owner, holder, record);
  }

  private static List<Lane> candidates(CommitRecord record, List<String> tables, long firstKey) {
    List<Lane> candidates = new ArrayList<>(record.lanes());
    candidates.removeIf(
        lane ->
            !isFree(lane)
                || Long.compareUnsigned(lane.largestKey(), firstKey) > 0
                || !hasAllOf(lane, tables));
    candidates.sort(
        Comparator.comparing(Lane::largestKey, Long::compareUnsigned)
            .reversed()
            .thenComparingInt(Lane::number));
    return candidates;
  }

  /** What a sink's run that died wrote may still be published; what a direct one wrote is void. */
  private static boolean isFree(Lane lane) {
    return lane.isOpen() && lane.owner().kind() != Owner.Kind.RUN;
  }

  /** Committed rows that are gone stay gone: nothing is made in their place. */
  private void checkDirectory(Lane lane) throws IOException {
    Path directory = files.lane(lane.number()).directory();
    if (lane.rows() > 0 && !disk.isDirectory(directory)) {
      throw new CorruptStoreException(
          directory
              + " is missing, expected the files of "
              + lane.rows()
              + " committed rows in it");
    }
  }

  /** Rows that somebody else appended are read once before ours follow them. */
  private void checkRowsOfReference(CommitRecord record) throws IOException {
    Lane lane = record.lanes().get(0);
    List<String> tables = lane.tables().stream().map(LaneTable::name).toList();
    LaneRange rows = new LaneRange(0, lane.from(), lane.rows());
    try (Scan scan = new Scan(disk, files, record, List.of(rows), tables, true)) {
      Batch batch = new Batch(tables.size());
      while (scan.next(batch)) {
        // Scan checks the order of keys and offsets.
      }
    }
  }

  /**
   * The lane with a CRC for each partial chunk: its block will be written over, and a power cut may
   * damage it then. Only the reference's rows have none.
   */
  private Lane withTailCrcs(Lane lane) throws IOException {
    LaneFiles laneFiles = files.lane(lane.number());
    List<LaneTable> tables = new ArrayList<>();
    for (LaneTable table : lane.tables()) {
      tables.add(
          new LaneTable(
              table.name(),
              table.dataBytes(),
              tailCrc(laneFiles.committedOffsets(lane, table)),
              tailCrc(laneFiles.committedData(table))));
    }
    return lane.withTailCrcs(tailCrc(laneFiles.committedKeys(lane)), tables);
  }

  private int tailCrc(CommittedFile file) throws IOException {
    if (file.tailCrc() != ChunkCrcs.UNKNOWN || file.tailStart() == file.sizeBytes()) {
      return file.tailCrc();
    }
    try (DiskFile open = LaneFile.open(disk, file.path(), file.sizeBytes())) {
      return FileCrc.of(open, file.tailStart(), file.sizeBytes())
          .orElseThrow(() -> LaneFile.ended(file.path(), file.tailStart(), file.sizeBytes()));
    }
  }

  /** A lane whose rows lack a table can't be gone on with: the table's offsets would have a gap. */
  private static boolean hasAllOf(Lane lane, List<String> tables) {
    Set<String> present = new HashSet<>();
    lane.tables().forEach(table -> present.add(table.name()));
    return lane.rows() == 0 || (present.containsAll(tables) && tables.size() == present.size());
  }

  private OwnLane newLane(Owner owner, String holder, CommitRecord record) throws IOException {
    stopReference();
    disk.createDirectory(files.lanes());
    int number = makeDirectory(record);
    LaneFiles lane = files.lane(number);
    disk.createDirectory(lane.newLength());
    DiskLock lock =
        disk.tryLock(lane.writerLock(), holder)
            .orElseThrow(() -> new IOException(lane.writerLock() + " of a new lane is held"));
    LOG.info("Writing to a lane of its own: {}", lane.directory());
    return new OwnLane(Lane.empty(number, owner), lock);
  }

  /** A lane's directory that never was one, whether a record names it or not. */
  private int makeDirectory(CommitRecord record) throws IOException {
    int number = record.nextLane();
    for (String name : disk.list(files.lanes())) {
      number = Math.max(number, StoreFiles.laneNumber(name).orElse(-1) + 1);
    }
    while (number <= Lane.NUMBER_MAX && !disk.createDirectory(files.lane(number).directory())) {
      number++;
    }
    if (number > Lane.NUMBER_MAX) {
      throw new CorruptStoreException(
          files.lanes() + ": lane " + Lane.NUMBER_MAX + " is taken, no number is left for another");
    }
    return number;
  }

  /** Keeps the reference from appending to lane 0; durable with the store's directory. */
  void stopReference() throws IOException {
    Path directory = files.lane(0).newLength();
    // The reference may have left a file of that name when it crashed.
    if (!disk.createDirectory(directory) && !disk.isDirectory(directory)) {
      disk.delete(directory);
      disk.createDirectory(directory);
    }
  }
}
