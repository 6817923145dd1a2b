package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.flink.StoreJudge;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Lineage;
import io.timestore.store.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;
import java.util.stream.LongStream;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.DataType;
import org.apache.flink.testutils.logging.LoggerAuditingExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.event.Level;

/** Rows wait until the watermark passes them, also in state, also across a rescale. */
class WatermarkOrderingTest {
  private static final long SEED = Long.getLong("timestore.seed", System.nanoTime());
  private static final String REPLAY = "Replay with -Dtimestore.seed=" + SEED;

  @RegisterExtension
  final LoggerAuditingExtension warnings =
      new LoggerAuditingExtension(WriterMetrics.class, Level.WARN);

  @TempDir Path directory;

  private static DataType rowType(DataTypes.Field... more) {
    List<DataTypes.Field> fields = new ArrayList<>();
    fields.add(DataTypes.FIELD("ts", DataTypes.TIMESTAMP_LTZ(3).notNull()));
    fields.add(DataTypes.FIELD("text", DataTypes.STRING()));
    Collections.addAll(fields, more);
    return DataTypes.ROW(fields);
  }

  private Path store() {
    return directory.resolve("store");
  }

  private TimestoreSinkBuilder<RowData> builder() {
    return TimestoreSink.forRowData(rowType(), "ts").path(store()).ordering(Ordering.WATERMARK);
  }

  private TimestoreSink<RowData> sink() {
    return builder().build();
  }

  private static RowData row(long millis) {
    return GenericRowData.of(
        TimestampData.fromEpochMillis(millis), StringData.fromString("at " + millis));
  }

  private static void write(SinkHarness<RowData> writer, long... millis) throws Exception {
    for (long time : millis) {
      writer.write(row(time), time);
    }
  }

  private List<Long> keys() throws IOException {
    if (!Store.exists(store())) {
      return List.of();
    }
    return new StoreJudge(store())
        .rows("text").stream()
            .peek(row -> assertThat(row.text(0)).isEqualTo("at " + row.key()))
            .map(StoreJudge.StoredRow::key)
            .toList();
  }

  @Test
  void rowsAreCommittedWithTheFirstCheckpointAfterTheirWatermark() throws Exception {
    try (SinkHarness<RowData> writer = SinkHarness.start(store(), sink())) {
      write(writer, 30, 10, 20, 40);
      writer.checkpoint();
      assertThat(keys()).isEmpty();

      writer.watermark(20);
      writer.checkpoint();
      assertThat(keys()).containsExactly(10L, 20L);

      write(writer, 25);
      writer.watermark(39);
      writer.checkpoint();
      assertThat(keys()).containsExactly(10L, 20L, 25L, 30L);

      writer.endInput();
      assertThat(keys()).containsExactly(10L, 20L, 25L, 30L, 40L);
    }
    assertThat(new StoreJudge(store()).laneCount()).isEqualTo(1);
  }

  @Test
  void rowsThatWaitWhereNoWatermarkEverCameAreToldOfOnce() throws Exception {
    try (SinkHarness<RowData> writer = SinkHarness.start(store(), sink())) {
      writer.checkpoint();
      assertThat(warnings.getMessages()).isEmpty();
      write(writer, 10);
      writer.checkpoint();
      writer.checkpoint();
      assertThat(warnings.getMessages())
          .singleElement()
          .asString()
          .startsWith(store() + ": 1 rows wait for a watermark, and none has come yet");
    }
  }

  @Test
  void theLastWatermarkReleasesAll() throws Exception {
    try (SinkHarness<RowData> writer = SinkHarness.start(store(), sink())) {
      write(writer, 30, 10);
      writer.watermark(Long.MAX_VALUE);
      writer.checkpoint();
    }
    assertThat(keys()).containsExactly(10L, 30L);
  }

  @Test
  void heldRowsComeBackOutOfState() throws Exception {
    OperatorSubtaskState state;
    try (SinkHarness<RowData> writer = SinkHarness.start(store(), sink())) {
      write(writer, 30, 10, 20);
      writer.watermark(10);
      state = writer.checkpoint();
      write(writer, 31, 15); // not in the state: the source brings them again
    }
    try (SinkHarness<RowData> writer = SinkHarness.start(store(), sink(), state, 1)) {
      write(writer, 31, 15);
      writer.watermark(30);
      writer.checkpoint();
      assertThat(keys()).containsExactly(10L, 15L, 20L, 30L);
      writer.endInput();
    }
    assertThat(keys()).containsExactly(10L, 15L, 20L, 30L, 31L);
  }

  @Test
  void manyHeldRowsAreDealtOutByARescale() throws Exception {
    Random random = new Random(SEED);
    long[] times =
        LongStream.generate(() -> 1000 + random.nextInt(1_000_000)).limit(60_000).toArray();
    OperatorSubtaskState together;
    try (SinkHarness<RowData> writer = SinkHarness.start(store(), sink())) {
      write(writer, times);
      together = writer.checkpoint();
    }
    List<OperatorSubtaskState> states = new ArrayList<>();
    TimestoreSink<RowData> rescaled = sink();
    for (int i = 0; i < 3; i++) {
      OperatorSubtaskState part = SinkHarness.dealt(SinkHarness.together(together), 1, 3, i);
      assertThat(part.getManagedOperatorState()).as(REPLAY).isNotEmpty();
      try (SinkHarness<RowData> writer = SinkHarness.start(store(), rescaled, part, 1, 3, i)) {
        states.add(writer.checkpoint());
      }
    }
    assertThat(keys()).isEmpty();
    OperatorSubtaskState all = SinkHarness.together(states.toArray(OperatorSubtaskState[]::new));
    try (SinkHarness<RowData> writer =
        SinkHarness.start(store(), sink(), SinkHarness.dealt(all, 3, 1, 0), 2)) {
      writer.endInput();
    }
    assertThat(keys()).as(REPLAY).isEqualTo(LongStream.of(times).sorted().boxed().toList());
  }

