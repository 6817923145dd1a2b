package io.timestore.flink.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.store.Holder;
import io.timestore.store.KeyRange;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.table.data.RowData;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TimestoreReaderTest {
  private static final int ROWS = 13;

  @TempDir private Path directory;
  private BigRows store;

  @BeforeEach
  void writeTwoLanes() throws IOException {
    store = BigRows.inTwoLanes(directory.resolve("store"));
  }

  @Test
  void readsTheLanesOneAfterTheOtherInKeyOrder() throws Exception {
    assertThat(BigRows.slices(store.wholeSplit()))
        .extracting(LaneSlice::lane)
        .containsExactly(0, 1);
    try (Reading reading = new Reading(store, store.wholeSplit())) {
      assertThat(reading.readToEnd().rows).isEqualTo(BigRows.texts(0, ROWS));
    }
  }

  @Test
  void resumesFromEveryPositionWithTheRemainingRows() throws Exception {
    for (int position = 0; position <= ROWS; position++) {
      TimestoreSplit split = stateAt(position);
      try (Reading resumed = new Reading(store, split)) {
        assertThat(resumed.readToEnd().rows)
            .as("rows from %s on", position)
            .isEqualTo(BigRows.texts(position, ROWS));
      }
    }
  }

  @Test
  void resumesFromAPositionThatWasReachedAfterResuming() throws Exception {
    TimestoreSplit split = stateAt(4);
    try (Reading resumed = new Reading(store, split).readTo(5)) {
      split = resumed.reader.snapshotState(2).get(0);
    }
    try (Reading again = new Reading(store, split)) {
      assertThat(again.readToEnd().rows).isEqualTo(BigRows.texts(9, ROWS));
    }
  }

  @Test
  void resumesFromEveryPositionOfLanesThatOverlap() throws Exception {
    store = BigRows.inOverlappingLanes(directory.resolve("overlapping"));
    for (int position = 0; position <= ROWS; position++) {
      TimestoreSplit split = stateAt(position);
      assertThat(split.rowsLeft()).isEqualTo(ROWS - position);
      try (Reading resumed = new Reading(store, split)) {
        assertThat(resumed.readToEnd().rows)
            .as("rows from %s on", position)
            .isEqualTo(BigRows.texts(position, ROWS));
      }
    }
  }

  @Test
  void eachLaneOfAPositionIsComparedWithTheStore() throws Exception {
    store = BigRows.inOverlappingLanes(directory.resolve("overlapping"));
    TimestoreSplit split = stateAt(8);
    for (int i = 0; i < 3; i++) {
      List<LaneSlice> slices = new ArrayList<>(BigRows.slices(split));
      LaneSlice slice = slices.get(i);
      slices.set(i, slice.readTo(slice.next(), slice.lastKey() + 1));
      try (Reading reading = new Reading(store, store.split(slices.toArray(LaneSlice[]::new)))) {
        assertThatThrownBy(reading::readToEnd)
            .hasMessageContaining("row %s of lane %s had the key", slice.next() - 1, slice.lane());
        assertThat(reading.rows).isEmpty();
      }
    }
  }

  @Test
  void splitsOfLanesThatOverlapFollowOneAnother() throws Exception {
    store = BigRows.inOverlappingLanes(directory.resolve("overlapping"));
    List<String> rows = new ArrayList<>();
    ScanSettings settings = ScanSettings.DEFAULT.withSplitSizeBytes(1_000_000);
    for (TimestoreSplit split : new SplitCutter(store.access(), settings).cut()) {
      try (Reading reading = new Reading(store, split).readToEnd()) {
        assertThat(reading.rows).hasSizeBetween(1, 2);
        rows.addAll(reading.rows);
      }
    }
    assertThat(rows).isEqualTo(BigRows.texts(0, ROWS));
  }

  @Test
  void readsTheRowsOfItsKeyRangesAlone() throws Exception {
    store = BigRows.inOverlappingLanes(directory.resolve("overlapping"));
    ScanSettings settings =
        ScanSettings.DEFAULT
            .withSplitSizeBytes(1_000_000)
            .withKeyRanges(
                List.of(
                    KeyRange.closed(10, 20),
                    KeyRange.closedOpen(21, 30),
                    KeyRange.closed(50, 50),
                    KeyRange.atLeast(75)));
    List<String> expected = new ArrayList<>(BigRows.texts(1, 3));
    expected.addAll(BigRows.texts(5, 6));
    expected.addAll(BigRows.texts(8, ROWS));
    assertThat(rowsOf(settings)).isEqualTo(expected);
    assertThat(rowsOf(settings.withStart(ScanPosition.atKey(15)).withStop(ScanPosition.atKey(110))))
        .isEqualTo(List.of(text(2), text(5), text(8), text(9), text(10)));
    assertThat(rowsOf(settings.withStart(ScanPosition.atRow(2)).withStop(ScanPosition.atRow(9))))
        .isEqualTo(List.of(text(2), text(5), text(8)));
    assertThat(rowsOf(settings.withStart(ScanPosition.latest()))).isEmpty();
    assertThat(rowsOf(settings.withKeyRanges(List.of()))).isEmpty();
  }

  private List<String> rowsOf(ScanSettings settings) throws Exception {
    List<String> rows = new ArrayList<>();
    for (TimestoreSplit split : new SplitCutter(store.access(), settings).cut()) {
      try (Reading reading = new Reading(store, split).readToEnd()) {
        rows.addAll(reading.rows);
      }
    }
    return rows;
  }

  @Test
  void endsAtItsLimit() throws Exception {
    for (int limit : new int[] {0, 1, 2, 5}) {
      try (Reading reading =
          new Reading(store.setup(ScanSettings.DEFAULT.withLimitRows(limit)), store.wholeSplit())) {
        while (reading.poll() != InputStatus.END_OF_INPUT) {
          // until the end, without a word that there are no more splits
        }
        assertThat(reading.rows).isEqualTo(BigRows.texts(0, limit));
      }
    }
  }

  private TimestoreSplit stateAt(int position) throws Exception {
    try (Reading reading = new Reading(store, store.wholeSplit()).readTo(position)) {
      TimestoreSplitSerializer serializer = new TimestoreSplitSerializer();
      TimestoreSplit split = reading.reader.snapshotState(1).get(0);
      return serializer.deserialize(serializer.getVersion(), serializer.serialize(split));
    }
  }

  @Test
  void aRowStaysAsItIsWhileTheNextBatchesAreRead() throws Exception {
    for (int position = 1; position <= ROWS; position++) {
      Reading reading = new Reading(store, store.wholeSplit()).readTo(position);
      reading.close(); // waits for what is read ahead
      assertThat(BigRows.textOf(reading.lastRow))
          .isEqualTo(BigRows.texts(position - 1, position).get(0));
    }
  }

  static List<ScanSettings> oneSplitAtATime() {
    return List.of(
        ScanSettings.DEFAULT,
        ScanSettings.DEFAULT.askingAhead(), // of small splits
        ScanSettings.DEFAULT
            .withMonitorInterval(Duration.ofMillis(1), ScanPosition.never())
            .askingAhead());
  }

  @ParameterizedTest
  @MethodSource("oneSplitAtATime")
  void asksForASplitAtItsStartAndBehindEachSplit(ScanSettings settings) throws Exception {
    try (Reading reading = new Reading(store.setup(settings))) {
      assertThat(reading.context.getNumSplitRequests()).isEqualTo(1);
      CompletableFuture<Void> available = reading.reader.isAvailable();
      assertThat(reading.reader.pollNext(reading)).isEqualTo(InputStatus.NOTHING_AVAILABLE);
      assertThat(available).isNotDone();

      reading.reader.addSplits(List.of(store.split(new LaneSlice(0, 0, 0, 2, 0))));
      assertThat(available).isDone();
      reading.readTo(2);
      assertThat(reading.context.getNumSplitRequests()).isEqualTo(1);
      assertThat(reading.reader.pollNext(reading)).isEqualTo(InputStatus.NOTHING_AVAILABLE);
      assertThat(reading.context.getNumSplitRequests()).isEqualTo(2);
      assertThat(reading.openOutputs).containsExactly("split-0");
      assertThat(reading.reader.snapshotState(1)).isEmpty();

      reading.reader.addSplits(List.of(store.numbered(1, new LaneSlice(0, 2, 2, 3, 0))));
      reading.readTo(3);
      assertThat(reading.openOutputs).containsExactly("split-1");
      reading.readToEnd();
      assertThat(reading.openOutputs).isEmpty();
    }
  }

  @Test
  void asksAheadForTheNextSplitWithTheLastRowsOfALargeOne() throws Exception {
    String path = directory.resolve("ticks").toString();
    TickStore.create(Path.of(path)).append(LongStream.range(0, 140_000).toArray());
    ScanSettings settings = ScanSettings.DEFAULT.askingAhead().withSplitSizeBytes(1_680_000);
    ReaderSetup<RowData> setup = TickStore.setup(path, settings);
    List<TimestoreSplit> splits = new SplitCutter(setup.access(), settings).cut();
    assertThat(splits).extracting(TimestoreSplit::rowsLeft).containsExactly(70_000L, 70_000L);
    try (Reading reading = new Reading(setup, TickStore::textOf)) {
      reading.reader.addSplits(List.of(splits.get(0)));
      reading.readTo(4_000);
      assertThat(reading.context.getNumSplitRequests()).isEqualTo(1);
      reading.readTo(20_000);
      assertThat(reading.context.getNumSplitRequests()).isEqualTo(2);

      reading.reader.addSplits(List.of(splits.get(1)));
      reading.readTo(60_000);
      assertThat(reading.context.getNumSplitRequests()).isEqualTo(2);
      assertThat(reading.openOutputs).containsExactly("split-0");
      assertThat(reading.reader.snapshotState(1))
          .extracting(TimestoreSplit::splitId)
          .containsExactly("split-0", "split-1");

      reading.readTo(90_000);
      assertThat(reading.context.getNumSplitRequests()).isEqualTo(3);
      assertThat(reading.openOutputs).containsExactly("split-1");
      List<String> expected =
          LongStream.range(0, 140_000).mapToObj(millis -> millis + ":" + millis).toList();
      assertThat(reading.readToEnd().rows).isEqualTo(expected);
    }
    try (Reading reading =
        new Reading(
            TickStore.setup(path, settings.withLimitRows(60_000)),
            TickStore::textOf,
            splits.get(0))) {
      reading.readTo(60_000);
      assertThat(reading.context.getNumSplitRequests()).isZero();
    }
  }

  @Test
  void asksForNoSplitWhileItHasARestoredOne() throws Exception {
    try (Reading reading = new Reading(store, store.wholeSplit()).readTo(ROWS)) {
      assertThat(reading.context.getNumSplitRequests()).isZero();
    }
  }

  @Test
  void aRestoredSplitWhoseEndIsReachedGivesNoRowAndItsOutputBack() throws Exception {
    LaneSlice finished = new LaneSlice(0, 0, 7, 7, 60);
    try (Reading reading = new Reading(store, store.split(finished))) {
      reading.createOutputForSplit("split-0"); // as Flink does for restored splits
      assertThat(reading.reader.pollNext(reading)).isEqualTo(InputStatus.NOTHING_AVAILABLE);
      assertThat(reading.context.getNumSplitRequests()).isEqualTo(1);
      assertThat(reading.readToEnd().rows).isEmpty();
      assertThat(reading.openOutputs).isEmpty();
    }
  }

  @Test
  void readsTheLowestSplitFirst() throws Exception {
    TimestoreSplit low = store.split(new LaneSlice(0, 0, 0, 3, 0));
    TimestoreSplit high = store.numbered(1, new LaneSlice(0, 3, 3, 6, 0));
    try (Reading reading = new Reading(store, high, low)) {
      assertThat(reading.readToEnd().rows).isEqualTo(BigRows.texts(0, 6));
    }
  }

  /** The splits behind a paused one wait with it: their keys are above its own. */
  @Test
  void aPausedSplitIsNotPolledAndGoesOnWhereItStopped() throws Exception {
    TimestoreSplit low = store.split(new LaneSlice(0, 0, 0, 5, 0));
    TimestoreSplit high = store.numbered(1, new LaneSlice(0, 5, 5, 7, 0));
    try (Reading reading = new Reading(store, low, high).readTo(1)) {
      reading.reader.pauseOrResumeSplits(List.of("split-0"), List.of());
      assertThat(reading.reader.pollNext(reading)).isEqualTo(InputStatus.NOTHING_AVAILABLE);
      CompletableFuture<Void> available = reading.reader.isAvailable();
      assertThat(available).isNotDone();

      reading.reader.pauseOrResumeSplits(List.of(), List.of("split-0"));
      assertThat(available).isDone();
      assertThat(reading.readToEnd().rows).isEqualTo(BigRows.texts(0, 7));
    }
  }

  private static String text(int row) {
    return BigRows.texts(row, row + 1).get(0);
  }

  @Test
  void countsRowsAndBytes() throws Exception {
    try (Reading reading = new Reading(store, store.wholeSplit()).readToEnd()) {
      var io = reading.context.metricGroup().getIOMetricGroup();
      assertThat(io.getNumRecordsInCounter().getCount()).isEqualTo(ROWS);
      assertThat(io.getNumBytesInCounter().getCount()).isGreaterThan(400_000L * ROWS);
    }
  }

  @Test
  void rowsThatWereReplacedSinceThePositionAreNoticed() throws Exception {
    TimestoreSplit split = store.split(new LaneSlice(0, 0, 3, 7, 21));
    try (Reading reading = new Reading(store, split)) {
      assertThatThrownBy(reading::readToEnd)
          .isInstanceOf(IOException.class)
          .hasMessage(
              "%s: rows were replaced while a job was reading them: row 2 of lane 0 had the key"
                  + " 21, now it has 20",
              directory.resolve("store"));
    }
  }

  @Test
  void rowsThatTheStoreNoLongerHoldsAreNoticed() throws Exception {
    TimestoreSplit split = store.split(new LaneSlice(0, 0, 0, 8, 0));
    try (Reading reading = new Reading(store, split)) {
      assertThatThrownBy(reading::readToEnd)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("rows 0 to 8 of lane 0 are not there")
          .hasMessageContaining("replaced");
    }
  }

  @Test
  void anotherStoreUnderTheSamePathIsRefusedNamingBothHosts() throws Exception {
    UUID other = new UUID(1, 2);
    TimestoreSplit split =
        new TimestoreSplit(
            0,
            "job-manager-7",
            List.of(
                new StoreRows(
                    StoreRows.SOURCE_PATH, other, store.wholeSplit().stores().get(0).parts())));
    try (Reading reading = new Reading(store, split)) {
      assertThatThrownBy(reading::readToEnd)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("is another store here: expected " + other)
          .hasMessageContaining("job-manager-7")
          .hasMessageContaining(Holder.host());
    }
  }
}
