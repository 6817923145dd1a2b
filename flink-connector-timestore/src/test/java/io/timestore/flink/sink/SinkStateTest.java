package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class SinkStateTest {
  /** Version 1, for ever. */
  private static final String GOLDEN =
      "0123456789ab4def8123456789abcdef" + "01987654321070008000000000000001";

  private final SinkState.Serializer serializer = new SinkState.Serializer();
  private final SinkState state =
      new SinkState(
          UUID.fromString("01234567-89ab-4def-8123-456789abcdef"),
          UUID.fromString("01987654-3210-7000-8000-000000000001"));

  @Test
  void versionOneHasTheseBytes() throws IOException {
    assertThat(HexFormat.of().formatHex(serializer.serialize(state))).isEqualTo(GOLDEN);
    assertThat(serializer.deserialize(1, HexFormat.of().parseHex(GOLDEN))).isEqualTo(state);
  }

  @Test
  void anUnknownVersionAndAnyOtherLengthAreRefused() {
    byte[] bytes = HexFormat.of().parseHex(GOLDEN);

    assertThatThrownBy(() -> serializer.deserialize(2, bytes))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("sink state of version 2");
    assertThatThrownBy(() -> serializer.deserialize(1, Arrays.copyOf(bytes, 31)))
        .hasMessageContaining("31 bytes");
    assertThatThrownBy(() -> serializer.deserialize(1, Arrays.copyOf(bytes, 33)))
        .hasMessageContaining("33 bytes");
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
