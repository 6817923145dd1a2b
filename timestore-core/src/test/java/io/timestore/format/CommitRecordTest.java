package io.timestore.format;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.Lane.LaneTable;
import io.timestore.format.Lineage.Submission;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommitRecordTest {
  private static final String FILE = "store/length";
  private static final UUID STORE = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
  private static final int BODY_OFFSET = 24;

  private static UUID id(int number) {
    return new UUID(0x0100_0000_0000_0000L, number);
  }

  private static final Lane LANE_ZERO =
      new Lane(
          0,
          0,
          0,
          0,
          new Owner(Owner.Kind.RUN, id(1)),
          1,
          0,
          2,
          5,
          -1,
          0x01020304,
          List.of(new LaneTable("a", 3, 0x11121314, 0x21222324)));

  /** What stands in {@code record-v1.hex}. */
  private static final CommitRecord SMALL =
      new CommitRecord(
          STORE,
          4,
          1,
          3,
          List.of(LANE_ZERO),
          List.of(2),
          List.of(new Lineage(id(2), id(3), 7, List.of(new Submission(id(3), Long.MAX_VALUE)))),
          List.of(id(4)),
          List.of(
              new JournalEntry(
                  0,
                  1000,
                  id(2),
                  id(3),
                  7,
                  Long.MIN_VALUE,
                  "x",
                  List.of(new JournalEntry.LaneRows(0, 0, 2)))));

  private static CommitRecord full() {
    List<Lane> lanes =
        List.of(
            LANE_ZERO,
            Lane.empty(1, Owner.NONE),
            new Lane(
                7,
                0,
                3,
                0,
                new Owner(Owner.Kind.DIRECT, id(5)),
                10,
                10,
                20,
                -5,
                -1,
                -1,
                List.of(new LaneTable("größe", 1L << 40, 1, -1), new LaneTable("a", 0, 0, 1))),
            new Lane(100_000, 0, 0, 0, Owner.NONE, 0, 5, 5, 0, 0, 0, List.of()));
    List<Submission> submissions =
        List.of(new Submission(id(6), 3), new Submission(id(7), Long.MAX_VALUE));
    CommitRecord record =
        new CommitRecord(
            STORE,
            Long.MAX_VALUE,
            99,
            100_001,
            lanes,
            List.of(2, 3, 6),
            List.of(
                new Lineage(id(8), id(7), 3, submissions),
                new Lineage(id(9), id(10), -1, List.of(new Submission(id(10), 0)))),
            List.of(id(11), id(12)),
            List.of());
    return record.withJournalEntry(commit(1), Long.MIN_VALUE, 5).withJournalEntry(commit(2), 44, 6);
  }

  private static Commit commit(long checkpointId) {
    return new Commit(
        STORE,
        "host",
        id(8),
        id(7),
        id(5),
        false,
        checkpointId,
        false,
        false,
        Long.MIN_VALUE,
        "",
        false,
        List.of());
  }

  @Test
  void everyFieldComesBack() throws IOException {
    assertThat(CommitRecord.fromBytes(full().toBytes(), FILE)).hasValue(full());
    CommitRecord empty = CommitRecord.empty(STORE);
    assertThat(CommitRecord.fromBytes(empty.toBytes(), FILE)).hasValue(empty);
  }

  @Test
  void versionOneHasTheGoldenBytes() throws IOException {
    byte[] golden = Hex.read("record-v1.hex");

    assertThat(SMALL.toBytes()).isEqualTo(golden);
    assertThat(CommitRecord.fromBytes(golden, FILE)).hasValue(SMALL);
  }

  @Test
  void theHeadAndTheChecksumStandWhereTheyAreDocumented() throws IOException {
    byte[] bytes = full().toBytes();
    ByteBuffer in = ByteBuffer.wrap(bytes);

    assertThat(in.getLong(0)).isEqualTo(2).isEqualTo(CommitRecord.referenceRows(bytes, FILE));
    assertThat(new String(bytes, 8, 8, US_ASCII)).isEqualTo("timestor");
    assertThat(in.getInt(16)).isEqualTo(1);
    int crcOffset = BODY_OFFSET + in.getInt(20);
    assertThat(bytes).hasSize(crcOffset + 4);
    assertThat(in.getInt(crcOffset)).isEqualTo(crc(bytes, crcOffset));
  }

  @Test
  void aHiddenHeadOfLaneZeroShowsTheReferenceNoRows() throws IOException {
    Lane hidden = new Lane(0, 0, 0, 0, Owner.NONE, 0, 1, 9, 1, 2, 0, List.of());
    CommitRecord record = CommitRecord.ofLaneZero(STORE, hidden);

    assertThat(CommitRecord.referenceRows(record.toBytes(), FILE)).isZero();
    assertThat(CommitRecord.fromBytes(record.toBytes(), FILE)).hasValue(record);
  }

  @Test
  void everyFlippedByteIsFoundOrReadsAsALengthOfTheReference() throws IOException {
    byte[] bytes = full().toBytes();
    for (int i = 0; i < bytes.length; i++) {
      for (int mask : new int[] {0x01, 0x80, 0xFF}) {
        byte[] flipped = bytes.clone();
        flipped[i] = (byte) (flipped[i] ^ mask);
        if (i >= 8 && i < 16) {
          assertThat(CommitRecord.fromBytes(flipped, FILE)).as("byte %d", i).isEmpty();
        } else {
          assertThatThrownBy(() -> CommitRecord.fromBytes(flipped, FILE))
              .as("byte %d", i)
              .isInstanceOf(CorruptStoreException.class)
              .hasMessageStartingWith(FILE);
        }
      }
    }
  }

  @Test
  void aWrongChecksumIsShownBesideTheRightOne() {
    byte[] bytes = SMALL.toBytes();
    int crc = crc(bytes, bytes.length - 4);
    bytes[bytes.length - 1] ^= 0x10;

    assertThatThrownBy(() -> CommitRecord.fromBytes(bytes, FILE))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessage(
            FILE
                + ": the commit record's CRC32C is "
                + String.format("%08x", crc ^ 0x10)
                + ", its bytes give "
                + String.format("%08x", crc));
  }

  @Test
  void aDamagedFieldUnderARightChecksumIsCorruptionOrAnotherRecord() {
    byte[] bytes = full().toBytes();
    for (int i = BODY_OFFSET; i < bytes.length - 4; i++) {
      for (int mask : new int[] {0x01, 0x80, 0xFF}) {
        byte[] damaged = bytes.clone();
        damaged[i] = (byte) (damaged[i] ^ mask);
        withRightCrc(damaged);
        assertReadsOrIsCorrupt(damaged, "byte " + i);
      }
    }
  }

  private static void assertReadsOrIsCorrupt(byte[] bytes, String where) {
    try {
      assertThat(CommitRecord.fromBytes(bytes, FILE)).as(where).isPresent();
    } catch (CorruptStoreException e) {
      assertThat(e).as(where).hasMessageStartingWith(FILE);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"../a", "/etc", ".abc", "a/bc", "keys", "a\0bc"})
  void aTableNameThatLeadsElsewhereIsCorruption(String name) {
    Lane lane = LANE_ZERO.extendedBy(batchOf("abcd"));
    byte[] bytes =
        new String(SMALL.withLane(lane).toBytes(), ISO_8859_1)
            .replace("abcd", name)
            .getBytes(ISO_8859_1);
    withRightCrc(bytes);

    assertThatThrownBy(() -> CommitRecord.fromBytes(bytes, FILE))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageStartingWith(FILE)
        .hasMessageContaining("table name '" + name + "': ");
  }

  private static Commit.LaneBatch batchOf(String table) {
    Commit.FileBatch file = new Commit.FileBatch(1, 2, List.of());
    return new Commit.LaneBatch(
        0, 2, 3, 5, -1, file, List.of(new Commit.TableBatch(table, 3, 3, file, file)));
  }

  @Test
  void rowsThatDisagreeWithTheRecordAreCorruption() {
    byte[] bytes = SMALL.toBytes();
    ByteBuffer.wrap(bytes).putLong(0, 3);
    withRightCrc(bytes);

    assertThatThrownBy(() -> CommitRecord.fromBytes(bytes, FILE))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining("row count disagree");
  }

  @Test
  void aBodyWithBytesBehindItsLastFieldIsCorruption() {
    byte[] small = SMALL.toBytes();
    byte[] longer = Arrays.copyOf(small, small.length + 1);
    ByteBuffer.wrap(longer).putInt(20, small.length - BODY_OFFSET - 4 + 1);
    withRightCrc(longer);

    assertThatThrownBy(() -> CommitRecord.fromBytes(longer, FILE))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessage(FILE + ": 1 bytes follow the last field");
  }

  @Test
  void thePlaceOfADamagedFieldIsThatInTheFile() {
    byte[] bytes = SMALL.toBytes();
    int ownerKind = BODY_OFFSET + 16 + 8 + 8 + 4 + (4 + 2 + 1) + 4 + (4 + 1 + 4 + 1);
    bytes[ownerKind] = 9;
    withRightCrc(bytes);

    assertThatThrownBy(() -> CommitRecord.fromBytes(bytes, FILE))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining("a field before byte " + (ownerKind + 1) + " is damaged")
        .hasMessageContaining("owner kind 9");
  }

  private static CommitRecord ofLanes(int nextLane, Lane... lanes) {
    return new CommitRecord(
        STORE, 1, 1, nextLane, List.of(lanes), List.of(), List.of(), List.of(), List.of());
  }

  @Test
  void theNextLaneIsAboveAllOthers() {
    Lane empty = Lane.empty(0, Owner.NONE);
    assertThatThrownBy(() -> ofLanes(7, empty, Lane.empty(7, Owner.NONE)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the next lane is 7, but there is lane 7");
    assertThatThrownBy(() -> ofLanes(-1, empty))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the next lane is -1, but there is lane 0");
  }

  @Test
  void aLaneOfTenDigitsIsNone() {
    assertThat(Lane.empty(999_999_999, Owner.NONE).number()).isEqualTo(999_999_999);
    assertThatThrownBy(() -> Lane.empty(1_000_000_000, Owner.NONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("lane 1000000000");
  }

  @Test
  void theBytesOfAllLanesTogetherFitIntoALong() {
    Lane one = lane(0, Lane.ROWS_MAX);
    assertThat(ofLanes(1, one).lanes()).hasSize(1);
    assertThatThrownBy(() -> ofLanes(2, one, lane(1, 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("lanes of more bytes than a disk holds");
    LaneTable half = new LaneTable("a", Long.MAX_VALUE / 2, 0, 0);
    LaneTable other = new LaneTable("b", Long.MAX_VALUE / 2 + 1, 0, 0);
    assertThatThrownBy(() -> ofLanes(1, lane(0, 0, half, other, half)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("lanes of more bytes than a disk holds");
  }

  private static Lane lane(int number, long rows, LaneTable... tables) {
    return new Lane(number, 0, 0, 0, Owner.NONE, 0, 0, rows, 0, 0, 0, List.of(tables));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 77, -1})
  void aNewerVersionIsRefusedWithBothNamed(int version) {
    byte[] bytes = SMALL.toBytes();
    ByteBuffer.wrap(bytes).putInt(16, version);
    withRightCrc(bytes);

    assertThatThrownBy(() -> CommitRecord.fromBytes(bytes, FILE))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessage(
            FILE
                + ": the commit record has version "
                + Integer.toUnsignedString(version)
                + ", this software reads up to version 1");
  }

  @Test
  void versionZeroIsNoVersion() {
    byte[] bytes = SMALL.toBytes();
    ByteBuffer.wrap(bytes).putInt(16, 0);
    withRightCrc(bytes);

    assertThatThrownBy(() -> CommitRecord.fromBytes(bytes, FILE))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining("version 0");
  }

  @Test
  void aRecordCutAnywhereBehindItsMagicIsRefused() throws IOException {
    byte[] bytes = full().toBytes();
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      if (length < 16) {
        assertThat(CommitRecord.fromBytes(cut, FILE)).as("%d bytes", length).isEmpty();
      } else {
        assertThatThrownBy(() -> CommitRecord.fromBytes(cut, FILE))
            .as("%d bytes", length)
            .isInstanceOf(CorruptStoreException.class)
            .hasMessageContaining("ends at byte " + length);
      }
    }
  }

  @Test
  void aLengthOfLessThanEightBytesIsRefused() {
    assertThatThrownBy(() -> CommitRecord.referenceRows(new byte[7], FILE))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessage(FILE + " has 7 bytes, expected at least 8");
  }

  @Test
  void lengthsOfTheReferenceHoldNoRecord() throws IOException {
    assertThat(CommitRecord.fromBytes(new byte[8], FILE)).isEmpty();
    assertThat(CommitRecord.fromBytes(new byte[512], FILE)).isEmpty();
  }

  @Test
  void zerosBehindTheRecordAreIgnored() throws IOException {
    byte[] bytes = full().toBytes();
    for (int padding : new int[] {1, 7, 512, 4096}) {
      byte[] padded = Arrays.copyOf(bytes, bytes.length + padding);
      assertThat(CommitRecord.fromBytes(padded, FILE)).hasValue(full());
    }
  }

  private static CommitRecord withoutOverflow(CommitRecord record) {
    return record.withoutOldestEntries(record.journalOverflow());
  }

  @Test
  void theJournalKeepsAtMost63CommitsAndLetsTheOldest32GoAtOnce() {
    CommitRecord record = CommitRecord.empty(STORE);
    for (int i = 0; i < 63; i++) {
      record = record.withJournalEntry(commit(i), Long.MIN_VALUE, i);
      assertThat(record.journalOverflow()).isZero();
    }
    assertThat(sequences(record)).isEqualTo(LongStream.range(0, 63).boxed().toList());

    record = record.withJournalEntry(commit(63), Long.MIN_VALUE, 63);
    assertThat(record.journalOverflow()).isEqualTo(32);
    record = withoutOverflow(record);
    assertThat(sequences(record)).isEqualTo(LongStream.range(32, 64).boxed().toList());
    assertThat(record.commitCount()).isEqualTo(64);

    for (int i = 64; i < 1000; i++) {
      record = withoutOverflow(record.withJournalEntry(commit(i), Long.MIN_VALUE, i));
      assertThat(record.journal()).hasSizeBetween(32, 63);
      assertThat(sequences(record)).endsWith((long) i);
    }
  }

  @Test
  void rowsOfTheReferenceHaveAnEntryOfTheirOwnAndDoNotCountAsCommits() {
    CommitRecord record = CommitRecord.empty(STORE);
    for (int i = 1; i < 300; i++) {
      CommitRecord appended = record.withLane(laneZero(i));
      record =
          withoutOverflow(
              appended
                  .withJournalEntryOfReference(appended.lanes(), i)
                  .withJournalEntry(commit(i), Long.MIN_VALUE, i));
      assertThat(record.withJournalEntryOfReference(record.lanes(), i)).isEqualTo(record);
      int commits = (int) record.journal().stream().filter(e -> !e.isOfReference()).count();
      assertThat(record.journal()).hasSize(2 * commits);
      assertThat(commits).isBetween(Math.min(i, 32), 63);
    }
    assertThat(record.commitCount()).isEqualTo(598);
    assertThat(record.journal().get(0).isOfReference()).isTrue();
  }

  private static Lane laneZero(long rows) {
    return new Lane(
        0, 0, 0, 0, Owner.NONE, 0, 0, rows, 1, 1, 0, List.of(new LaneTable("a", 0, 0, 0)));
  }

  private static List<Long> sequences(CommitRecord record) {
    return record.journal().stream().map(JournalEntry::sequence).toList();
  }

  @Test
  void wallTimeNeverFallsInTheJournal() {
    CommitRecord record =
        CommitRecord.empty(STORE)
            .withJournalEntry(commit(1), 0, 100)
            .withJournalEntry(commit(2), 0, 50)
            .withJournalEntry(commit(3), 0, 101);

    assertThat(record.journal().stream().map(JournalEntry::wallTimeMillis))
        .containsExactly(100L, 100L, 101L);
  }

  @Test
  void theNewest64SubmissionsWithoutStateAreRemembered() {
    CommitRecord record = CommitRecord.empty(STORE);
    for (int i = 0; i < 70; i++) {
      record = record.withFinished(id(i));
    }
    assertThat(record.finished())
        .isEqualTo(IntStream.range(6, 70).mapToObj(CommitRecordTest::id).toList());
    assertThat(record.withFinished(id(10)).finished()).isEqualTo(record.finished());
  }

  @Test
  void laneNumbersOnlyGoUpAndStandOnce() {
    CommitRecord record = CommitRecord.empty(STORE).withLane(Lane.empty(4, Owner.NONE));

    assertThat(record.nextLane()).isEqualTo(5);
    assertThat(record.withLane(Lane.empty(1, Owner.NONE)).lanes())
        .extracting(Lane::number)
        .containsExactly(0, 1, 4);
    assertThat(record.withLane(Lane.empty(1, Owner.NONE)).nextLane()).isEqualTo(5);
    Lane taken = Lane.empty(4, new Owner(Owner.Kind.RUN, id(1)));
    assertThat(record.withLane(taken).lane(4)).isEqualTo(Optional.of(taken));
    List<Lane> twice =
        Stream.concat(record.lanes().stream(), Stream.of(Lane.empty(4, Owner.NONE))).toList();
    assertThatThrownBy(
            () ->
                new CommitRecord(STORE, 0, 0, 5, twice, List.of(), List.of(), List.of(), List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("lane 4 stands there twice");
  }

  @Test
  void sizesThatNoFileHasAreRefused() {
    for (long rows : new long[] {1L << 60, 1L << 61, Long.MAX_VALUE}) {
      assertThatThrownBy(() -> new Lane(0, 0, 0, 0, Owner.NONE, 0, 0, rows, 0, 0, 0, List.of()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("rows " + rows);
    }
    assertThatThrownBy(() -> new LaneTable("a", Long.MIN_VALUE, 0, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("table a has 9223372036854775808 bytes of data");
  }

  private static void withRightCrc(byte[] bytes) {
    int crcOffset = bytes.length - 4;
    ByteBuffer.wrap(bytes).putInt(crcOffset, crc(bytes, crcOffset));
  }

  private static int crc(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }
}
