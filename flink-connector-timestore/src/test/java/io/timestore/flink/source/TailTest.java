package io.timestore.flink.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.flink.source.SimulatedJob.Checkpoint;
import io.timestore.store.KeyRange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.table.data.RowData;
import org.apache.flink.util.FileUtils;
import org.apache.flink.util.FlinkRuntimeException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One reader that follows a store, or several. */
class TailTest {
  private static final ScanSettings FOLLOWING =
      ScanSettings.DEFAULT.withMonitorInterval(Duration.ofMillis(1), ScanPosition.never());

  @TempDir private Path directory;
  private String path;
  private SimulatedJob job;

  @BeforeEach
  void name() {
    path = directory.resolve("ticks").toString();
  }

  @AfterEach
  void close() throws IOException {
    if (job != null) {
      job.close();
    }
  }

  private void start(ScanSettings settings) throws IOException {
    start(settings, Checkpoint.NONE);
  }

  private void start(ScanSettings settings, Checkpoint checkpoint) throws IOException {
    close();
    job = new SimulatedJob(setup(settings), 1, checkpoint);
  }

  private ReaderSetup<RowData> setup(ScanSettings settings) {
    return TickStore.setup(path, settings);
  }

  private TickStore store() throws IOException {
    return TickStore.create(Path.of(path));
  }

  /** Reads until the reader has looked at the store, and found nothing new. */
  private List<String> readToIdle() throws Exception {
    Reading reading = job.readings.get(0);
    reading.idleCount = 0;
    poll(() -> reading.idleCount >= 2);
    return reading.rows;
  }

  private List<String> readToEnd() throws Exception {
    poll(job::hasEnded);
    return job.rows();
  }

  private interface Condition {
    boolean holds();
  }

