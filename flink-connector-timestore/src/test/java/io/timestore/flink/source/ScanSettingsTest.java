package io.timestore.flink.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.store.KeyRange;
import java.time.Duration;
import java.util.List;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;

class ScanSettingsTest {
  private static final ScanSettings DEFAULT = ScanSettings.DEFAULT;

  @Test
  void travelsToTheCluster() throws Exception {
    ScanSettings settings =
        DEFAULT
            .withKeyRanges(List.of(KeyRange.closed(1, 2), KeyRange.atLeast(3)))
            .withLimitRows(7)
            .withStart(ScanPosition.atKey(-1))
            .withMonitorInterval(Duration.ofMillis(10), ScanPosition.atRow(9))
            .withSplitSizeBytes(1)
            .withVerifyChecksums(false)
            .emittingWatermarks();
    assertThat(InstantiationUtil.clone(settings)).isEqualTo(settings).isNotEqualTo(DEFAULT);
  }

  @Test
  void keyRangesAscendAndDoNotOverlap() {
    assertRefused(
        () -> DEFAULT.withKeyRanges(List.of(KeyRange.closed(1, 5), KeyRange.closed(5, 6))),
        "key range [5, 6] does not follow [1, 5]");
    assertRefused(
        () -> DEFAULT.withKeyRanges(List.of(KeyRange.closed(7, 8), KeyRange.closedOpen(1, 2))),
        "key range [1, 2) does not follow [7, 8]");
    assertRefused(
        () -> DEFAULT.withKeyRanges(List.of(KeyRange.all(), KeyRange.atLeast(-1))),
        "key range [18446744073709551615, …) does not follow [0, …)");
    assertRefused(
        () -> DEFAULT.withKeyRanges(List.of(KeyRange.covering(1, 2), KeyRange.atLeast(9))),
        "key range (1, first key from 2 on] has no fixed end, expected one that says it");
    assertThat(
            DEFAULT
                .withKeyRanges(List.of(KeyRange.closedOpen(1, 5), KeyRange.closed(5, -1)))
                .keyRanges())
        .hasSize(2);
  }

  @Test
  void positionsAreWhereTheyCanBe() {
    assertRefused(
        () -> DEFAULT.withStart(ScanPosition.never()),
        "a scan can't start behind all rows that will ever come");
    assertRefused(
        () -> DEFAULT.withStop(ScanPosition.earliest()), "a scan can't stop before the first row");
    assertRefused(
        () -> DEFAULT.withStop(ScanPosition.never()),
        "a scan that never stops needs an interval for looking for new rows");
    assertRefused(() -> ScanPosition.atRow(-1), "row -1, expected 0 or more");
  }

  @Test
  void numbersAreWhatTheyCanBe() {
    assertRefused(() -> DEFAULT.withLimitRows(-1), "a limit of -1 rows, expected 0 or more");
    assertRefused(() -> DEFAULT.withSplitSizeBytes(0), "splits of 0 bytes, expected 1 or more");
    assertRefused(
        () -> DEFAULT.withMonitorInterval(Duration.ZERO, ScanPosition.never()),
        "a monitor interval of PT0S, expected more than 0");
  }

  private static void assertRefused(Runnable settings, String message) {
    assertThatThrownBy(settings::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }
}