  @Test
  void heldRowsOfBeforeAColumnWasAddedHaveItEmpty() throws Exception {
    OperatorSubtaskState state;
    try (SinkHarness<RowData> writer = SinkHarness.start(store(), sink())) {
      write(writer, 10);
      state = writer.checkpoint();
    }
    DataType more = rowType(DataTypes.FIELD("size", DataTypes.BIGINT()));
    Store.open(store())
        .addColumns(List.of(new Column("size", "size", CellType.parse("BIGINT"), true)));
    TimestoreSink<RowData> sink =
        TimestoreSink.forRowData(more, "ts").path(store()).ordering(Ordering.WATERMARK).build();

    try (SinkHarness<RowData> writer = SinkHarness.start(store(), sink, state, 1)) {
      writer.write(
          GenericRowData.of(TimestampData.fromEpochMillis(11), StringData.fromString("at 11"), 5L),
          11);
      writer.endInput();
    }
    assertThat(new StoreJudge(store()).rows("size").get(0).cells().get(0)).isEmpty();
    assertThat(new StoreJudge(store()).rows("size").get(1).int64(0)).isEqualTo(5);
    assertThat(keys()).containsExactly(10L, 11L);
  }

  @Test
  void heldRowsWithoutARequiredColumnAreRefused() {
    Batch rows = new Batch(1);
    rows.column(0).appendString("at 10");
    rows.appendKey(10);
    SinkState state =
        SinkState.withoutRows(
                new SinkIdentity(UUID.randomUUID(), SubmissionId.create()),
                UUID.randomUUID(),
                Lineage.NO_CHECKPOINT,
                OptionalLong.empty())
            .holding(List.of("text"), rows);
    TableLayout more =
        new TableLayout(
            "/data/t",
            null,
            "here",
            Key.of("ts", CellType.parse("TIMESTAMP_LTZ(3)")),
            0,
            List.of(
                new Column("text", "text", CellType.parse("VARCHAR(5)"), false),
                new Column("size", "size", CellType.parse("BIGINT"), false)));

    assertThatThrownBy(() -> new HeldRows(state, more))
        .hasMessage(
            "/data/t: rows held in the restored state lack the column size, BIGINT NOT"
                + " NULL; declare it as nullable");
  }

  @Test
  void aTimestampThatIsNotTheKeyIsRefused() throws Exception {
    try (SinkHarness<RowData> writer = SinkHarness.start(store(), sink())) {
      assertThatThrownBy(() -> writer.write(row(10), 11))
          .hasMessage(
              store()
                  + ": a row with the key 1970-01-01T00:00:00.010Z has the timestamp 11 ms; the"
                  + " ordering 'watermark' needs rows whose timestamp is their key: make the column"
                  + " of the WATERMARK the key, or use the ordering 'checkpoint'");
      writer.write(row(10), Long.MIN_VALUE); // Flink's way to say that there is none
      writer.endInput();
    }
    assertThat(keys()).containsExactly(10L);
  }

  @Test
  void aFullBufferWritesTheOldestFirstAndLosesNothing() throws Exception {
    TimestoreSink<RowData> small = builder().reorderBuffer(MemorySize.parse("100 kb")).build();
    List<Long> times = new ArrayList<>(LongStream.rangeClosed(1, 20_000).boxed().toList());
    try (SinkHarness<RowData> writer = SinkHarness.start(store(), small)) {
      for (long time : times) {
        write(writer, time);
      }
      writer.checkpoint();
      assertThat(keys()).isNotEmpty().isEqualTo(times.subList(0, keys().size()));
      writer.endInput();
    }
    assertThat(keys()).isEqualTo(times);
  }

  @Test
  void rowsBelowWhatTheStateSaysWasWrittenAreLate() throws Exception {
    OperatorSubtaskState state;
    try (SinkHarness<RowData> writer = SinkHarness.start(store(), sink())) {
      write(writer, 10, 20, 50);
      writer.watermark(20);
      state = writer.checkpoint();
    }
    TimestoreSink<RowData> dropping = builder().lateRows(LateRows.DROP).build();
    try (SinkHarness<RowData> writer = SinkHarness.start(store(), dropping, state, 1)) {
      write(writer, 19, 20, 30);
      writer.endInput();
    }
    assertThat(keys()).containsExactly(10L, 20L, 20L, 30L, 50L);

    TimestoreSink<RowData> failing = builder().lateRows(LateRows.FAIL).build();
    try (SinkHarness<RowData> writer = SinkHarness.start(store(), failing)) {
      assertThatThrownBy(() -> write(writer, 49))
          .hasMessageContaining("1970-01-01T00:00:00.049Z came after 1970-01-01T00:00:00.050Z");
    }
  }
}
