package io.timestore.format;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.Commit.FileBatch;
import io.timestore.format.Commit.LaneBatch;
import io.timestore.format.Commit.TableBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommitTest {
  private static final LaneBatch LANE =
      new LaneBatch(
          3,
          2,
          4,
          5,
          -1,
          new FileBatch(0x01020304, 0x05060708, List.of()),
          List.of(
              new TableBatch(
                  "a",
                  3,
                  9,
                  new FileBatch(0x11121314, 0x15161718, List.of()),
                  new FileBatch(0x21222324, 0x25262728, List.of()))));

  /** A batch that completes two chunks of keys and offsets. */
  private static final LaneBatch LANE_WITH_CHUNKS =
      new LaneBatch(
          4,
          65_535,
          131_073,
          5,
          6,
          new FileBatch(1, 2, List.of(0x31323334, -1)),
          List.of(
              new TableBatch(
                  "a",
                  0,
                  524_288,
                  new FileBatch(3, 4, List.of(0x41424344, 5)),
                  new FileBatch(0, 6, List.of(0x51525354)))));

  /** What stands in {@code commit-v2.hex}. */
  private static final Commit SMALL = commit(LANE);

  private static Commit commit(LaneBatch... lanes) {
    return new Commit(
        UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"),
        "host",
        id(2),
        id(3),
        id(1),
        true,
        7,
        false,
        true,
        Long.MIN_VALUE,
        "load 7",
        false,
        List.of(lanes));
  }

  private static UUID id(int number) {
    return new UUID(0x0100_0000_0000_0000L, number);
  }

  private static Commit full() {
    TableBatch table =
        new TableBatch(
            "größe", 0, 1L << 40, new FileBatch(-1, 0, List.of()), new FileBatch(0, -1, List.of()));
    LaneBatch other =
        new LaneBatch(
            100_000, 0, 1L << 33, -9, -8, new FileBatch(1, 2, List.of()), List.of(table, table));
    return new Commit(
        id(1),
        "",
        id(2),
        Commit.NO_ID,
        id(4),
        false,
        Long.MAX_VALUE,
        true,
        false,
        44,
        "größe",
        false,
        List.of(LANE, other));
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../x", "/etc/ab", "lanes/1"})
  void aTableNameThatLeadsElsewhereIsCorruption(String name) {
    byte[] bytes =
        new String(full().toBytes(), ISO_8859_1)
            .replace(new String("größe".getBytes(UTF_8), ISO_8859_1), name)
            .getBytes(ISO_8859_1);

    assertThatThrownBy(() -> Commit.fromBytes(sealed(bytes)))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining("table name '" + name + "': ");
  }

  /** The bytes with the CRC that belongs to them. */
  private static byte[] sealed(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, bytes.length - Integer.BYTES);
    return ByteBuffer.wrap(bytes.clone())
        .putInt(bytes.length - Integer.BYTES, (int) crc.getValue())
        .array();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 5, -1})
  void aVersionInTheBytesThatIsNotKnownIsNamed(int version) {
    byte[] bytes = ByteBuffer.wrap(full().toBytes()).putInt(0, version).array();

    assertThatThrownBy(() -> Commit.fromBytes(sealed(bytes)))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessage("commit of version " + version + ", this software reads versions 1 to 4");
  }

  @Test
  void rowsAndBytesThatNoBatchHasAreRefused() {
    FileBatch file = new FileBatch(0, 0, List.of());
    for (long[] rows : new long[][] {{-1, 1}, {1, 1}, {2, 1}, {0, 1L << 60}}) {
      assertThatThrownBy(() -> new LaneBatch(0, rows[0], rows[1], 0, 0, file, List.of()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("lane 0: a batch of rows " + rows[0] + " to " + rows[1]);
    }
    assertThatThrownBy(() -> new TableBatch("a", 2, 1, file, file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("table a: a batch of bytes 2 to 1");
  }

  @Test
  void everyFieldComesBack() throws IOException {
    assertThat(Commit.fromBytes(full().toBytes())).isEqualTo(full());
    assertThat(Commit.fromBytes(Commit.VERSION, full().toBytes())).isEqualTo(full());
    Commit withoutRows = full().ofCheckpoint(8, true);
    assertThat(Commit.fromBytes(withoutRows.toBytes())).isEqualTo(withoutRows);
  }

  @Test
  void versionFourHasTheGoldenBytes() throws IOException {
    byte[] golden = Hex.read("commit-v4.hex");
    Commit commit = Commit.fromBytes(golden);

    assertThat(commit.toBytes()).isEqualTo(golden);
    assertThat(commit.overwrite()).isTrue();
    assertThat(commit)
        .usingRecursiveComparison()
        .ignoringFields("overwrite")
        .isEqualTo(commit(LANE, LANE_WITH_CHUNKS));
  }

  @Test
  void versionThreeOverwroteNothing() throws IOException {
    byte[] golden = Hex.read("commit-v3.hex");

    assertThat(Commit.fromBytes(golden)).isEqualTo(commit(LANE, LANE_WITH_CHUNKS));
    assertThat(Commit.fromBytes(3, golden)).isEqualTo(commit(LANE, LANE_WITH_CHUNKS));
  }

  @Test
  void versionTwoHadNoCrcsOfFullChunks() throws IOException {
    byte[] golden = Hex.read("commit-v2.hex");

    assertThat(Commit.fromBytes(golden)).isEqualTo(SMALL);
    assertThat(Commit.fromBytes(2, golden)).isEqualTo(SMALL);
  }

  @Test
  void crcsOfOtherChunksThanTheBatchCompletesAreRefused() {
    FileBatch none = new FileBatch(0, 0, List.of());
    FileBatch one = new FileBatch(0, 0, List.of(7));

    assertThatThrownBy(() -> new LaneBatch(0, 0, 65_535, 0, 0, one, List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("keys: CRCs of 1 chunks in a batch of bytes 0 to 524280");
    TableBatch table = new TableBatch("a", 0, 524_287, none, one);
    assertThatThrownBy(() -> new LaneBatch(0, 0, 1, 0, 0, none, List.of(table)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a/data: CRCs of 1 chunks in a batch of bytes 0 to 524287");
  }

  @Test
  void versionOneHadNoInsertId() throws IOException {
    Commit commit = Commit.fromBytes(1, Hex.read("commit-v1.hex"));

    assertThat(commit.insertId()).isEmpty();
    assertThat(commit).usingRecursiveComparison().ignoringFields("insertId").isEqualTo(SMALL);
  }

  @Test
  void anInsertIdThatTheJournalCanNotKeepIsRefused() {
    Commit.checkInsertId("ö".repeat(127));
    assertThatThrownBy(() -> Commit.checkInsertId("ö".repeat(128)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("an insert id of 256 bytes, expected up to 255: öö");
    assertThatThrownBy(() -> Commit.checkInsertId("a\uD800"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("an insert id with half a character: a");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 5, -1})
  void anyOtherVersionIsRefusedWithBothNamed(int version) {
    assertThatThrownBy(() -> Commit.fromBytes(version, SMALL.toBytes()))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessage("commit of version " + version + ", this software reads versions 1 to 4");
  }

  @Test
  void aCommitCutAnywhereIsRefused() {
    byte[] bytes = full().toBytes();
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> Commit.fromBytes(cut))
          .as("%d bytes", length)
          .isInstanceOf(CorruptStoreException.class)
          .hasMessageStartingWith("commit: ");
    }
  }

  @Test
  void bytesBehindTheEndAreRefused() {
    byte[] bytes = full().toBytes();

    assertThatThrownBy(() -> Commit.fromBytes(sealed(Arrays.copyOf(bytes, bytes.length + 3))))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessage("commit: 3 bytes follow the last field");
  }

  @Test
  void aDamagedByteIsFound() {
    byte[] bytes = full().toBytes();
    for (int i = 0; i < bytes.length; i++) {
      for (int mask : new int[] {0x01, 0x80, 0xFF}) {
        byte[] damaged = bytes.clone();
        damaged[i] = (byte) (damaged[i] ^ mask);
        assertThatThrownBy(() -> Commit.fromBytes(damaged))
            .as("byte %d", i)
            .isInstanceOf(CorruptStoreException.class)
            .hasMessage(
                "commit: the CRC32C of its " + bytes.length + " bytes is wrong, they were changed");
      }
    }
  }

  @Test
  void theRowsOfAllLanesAreCounted() {
    assertThat(full().rowCount()).isEqualTo(2 + (1L << 33));
  }
}
