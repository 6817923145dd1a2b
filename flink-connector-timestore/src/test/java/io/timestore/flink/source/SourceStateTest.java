package io.timestore.flink.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class SourceStateTest {
  private static final UUID STORE_ID = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
  private static final List<LaneSlice> SLICES =
      List.of(
          new LaneSlice(0, 100, 200, 200, 0x0123456789ABCDEFL),
          new LaneSlice(3, 0, 5, 1L << 40, -1),
          new LaneSlice(100_000, 1, 1, 2, 0));
  private static final TimestoreSplit SPLIT =
      new TimestoreSplit(
          7,
          "höst",
          List.of(
              new StoreRows(
                  "/data/tïcks",
                  STORE_ID,
                  List.of(
                      new RowsPart(1234, OptionalLong.of(-2), SLICES),
                      new RowsPart(0, OptionalLong.empty(), List.of()))),
              new StoreRows("", new UUID(0, 0), List.of())));
  private static final TimestoreSplit TAIL = new TimestoreSplit(TimestoreSplit.TAIL, "", List.of());
  private static final ScanState STATE = new ScanState(true, true, List.of(SPLIT, TAIL));

  /** As version 1 knew it. */
  private static final TimestoreSplit SPLIT_1 = ofVersion1(7, "höst", SLICES);

  private static final ScanState STATE_1 =
      new ScanState(true, false, List.of(SPLIT_1, ofVersion1(8, "", List.of())));

  private static TimestoreSplit ofVersion1(int number, String host, List<LaneSlice> slices) {
    RowsPart rows = new RowsPart(RowsPart.UNKNOWN_ROW, OptionalLong.empty(), slices);
    return new TimestoreSplit(number, host, List.of(new StoreRows("", STORE_ID, List.of(rows))));
  }

  private final TimestoreSplitSerializer splitSerializer = new TimestoreSplitSerializer();
  private final ScanStateSerializer stateSerializer = new ScanStateSerializer();

  @Test
  void splitsAreReadAndWrittenAsTheGoldenBytesSay() throws IOException {
    byte[] golden = golden("split-v2.hex");
    assertThat(splitSerializer.deserialize(2, golden)).isEqualTo(SPLIT);
    assertThat(splitSerializer.getVersion()).isEqualTo(2);
    assertThat(splitSerializer.serialize(SPLIT)).isEqualTo(golden);
  }

  @Test
  void enumeratorStatesAreReadAndWrittenAsTheGoldenBytesSay() throws IOException {
    byte[] golden = golden("scan-state-v2.hex");
    assertThat(stateSerializer.deserialize(2, golden)).isEqualTo(STATE);
    assertThat(stateSerializer.getVersion()).isEqualTo(2);
    assertThat(stateSerializer.serialize(STATE)).isEqualTo(golden);
  }

  @Test
  void stateOfVersion1IsStillRead() throws IOException {
    assertThat(splitSerializer.deserialize(1, golden("split-v1.hex"))).isEqualTo(SPLIT_1);
    assertThat(stateSerializer.deserialize(1, golden("scan-state-v1.hex"))).isEqualTo(STATE_1);
  }

  @Test
  void aFreshStateComesBackFresh() throws IOException {
    assertThat(stateSerializer.deserialize(2, stateSerializer.serialize(ScanState.FRESH)))
        .isEqualTo(ScanState.FRESH);
  }

  @Test
  void unknownVersionsAreRefused() {
    assertThatThrownBy(() -> splitSerializer.deserialize(3, new byte[0]))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "state of a timestore source: a split was written in version 3, this connector reads up"
                + " to version 2");
    assertThatThrownBy(() -> stateSerializer.deserialize(9, new byte[0]))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("written in version 9");
  }

  @Test
  void bytesBehindTheEndAreRefused() throws IOException {
    byte[] split = splitSerializer.serialize(SPLIT);
    assertThatThrownBy(() -> splitSerializer.deserialize(2, resized(split, 1)))
        .isInstanceOf(IOException.class)
        .hasMessage("state of a timestore source: 1 bytes follow the last field of a split");
    byte[] state = stateSerializer.serialize(STATE);
    assertThatThrownBy(() -> stateSerializer.deserialize(2, resized(state, 3)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("3 bytes follow");
  }

  @Test
  void missingBytesAreRefusedWhereverTheyEnd() throws IOException {
    byte[] split = splitSerializer.serialize(SPLIT);
    for (int missing = 1; missing <= split.length; missing++) {
      byte[] cut = resized(split, -missing);
      assertThatThrownBy(() -> splitSerializer.deserialize(2, cut))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("damaged before byte");
    }
    byte[] state = stateSerializer.serialize(STATE);
    for (int missing = 1; missing <= state.length; missing++) {
      byte[] cut = resized(state, -missing);
      assertThatThrownBy(() -> stateSerializer.deserialize(2, cut))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("damaged before byte");
    }
  }

  @Test
  void aPositionOutsideOfItsSliceIsRefused() throws IOException {
    byte[] bytes = splitSerializer.serialize(SPLIT);
    int lastStart = bytes.length - 75;
    bytes[lastStart + Long.BYTES] = 1;
    assertThatThrownBy(() -> splitSerializer.deserialize(2, bytes))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("a slice of lane 100000 from 1 to 2 can't be at");
  }

  private static byte[] resized(byte[] bytes, int by) {
    return Arrays.copyOf(bytes, bytes.length + by);
  }

  private static byte[] golden(String name) throws IOException {
    try (InputStream in = SourceStateTest.class.getResourceAsStream("/source-state/" + name)) {
      String text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
      return HexFormat.of().parseHex(text.replaceAll("#.*|\\s", ""));
    }
  }
}
