package io.timestore.flink.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.util.Collector;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Watermarks of splits and readers, which are Flink's, made of the timestamps of rows. */
class EventTimeITCase {
  private static final long SEED = Long.getLong("timestore.seed", System.nanoTime());

  @RegisterExtension
  private static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder()
              .setNumberTaskManagers(1)
              .setNumberSlotsPerTaskManager(4)
              .build());

  @TempDir private Path directory;

  private static TimestoreSourceBuilder<Long> times(Path path) {
    return TimestoreSource.<Long>builder()
        .path(path)
        .key("ts", DataTypes.TIMESTAMP_LTZ(3))
        .column("n", DataTypes.BIGINT().notNull())
        .deserializer((key, cells) -> key, Types.LONG);
  }

  /** A store whose rows came up to 20 s late, in lanes that overlap: it reads in order. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void aWindowedReplayOfLateRowsIsTheSameAtEachParallelism(int parallelism) throws Exception {
    TickStore store = TickStore.create(directory.resolve("ticks"));
    Random random = new Random(SEED);
    TreeMap<Long, Long> expected = new TreeMap<>();
    for (int commit = 0; commit < 20; commit++) {
      long[] keys = new long[100];
      for (int i = 0; i < keys.length; i++) {
        keys[i] = Math.max(0, 5000L * commit + 50L * i - random.nextInt(20_000));
        expected.merge(keys[i] / 1000 * 1000, 1L, Long::sum);
      }
      store.append(keys);
    }
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    environment.setParallelism(parallelism);
    environment.getConfig().setAutoWatermarkInterval(1);
    DataStream<String> windows =
        environment
            .fromSource(
                times(directory.resolve("ticks")).splitSize(MemorySize.parse("1kb")).build(),
                WatermarkStrategy.forMonotonousTimestamps(),
                "ticks")
            .keyBy(time -> time % 7)
            .window(TumblingEventTimeWindows.of(Duration.ofSeconds(1)))
            .process(new CountOfWindow());
    TreeMap<Long, Long> counts = new TreeMap<>();
    for (String window : collected(windows)) {
      String[] parts = window.split(" ", 2);
      counts.merge(Long.valueOf(parts[0]), Long.valueOf(parts[1]), Long::sum);
    }
    assertThat(counts).as("replay with -Dtimestore.seed=" + SEED).isEqualTo(expected);
  }

  private static List<String> collected(DataStream<String> stream) throws Exception {
    RowsSeen.atEnd = List.of("the job did not end");
    stream
        .transform("seen", Types.STRING, new RowsSeen())
        .setParallelism(1)
        .sinkTo(new DiscardingSink<>());
    stream.getExecutionEnvironment().execute();
    return RowsSeen.atEnd;
  }

  private static final class CountOfWindow
      extends ProcessWindowFunction<Long, String, Long, TimeWindow> {
    private static final long serialVersionUID = 1L;

    @Override
    public void process(
        Long key, Context context, Iterable<Long> times, Collector<String> windows) {
      long count = 0;
      for (Long unused : times) {
        count++;
      }
      windows.collect(context.window().getStart() + " " + count);
    }
  }

  private static final int SLOW_ROWS = 300;
  private static final int FAST_ROWS = 20_000;

  /** The last row of the fast store that was read. */
  private static final AtomicLong FAST = new AtomicLong();

  /** Where the fast store stood still while a row of the slow one waited for that. */
  private static final AtomicLong STANDSTILL = new AtomicLong();

  private long standstill(Duration driftMax) throws Exception {
    FAST.set(0);
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    environment.setParallelism(1);
    environment.getConfig().setAutoWatermarkInterval(1);
    WatermarkStrategy<Long> aligned =
        WatermarkStrategy.<Long>forMonotonousTimestamps()
            .withWatermarkAlignment("ticks", driftMax, Duration.ofMillis(5));
    DataStream<Long> slow =
        environment
            .fromSource(
                times(directory.resolve("slow"))
                    .rateLimiter(RateLimiterStrategy.perSecond(500))
                    .build(),
                aligned,
                "slow")
            .map(
                time -> {
                  if (time == 1000 * SLOW_ROWS / 3) {
                    STANDSTILL.set(awaitStandstill());
                  }
                  return time;
                });
    DataStream<Long> fast =
        environment
            .fromSource(
                times(directory.resolve("fast"))
                    .splitSize(MemorySize.parse("1kb"))
                    .rateLimiter(RateLimiterStrategy.perSecond(5000))
                    .build(),
                aligned,
                "fast")
            .map(
                time -> {
                  FAST.set(time);
                  return time;
                });
    slow.union(fast).sinkTo(new DiscardingSink<>());
    environment.execute();
    assertThat(FAST).hasValue(1000 * (FAST_ROWS - 1));
    return STANDSTILL.get();
  }

  private static long awaitStandstill() {
    AtomicLong last = new AtomicLong();
    Awaitility.await()
        .pollInterval(Duration.ofMillis(100))
        .during(Duration.ofSeconds(1))
        .atMost(Duration.ofMinutes(2))
        .until(() -> FAST.get() > 0 && last.getAndSet(FAST.get()) == FAST.get());
    return FAST.get();
  }

  /** A slow store that waits stops a fast one, and goes on as soon as that has stopped. */
  @Test
  void storesOfDifferentPaceAreAligned() throws Exception {
    TickStore.create(directory.resolve("slow")).append(seconds(SLOW_ROWS));
    TickStore.create(directory.resolve("fast")).append(seconds(FAST_ROWS));
    assertThat(standstill(Duration.ofDays(1)))
        .as("without alignment")
        .isEqualTo(1000 * (FAST_ROWS - 1));
    assertThat(standstill(Duration.ofSeconds(20)))
        .as("aligned")
        .isBetween(15_000L, 1000L * FAST_ROWS / 2);
  }

  private static long[] seconds(int rowCount) {
    return LongStream.range(0, rowCount).map(i -> 1000 * i).toArray();
  }
}
