package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskLock;
import io.timestore.format.Column;
import io.timestore.format.Commit;
import io.timestore.format.Commit.FileBatch;
import io.timestore.format.Commit.LaneBatch;
import io.timestore.format.Commit.TableBatch;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lane;
import io.timestore.format.Lineage;
import io.timestore.format.Owner;
import io.timestore.format.Schema;
import io.timestore.store.HiddenLanes.Abandoned;
import io.timestore.store.LaneWriter.OwnLane;
import io.timestore.store.RecordFile.Loaded;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
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

  private final Disk disk;
  private final Entropy entropy;
  private final StoreFiles files;
  private final UUID storeId;
  private final RecordFile recordFile;
  private final Succession succession;
  private final PreparedBytes preparedBytes;
  private final Journal journal;
  private final Truncation truncation;
  private final HiddenLanes hiddenLanes;
  private final Duration lockWaitMax;
  private final CountDownLatch closed = new CountDownLatch(1);

  Publisher(Disk disk, Entropy entropy, StoreFiles files, UUID storeId) {
    this(disk, entropy, files, storeId, CommitLock.WAIT_MAX);
  }

  Publisher(Disk disk, Entropy entropy, StoreFiles files, UUID storeId, Duration lockWaitMax) {
    this.disk = disk;
    this.entropy = entropy;
    this.files = files;
    this.storeId = storeId;
    this.recordFile = new RecordFile(disk, entropy, files, storeId);
    this.preparedBytes = new PreparedBytes(disk, files);
    this.journal = new Journal(disk, entropy, files);
    this.truncation = new Truncation(disk, files);
    this.hiddenLanes = new HiddenLanes(disk, files, recordFile);
    this.succession = new Succession(files, new Rollback(files, journal, truncation));
    this.lockWaitMax = lockWaitMax;
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
   * @param mode what to do if the store has newer ones of the lineage
   */
  public record Restored(
      UUID lineage, UUID stateSubmission, UUID submission, long checkpointId, RestoreMode mode) {

    /** One that is refused if the store has newer checkpoints. */
    public Restored(UUID lineage, UUID stateSubmission, UUID submission, long checkpointId) {
      this(lineage, stateSubmission, submission, checkpointId, RestoreMode.FAIL);
    }
  }

  /** What becomes of a lineage's checkpoints in the store that are newer than its state. */
  public enum RestoreMode {
    /** The state is refused. */
    FAIL,
    /** Their rows are hidden for good. */
    TRUNCATE
  }

  private interface Change<T> {
    T apply(Loaded current) throws IOException;
  }

  /** Steps P1 to P3, the change, and letting go. */
  private <T> T underLock(String purpose, Change<T> change) throws IOException {
    // Step P1: one publisher at a time.
    DiskLock lock = CommitLock.acquire(disk, files.commitLock(), purpose, lockWaitMax, closed);
    try {
      Optional<Loaded> own = recordFile.loadOwn();
      if (own.isPresent()) {
        return change.apply(own.get());
      }
      // Step P2: a rename that somebody died behind is made durable before anyone builds on it.
      recordFile.syncTablesOfReference();
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
   * Makes commits visible, all of them in one rename; the journal gets an entry for each
   * checkpoint.
   *
   * @param commits prepared by writers of this store, with one insert id, those of a checkpoint one
   *     after another; not empty
   * @param verifyBytes whether to compare the batches' bytes on disk with their CRCs first, as a
   *     commit that comes out of restored state needs
   * @return what became of each
   * @throws ConflictException if one of them can't be published and never will be; nothing was
   *     changed then
   */
  public List<Outcome> publish(List<Commit> commits, boolean verifyBytes) throws IOException {
    return publish(commits, verifyBytes, Long.MAX_VALUE);
  }

  /**
   * As {@link #publish(List, boolean)}, for one of several attempts of a sink: what another attempt
   * published since makes the commit a conflict.
   *
   * @param knownCheckpointId the newest checkpoint that the caller published or was restored from;
   *     {@link Lineage#NO_CHECKPOINT}: none
   */
  public List<Outcome> publish(List<Commit> commits, boolean verifyBytes, long knownCheckpointId)
      throws IOException {
    List<String> insertIds = commits.stream().map(Commit::insertId).distinct().toList();
    if (insertIds.size() > 1) {
      throw new IllegalArgumentException(
          files.root() + ": one publication of commits with several insert ids: " + insertIds);
    }
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
    return underLock(
        "publish",
        current -> {
          List<Commit> ofLineage =
              commits.stream()
                  .map(commit -> Succession.ofKnownLineage(commit, current.record()))
                  .toList();
          return publish(ofLineage, verifyBytes, knownCheckpointId, current);
        });
  }

  /**
   * Makes the commit of a direct writer visible, which looks under the lock whether it still writes
   * the files of this store.
   */
  List<Outcome> publishOwn(Commit commit, RunLanes lanes) throws IOException {
    return underLock(
        "publish",
        current -> {
          lanes.checkPlaces(commit.lanes());
          return publish(List.of(commit), false, Long.MAX_VALUE, current);
        });
  }

  private List<Outcome> publish(
      List<Commit> commits, boolean verifyBytes, long knownCheckpointId, Loaded current)
      throws IOException {
    Set<UUID> finished = Set.copyOf(current.record().finished());
    List<Outcome> outcomes = new ArrayList<>();
    CommitRecord next = current.record();
    boolean compares = verifyBytes || current.byReference();
    List<Commit> replacing = new ArrayList<>();
    for (Commit commit : commits) {
      if (commit.overwrite() && !isFinished(commit, finished) && !isDone(commit, next, compares)) {
        replacing.add(commit);
      }
    }
    if (!replacing.isEmpty()) {
      // Step O2: what the commit replaces goes with the record that shows it.
      next = allHidden(next);
    }
    long watermark = Long.MAX_VALUE;
    Commit newest = null;
    List<LaneBatch> compared = new ArrayList<>();
    List<LaneBatch> published = new ArrayList<>();
    for (int i = 0; i < commits.size(); i++) {
      Commit commit = commits.get(i);
      boolean isFinished = isFinished(commit, finished);
      List<LaneBatch> toDo =
          isFinished
              ? List.of()
              : judge(commit, verifyBytes, next, current.byReference(), compared);
      if (!toDo.isEmpty()) {
        succession.checkOvertaken(commit, current.record(), knownCheckpointId);
      }
      boolean releases = releasesLanes(commit, next);
      boolean changesRows = !toDo.isEmpty() || replacing.contains(commit);
      // The second attempt of a finished submission releases its lane, and adds nothing.
      boolean addsNothing = !changesRows && !(releases && commit.lanes().isEmpty());
      outcomes.add(addsNothing ? Outcome.ALREADY_PUBLISHED : Outcome.PUBLISHED);
      if (changesRows || releases) {
        next = withCommit(next, commit, toDo);
      }
      if (changesRows) {
        watermark = Math.min(watermark, commit.watermark());
        newest = commit;
      }
      published.addAll(toDo);
      boolean endsCheckpoint =
          i == commits.size() - 1 || commits.get(i + 1).checkpointId() != commit.checkpointId();
      if (endsCheckpoint && newest != null) {
        next = withJournalEntry(next, newest, watermark, current.record());
        watermark = Long.MAX_VALUE;
        newest = null;
      }
    }
    try (Abandoned left = leftByAttempts(commits, next)) {
      next = left.withoutThem(next);
      if (!next.equals(current.record())) {
        replace(current.record(), next);
      }
      // Step P8: what others may miss without harm.
      for (LaneBatch batch : published) {
        writeLaneLength(next.lane(batch.number()).orElseThrow());
        noteChunkCrcs(batch);
      }
      compared.forEach(this::noteChunkCrcs);
      remove(left);
    }
    return outcomes;
  }

  /**
   * What failed attempts left, where the last commits of a submission without state are in: nothing
   * that they prepared can be published any more. Where it can't be found, it stays.
   */
  private Abandoned leftByAttempts(List<Commit> commits, CommitRecord next) {
    for (Commit commit : commits) {
      if (commit.stateless() && commit.last()) {
        try {
          return hiddenLanes.leftBy(commit.submission(), next);
        } catch (IOException e) {
          LOG.warn("{}: what failed attempts left could not be found", files.root(), e);
        }
      }
    }
    return new Abandoned();
  }

  private void remove(Abandoned left) {
    try {
      int unused = left.remove(disk);
    } catch (IOException e) {
      LOG.warn("{}: what failed attempts left could not be removed", files.root(), e);
    }
  }

  /**
   * The record with a commit's entry.
   *
   * @param before what was committed, maybe with rows of the reference that no entry tells of
   */
  private CommitRecord withJournalEntry(
      CommitRecord record, Commit commit, long watermark, CommitRecord before) {
    long now = entropy.clock().millis();
    return record
        .withJournalEntryOfReference(before.lanes(), now)
        .withJournalEntry(commit, watermark, now);
  }

  /** Replaces the record; old entries that leave it are in {@code commits/} before. */
  private void replace(CommitRecord current, CommitRecord next) throws IOException {
    // Step J1: what is not published by now must not get there.
    int count = Math.min(next.journalOverflow(), current.journal().size());
    if (count > 0 && journal.isKept()) {
      journal.append(next.journal().subList(0, count));
    }
    recordFile.replace(next.withoutOldestEntries(count));
  }

  /** Whether a submission without state has all of its rows in the store: its attempts are over. */
  private static boolean isFinished(Commit commit, Set<UUID> finished) {
    return commit.stateless() && finished.contains(commit.submission());
  }

  /** Rule 8: what is overwritten is hidden by the publication that shows what takes its place. */
  private CommitRecord allHidden(CommitRecord record) throws IOException {
    CommitRecord next = record;
    for (Lane lane : record.lanes()) {
      next = next.withLane(lane.hidden());
    }
    stopReference();
    return next;
  }

  /** Else the reference would append over the bytes of hidden rows of lane 0. */
  private void stopReference() throws IOException {
    new LaneAllocator(disk, files, recordFile).stopReference();
    disk.syncDirectory(files.root());
  }

  /**
   * CRCs of the chunks that a batch completed, noted when the chunks' bytes are there for good.
   * Where that fails they are not known.
   */
  private void noteChunkCrcs(LaneBatch batch) {
    LaneFiles lane = files.lane(batch.number());
    long offset = batch.rowsBefore() * Long.BYTES;
    try {
      noteChunkCrcs(lane.keys(), offset, batch.keys());
      for (TableBatch table : batch.tables()) {
        noteChunkCrcs(lane.offsets(table.name()), offset, table.offsets());
        noteChunkCrcs(lane.data(table.name()), table.dataBytesBefore(), table.data());
      }
    } catch (IOException e) {
      LOG.warn("{}: checksums could not be noted; the commit stands", lane.directory(), e);
    }
  }

  private void noteChunkCrcs(Path file, long bytesBefore, FileBatch batch) throws IOException {
    if (!batch.chunkCrcs().isEmpty()) {
      ChunkCrcs.write(disk, file, bytesBefore / CommitRecord.CHUNK_BYTES, batch.chunkCrcs());
    }
  }

  /**
   * Rule 6: which of a commit's lanes are still to be published.
   *
   * @param compared gets those that are not, and whose bytes on disk are the commit's
   */
  private List<LaneBatch> judge(
      Commit commit,
      boolean verifyBytes,
      CommitRecord record,
      boolean byReference,
      List<LaneBatch> compared)
      throws IOException {
    List<LaneBatch> toDo = new ArrayList<>();
    for (LaneBatch batch : commit.lanes()) {
      boolean compare = verifyBytes || byReference;
      if (!isDone(batch, record, compare)) {
        checkOurs(commit, batch, record);
        toDo.add(batch);
        continue;
      }
      if (isCutBelow(batch, record)) {
        succession.checkFence(commit, record); // Rows of a branch that was cut are not done.
      }
      if (compare) {
        compared.add(batch);
      }
    }
    if (!toDo.isEmpty() || releasesLanes(commit, record)) {
      succession.checkFence(commit, record);
    }
    if (verifyBytes || !commit.direct()) {
      for (LaneBatch batch : toDo) {
        // Never trusted without a look: the store may be another one by now than what was written.
        if (!(verifyBytes ? preparedBytes.match(batch) : preparedBytes.endsMatch(batch))) {
          throw new ConflictException(
              describe(commit, batch)
                  + ": the prepared bytes are not on disk any more; was the store brought back"
                  + " from an older copy?");
        }
      }
    }
    return toDo;
  }

  private boolean isDone(Commit commit, CommitRecord record, boolean compareBytes)
      throws IOException {
    for (LaneBatch batch : commit.lanes()) {
      if (!isDone(batch, record, compareBytes)) {
        return false;
      }
    }
    return !commit.lanes().isEmpty();
  }

  /** Bytes are compared where the reference may have written over what was prepared. */
  private boolean isDone(LaneBatch batch, CommitRecord record, boolean compareBytes)
      throws IOException {
    if (record.tombstones().contains(batch.number())) {
      return wasPublished(batch, record);
    }
    Optional<Lane> lane = record.lane(batch.number());
    if (lane.isEmpty()) {
      return false;
    }
    boolean isDone =
        isCutBelow(batch, record)
            ? wasPublished(batch, record)
            : lane.get().rows() >= batch.rowsAfter();
    return isDone && (!compareBytes || lane.get().isEmptied() || preparedBytes.match(batch));
  }

  /**
   * Whether the rows were visible once. A lane's rows only grow until it is cut or removed, and
   * never again, so that the journal knows.
   */
  private boolean wasPublished(LaneBatch batch, CommitRecord record) throws IOException {
    return journal.mostRows(batch.number(), record) >= batch.rowsAfter();
  }

  /** Whether a truncation hid the end of a batch, if it was there. */
  private static boolean isCutBelow(LaneBatch batch, CommitRecord record) {
    return record
        .lane(batch.number())
        .filter(lane -> lane.isCut() && lane.rows() < batch.rowsAfter())
        .isPresent();
  }

  private void checkOurs(Commit commit, LaneBatch batch, CommitRecord record)
      throws ConflictException {
    if (record.tombstones().contains(batch.number())) {
      throw new ConflictException(
          describe(commit, batch)
              + " was not published before the lane was removed, once its rows were truncated or"
              + " replaced");
    }
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
    if (!lane.get().isOpen()) {
      throw new ConflictException(
          describe(commit, batch)
              + " follows "
              + batch.rowsBefore()
              + " rows of run "
              + commit.run()
              + ", but the lane was cut to "
              + lane.get().rows()
              + " rows by a truncation since, and is closed");
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

  private String describe(Commit commit, LaneBatch batch) {
    return files.lane(batch.number()).directory()
        + ": the commit of rows "
        + batch.rowsBefore()
        + " to "
        + batch.rowsAfter()
        + (commit.checkpointId() < 0 ? " (" : " (checkpoint " + commit.checkpointId() + ", ")
        + "written on host "
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
    if (Succession.isWithoutLineage(commit)) {
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
      ByteBuffer rows = ByteBuffer.allocate(Long.BYTES).putLong(lane.referenceRows()).flip();
      disk.writeVolatile(temporary, rows);
      disk.rename(temporary, laneFiles.length());
    } catch (IOException e) {
      LOG.warn("{} could not be written; the commit stands", laneFiles.length(), e);
    }
  }

  /**
   * Hides the last rows of a store for good: it keeps the first ones of the sequence. No byte is
   * removed or changed; snapshots that were taken before stay as they are. What was prepared before
   * and is not published can be published where all rows of its lane were hidden, or none, and is
   * refused in the one lane that was hidden in part.
   *
   * @param rowCount rows that stay
   * @return rows that were hidden
   * @throws IllegalArgumentException if the store has fewer rows
   */
  public long truncate(long rowCount) throws IOException {
    return truncate(rowCount, seen -> {});
  }

  /**
   * As {@link #truncate(long)}, of the rows that somebody has looked at.
   *
   * @throws ConflictException if the store has other rows by now; nothing has changed then
   */
  public long truncate(long rowCount, Snapshot seen) throws IOException {
    return truncate(
        rowCount,
        record -> {
          if (!rowsOf(record).equals(rowsOf(seen.record()))) {
            throw new ConflictException(
                files.root() + ": rows came or went since it was looked at; nothing was changed");
          }
        });
  }

  private static List<List<Long>> rowsOf(CommitRecord record) {
    return record.lanes().stream()
        .map(lane -> List.of((long) lane.number(), lane.from(), lane.rows()))
        .toList();
  }

  @FunctionalInterface
  private interface RecordCheck {
    void check(CommitRecord record) throws IOException;
  }

  private long truncate(long rowCount, RecordCheck check) throws IOException {
    return underLock(
        "truncate",
        current -> {
          check.check(current.record());
          CommitRecord next = truncation.keep(rowCount, current.record());
          if (next.equals(current.record())) {
            return 0L;
          }
          replaceWithHidden(current.record(), next);
          return rowCount(current.record()) - rowCount;
        });
  }

  /** Publishes a record of the same lanes, of which some may have more rows hidden. */
  private void replaceWithHidden(CommitRecord before, CommitRecord next) throws IOException {
    if (next.lanes().equals(before.lanes())) {
      recordFile.replace(next);
      return;
    }
    stopReference();
    recordFile.replace(next);
    for (Lane lane : next.lanes()) {
      if (!lane.equals(before.lane(lane.number()).orElseThrow())) {
        writeLaneLength(lane);
      }
    }
  }

  private static long rowCount(CommitRecord record) {
    return LaneOrder.rowCount(LaneOrder.sequence(record.lanes()));
  }

  /**
   * Rule 8: makes a commit visible in place of the rows that a record showed, which it holds all
   * of: what came since stays.
   *
   * @throws ConflictException if some of these rows are gone meanwhile, so that publishing would
   *     bring them back
   */
  void publishInPlaceOf(CommitRecord replaced, Commit commit, RunLanes lanes) throws IOException {
    underLock(
        "publish what was compacted",
        current -> {
          // Step K3: of each lane the rows that were copied go, and no others.
          lanes.checkPlaces(commit.lanes());
          CommitRecord next = current.record();
          for (Lane old : replaced.lanes()) {
            if (old.visibleRows() > 0) {
              next = next.withLane(hiddenUpTo(old.rows(), old, next.lane(old.number())));
            }
          }
          List<LaneBatch> toDo =
              judge(commit, false, next, current.byReference(), new ArrayList<>());
          next = withCommit(next, commit, toDo);
          stopReference();
          recordFile.replace(withJournalEntry(next, commit, commit.watermark(), current.record()));
          for (LaneBatch batch : toDo) {
            writeLaneLength(next.lane(batch.number()).orElseThrow());
            noteChunkCrcs(batch);
          }
          for (Lane old : replaced.lanes()) {
            next.lane(old.number()).ifPresent(this::writeLaneLength); // Hidden ones may be gone.
          }
          return null;
        });
  }

  private Lane hiddenUpTo(long row, Lane before, Optional<Lane> now) throws IOException {
    if (now.isEmpty() || now.get().from() != before.from() || now.get().rows() < row) {
      throw new ConflictException(
          files.lane(before.number()).directory()
              + ": rows "
              + before.from()
              + " to "
              + row
              + " were truncated or replaced while they were compacted; compact again");
    }
    if (now.get().rows() == row) {
      return now.get().hidden();
    }
    CommittedFile keys = files.lane(before.number()).committedKeys(now.get());
    try (ChunkReader reader = new ChunkReader(disk, keys, true, ChunkReader::rowsOfNumbers)) {
      return now.get().hiddenUpTo(row, reader.u64(row));
    }
  }

  /**
   * Rule 8: removes the files of rows that an overwrite, a compaction or a truncation hid, lane by
   * lane: those of which no row is visible, and to which nobody can publish further ones. Others
   * stay, and mean nothing.
   *
   * @return bytes of the rows that were removed
   */
  public long removeHidden() throws IOException {
    return underLock("remove hidden rows", hiddenLanes::remove);
  }

  /**
   * Removes directories of lanes that no record names, and whose writer is gone: what was prepared
   * there and not published can't be published any more.
   *
   * @return how many
   */
  int removeAbandoned() throws IOException {
    return underLock("remove abandoned lanes", hiddenLanes::removeAbandoned);
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
          // Step R1: the newer checkpoints go, and others are fenced off, in one publication.
          Optional<CommitRecord> next = succession.register(current.record(), restored);
          if (next.isPresent()) {
            replaceWithHidden(current.record(), next.get());
          }
          return null;
        });
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
          succession.checkStart(current.record(), submission);
          return current.record().finished().contains(submission);
        });
  }

  /**
   * Rule 3: a lane for a run that has rows to write: a released one, or else a new one. The lane is
   * locked, and will be the run's alone.
   *
   * @param holder how the run calls itself
   * @param firstKey of the first row, which the lane's must not be above
   * @param isNew whether it must be a new one
   */
  OwnLane takeLane(Owner owner, String holder, List<String> tables, long firstKey, boolean isNew)
      throws IOException {
    LaneAllocator allocator = new LaneAllocator(disk, files, recordFile);
    List<DiskLock> taken = new ArrayList<>();
    try {
      return underLock(
          "take a lane",
          current -> {
            OwnLane own = allocator.take(owner, holder, tables, firstKey, isNew, current);
            taken.add(own.writerLock());
            return own;
          });
    } catch (Throwable e) {
      Closing.all(taken); // Nobody else could, and this process would keep the lane for ever.
      throw e;
    }
  }

  /**
   * Adds columns to {@code schema.json}.
   *
   * @return the schema with them, durable
   */
  Schema addColumns(List<Column> columns) throws IOException {
    return underLock(
        "add columns",
        current -> {
          Schema schema = files.readSchema(disk);
          Schema next = schema.withColumns(columns);
          if (!next.equals(schema)) {
            Path temporary = files.newSchema(entropy.ids().get());
            disk.createDurably(temporary, ByteBuffer.wrap(next.toJson()));
            disk.rename(temporary, files.schema());
            disk.syncDirectory(files.root());
          }
          return next;
        });
  }

  /** Puts right what is stale or lost beside the rows. */
  void repairAroundRows() throws IOException {
    underLock(
        "repair",
        current -> {
          CommitRecord record = current.record();
          for (Repairable found : new Repair(disk, files).findAroundRows(record)) {
            switch (found.kind()) {
              case NEW_LENGTH -> disk.createDirectory(found.file());
              case LANE_LENGTH ->
                  record.lanes().stream()
                      .filter(lane -> files.lane(lane.number()).length().equals(found.file()))
                      .forEach(this::writeLaneLength);
              case CHECKSUMS -> throw new IllegalStateException(found + " needs no lock");
            }
          }
          return null;
        });
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
