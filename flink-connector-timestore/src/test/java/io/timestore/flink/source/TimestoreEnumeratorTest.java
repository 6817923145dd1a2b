package io.timestore.flink.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.connector.testutils.source.reader.TestingSplitEnumeratorContext;
import org.apache.flink.util.FlinkRuntimeException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TimestoreEnumeratorTest {
  private static final long ONE_ROW = 400_000;
  private static final long ALL_ROWS = 1 << 30;

  @TempDir private Path directory;
  private final TestingSplitEnumeratorContext<TimestoreSplit> context =
      new TestingSplitEnumeratorContext<>(2);
  private BigRows store;

  @BeforeEach
  void createStore() throws IOException {
    store = BigRows.create(directory.resolve("store"));
    context.registerReader(0, "host-a");
    context.registerReader(1, "host-b");
  }

  @Test
  void cutsTheStoreIntoAscendingSplitsOfAboutTheSize() throws IOException {
    store.append(7);
    store.append(6);
    TimestoreEnumerator enumerator = started(3 * ONE_ROW + ONE_ROW / 2);

    assertThat(unassigned(enumerator))
        .extracting(BigRows::slices)
        .containsExactly(
            List.of(unread(0, 0, 3)),
            List.of(unread(0, 3, 6)),
            List.of(unread(0, 6, 7), unread(1, 0, 2)),
            List.of(unread(1, 2, 5)),
            List.of(unread(1, 5, 6)));
  }

  private static LaneSlice unread(int lane, long start, long end) {
    return new LaneSlice(lane, start, start, end, 0);
  }

  @Test
  void aSplitHoldsAtLeastOneRow() throws IOException {
    store.append(3);
    assertThat(unassigned(started(1))).hasSize(3);
  }

  @Test
  void aSmallStoreIsOneSplit() throws IOException {
    store.append(3);
    assertThat(unassigned(started(ALL_ROWS))).hasSize(1);
  }

  @Test
  void anEmptyStoreHasNoSplitAndEndsAtOnce() {
    TimestoreEnumerator enumerator = started(ONE_ROW);
    enumerator.handleSplitRequest(1, "host-b");
    assertThat(context.getSplitAssignments().get(1).getAssignedSplits()).isEmpty();
    assertThat(context.getSplitAssignments().get(1).hasReceivedNoMoreSplitsSignal()).isTrue();
  }

  @Test
  void readersThatAskBeforeTheSnapshotAreServedInTurnAfterIt() throws IOException {
    store.append(2);
    TimestoreEnumerator enumerator = enumerator(1, ScanState.FRESH);
    enumerator.start();
    enumerator.handleSplitRequest(1, "host-b");
    enumerator.handleSplitRequest(0, "host-a");
    assertThat(context.getSplitAssignments()).isEmpty();
    assertThat(enumerator.snapshotState(1)).isEqualTo(ScanState.FRESH);

    context.triggerAllActions();
    assertThat(assigned(1)).containsExactly(0);
    assertThat(assigned(0)).containsExactly(1);
  }

  @Test
  void splitsThatComeBackAreHandedOutAgainBeforeLaterOnes() throws IOException {
    store.append(4);
    TimestoreEnumerator enumerator = started(1);
    enumerator.handleSplitRequest(0, "host-a");
    enumerator.handleSplitRequest(0, "host-a");
    List<TimestoreSplit> lost = context.getSplitAssignments().get(0).getAssignedSplits();
    enumerator.addSplitsBack(new ArrayList<>(List.of(lost.get(1), lost.get(0))), 0);
    assertThat(unassigned(enumerator)).hasSize(4);
    enumerator.handleSplitRequest(1, "host-b");
    assertThat(assigned(1)).as("they wait for their reader").containsExactly(2);
    enumerator.addReader(0);

    for (int i = 0; i < 3; i++) {
      enumerator.handleSplitRequest(1, "host-b");
    }
    assertThat(assigned(1)).containsExactly(2, 0, 1, 3);
    assertThat(context.getSplitAssignments().get(1).hasReceivedNoMoreSplitsSignal()).isFalse();
    enumerator.handleSplitRequest(1, "host-b");
    assertThat(context.getSplitAssignments().get(1).hasReceivedNoMoreSplitsSignal()).isTrue();
  }

  @Test
  void aRestoredScanKeepsItsSnapshot() throws IOException {
    store.append(2);
    ScanState state = started(1).snapshotState(1);
    store.append(2);

    TimestoreEnumerator restored = enumerator(1, state);
    restored.start();
    context.triggerAllActions();
    assertThat(unassigned(restored)).isEqualTo(state.unassigned()).hasSize(2);
  }

  @Test
  void theNumberOfSplitsIsBounded() throws IOException {
    ScanSettings tiny = ScanSettings.DEFAULT.withSplitSizeBytes(1);
    assertThat(new SplitCutter(store.access(), tiny).splitRows(1_000_000_000, 100, 1))
        .isEqualTo(1_000_000_000 / SplitCutter.SPLIT_COUNT_MAX + 1);
  }

  @Test
  void aStoreThatCannotBeReadFailsTheJob() throws IOException {
    store.append(1);
    Files.write(directory.resolve("store/length"), new byte[3]);
    TimestoreEnumerator enumerator = enumerator(1, ScanState.FRESH);
    enumerator.start();
    assertThatThrownBy(context::triggerAllActions)
        .isInstanceOf(FlinkRuntimeException.class)
        .hasMessageContaining("can't plan the scan of " + directory.resolve("store"))
        .hasRootCauseInstanceOf(IOException.class);
  }

  private TimestoreEnumerator started(long splitSizeBytes) {
    TimestoreEnumerator enumerator = enumerator(splitSizeBytes, ScanState.FRESH);
    enumerator.start();
    context.triggerAllActions();
    return enumerator;
  }

  private TimestoreEnumerator enumerator(long splitSizeBytes, ScanState state) {
    return new TimestoreEnumerator(
        context, store.access(), ScanSettings.DEFAULT.withSplitSizeBytes(splitSizeBytes), state);
  }

  private static List<TimestoreSplit> unassigned(TimestoreEnumerator enumerator) {
    return enumerator.snapshotState(1).unassigned();
  }

  private List<Integer> assigned(int subtask) {
    return context.getSplitAssignments().get(subtask).getAssignedSplits().stream()
        .map(TimestoreSplit::number)
        .toList();
  }
}
