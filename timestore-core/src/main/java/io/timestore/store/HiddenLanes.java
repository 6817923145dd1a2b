package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.disk.DiskLock;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.format.Owner;
import io.timestore.store.RecordFile.Loaded;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rule 8: removes lanes that show no row any more. First a publication says that they are gone,
 * then their files go; whoever finds a lane that is said to be gone, and still there, removes it.
 * The caller holds the commit lock.
 */
final class HiddenLanes {
  private static final Logger LOG = LoggerFactory.getLogger(HiddenLanes.class);

  private final Disk disk;
  private final StoreFiles files;
  private final RecordFile recordFile;

  HiddenLanes(Disk disk, StoreFiles files, RecordFile recordFile) {
    this.disk = disk;
    this.files = files;
    this.recordFile = recordFile;
  }

  /** Returns the bytes of the rows that were removed. */
  long remove(Loaded current) throws IOException {
    CommitRecord next = current.record();
    long sizeBytes = 0;
    List<DiskLock> locks = new ArrayList<>();
    try {
      // Step H1: lanes that nobody sees, and nobody can bring rows to, are marked as gone.
      for (Lane lane : next.lanes()) {
        boolean isHidden = lane.visibleRows() == 0 && (lane.hasFiles() || lane.isCut());
        if (isHidden && isLeft(lane, locks)) {
          sizeBytes += lane.sizeBytes();
          next =
              lane.number() == 0
                  ? next.withLane(lane.emptied())
                  : next.withTombstone(lane.number());
        }
      }
      if (!next.equals(current.record())) {
        recordFile.replace(next);
      }
      // Step H2: their files go; who has one open keeps it.
      removeFiles(next);
    } finally {
      Closing.all(locks);
    }
    return sizeBytes;
  }

  /** Returns how many lanes were removed that no record names. */
  int removeAbandoned(Loaded current) throws IOException {
    try (Abandoned abandoned = new Abandoned()) {
      addUnnamed(current.record(), "", abandoned);
      CommitRecord next = abandoned.withoutThem(current.record());
      if (!next.equals(current.record())) {
        recordFile.replace(next);
      }
      return abandoned.remove(disk);
    }
  }

  /**
   * What attempts of a submission left that failed, or were killed: lanes that no record names, and
   * lanes that they took and own for ever.
   *
   * @param record in which the submission has ended, so that nothing else of it will be published
   */
  Abandoned leftBy(UUID submission, CommitRecord record) throws IOException {
    Abandoned left = new Abandoned();
    try {
      addUnnamed(record, submission.toString(), left);
      for (Lane lane : record.lanes()) {
        LaneFiles laneFiles = files.lane(lane.number());
        String run = Holder.nameOf(lane.owner().run(), submission);
        boolean isOwned = lane.owner().kind() == Owner.Kind.RUN;
        if (isOwned && isLast(run, laneFiles) && left.lock(laneFiles, disk)) {
          left.owned.add(lane.number());
        }
      }
      return left;
    } catch (Throwable e) {
      left.close();
      throw e;
    }
  }

  private void addUnnamed(CommitRecord record, String holder, Abandoned abandoned)
      throws IOException {
    for (LaneFiles lane : files.lanesOnDisk(disk)) {
      boolean isNamed = record.lane(lane.number()).isPresent();
      if (!isNamed && isLast(holder, lane) && abandoned.lock(lane, disk)) {
        abandoned.unnamed.add(lane);
      }
    }
  }

  /** Whether the last one who held a lane called itself so. */
  private boolean isLast(String holder, LaneFiles lane) throws IOException {
    return disk.isDirectory(lane.directory()) && disk.holder(lane.writerLock()).contains(holder);
  }

  /** Lanes whose writers are gone, locked. */
  static final class Abandoned implements Closeable {
    private final List<LaneFiles> unnamed = new ArrayList<>();
    private final List<Integer> owned = new ArrayList<>();
    private final List<DiskLock> locks = new ArrayList<>();

    private boolean lock(LaneFiles lane, Disk disk) throws IOException {
      Optional<DiskLock> lock = disk.tryLock(lane.writerLock(), Holder.describe("removal"));
      lock.ifPresent(locks::add);
      return lock.isPresent();
    }

