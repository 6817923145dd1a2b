package io.timestore.flink.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.flink.source.ScanPosition;
import io.timestore.flink.source.ScanSettings;
import io.timestore.format.CellType;
import io.timestore.format.Key;
import io.timestore.format.TimeUnit;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.api.config.TableConfigOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScanOptionsTest {
  private static final Key MILLIS = Key.of("ts", CellType.parse("TIMESTAMP_LTZ(3)"));
  private static final Key LOCAL = Key.of("ts", CellType.parse("TIMESTAMP(3)"));
  private static final Key NUMBER = Key.of("k", CellType.parse("BIGINT"));

  private final Map<String, String> options = new HashMap<>();
  private final Configuration session =
      new Configuration()
          .set(ExecutionOptions.RUNTIME_MODE, RuntimeExecutionMode.STREAMING)
          .set(TableConfigOptions.LOCAL_TIME_ZONE, "Asia/Tokyo");

  private ScanOptionsTest with(String option, String value) {
    options.put(option, value);
    return this;
  }

  private ScanOptionsTest inBatch() {
    session.set(ExecutionOptions.RUNTIME_MODE, RuntimeExecutionMode.BATCH);
    return this;
  }

  private ScanSettings settings(Key key) {
    return new ScanOptions(Configuration.fromMap(options), session, key).settings();
  }

  private void refused(Key key, String message) {
    assertThatThrownBy(() -> settings(key))
        .isInstanceOf(ValidationException.class)
        .hasMessage(message);
  }

  private long startKey(Key key, String timestamp) {
    with("scan.startup.mode", "timestamp").with("scan.startup.timestamp", timestamp);
    ScanPosition start = settings(key).start();
    assertThat(start.kind()).isEqualTo(ScanPosition.Kind.KEY);
    return start.value();
  }

  @Test
  void byDefaultAScanReadsWhatIsThere() {
    assertThat(settings(MILLIS)).isEqualTo(ScanSettings.DEFAULT);
  }

  @Test
  void positionsComeFromTheModesAndTheirValues() {
    with("scan.startup.mode", "key").with("scan.startup.key", "18446744073709551614");
    with("scan.bounded.mode", "key").with("scan.bounded.key", "18446744073709551615");
    assertThat(settings(NUMBER).start()).isEqualTo(ScanPosition.atKey(-2));
    assertThat(settings(NUMBER).stop()).isEqualTo(ScanPosition.atKey(-1));
    options.clear();
    with("scan.startup.mode", "row").with("scan.startup.row", "7");
    with("scan.bounded.mode", "row").with("scan.bounded.row", "9223372036854775807");
    assertThat(settings(NUMBER).start()).isEqualTo(ScanPosition.atRow(7));
    assertThat(settings(NUMBER).stop()).isEqualTo(ScanPosition.atRow(Long.MAX_VALUE));
    options.clear();
    with("scan.startup.mode", "latest").with("source.monitor-interval", "1 s");
    assertThat(settings(NUMBER).start()).isEqualTo(ScanPosition.latest());
    assertThat(settings(NUMBER).stop()).isEqualTo(ScanPosition.never());
    assertThat(settings(NUMBER).monitorInterval()).isEqualTo(Duration.ofSeconds(1));
    with("scan.bounded.mode", "timestamp").with("scan.bounded.timestamp", "1500");
    assertThat(settings(MILLIS).stop()).isEqualTo(ScanPosition.atKey(1500));
    assertThat(settings(MILLIS).monitorInterval()).isEqualTo(Duration.ofSeconds(1));
  }

  @ParameterizedTest
  @CsvSource({
    "1970-01-01T09:00:00.000, 0",
    "1970-01-01 09:00:00.001, 1",
    "1970-01-01T00:00:00.001Z, 1",
    "1970-01-01T02:00:00.001+02:00, 1",
    "1970-01-01T00:00:00.000000001Z, 1",
    "1970-01-01T00:00:00.0019Z, 2",
    "1767261600250, 1767261600250",
  })
  void aTimestampOfInstantsMayHaveAZoneElseItIsInTheSessionsZone(String text, long key) {
    assertThat(startKey(MILLIS, text)).isEqualTo(key);
  }

  @ParameterizedTest
  @CsvSource({"1970-01-01T00:00:01, 1000", "1970-01-01T00:00:00.0005, 1", "77, 77"})
  void aTimestampWithoutZoneIsWhatTheRowsShow(String text, long key) {
    assertThat(startKey(LOCAL, text)).isEqualTo(key);
  }

  @Test
  void aTimestampCountsInTheUnitOfTheKey() {
    Key nanos = new Key("ts", CellType.parse("TIMESTAMP(3)"), TimeUnit.NANOS);
    assertThat(startKey(nanos, "1970-01-01T00:00:00.000000001")).isEqualTo(1);
    Key seconds = Key.of("ts", CellType.parse("TIMESTAMP(0)"));
    assertThat(startKey(seconds, "1970-01-01T00:00:00.000000001")).isEqualTo(1);
    assertThat(startKey(seconds, "1970-01-01T00:00:01")).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"yesterday", "2026-02-30T00:00:00Z", "-5", "", "99999999999999999999"})
  void whatIsNoTimestampIsRefused(String text) {
    with("scan.startup.mode", "timestamp").with("scan.startup.timestamp", text);
    refused(
        MILLIS,
        "option 'scan.startup.timestamp' = '"
            + text
            + "', expected a time such as '2026-01-31T12:00:00.000Z', or milliseconds since 1970");
  }

  @Test
  void aZoneIsRefusedWhereTheKeyHasNone() {
    with("scan.bounded.mode", "timestamp").with("scan.bounded.timestamp", "2026-01-01T00:00:00Z");
    refused(
        LOCAL,
        "option 'scan.bounded.timestamp' = '2026-01-01T00:00:00Z', expected a time such as"
            + " '2026-01-31T12:00:00.000' (without a zone, since ts is TIMESTAMP(3)), or"
            + " milliseconds since 1970");
  }

  @Test
  void aTimestampThatNoKeyReachesIsRefused() {
    with("scan.startup.mode", "timestamp").with("scan.startup.timestamp", "1969-12-31T23:59:59Z");
    refused(
        MILLIS,
        "option 'scan.startup.timestamp' = '1969-12-31T23:59:59Z': keys in ms begin at"
            + " 1970-01-01T00:00:00");
    with("scan.startup.timestamp", "2600-01-01T00:00:00Z");
    refused(
        Key.of("ts", CellType.parse("TIMESTAMP_LTZ(9)")),
        "option 'scan.startup.timestamp' = '2600-01-01T00:00:00Z': keys in ns begin at"
            + " 1970-01-01T00:00:00, and end before that");
  }

  @Test
  void aTimestampIsRefusedWhereKeysAreNumbers() {
    with("scan.startup.mode", "timestamp").with("scan.startup.timestamp", "5");
    refused(
        NUMBER,
        "option 'scan.startup.timestamp' = '5': the key k is BIGINT, no time; use the mode 'key'"
            + " and 'scan.startup.key'");
  }

  @ParameterizedTest
  @CsvSource({
    "key, -1, 2^64 - 1",
    "key, 1.5, 2^64 - 1",
    "key, 18446744073709551616, 2^64 - 1",
    "row, 9223372036854775808, 2^63 - 1",
    "row, first, 2^63 - 1",
  })
  void whatIsNoNumberOfAKeyOrARowIsRefused(String mode, String value, String last) {
    with("scan.startup.mode", mode).with("scan.startup." + mode, value);
    refused(
        NUMBER,
        "option 'scan.startup."
            + mode
            + "' = '"
            + value
            + "', expected a whole number from 0 to "
            + last);
  }

  @ParameterizedTest
  @CsvSource({"startup, earliest", "bounded, latest"})
  void aValueWithoutItsModeIsRefused(String which, String mode) {
    with("scan." + which + ".key", "5");
    refused(
        NUMBER,
        "option 'scan."
            + which
            + ".key' = '5' means nothing where 'scan."
            + which
            + ".mode' is '"
            + mode
            + "': set it to 'key', or leave the former out");
  }

  @ParameterizedTest
  @ValueSource(strings = {"startup", "bounded"})
  void aModeWithoutItsValueIsRefused(String which) {
    with("scan." + which + ".mode", "row");
    refused(
        NUMBER,
        "option 'scan." + which + ".mode' = 'row' needs the option 'scan." + which + ".row'");
  }

  @Test
  void anIntervalOfNothingIsRefused() {
    with("source.monitor-interval", "0 s");
    refused(
        MILLIS, "option 'source.monitor-interval' = '0 ms', expected more than 0, such as '1 s'");
  }

  @Test
  void aScanThatNeverEndsNeedsAnInterval() {
    with("scan.bounded.mode", "unbounded");
    refused(
        MILLIS,
        "option 'scan.bounded.mode' = 'unbounded': a scan that never ends looks for new rows, set"
            + " 'source.monitor-interval' to how often, such as '1 s'");
  }

  @Test
  void inBatchTheIntervalIsIgnored() {
    with("source.monitor-interval", "1 s").inBatch();
    assertThat(settings(MILLIS)).isEqualTo(ScanSettings.DEFAULT);
    with("scan.bounded.mode", "unbounded");
    refused(
        MILLIS,
        "option 'scan.bounded.mode' = 'unbounded': a batch job reads what is there and ends, leave"
            + " the option out or run the job in streaming mode");
  }

  @Test
  void aScanThatEndsWithWhatIsThereNeedsNoInterval() {
    with("source.monitor-interval", "1 s").with("scan.bounded.mode", "latest");
    assertThat(settings(MILLIS)).isEqualTo(ScanSettings.DEFAULT);
  }

  @Test
  void positionsThatLeaveNoRowAreRefused() {
    with("scan.startup.mode", "latest");
    refused(
        MILLIS,
        "option 'scan.startup.mode' = 'latest': no row is left, since the scan ends with those"
            + " that are there; set 'source.monitor-interval', and 'scan.bounded.mode' to another"
            + " mode than 'latest'");
    with("source.monitor-interval", "1 s").inBatch();
    refused(
        MILLIS,
        "option 'scan.startup.mode' = 'latest': no row is left, since the scan ends with those"
            + " that are there; run the job in streaming mode with 'source.monitor-interval'");
    with("scan.startup.mode", "key").with("scan.startup.key", "5");
    with("scan.bounded.mode", "timestamp").with("scan.bounded.timestamp", "5");
    refused(
        MILLIS,
        "option 'scan.bounded.mode' = 'timestamp': no row is left, since the scan ends where"
            + " 'scan.startup.mode' = 'key' lets it begin, or before that");
  }
}
