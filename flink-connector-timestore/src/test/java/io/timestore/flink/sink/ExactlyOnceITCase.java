package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.disk.DirectIo;
import io.timestore.flink.StoreJudge;
import io.timestore.flink.StoreJudge.StoredRow;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.VarCharType;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A job that fails again and again ends with each row exactly once. */
class ExactlyOnceITCase {
  private static final int ROWS = 1_000_000;
  private static final int ROWS_PER_SECOND = 150_000;
  private static final int FAILURES = 12;

  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder()
              .setNumberTaskManagers(2)
              .setNumberSlotsPerTaskManager(2)
              .build());

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(longs = {1, 20261123})
  void eachRowIsThereExactlyOnceAfterFailuresAtRandomPoints(long seed) throws Exception {
    FailingMap.arm(FAILURES, seed);
    Configuration configuration = new Configuration();
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
    configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 2 * FAILURES);
    configuration.set(
        RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(1));
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    environment.setParallelism(1);
    environment.enableCheckpointing(100);
    InternalTypeInfo<RowData> type =
        InternalTypeInfo.of(
            RowType.of(
                new BigIntType(false),
                new BigIntType(false),
                new VarCharType(false, VarCharType.MAX_LENGTH)));
    DataGeneratorSource<RowData> source =
        new DataGeneratorSource<>(
            ExactlyOnceITCase::row, ROWS, RateLimiterStrategy.perSecond(ROWS_PER_SECOND), type);
    Path store = directory.resolve("store");
    TableLayout layout =
        new TableLayout(
            store.toString(),
            null,
            "test",
            Key.of("k", CellType.of(CellType.Kind.BIGINT)),
            0,
            List.of(
                new Column("index", "index", CellType.of(CellType.Kind.BIGINT), false),
                new Column(
                    "text",
                    "text",
                    CellType.of(CellType.Kind.VARCHAR, CellType.MAX_LENGTH),
                    false)));

    environment
        .fromSource(source, WatermarkStrategy.noWatermarks(), "rows")
        .map(new FailingMap())
        .returns(type)
        .sinkTo(new TimestoreSink(layout, new SinkSettings(1 << 20, 4 << 20, DirectIo.AUTO)));
    environment.execute();

    assertThat(FailingMap.failures()).as("failures, seed %s", seed).isEqualTo(FAILURES);
    StoreJudge judge = new StoreJudge(store);
    List<StoredRow> rows = judge.rows("index", "text");
    assertThat(rows).as("seed %s", seed).hasSize(ROWS);
    for (int i = 0; i < ROWS; i++) {
      StoredRow row = rows.get(i);
      assertThat(row.int64(0)).as("row %s, seed %s", i, seed).isEqualTo(i);
      assertThat(row.key()).isEqualTo(key(i));
      assertThat(row.text(1)).isEqualTo(text(i));
    }
    assertThat(judge.laneCount()).isBetween(2, FAILURES + 1);
  }

  private static RowData row(long index) {
    return GenericRowData.of(key(index), index, StringData.fromString(text(index)));
  }

  private static long key(long index) {
    return index / 3 * 10;
  }

  private static String text(long index) {
    return "row " + index;
  }
}