    /** The record in which others may take the lanes, or never use their numbers. */
    CommitRecord withoutThem(CommitRecord record) {
      CommitRecord next = record;
      for (int number : owned) {
        next = next.withLane(next.lane(number).orElseThrow().released());
      }
      for (LaneFiles lane : unnamed) {
        next = next.withNextLane(lane.number() + 1);
      }
      return next;
    }

    /** Removes those that no record names; returns how many. After the record is durable. */
    int remove(Disk disk) throws IOException {
      for (LaneFiles lane : unnamed) {
        LOG.info("Removing {}, which no record names", lane.directory());
        lane.remove(disk);
      }
      return unnamed.size();
    }

    @Override
    public void close() throws IOException {
      Closing.all(locks);
    }
  }

  /** Whether nobody writes to the lane, and nobody can publish what was written to it. */
  private boolean isLeft(Lane lane, List<DiskLock> locks) throws IOException {
    LaneFiles laneFiles = files.lane(lane.number());
    if (!disk.isDirectory(laneFiles.directory())) {
      return true;
    }
    Optional<DiskLock> lock = disk.tryLock(laneFiles.writerLock(), Holder.describe("removal"));
    if (lock.isEmpty()) {
      return false;
    }
    locks.add(lock.get());
    return lane.owner().kind() != Owner.Kind.RUN || !hasPrepared(lane, laneFiles);
  }

  /**
   * Whether bytes that mean something may lie behind the lane's rows. Padding is zeros, and rows
   * are not: a key or an end of a value follows others that were not zero, else it can't be told.
   */
  private boolean hasPrepared(Lane lane, LaneFiles laneFiles) throws IOException {
    boolean isKnown = lane.tables().stream().anyMatch(table -> table.dataBytes() > 0);
    if (!isKnown || hasBytesBehind(laneFiles.keys(), lane.rows() * Long.BYTES)) {
      return true;
    }
    for (LaneTable table : lane.tables()) {
      if (hasBytesBehind(laneFiles.offsets(table.name()), lane.rows() * Long.BYTES)) {
        return true;
      }
    }
    return false;
  }

  private boolean hasBytesBehind(Path path, long sizeBytes) throws IOException {
    if (!disk.exists(path)) {
      return false;
    }
    try (DiskFile file = disk.openForReading(path)) {
      ByteBuffer bytes = ByteBuffer.allocate(CommitRecord.CHUNK_BYTES);
      for (long position = sizeBytes; ; position += bytes.limit()) {
        int count = file.read(bytes.clear(), position);
        if (count <= 0) {
          return false;
        }
        for (bytes.flip(); bytes.hasRemaining(); ) {
          if (bytes.get() != 0) {
            return true;
          }
        }
      }
    }
  }

  private void removeFiles(CommitRecord record) {
    try {
      for (int number : record.tombstones()) {
        if (disk.isDirectory(files.lane(number).directory())) {
          files.lane(number).remove(disk);
        }
      }
      if (record.lanes().get(0).state() == Lane.EMPTIED) {
        emptyLaneZero();
      }
    } catch (IOException e) {
      LOG.warn("{}: files of hidden rows could not be removed", files.root(), e);
    }
  }

  /**
   * Puts empty files in place of the old ones, which stay as they are for whoever has them open.
   */
  private void emptyLaneZero() throws IOException {
    LaneFiles lane = files.lane(0);
    List<Path> paths = new ArrayList<>(List.of(lane.keys()));
    for (String table : lane.tables(disk)) {
      paths.add(lane.offsets(table));
      paths.add(lane.data(table));
    }
    for (Path path : paths) {
      if (isEmpty(path)) {
        continue;
      }
      disk.delete(ChunkCrcs.path(path));
      Path temporary = path.resolveSibling("." + path.getFileName());
      disk.writeVolatile(temporary, ByteBuffer.allocate(0));
      disk.rename(temporary, path);
    }
  }

  private boolean isEmpty(Path path) throws IOException {
    if (!disk.exists(path)) {
      return true;
    }
    try (DiskFile file = disk.openForReading(path)) {
      return file.sizeBytes() == 0;
    }
  }
}
