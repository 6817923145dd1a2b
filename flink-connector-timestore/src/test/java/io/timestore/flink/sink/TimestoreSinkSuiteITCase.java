package io.timestore.flink.sink;

import io.timestore.flink.StoreJudge;
import io.timestore.store.Store;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.connector.testframe.environment.MiniClusterTestEnvironment;
import org.apache.flink.connector.testframe.external.ExternalContextFactory;
import org.apache.flink.connector.testframe.external.ExternalSystemDataReader;
import org.apache.flink.connector.testframe.external.sink.DataStreamSinkV2ExternalContext;
import org.apache.flink.connector.testframe.external.sink.TestingSinkSettings;
import org.apache.flink.connector.testframe.junit.annotations.TestContext;
import org.apache.flink.connector.testframe.junit.annotations.TestEnv;
import org.apache.flink.connector.testframe.junit.annotations.TestSemantics;
import org.apache.flink.connector.testframe.testsuites.SinkTestSuiteBase;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.operators.collect.CollectResultIterator;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.util.FileUtils;

/** Flink's own tests of sinks: basic, from a savepoint, scaled up and down, metrics. */
class TimestoreSinkSuiteITCase extends SinkTestSuiteBase<String> {
  private static final long SEED = Long.getLong("timestore.seed", System.nanoTime());

  @TestEnv MiniClusterTestEnvironment flink = new MiniClusterTestEnvironment();

  @TestSemantics CheckpointingMode[] semantics = {CheckpointingMode.EXACTLY_ONCE};

  @TestContext
  ExternalContextFactory<StoreContext> contexts =
      name -> {
        try {
          return new StoreContext(Files.createTempDirectory("store"));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      };

  /**
   * Turns checkpoints on where the suite leaves them off: it stops a job with a savepoint, before
   * which no checkpoint may come, and the sink refuses jobs that would never commit.
   */
  @Override
  protected CollectResultIterator<String> addCollectSink(DataStream<String> stream) {
    CollectResultIterator<String> collected = super.addCollectSink(stream);
    StreamExecutionEnvironment environment = stream.getExecutionEnvironment();
    if (!environment.getCheckpointConfig().isCheckpointingEnabled()) {
      long never = Duration.ofDays(20).toMillis();
      environment.enableCheckpointing(never);
      environment.getCheckpointConfig().setMinPauseBetweenCheckpoints(never); // the first one, too
    }
    return collected;
  }

  /** A store that a test writes to; read by the judge. */
  static final class StoreContext implements DataStreamSinkV2ExternalContext<String> {
    private final Path directory;

    private StoreContext(Path directory) {
      this.directory = directory;
    }

    private Path store() {
      return directory.resolve("store");
    }

    @Override
    public Sink<String> createSink(TestingSinkSettings settings) {
      return TimestoreSink.<String>builder()
          .path(store())
          .key("k", DataTypes.BIGINT(), text -> Integer.toUnsignedLong(text.hashCode()))
          .column("text", DataTypes.STRING().notNull(), (text, cells) -> cells.appendString(text))
          .build();
    }

    @Override
    public ExternalSystemDataReader<String> createSinkDataReader(TestingSinkSettings settings) {
      return new ExternalSystemDataReader<>() {
        private final List<String> seen = new ArrayList<>();

        /** The rows that came since the last time. */
        @Override
        public List<String> poll(Duration timeout) {
          try {
            if (!Store.exists(store())) {
              return List.of();
            }
            List<String> rows = new ArrayList<>();
            new StoreJudge(store()).rows("text").forEach(row -> rows.add(row.text(0)));
            seen.forEach(rows::remove);
            seen.addAll(rows);
            return rows;
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }

        @Override
        public void close() {}
      };
    }

    @Override
    public List<String> generateTestData(TestingSinkSettings settings, long seed) {
      Random random = new Random(SEED + seed);
      return IntStream.range(0, 500)
          .mapToObj(
              i -> "Replay with -Dtimestore.seed=" + SEED + ": " + i + " " + random.nextLong())
          .toList();
    }

    @Override
    public TypeInformation<String> getProducedType() {
      return Types.STRING;
    }

    @Override
    public List<URL> getConnectorJarPaths() {
      return List.of();
    }

    @Override
    public void close() throws IOException {
      FileUtils.deleteDirectory(directory.toFile());
    }
  }
}
