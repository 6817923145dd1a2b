package io.timestore.flink.source;

import io.timestore.disk.DirectIo;
import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Commit;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.connector.testframe.environment.MiniClusterTestEnvironment;
import org.apache.flink.connector.testframe.external.ExternalContextFactory;
import org.apache.flink.connector.testframe.external.ExternalSystemSplitDataWriter;
import org.apache.flink.connector.testframe.external.source.DataStreamSourceExternalContext;
import org.apache.flink.connector.testframe.external.source.TestingSourceSettings;
import org.apache.flink.connector.testframe.junit.annotations.TestContext;
import org.apache.flink.connector.testframe.junit.annotations.TestEnv;
import org.apache.flink.connector.testframe.junit.annotations.TestSemantics;
import org.apache.flink.connector.testframe.testsuites.SourceTestSuiteBase;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.util.FileUtils;

/**
 * Flink's own tests of sources: one and several splits, from a savepoint, scaled up and down,
 * metrics, idle readers, a TaskManager that fails. What the suite calls a split is a lane here,
 * whose rows overlap with those of all others.
 */
class TimestoreSourceSuiteITCase extends SourceTestSuiteBase<String> {
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

  /** A store that writers of the test extend. */
  static final class StoreContext implements DataStreamSourceExternalContext<String> {
    private final Path directory;
    private final Store store;

    /** The suite closes none of them. */
    private final List<StoreWriter> writers = new ArrayList<>();

    private StoreContext(Path directory) throws IOException {
      this.directory = directory;
      Key key = Key.of("k", CellType.of(CellType.Kind.BIGINT));
      Column text = new Column("text", "text", CellType.parse("VARCHAR(2147483647)"), false);
      store = Store.openOrCreate(directory.resolve("store"), Schema.create(key, List.of(text)));
    }

    @Override
    public Source<String, ?, ?> createSource(TestingSourceSettings settings) {
      TimestoreSourceBuilder<String> builder =
          TimestoreSource.<String>builder()
              .path(store.directory())
              .key("k", DataTypes.BIGINT())
              .column("text", DataTypes.STRING().notNull())
              .deserializer((key, cells) -> cells.getString(0).toString(), Types.STRING);
      return settings.getBoundedness() == Boundedness.BOUNDED
          ? builder.build()
          : builder.monitorInterval(Duration.ofMillis(10)).build();
    }

    @Override
    public ExternalSystemSplitDataWriter<String> createSourceSplitDataWriter(
        TestingSourceSettings settings) {
      try {
        StoreWriter writer =
            store.writer(
                WriterOptions.ofSink(DirectIo.OFF, 1 << 20, UUID.randomUUID(), UUID.randomUUID()));
        writers.add(writer);
        return new LaneWriter(store, writer);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public List<String> generateTestData(
        TestingSourceSettings settings, int splitIndex, long seed) {
      Random random = new Random(SEED + seed);
      return IntStream.range(0, 200 + random.nextInt(200))
          .mapToObj(
              i ->
                  "Replay with -Dtimestore.seed="
                      + SEED
                      + ": "
                      + splitIndex
                      + " "
                      + i
                      + " "
                      + random.nextLong())
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
      for (StoreWriter writer : writers) {
        writer.close();
      }
      FileUtils.deleteDirectory(directory.toFile());
    }
  }

  /** A run whose rows have the keys 0, 1, … */
  private static final class LaneWriter implements ExternalSystemSplitDataWriter<String> {
    private final Store store;
    private final StoreWriter writer;
    private long nextKey;

    LaneWriter(Store store, StoreWriter writer) {
      this.store = store;
      this.writer = writer;
    }

    @Override
    public void writeRecords(List<String> texts) {
      Batch batch = new Batch(1);
      for (String text : texts) {
        batch.column(0).appendString(text);
        batch.appendKey(nextKey++);
      }
      try {
        writer.append(batch);
        Commit commit = writer.prepare(false, Long.MIN_VALUE).orElseThrow();
        store.publisher().publish(List.of(commit), false);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() throws IOException {
      writer.close();
    }
  }
}
