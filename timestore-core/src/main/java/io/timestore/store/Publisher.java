package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.disk.DiskLock;
import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.format.Commit.LaneBatch;
import io.timestore.format.Commit.TableBatch;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lane;
import io.timestore.format.Lineage;
import io.timestore.format.Lineage.Submission;
import io.timestore.format.Owner;
import io.timestore.store.LaneWriter.OwnLane;
import io.timestore.store.RecordFile.Loaded;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All that changes the commit record, each change under {@code commit.lock} and by one rename.
 * Every method can be called again after any failure: what was done already is found done.
 *
 * <p>Thread-safe across threads and processes. Methods block on I/O and up to 60 s for the lock:
 * call them from a thread of {@link io.timestore.disk.IoThreads}.
 */
public final class Publisher implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(Publisher.class);
  private static final int VERIFY_BYTES = 1024 * 1024;

  private final Disk disk;
  private final StoreFiles files;
  private final UUID storeId;
  private final RecordFile recordFile;
  private final CountDownLatch closed = new CountDownLatch(1);

  Publisher(Disk disk, StoreFiles files, UUID storeId) {
    this.disk = disk;
    this.files = files;
    this.storeId = storeId;
    this.recordFile = new RecordFile(disk, files, storeId);
  }

  /** What became of a commit. */
  public enum Outcome {
    /** Its rows are visible now. */
    PUBLISHED,
    /** Its rows were visible before. */
    ALREADY_PUBLISHED
  }

  /**
   * What a restored sink knows of itself.
   *
   * @param lineage from state
   * @param stateSubmission the submission that made the state
   * @param submission the one that runs now
   * @param checkpointId the restored checkpoint
   */
  public record Restored(UUID lineage, UUID stateSubmission, UUID submission, long checkpointId) {}

  private interface Change<T> {
    T apply(Loaded current) throws IOException;
  }

  /** Steps P1 to P3, the change, and letting go. */
  private <T> T underLock(String purpose, Change<T> change) throws IOException {
    // Step P1: one publisher at a time.
    DiskLock lock = CommitLock.acquire(disk, files.commitLock(), Holder.describe(purpose), closed);
    try {
      // Step P2: a rename that somebody died behind is made durable before anyone builds on it.
      disk.syncDirectory(files.root());
      for (String name : disk.list(files.root())) {
        if (files.isLeftover(name)) {
          disk.delete(files.root().resolve(name));
        }
      }
      if (disk.exists(files.length())) {
        recordFile.repairSecondLink();
      }
      // Step P3: what is committed now.
      return change.apply(recordFile.load());
    } finally {
      lock.close();
    }
  }

  /**
   * Makes commits of one checkpoint visible, all of them in one rename.
   *
   * @param commits prepared by writers of this store; not empty
   * @param verifyBytes whether to compare the batches' bytes on disk with their CRCs first, as a
   *     commit that comes out of restored state needs
   * @return what became of each
   * @throws ConflictException if one of them can't be published and never will be; nothing was
   *     changed then
   */
  public List<Outcome> publish(List<Commit> commits, boolean verifyBytes) throws IOException {
    for (Commit commit : commits) {
      if (!commit.storeId().equals(storeId)) {
        throw new ConflictException(
            files.root()
                + " is store "
                + storeId
                + " as seen from host "
                + Holder.host()
                + ", but the commit was written to store "
                + commit.storeId()
                + " on host "
                + commit.host()
                + ": do both see the same directory under this path?");
      }
    }
    return underLock("publish", current -> publish(commits, verifyBytes, current));
  }

  private List<Outcome> publish(List<Commit> commits, boolean verifyBytes, Loaded current)
      throws IOException {
    List<Outcome> outcomes = new ArrayList<>();
    CommitRecord next = current.record();
    long watermark = Long.MAX_VALUE;
    Commit newest = null;
    Set<Integer> changedLanes = new TreeSet<>();
    for (Commit commit : commits) {
      List<LaneBatch> toDo = judge(commit, verifyBytes, next, current.byReference());
      boolean releases = releasesLanes(commit, next);
      // The second attempt of a finished submission releases its lane, and adds nothing.
      boolean addsNothing = toDo.isEmpty() && !(releases && commit.lanes().isEmpty());
      outcomes.add(addsNothing ? Outcome.ALREADY_PUBLISHED : Outcome.PUBLISHED);
      if (!toDo.isEmpty() || releases) {
        watermark = Math.min(watermark, commit.watermark());
        next = withCommit(next, commit, toDo);
        newest = commit;
      }
      toDo.forEach(batch -> changedLanes.add(batch.number()));
    }
    Optional<String> overlap = LaneOrder.overlap(LaneOrder.sequence(next.lanes()));
    if (overlap.isPresent()) {
      throw new ConflictException(
          files.root()
              + ": the commit has rows older than what is committed: "
              + overlap.get()
              + "; this version can't keep late rows");
    }
    if (newest != null) {
      next = next.withJournalEntry(newest, watermark, System.currentTimeMillis());
      recordFile.replace(next);
      for (int number : changedLanes) {
        writeLaneLength(next.lane(number).orElseThrow());
      }
    }
    return outcomes;
  }

  /** Rule 6: which of a commit's lanes are still to be published. */
  private List<LaneBatch> judge(
      Commit commit, boolean verifyBytes, CommitRecord record, boolean byReference)
      throws IOException {
    if (commit.stateless() && record.finished().contains(commit.submission())) {
      return List.of();
    }
    List<LaneBatch> toDo = new ArrayList<>();
    for (LaneBatch batch : commit.lanes()) {
      if (!isDone(batch, record, byReference)) {
        checkOurs(commit, batch, record);
        toDo.add(batch);
      }
    }
    if (!toDo.isEmpty() || releasesLanes(commit, record)) {
      checkFence(commit, record);
    }
    if (verifyBytes) {
      for (LaneBatch batch : toDo) {
        if (!bytesMatch(batch)) {
          throw new ConflictException(
              describe(commit, batch)
                  + ": the prepared bytes are not on disk any more; was the store brought back"
                  + " from an older copy?");
        }
      }
    }
    return toDo;
  }

  private boolean isDone(LaneBatch batch, CommitRecord record, boolean byReference)
      throws IOException {
    if (record.tombstones().contains(batch.number())) {
      return true;
    }
    Optional<Lane> lane = record.lane(batch.number());
    return lane.isPresent()
        && lane.get().rows() >= batch.rowsAfter()
        && (!byReference || bytesMatch(batch));
  }

  private void checkOurs(Commit commit, LaneBatch batch, CommitRecord record)
      throws ConflictException {
    Optional<Lane> lane = record.lane(batch.number());
    if (lane.isEmpty()) {
      if (batch.rowsBefore() != 0) {
        throw new ConflictException(
            describe(commit, batch)
                + " follows "
                + batch.rowsBefore()
                + " rows, but the lane is not in the store; was the store brought back from an"
                + " older copy?");
      }
      return;
    }
    if (lane.get().rows() != batch.rowsBefore() || !lane.get().owner().is(commit.run())) {
      throw new ConflictException(
          describe(commit, batch)
              + " follows "
              + batch.rowsBefore()
              + " rows of run "
              + commit.run()
              + ", but the lane has "
              + lane.get().rows()
              + " rows and is owned by "
              + (lane.get().owner().kind() == Owner.Kind.NONE
                  ? "nobody"
                  : "run " + lane.get().owner().run()));
    }
  }

  private void checkFence(Commit commit, CommitRecord record) throws ConflictException {
    Optional<Lineage> lineage = record.lineage(commit.lineage());
    if (isWithoutLineage(commit) || lineage.isEmpty()) {
      return;
    }
    Optional<Submission> submission = lineage.get().submission(commit.submission());
    if (submission.isEmpty() || submission.get().fence() < commit.checkpointId()) {
      throw new ConflictException(
          files.root()
              + ": checkpoint "
              + commit.checkpointId()
              + " of submission "
              + commit.submission()
              + " must not be published: submission "
              + lineage.get().current()
              + " took over"
              + submission.map(s -> " from checkpoint " + s.fence()).orElse(""));
    }
  }

  private static boolean isWithoutLineage(Commit commit) {
    return commit.stateless() || commit.lineage().equals(Commit.NO_ID);
  }

  private String describe(Commit commit, LaneBatch batch) {
    return files.lane(batch.number()).directory()
        + ": the commit of rows "
        + batch.rowsBefore()
        + " to "
        + batch.rowsAfter()
        + " (checkpoint "
        + commit.checkpointId()
        + ", written on host "
        + commit.host()
        + ")";
  }

  private static boolean releasesLanes(Commit commit, CommitRecord record) {
    return commit.last() && record.lanes().stream().anyMatch(lane -> lane.owner().is(commit.run()));
  }

  private static CommitRecord withCommit(CommitRecord record, Commit commit, List<LaneBatch> toDo) {
    CommitRecord next = record;
    Owner owner = new Owner(commit.direct() ? Owner.Kind.DIRECT : Owner.Kind.RUN, commit.run());
    for (LaneBatch batch : toDo) {
      Lane lane = next.lane(batch.number()).orElse(Lane.empty(batch.number(), owner));
      next = next.withLane(lane.extendedBy(batch));
    }
    if (commit.last()) {
      for (Lane lane : next.lanes()) {
        if (lane.owner().is(commit.run())) {
          next = next.withLane(lane.released());
        }
      }
    }
    if (commit.stateless()) {
      return commit.last() ? next.withFinished(commit.submission()) : next;
    }
    if (isWithoutLineage(commit)) {
      return next;
    }
    Lineage lineage =
        next.lineage(commit.lineage()).orElse(Lineage.begin(commit.lineage(), commit.submission()));
    return next.withLineage(lineage.published(commit.checkpointId()));
  }

  /** A lane's own {@code length}: only the reference reads it, and a stale one does no harm. */
  private void writeLaneLength(Lane lane) {
    if (lane.number() == 0) {
      return;
    }
    LaneFiles laneFiles = files.lane(lane.number());
    Path temporary = laneFiles.directory().resolve(".length");
    try {
      ByteBuffer rows = ByteBuffer.allocate(Long.BYTES).putLong(lane.rows()).flip();
      disk.writeVolatile(temporary, rows);
      disk.rename(temporary, laneFiles.length());
    } catch (IOException e) {
      LOG.warn("{} could not be written; the commit stands", laneFiles.length(), e);
    }
  }

  private boolean bytesMatch(LaneBatch batch) throws IOException {
    LaneFiles lane = files.lane(batch.number());
    long from = batch.rowsBefore() * Long.BYTES;
    long to = batch.rowsAfter() * Long.BYTES;
    boolean match = crc(lane.keys(), from, to) == batch.keys().batchCrc();
    for (TableBatch table : batch.tables()) {
      match =
          match
              && crc(lane.offsets(table.name()), from, to) == table.offsets().batchCrc()
              && crc(lane.data(table.name()), table.dataBytesBefore(), table.dataBytesAfter())
                  == table.data().batchCrc();
    }
    return match;
  }

  private int crc(Path path, long from, long to) throws IOException {
    CRC32C crc = new CRC32C();
    if (!disk.exists(path)) {
      return ~0;
    }
    try (DiskFile file = disk.openForReading(path)) {
      ByteBuffer bytes = ByteBuffer.allocate(VERIFY_BYTES);
      for (long position = from; position < to; position += VERIFY_BYTES) {
        file.read(bytes.clear().limit((int) Math.min(VERIFY_BYTES, to - position)), position);
        crc.update(bytes.flip());
      }
    }
    return (int) crc.getValue();
  }

  /**
   * Rule 7: what a restored sink does before anything else. Harmless to repeat.
   *
   * @throws ConflictException if the state is older than the store, or somebody else took over
   */
  public void register(Restored restored) throws IOException {
    underLock(
        "register",
        current -> {
          CommitRecord record = current.record();
          Lineage lineage =
              record
                  .lineage(restored.lineage())
                  .orElse(Lineage.begin(restored.lineage(), restored.stateSubmission()));
          boolean isKnown = record.lineage(restored.lineage()).isPresent();
          if (isKnown && lineage.current().equals(restored.submission())) {
            return null;
          }
          checkSuccession(restored, lineage);
          recordFile.replace(
              record.withLineage(
                  lineage.succeededBy(
                      restored.submission(), restored.stateSubmission(), restored.checkpointId())));
          return null;
        });
  }

  private void checkSuccession(Restored restored, Lineage lineage) throws ConflictException {
    for (Submission other : lineage.submissions()) {
      if (compareUnsigned(other.id(), restored.submission()) > 0) {
        throw new ConflictException(
            files.root()
                + ": submission "
                + restored.submission()
                + " was restored from checkpoint "
                + restored.checkpointId()
                + ", but the newer submission "
                + other.id()
                + " of the same lineage is registered already");
      }
    }
    Optional<Submission> state = lineage.submission(restored.stateSubmission());
    if (state.isPresent()
        && !restored.stateSubmission().equals(restored.submission())
        && state.get().fence() < restored.checkpointId()) {
      throw new ConflictException(
          files.root()
              + ": the state of checkpoint "
              + restored.checkpointId()
              + " is of submission "
              + restored.stateSubmission()
              + ", from which submission "
              + lineage.current()
              + " took over at checkpoint "
              + state.get().fence());
    }
    if (lineage.publishedCheckpointId() > restored.checkpointId()) {
      throw new ConflictException(
          files.root()
              + ": the state is of checkpoint "
              + restored.checkpointId()
              + ", but checkpoints up to "
              + lineage.publishedCheckpointId()
              + " of its lineage are in the store: going on would write their rows twice."
              + " Restore from checkpoint "
              + lineage.publishedCheckpointId()
              + " or a later one ('sink.restore.mode' is 'fail', the only mode of this version)");
    }
  }

  private static int compareUnsigned(UUID left, UUID right) {
    int high = Long.compareUnsigned(left.getMostSignificantBits(), right.getMostSignificantBits());
    return high != 0
        ? high
        : Long.compareUnsigned(left.getLeastSignificantBits(), right.getLeastSignificantBits());
  }

  /**
   * What a sink that starts without state does before anything else.
   *
   * @return whether the submission's last commit is in the store already: there is nothing left to
   *     write
   * @throws ConflictException if the submission has published checkpoints, whose rows would come
   *     twice
   */
  public boolean startWithoutState(UUID submission) throws IOException {
    return underLock(
        "start",
        current -> {
          CommitRecord record = current.record();
          for (Lineage lineage : record.lineages()) {
            if (lineage.submission(submission).isPresent()
                && lineage.publishedCheckpointId() != Lineage.NO_CHECKPOINT) {
              throw new ConflictException(
                  files.root()
                      + ": submission "
                      + submission
                      + " starts without state, but has published checkpoints up to "
                      + lineage.publishedCheckpointId()
                      + ": going on would write their rows twice");
            }
          }
          return record.finished().contains(submission);
        });
  }

  /**
   * Rule 3: a lane for a run that has rows to write: the newest one if it is released, else a new
   * one. The lane is locked, and will be the run's alone.
   */
  OwnLane takeLane(Owner owner, List<String> tables) throws IOException {
    return underLock("take a lane", current -> takeLane(owner, tables, current));
  }

  private OwnLane takeLane(Owner owner, List<String> tables, Loaded current) throws IOException {
    CommitRecord record = current.record();
    if (current.byReference()) {
      checkRowsOfReference(record);
    }
    List<Lane> sequence = LaneOrder.sequence(record.lanes());
    Lane newest = sequence.isEmpty() ? record.lanes().get(0) : sequence.get(sequence.size() - 1);
    if (newest.owner().kind() != Owner.Kind.RUN && hasAllOf(newest, tables)) {
      Optional<DiskLock> lock =
          disk.tryLock(
              files.lane(newest.number()).writerLock(), Holder.describe("run " + owner.run()));
      if (lock.isPresent()) {
        Lane taken = newest.takenBy(owner);
        try {
          recordFile.replace(record.withLane(taken));
        } catch (Throwable e) {
          lock.get().close();
          throw e;
        }
        return new OwnLane(taken, lock.get());
      }
    }
    return newLane(owner, record);
  }

  /** Rows that somebody else appended are read once before ours follow them. */
  private void checkRowsOfReference(CommitRecord record) throws IOException {
    Lane lane = record.lanes().get(0);
    List<String> tables = lane.tables().stream().map(Lane.LaneTable::name).toList();
    LaneRange rows = new LaneRange(0, lane.from(), lane.rows());
    try (Scan scan = new Scan(disk, files, record, List.of(rows), tables)) {
      Batch batch = new Batch(tables.size());
      while (scan.next(batch)) {
        // Scan checks the order of keys and offsets.
      }
    }
  }

  /** A lane whose rows lack a table can't be gone on with: the table's offsets would have a gap. */
  private static boolean hasAllOf(Lane lane, List<String> tables) {
    Set<String> present = new HashSet<>();
    lane.tables().forEach(table -> present.add(table.name()));
    return lane.rows() == 0 || (present.containsAll(tables) && tables.size() == present.size());
  }

  private OwnLane newLane(Owner owner, CommitRecord record) throws IOException {
    createDirectoryInPlaceOfFile(files.lane(0).newLength());
    disk.createDirectory(files.lanes());
    int number = record.nextLane();
    for (String name : disk.list(files.lanes())) {
      if (name.matches("\\d{5,9}")) {
        number = Math.max(number, Integer.parseInt(name) + 1);
      }
    }
    while (!disk.createDirectory(files.lane(number).directory())) {
      number++;
    }
    LaneFiles lane = files.lane(number);
    disk.createDirectory(lane.newLength());
    DiskLock lock =
        disk.tryLock(lane.writerLock(), Holder.describe("run " + owner.run()))
            .orElseThrow(() -> new IOException(lane.writerLock() + " of a new lane is held"));
    LOG.info("Writing to a lane of its own: {}", lane.directory());
    return new OwnLane(Lane.empty(number, owner), lock);
  }

  /** The reference may have left a file of that name when it crashed. */
  private void createDirectoryInPlaceOfFile(Path directory) throws IOException {
    if (!disk.createDirectory(directory) && !disk.isDirectory(directory)) {
      disk.delete(directory);
      disk.createDirectory(directory);
    }
  }

  /** The committed state, read without a lock. */
  CommitRecord current() throws IOException {
    return recordFile.load().record();
  }

  /** Writes the first record of a new store. */
  void publishEmpty() throws IOException {
    underLock(
        "create",
        current -> {
          if (!disk.exists(files.length())) {
            recordFile.replace(current.record());
          }
          return null;
        });
  }

  /** Ends the waiting for the lock, in any thread. */
  @Override
  public void close() {
    closed.countDown();
  }
}
