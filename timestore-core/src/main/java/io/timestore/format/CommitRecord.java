package io.timestore.format;

import io.timestore.format.Lane.LaneTable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * What stands in {@code length}: the whole state of a store, made visible by one rename.
 *
 * <pre>
 *  0               8               16      20      24              24 + bodyBytes
 *  +---------------+---------------+-------+-------+------ - - ----+--------+
 *  | rows of lane 0| "timestor"    |version|body   |  body         | CRC32C |
 *  | u64           |               |u32    |bytes  |               | u32    |
 *  +---------------+---------------+-------+-------+------ - - ----+--------+
 * </pre>
 *
 * Big-endian throughout; the CRC covers all bytes before it. The reference reads the first u64 and
 * ignores the rest.
 *
 * @param storeId the store's UUID, as in {@code schema.json}
 * @param revision one more with each rename
 * @param commitCount journal entries so far, and so the sequence number of the next
 * @param nextLane smallest lane number that was never used
 * @param lanes every lane that was published, ordered by number
 * @param tombstones numbers of lanes that were removed
 * @param lineages every family of sinks that published
 * @param finished the newest submissions without state whose last commit is in, oldest first
 * @param journal the newest 32 to 63 commits, more where many were published at once, and what the
 *     reference appended between them; oldest first
 */
