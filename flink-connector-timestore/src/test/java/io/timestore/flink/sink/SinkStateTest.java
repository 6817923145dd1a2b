package io.timestore.flink.sink;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.format.Lineage;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The bytes of a writer's state: each version, for ever. */
class SinkStateTest {
  private final SinkState.Serializer serializer = new SinkState.Serializer();
  private final SinkIdentity sink =
      new SinkIdentity(
          UUID.fromString("01234567-89ab-4def-8123-456789abcdef"),
          UUID.fromString("01987654-3210-7000-8000-000000000001"));
  private final UUID store = UUID.fromString("fedcba98-7654-4321-8fed-cba987654321");

  private static byte[] golden(int version) throws IOException {
    try (InputStream in = resource("sink-state-v" + version + ".hex")) {
      return HexFormat.of().parseHex(new String(in.readAllBytes(), US_ASCII).replaceAll("\\s", ""));
    }
  }

  private static InputStream resource(String name) {
    return requireNonNull(SinkStateTest.class.getResourceAsStream("/sink-state/" + name), name);
  }

  private SinkState state(UUID storeId, long preparedCheckpointId) {
    Batch rows = new Batch(2);
    rows.column(0).appendLong(7);
    rows.column(1).appendString("a");
    rows.appendKey(5);
    rows.column(0).appendEmpty();
    rows.column(1).appendString("");
    rows.appendKey(3);
    rows.column(0).appendLong(-1);
    rows.column(1).appendString("bcd");
    rows.appendKey(-1L);
    return SinkState.withoutRows(sink, storeId, preparedCheckpointId, OptionalLong.of(-2L))
        .holding(List.of("size", "naïve"), rows);
  }

  private static void assertSame(SinkState found, SinkState expected) {
    assertThat(found.sink()).isEqualTo(expected.sink());
    assertThat(found.store()).isEqualTo(expected.store());
    assertThat(found.preparedCheckpointId()).isEqualTo(expected.preparedCheckpointId());
    assertThat(found.newest()).isEqualTo(expected.newest());
    assertThat(found.tables()).isEqualTo(expected.tables());
    assertThat(found.held().rowCount()).isEqualTo(expected.held().rowCount());
    for (int row = 0; row < expected.held().rowCount(); row++) {
      assertThat(found.held().key(row)).isEqualTo(expected.held().key(row));
      for (int i = 0; i < expected.tables().size(); i++) {
        assertThat(found.held().column(i).bytesAt(row))
            .isEqualTo(expected.held().column(i).bytesAt(row));
      }
    }
  }

  @Test
  void versionOneIsReadAsAStateWithoutRows() throws IOException {
    assertSame(
        serializer.deserialize(1, golden(1)),
        SinkState.withoutRows(sink, Commit.NO_ID, Lineage.NO_CHECKPOINT, OptionalLong.empty()));
  }

  @Test
  void versionTwoIsReadAsAStateThatKnowsNoStore() throws IOException {
    assertSame(serializer.deserialize(2, golden(2)), state(Commit.NO_ID, Lineage.NO_CHECKPOINT));
  }

  @Test
  void versionThreeHasTheseBytes() throws IOException {
    assertThat(serializer.getVersion()).isEqualTo(3);
    assertThat(HexFormat.of().formatHex(serializer.serialize(state(store, 258))))
        .isEqualTo(HexFormat.of().formatHex(golden(3)));
    assertSame(serializer.deserialize(3, golden(3)), state(store, 258));
  }

  @Test
  void aStateWithoutRowsComesBack() throws IOException {
    SinkState state =
        SinkState.withoutRows(sink, store, Lineage.NO_CHECKPOINT, OptionalLong.empty());

    assertSame(serializer.deserialize(3, serializer.serialize(state)), state);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 4, -1})
  void anUnknownVersionIsRefused(int version) {
    assertThatThrownBy(() -> serializer.deserialize(version, golden(2)))
        .isInstanceOf(IOException.class)
        .hasMessage("sink state of version " + version + ", this software reads versions 1 to 3");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void bytesThatAreMissingOrTooManyAreRefused(int version) throws IOException {
    byte[] whole = golden(version);
    for (int length = 0; length <= whole.length + 1; length++) {
      byte[] other = Arrays.copyOf(whole, length);
      if (length != whole.length) {
        assertThatThrownBy(() -> serializer.deserialize(version, other))
            .as("%s bytes", length)
            .isInstanceOf(IOException.class);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void aBitThatFlippedIsNoticed(int version) throws IOException {
    byte[] bytes = golden(version);
    for (int bit = 0; bit < bytes.length * 8; bit++) {
      byte[] flipped = bytes.clone();
      flipped[bit / 8] ^= (byte) (1 << (bit % 8));
      assertThatThrownBy(() -> serializer.deserialize(version, flipped))
          .hasMessageContaining("has another CRC32C than when it was written");
    }
  }

  @Test
  void newerSubmissionsHaveLargerIds() {
    UUID older = SubmissionId.create();
    long millis = older.getMostSignificantBits() >>> 16;

    assertThat(older.version()).isEqualTo(7);
    assertThat(older.variant()).isEqualTo(2);
    assertThat(millis).isBetween(System.currentTimeMillis() - 60_000, System.currentTimeMillis());
  }
}