  private void poll(Condition condition) {
    Awaitility.await()
        .pollInterval(1, TimeUnit.MILLISECONDS)
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              for (int i = 0; i < 1000 && !condition.holds(); i++) {
                job.poll(0);
              }
              return condition.holds();
            });
  }

  @Test
  void newRowsAreReadInKeyOrderOfEachCommit() throws Exception {
    TickStore store = store().append(10, 20);
    start(FOLLOWING);
    assertThat(readToIdle()).containsExactly("10:0", "20:1");
    store.append(40, 30, 50);
    assertThat(readToIdle()).endsWith("20:1", "30:3", "40:2", "50:4");
  }

  @Test
  void lateRowsAndNewLanesComeAsTheyCome() throws Exception {
    TickStore store = store().append(10, 20);
    start(FOLLOWING);
    readToIdle();
    store.append(5).append(15, 1).append(20);
    assertThat(readToIdle()).containsExactly("10:0", "20:1", "1:4", "5:2", "15:3", "20:5");
  }

  @Test
  void aStoreThatTheRustCrateExtendsIsFollowed() throws Exception {
    Path ticks = GoldenTicks.copyTo(directory.resolve("rust"));
    job =
        new SimulatedJob(
            GoldenTicks.setup(ticks, FOLLOWING.withStart(ScanPosition.atRow(999))),
            row -> row.getTimestamp(0, 3).getMillisecond() + " " + row.getString(1),
            1,
            Checkpoint.NONE);
    String lastKey = GoldenTicks.rows().get(999).split(" ", 2)[0];
    assertThat(readToIdle()).singleElement().asString().startsWith(lastKey + " ");
    long key = Long.parseLong(lastKey);
    GoldenTicks.append(ticks, key, "ONE", 1, 1);
    GoldenTicks.append(ticks, key + 5, "TWO", 2, 2);
    assertThat(readToIdle()).endsWith(key + " ONE", (key + 5) + " TWO");
  }

  @Test
  void aStoreThatIsNotThereIsWaitedFor() throws Exception {
    start(FOLLOWING);
    assertThat(readToIdle()).isEmpty();
    store().append(1);
    assertThat(readToIdle()).containsExactly("1:0");
  }

  @Test
  void aBoundedScanOfNothingIsAnError() {
    assertThatThrownBy(() -> start(ScanSettings.DEFAULT))
        .isInstanceOf(FlinkRuntimeException.class)
        .hasMessageContaining(path)
        .hasMessageContaining("no such directory")
        .hasCauseInstanceOf(NoSuchFileException.class);
  }

  @Test
  void latestIsResolvedOnceAndKeptInTheState() throws Exception {
    TickStore store = store().append(1, 2);
    start(FOLLOWING.withStart(ScanPosition.latest()));
    Checkpoint checkpoint = job.checkpoint();
    store.append(3);
    start(FOLLOWING.withStart(ScanPosition.latest()), checkpoint);
    assertThat(readToIdle()).containsExactly("3:2");
  }

  @Test
  void aStartKeyHoldsForLateRowsToo() throws Exception {
    TickStore store = store().append(10, 20, 30);
    start(FOLLOWING.withStart(ScanPosition.atKey(20)));
    assertThat(readToIdle()).containsExactly("20:1", "30:2");
    store.append(15, 25);
    assertThat(readToIdle()).endsWith("30:2", "25:4");
  }

  @Test
  void aStartRowMayStillHaveToCome() throws Exception {
    TickStore store = store().append(10, 20);
    start(FOLLOWING.withStart(ScanPosition.atRow(3)));
    assertThat(readToIdle()).isEmpty();
    store.append(30, 40);
    assertThat(readToIdle()).containsExactly("40:3");
  }

  @Test
  void aStopKeyEndsTheScanWithTheFirstLookThatPassesIt() throws Exception {
    TickStore store = store().append(10, 20);
    start(FOLLOWING.withStop(ScanPosition.atKey(40)));
    assertThat(readToIdle()).containsExactly("10:0", "20:1");
    store.append(39);
    readToIdle();
    store.append(50, 12, 38, 40);
    assertThat(readToEnd()).containsExactly("10:0", "20:1", "39:2", "12:4", "38:5");
  }

  @Test
  void aStopRowCountsTheRowsThatCome() throws Exception {
    TickStore store = store().append(10, 20);
    start(FOLLOWING.withStop(ScanPosition.atRow(4)));
    readToIdle();
    store.append(30);
    Checkpoint afterIdle = checkpointAfterIdle();
    start(FOLLOWING.withStop(ScanPosition.atRow(4)), afterIdle);
    store.append(5, 6);
    assertThat(readToEnd()).containsExactly("5:3");
  }

  private Checkpoint checkpointAfterIdle() throws Exception {
    readToIdle();
    return job.checkpoint();
  }

  @Test
  void aStopThatIsPassedAtTheStartLeavesNoTail() throws Exception {
    store().append(10, 20, 30);
    start(FOLLOWING.withStop(ScanPosition.atKey(20)));
    assertThat(readToEnd()).containsExactly("10:0");
    start(FOLLOWING.withStop(ScanPosition.atRow(2)));
    assertThat(readToEnd()).containsExactly("10:0", "20:1");
    start(FOLLOWING.withStop(ScanPosition.latest()));
    assertThat(readToEnd()).hasSize(3);
  }

  @Test
  void keyRangesHoldForNewRows() throws Exception {
    TickStore store = store().append(10, 20, 30);
    start(FOLLOWING.withKeyRanges(List.of(KeyRange.closed(15, 20), KeyRange.closed(40, 50))));
    assertThat(readToIdle()).containsExactly("20:1");
    store.append(12, 15, 39, 40, 50, 51);
    assertThat(readToIdle()).containsExactly("20:1", "15:4", "40:6", "50:7");
    Checkpoint checkpoint = job.checkpoint();
    RowsPart tail = checkpoint.splits().get(0).stores().get(0).parts().get(0);
    assertThat(tail.nextRow()).as("rows that were passed over are behind it").isEqualTo(9);
  }

  @Test
  void rowsBehindTheKeysAdvanceTheWatermarkAlsoWhereTheyWereThereBefore() throws Exception {
    TickStore store = store().append(10, 20, 30);
    WatermarkStrategy<RowData> strategy =
        WatermarkStrategy.<RowData>forMonotonousTimestamps()
            .withTimestampAssigner((row, none) -> row.getTimestamp(0, 3).getMillisecond());
    ReaderSetup<RowData> plain = setup(FOLLOWING.withKeyRanges(List.of(KeyRange.closed(15, 20))));
    job =
        new SimulatedJob(
            new ReaderSetup<>(plain.access(), plain.settings(), plain.format(), strategy),
            1,
            Checkpoint.NONE);
    assertThat(readToIdle()).containsExactly("20:1");
    Reading reading = job.readings.get(0);
    assertThat(reading.watermarks).containsOnly(29L);
    store.append(18, 40);
    assertThat(readToIdle()).containsExactly("20:1", "18:3");
    assertThat(reading.watermarks).endsWith(39L);
  }

  @Test
  void everyPositionOfATailGoesOnWithTheRowsThatAreLeft() throws Exception {
    TickStore store = store().append(10, 20);
    start(FOLLOWING);
    readToIdle();
    Checkpoint before = job.checkpoint();
    store.append(5, 30, 7).append(6, 40);
    for (int rows = 0; rows <= 5; rows++) {
      start(FOLLOWING, before);
      Reading first = job.readings.get(0);
      int read = rows;
      poll(() -> first.rows.size() >= read);
      Checkpoint between = job.checkpoint();
      List<String> seen = List.copyOf(first.rows);
      start(FOLLOWING, between);
      assertThat(readToIdle()).noneMatch(seen::contains);
      assertThat(seen.size() + job.rows().size()).isEqualTo(5);
    }
  }

  @Test
  void rowsThatWereTruncatedBelowThePositionAreAnError() throws Exception {
    TickStore store = store().append(10, 20, 30);
    start(FOLLOWING);
    readToIdle();
    store.store().publisher().truncate(1);
    assertThatItFails()
        .hasMessageContaining(path + " (store " + store.store().id() + "), lane 0")
        .hasMessageContaining(
            "has read its rows up to row 3, and the lane was truncated to 1 rows");
  }

  @Test
  void rowsThatWereCompactedAwayAreAnError() throws Exception {
    TickStore store = store().append(10, 20).append(5);
    start(FOLLOWING);
    readToIdle();
    store.store().compact();
    assertThatItFails()
        .hasMessageContaining("the rows before row 2 were replaced")
        .hasMessageContaining("compacting a store takes away what its readers");
  }

  @Test
  void anotherStoreInItsPlaceIsAnError() throws Exception {
    store().append(10, 20);
    start(FOLLOWING);
    readToIdle();
    Checkpoint checkpoint = job.checkpoint();
    FileUtils.deleteDirectory(Path.of(path).toFile());
    store().append(10, 20);
    start(FOLLOWING, checkpoint);
    assertThatItFails().hasMessageContaining("is another store here: expected");
  }

  @Test
  void aStoreThatIsGoneIsAnError() throws Exception {
    store().append(10);
    start(FOLLOWING);
    readToIdle();
    Files.move(Path.of(path), directory.resolve("elsewhere"));
    assertThatItFails().hasMessageContaining(path + ": the store is gone");
  }

  private org.assertj.core.api.AbstractThrowableAssert<?, ?> assertThatItFails() {
    return assertThatThrownBy(
            () -> {
              while (true) {
                job.poll(0);
              }
            })
        .isInstanceOf(IOException.class);
  }

  @Test
  void severalStoresAreOneSequenceAndNewOnesArePickedUp() throws Exception {
    TickStore first = TickStore.create(directory.resolve("day-1"), 100).append(10, 30, 50);
    TickStore.create(directory.resolve("day-2"), 200).append(20, 30, 40);
    Files.createDirectory(directory.resolve("day-3"));
    path = directory.resolve("day-*").toString();
    start(FOLLOWING);
    assertThat(readToIdle())
        .containsExactly("10:100", "20:200", "30:101", "30:201", "40:202", "50:102");
    first.append(60);
    TickStore.create(directory.resolve("day-3"), 300).append(55, 65);
    TickStore.create(directory.resolve("other"), 900).append(1);
    assertThat(readToIdle()).hasSize(9).contains("55:300", "60:103", "65:301");
    start(FOLLOWING, job.checkpoint());
    first.append(70);
    assertThat(readToIdle()).containsExactly("70:104");
  }

  @Test
  void aBoundedScanOfNoMatchIsAnError() {
    path = directory.resolve("day-*").toString();
    assertThatThrownBy(() -> start(ScanSettings.DEFAULT))
        .hasMessageContaining("no directory that matches holds one");
  }

  @Test
  void theSourcesOwnWatermarksAreTheKeysAndThenWhatTheWritersRecorded() throws Exception {
    UUID one = UUID.randomUUID();
    UUID other = UUID.randomUUID();
    TickStore store = store().append(10, 20);
    start(FOLLOWING.emittingWatermarks());
    Reading reading = job.readings.get(0);
    poll(() -> reading.rows.size() == 2);
    assertThat(reading.watermarks).as("rows of the key 20 may still come").isEmpty();
    readToIdle();
    assertThat(reading.watermarks).containsOnly(19L);

    store.appendFromSink(one, 25, 30, 40);
    readToIdle();
    assertThat(reading.watermarks).endsWith(25L);
    store.appendFromSink(other, 1000, 50);
    readToIdle();
    assertThat(reading.watermarks).as("that writer is behind").endsWith(25L).doesNotContain(1000L);
    store.appendFromSink(one, 2000, 60);
    readToIdle();
    assertThat(reading.watermarks).endsWith(1000L);
    store.appendFromSink(other, Long.MAX_VALUE, 70);
    readToIdle();
    assertThat(reading.watermarks).as("it has ended").endsWith(2000L);
  }

  @Test
  void rowsBehindTheKeyRangesAdvanceTheWatermark() throws Exception {
    TickStore store = store().append(10, 20);
    ReaderSetup<RowData> bare =
        setup(FOLLOWING.withKeyRanges(List.of(KeyRange.closed(0, 20), KeyRange.closed(40, 50))));
    WatermarkStrategy<RowData> strategy =
        WatermarkStrategy.<RowData>forBoundedOutOfOrderness(Duration.ofMillis(5))
            .withTimestampAssigner((row, unused) -> row.getTimestamp(0, 3).getMillisecond());
    job =
        new SimulatedJob(
            new ReaderSetup<>(bare.access(), bare.settings(), bare.format(), strategy),
            1,
            Checkpoint.NONE);
    Reading reading = job.readings.get(0);
    readToIdle();
    store.append(30);
    readToIdle();
    assertThat(reading.watermarks).as("rows of key 40 may come").isEmpty();
    store.append(45, 90);
    assertThat(readToIdle()).endsWith("45:3");
    assertThat(reading.watermarks).containsExactly(90L - 5 - 1);
  }

  @Test
  void aReaderWithoutSplitsIsIdleButNotWhileRowsOfTheBeginningWait() throws Exception {
    store().append(10, 20, 30);
    job = new SimulatedJob(setup(FOLLOWING.withSplitSizeBytes(1)), 2, Checkpoint.NONE);
    Reading first = job.readings.get(0);
    Reading second = job.readings.get(1);
    poll(() -> first.rows.size() == 2);
    readToIdle();
    assertThat(second.idleCount).as("it has the split of row 20").isZero();
    assertThat(job.backlogs).containsExactly(true);
    while (second.idleCount == 0) {
      job.poll(1);
    }
    assertThat(second.rows).containsExactly("20:1");
    assertThat(job.backlogs).containsExactly(true, false);
  }

  @Test
  void aSplitThatAReaderReportsAgainIsLeftToTheOneThatGotItSince() throws Exception {
    store().append(10, 20, 30, 40);
    job = new SimulatedJob(setup(ScanSettings.DEFAULT.withSplitSizeBytes(1)), 2, Checkpoint.NONE);
    List<TimestoreSplit> state = job.readings.get(1).reader.snapshotState(1);
    assertThat(state).extracting(TimestoreSplit::number).containsExactly(1);
    poll(() -> job.readings.get(0).rows.size() == 1);
    job.restart(1, state, List.of());
    job.poll(0); // asks for a split before the other one does, and gets its
    List<TimestoreSplit> since = job.readings.get(1).reader.snapshotState(2);
    assertThat(since).extracting(TimestoreSplit::number).containsExactly(2);
    job.restart(1, state, since);
    while (!job.hasEnded()) {
      job.poll(0);
      job.poll(1);
    }
    assertThat(job.rows()).containsExactlyInAnyOrder("10:0", "20:1", "30:2", "40:3");
    assertThat(job.readings.get(0).rows).contains("20:1");
  }

  @Test
  void theBacklogEndsWithTheRowsOfTheBeginningAlsoBehindARestart() throws Exception {
    store().append(10, 20, 30);
    start(FOLLOWING.withSplitSizeBytes(1));
    poll(() -> job.readings.get(0).rows.size() == 2);
    start(FOLLOWING.withSplitSizeBytes(1), job.checkpoint());
    assertThat(job.backlogs).containsExactly(true);
    assertThat(readToIdle()).containsExactly("30:2");
    assertThat(job.backlogs).containsExactly(true, false);
    start(FOLLOWING.withSplitSizeBytes(1), job.checkpoint());
    readToIdle();
    assertThat(job.backlogs).isEmpty();
  }
}