public record CommitRecord(
    UUID storeId,
    long revision,
    long commitCount,
    int nextLane,
    List<Lane> lanes,
    List<Integer> tombstones,
    List<Lineage> lineages,
    List<UUID> finished,
    List<JournalEntry> journal) {

  /** The only version of the record so far. */
  public static final int VERSION = 1;

  /** Bytes over which a CRC32C of a file's content runs. */
  public static final int CHUNK_BYTES = 524_288;

  /** Submissions without state that are remembered. */
  public static final int FINISHED_MAX = 64;

  /** Commits in the record's journal, as a rule at most; then the oldest ones leave. */
  public static final int JOURNAL_MAX = 63;

  /** How many of them leave together. */
  public static final int JOURNAL_STEP = 32;

  private static final int LENGTH_OFFSET = 0;
  private static final int MAGIC_OFFSET = LENGTH_OFFSET + Long.BYTES;
  private static final long MAGIC = 0x74696d6573746f72L; // "timestor"
  private static final int VERSION_OFFSET = MAGIC_OFFSET + Long.BYTES;
  private static final int BODY_BYTES_OFFSET = VERSION_OFFSET + Integer.BYTES;
  private static final int BODY_OFFSET = BODY_BYTES_OFFSET + Integer.BYTES;

  public CommitRecord {
    lanes = lanes.stream().sorted(Comparator.comparingInt(Lane::number)).toList();
    tombstones = List.copyOf(tombstones);
    lineages = List.copyOf(lineages);
    finished = List.copyOf(finished);
    journal = List.copyOf(journal);
    if (lanes.isEmpty() || lanes.get(0).number() != 0) {
      throw new IllegalArgumentException("lane 0 is missing");
    }
    for (int i = 1; i < lanes.size(); i++) {
      if (lanes.get(i).number() == lanes.get(i - 1).number()) {
        throw new IllegalArgumentException("lane " + lanes.get(i).number() + " stands there twice");
      }
    }
    int largest = lanes.get(lanes.size() - 1).number();
    if (nextLane <= largest) {
      throw new IllegalArgumentException(
          "the next lane is " + nextLane + ", but there is lane " + largest);
    }
    checkSize(lanes);
  }

  /** All sizes and sums of sizes fit into a long. */
  private static void checkSize(List<Lane> lanes) {
    try {
      long sizeBytes = 0;
      for (Lane lane : lanes) {
        sizeBytes = Math.addExact(sizeBytes, lane.sizeBytes());
      }
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("lanes of more bytes than a disk holds", e);
    }
  }

  /** The record of a store without rows. */
  public static CommitRecord empty(UUID storeId) {
    return ofLaneZero(storeId, Lane.empty(0, Owner.NONE));
  }

  /** The record of a store that the reference wrote. */
  public static CommitRecord ofLaneZero(UUID storeId, Lane lane) {
    return new CommitRecord(
        storeId, 0, 0, 1, List.of(lane), List.of(), List.of(), List.of(), List.of());
  }

  public Optional<Lane> lane(int number) {
    return lanes.stream().filter(lane -> lane.number() == number).findFirst();
  }

  public Optional<Lineage> lineage(UUID id) {
    return lineages.stream().filter(lineage -> lineage.id().equals(id)).findFirst();
  }

  /**
   * The newest commit with this insert id, as far back as the journal here reaches: the last 32
   * commits at least.
   */
  public Optional<JournalEntry> journalEntry(String insertId) {
    return journal.stream()
        .filter(entry -> entry.insertId().equals(insertId))
        .reduce((older, newer) -> newer);
  }

  /** What the reference takes for the number of rows: lane 0's, or 0 once its head is hidden. */
  public long referenceRows() {
    return lanes.get(0).referenceRows();
  }

  /** This record with that lane put in, or in place of the one of its number. */
  public CommitRecord withLane(Lane lane) {
    List<Lane> newLanes = new ArrayList<>(lanes);
    newLanes.removeIf(other -> other.number() == lane.number());
    newLanes.add(lane);
    return new CommitRecord(
        storeId,
        revision,
        commitCount,
        Math.max(nextLane, lane.number() + 1),
        newLanes,
        tombstones,
        lineages,
        finished,
        journal);
  }

  /** This record without that lane, whose number is never used again. */
  public CommitRecord withTombstone(int number) {
    List<Lane> newLanes = new ArrayList<>(lanes);
    newLanes.removeIf(lane -> lane.number() == number);
    List<Integer> newTombstones = new ArrayList<>(tombstones);
    newTombstones.add(number);
    return new CommitRecord(
        storeId,
        revision,
        commitCount,
        nextLane,
        newLanes,
        newTombstones,
        lineages,
        finished,
        journal);
  }

  /** This record with no lane number below that to be used any more. */
  public CommitRecord withNextLane(int newNextLane) {
    return new CommitRecord(
        storeId,
        revision,
        commitCount,
        Math.max(nextLane, newNextLane),
        lanes,
        tombstones,
        lineages,
        finished,
        journal);
  }

  /** This record with that lineage put in, or in place of the one of its id. */
  public CommitRecord withLineage(Lineage lineage) {
    List<Lineage> newLineages = new ArrayList<>(lineages);
    newLineages.removeIf(other -> other.id().equals(lineage.id()));
    newLineages.add(lineage);
    return new CommitRecord(
        storeId,
        revision,
        commitCount,
        nextLane,
        lanes,
        tombstones,
        newLineages,
        finished,
        journal);
  }

  /** This record with a submission whose last commit is in. */
  public CommitRecord withFinished(UUID submission) {
    LinkedHashSet<UUID> newFinished = new LinkedHashSet<>(finished);
    newFinished.add(submission);
    return new CommitRecord(
        storeId,
        revision,
        commitCount,
        nextLane,
        lanes,
        tombstones,
        lineages,
        newFinished.stream().skip(Math.max(0, newFinished.size() - FINISHED_MAX)).toList(),
        journal);
  }

  /**
   * How many of the oldest journal entries are too many: behind them come the newest 32 to 63
   * commits.
   */
  public int journalOverflow() {
    long commits = journal.stream().filter(entry -> !entry.isOfReference()).count();
    long tooMany =
        (Math.max(0, commits - JOURNAL_MAX) + JOURNAL_STEP - 1) / JOURNAL_STEP * JOURNAL_STEP;
    int end = 0;
    while (tooMany > 0) {
      tooMany -= journal.get(end).isOfReference() ? 0 : 1;
      end++;
    }
    return end;
  }

  /** This record without the oldest journal entries, which are elsewhere by now. */
  public CommitRecord withoutOldestEntries(int count) {
    return new CommitRecord(
        storeId,
        revision,
        commitCount,
        nextLane,
        lanes,
        tombstones,
        lineages,
        finished,
        journal.subList(count, journal.size()));
  }

  /** This record with a commit counted and entered into the journal. */
  public CommitRecord withJournalEntry(Commit commit, long watermark, long wallTimeMillis) {
    return withJournalEntry(
        new JournalEntry(
            commitCount,
            wallTimeMillis,
            commit.lineage(),
            commit.submission(),
            commit.checkpointId(),
            watermark,
            commit.insertId(),
            rowsOf(lanes)));
  }

  /**
   * This record with an entry for rows that the reference appended, where the lanes have some that
   * the journal does not tell of: else they would count as those of the commit that comes next.
   *
   * @param before the lanes before that commit
   */
  public CommitRecord withJournalEntryOfReference(List<Lane> before, long wallTimeMillis) {
    long known = journal.isEmpty() ? 0 : journal.get(journal.size() - 1).rowsOf(0);
    if (before.get(0).rows() <= known) {
      return this;
    }
    return withJournalEntry(
        new JournalEntry(
            commitCount,
            wallTimeMillis,
            Commit.NO_ID,
            Commit.NO_ID,
            JournalEntry.OF_REFERENCE,
            Long.MIN_VALUE,
            "",
            rowsOf(before)));
  }

  private static List<JournalEntry.LaneRows> rowsOf(List<Lane> lanes) {
    return lanes.stream()
        .map(lane -> new JournalEntry.LaneRows(lane.number(), lane.from(), lane.rows()))
        .toList();
  }

  private CommitRecord withJournalEntry(JournalEntry entry) {
    List<JournalEntry> newJournal = new ArrayList<>(journal);
    newJournal.add(journal.isEmpty() ? entry : entry.notBefore(journal.get(journal.size() - 1)));
    return new CommitRecord(
        storeId,
        revision,
        commitCount + 1,
        nextLane,
        lanes,
        tombstones,
        lineages,
        finished,
        newJournal);
  }

  /** This record, one rename later. */
  public CommitRecord nextRevision() {
    return new CommitRecord(
        storeId,
        revision + 1,
        commitCount,
        nextLane,
        lanes,
        tombstones,
        lineages,
        finished,
        journal);
  }

  /** The content of a {@code length} file. */
  public byte[] toBytes() {
    List<String> tables =
        lanes.stream().flatMap(l -> l.tables().stream()).map(LaneTable::name).distinct().toList();
    RecordWriter body = new RecordWriter();
    body.uuid(storeId).i64(revision).i64(commitCount).i32(nextLane);
    body.list(tables, body::text);
    body.list(lanes, lane -> writeLane(body, lane, tables));
    body.list(tombstones, body::i32);
    body.list(
        lineages,
        lineage -> {
          body.uuid(lineage.id()).uuid(lineage.current()).i64(lineage.publishedCheckpointId());
          body.list(lineage.submissions(), s -> body.uuid(s.id()).i64(s.fence()));
        });
    body.list(finished, body::uuid);
    body.list(
        journal,
        entry -> {
          body.i64(entry.sequence()).i64(entry.wallTimeMillis());
          body.uuid(entry.lineage()).uuid(entry.submission()).i64(entry.checkpointId());
          body.i64(entry.watermark()).text(entry.insertId());
          body.list(entry.lanes(), l -> body.i32(l.number()).i64(l.from()).i64(l.rows()));
        });
    byte[] bodyBytes = body.toByteArray();
    ByteBuffer bytes = ByteBuffer.allocate(BODY_OFFSET + bodyBytes.length + Integer.BYTES);
    bytes.putLong(referenceRows()).putLong(MAGIC).putInt(VERSION).putInt(bodyBytes.length);
    bytes.put(bodyBytes);
    bytes.putInt(crc(bytes.array(), bytes.position()));
    return bytes.array();
  }

  private static void writeLane(RecordWriter body, Lane lane, List<String> tables) {
    body.i32(lane.number()).u8(lane.state()).i32(lane.generation()).u8(lane.encoding());
    body.u8(lane.owner().kind().code()).uuid(lane.owner().run());
    body.i64(lane.base()).i64(lane.from()).i64(lane.rows());
    body.i64(lane.smallestKey()).i64(lane.largestKey()).i32(lane.keysTailCrc());
    body.list(
        lane.tables(),
        table ->
            body.i32(tables.indexOf(table.name()))
                .i64(table.dataBytes())
                .i32(table.offsetsTailCrc())
                .i32(table.dataTailCrc()));
  }

  /** The first u64 of a {@code length} file. */
  public static long referenceRows(byte[] length, String file) throws CorruptStoreException {
    if (length.length < MAGIC_OFFSET) {
      throw new CorruptStoreException(
          file + " has " + length.length + " bytes, expected at least " + MAGIC_OFFSET);
    }
    return ByteBuffer.wrap(length).getLong(LENGTH_OFFSET);
  }

  /**
   * The record in a {@code length} file, or empty where the reference wrote the file last.
   *
   * @param file named in errors
   * @throws CorruptStoreException if a record is there and is damaged, or of a newer version
   */
  public static Optional<CommitRecord> fromBytes(byte[] bytes, String file)
      throws CorruptStoreException {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    if (bytes.length < VERSION_OFFSET || in.getLong(MAGIC_OFFSET) != MAGIC) {
      return Optional.empty();
    }
    if (bytes.length < BODY_OFFSET) {
      throw new CorruptStoreException(file + ": the commit record ends at byte " + bytes.length);
    }
    int version = in.getInt(VERSION_OFFSET);
    int bodyBytes = in.getInt(BODY_BYTES_OFFSET);
    if (Integer.compareUnsigned(version, VERSION) > 0) {
      throw new CorruptStoreException(
          file
              + ": the commit record has version "
              + Integer.toUnsignedString(version)
              + ", this software reads up to version "
              + VERSION);
    }
    if (bodyBytes < 0 || bodyBytes > bytes.length - BODY_OFFSET - Integer.BYTES) {
      throw new CorruptStoreException(
          file
              + ": the commit record should have "
              + Integer.toUnsignedString(bodyBytes)
              + " bytes behind byte "
              + BODY_OFFSET
              + ", the file ends at byte "
              + bytes.length);
    }
    int crcOffset = BODY_OFFSET + bodyBytes;
    int expected = in.getInt(crcOffset);
    int found = crc(bytes, crcOffset);
    if (expected != found) {
      throw new CorruptStoreException(
          String.format(
              "%s: the commit record's CRC32C is %08x, its bytes give %08x",
              file, expected, found));
    }
    RecordReader body = new RecordReader(in.limit(crcOffset).position(BODY_OFFSET), file);
    CommitRecord record = body.read(() -> readBody(body));
    if (version != VERSION || record.referenceRows() != in.getLong(LENGTH_OFFSET)) {
      throw new CorruptStoreException(
          file + ": version " + version + " or row count disagree with the record");
    }
    return Optional.of(record);
  }

  private static CommitRecord readBody(RecordReader in) {
    UUID storeId = in.uuid();
    long revision = in.i64();
    long commitCount = in.i64();
    int nextLane = in.i32();
    List<String> tables = in.list(in::text);
    return new CommitRecord(
        storeId,
        revision,
        commitCount,
        nextLane,
        in.list(() -> readLane(in, tables)),
        in.list(in::i32),
        in.list(
            () ->
                new Lineage(
                    in.uuid(),
                    in.uuid(),
                    in.i64(),
                    in.list(() -> new Lineage.Submission(in.uuid(), in.i64())))),
        in.list(in::uuid),
        in.list(
            () ->
                new JournalEntry(
                    in.i64(),
                    in.i64(),
                    in.uuid(),
                    in.uuid(),
                    in.i64(),
                    in.i64(),
                    in.text(),
                    in.list(() -> new JournalEntry.LaneRows(in.i32(), in.i64(), in.i64())))));
  }

  private static Lane readLane(RecordReader in, List<String> tables) {
    return new Lane(
        in.i32(),
        in.u8(),
        in.i32(),
        in.u8(),
        new Owner(Owner.Kind.ofCode(in.u8()), in.uuid()),
        in.i64(),
        in.i64(),
        in.i64(),
        in.i64(),
        in.i64(),
        in.i32(),
        in.list(() -> new LaneTable(element(tables, in.i32()), in.i64(), in.i32(), in.i32())));
  }

  private static <T> T element(List<T> elements, int index) {
    if (index < 0 || index >= elements.size()) {
      throw new IllegalArgumentException("index " + index + " of " + elements.size());
    }
    return elements.get(index);
  }

  private static int crc(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }
}
