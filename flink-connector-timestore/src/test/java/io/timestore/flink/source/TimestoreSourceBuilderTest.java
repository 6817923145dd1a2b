package io.timestore.flink.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.flink.types.SchemaFacet;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.DynamicFilteringInfo;
import org.apache.flink.api.connector.source.DynamicParallelismInference;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.streaming.api.lineage.LineageDataset;
import org.apache.flink.streaming.api.lineage.SourceLineageVertex;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TimestoreSourceBuilderTest {
  @TempDir private Path directory;
  private Path path;

  @BeforeEach
  void create() throws Exception {
    path = directory.resolve("ticks");
    TickStore.create(path).append(10, 20, 30);
  }

  private TimestoreSourceBuilder<Long> builder() {
    return TimestoreSource.<Long>builder()
        .path(path)
        .key("ts", DataTypes.TIMESTAMP_LTZ(3))
        .column("n", DataTypes.BIGINT().notNull())
        .deserializer((key, cells) -> cells.getLong(0), Types.LONG);
  }

  @Test
  void aSourceTravelsToTheCluster() throws Exception {
    TimestoreSource<Long> source =
        InstantiationUtil.clone(builder().startAt(ScanPosition.atRow(1)).build());
    assertThat(source.getBoundedness()).isEqualTo(Boundedness.BOUNDED);
    assertThat(source.getProducedType()).isEqualTo(Types.LONG);
  }

  @Test
  void aScanThatNeverStopsIsUnbounded() {
    TimestoreSourceBuilder<Long> following = builder().monitorInterval(Duration.ofSeconds(1));
    assertThat(following.build().getBoundedness()).isEqualTo(Boundedness.CONTINUOUS_UNBOUNDED);
    assertThat(following.stopAt(ScanPosition.atKey(100)).build().getBoundedness())
        .isEqualTo(Boundedness.BOUNDED);
    assertThatThrownBy(() -> builder().stopAt(ScanPosition.never()).build())
        .hasMessageContaining("needs an interval for looking for new rows");
  }

  @Test
  void whatIsMissingIsAskedFor() {
    assertThatThrownBy(() -> TimestoreSource.<Long>builder().build())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the source needs a path: call path(...)");
    assertThatThrownBy(() -> TimestoreSource.<Long>builder().path(path).build())
        .hasMessage("the source needs a key: call key(...)");
    assertThatThrownBy(
            () ->
                TimestoreSource.<Long>builder()
                    .path(path)
                    .key("ts", DataTypes.TIMESTAMP_LTZ(3))
                    .build())
        .hasMessage("the source needs to know its elements: call deserializer(...)");
    assertThatThrownBy(
            () ->
                TimestoreSource.forRowData(
                    DataTypes.ROW(DataTypes.FIELD("k", DataTypes.BIGINT())), "key"))
        .hasMessage("the key field 'key' is not there, expected one of k");
    assertThatThrownBy(
            () ->
                TimestoreSource.forRowData(
                        DataTypes.ROW(DataTypes.FIELD("k", DataTypes.BIGINT())), "k")
                    .column("n", DataTypes.INT()))
        .hasMessageContaining("the columns of this source are its elements' fields");
  }

  @Test
  void aStoreOfOtherColumnsIsRefused() {
    assertThatThrownBy(() -> builder().column("price", DataTypes.DOUBLE()).build())
        .isInstanceOf(ValidationException.class)
        .hasMessageContaining("column price")
        .hasMessageContaining("n");
  }

  @Test
  void aStoreThatIsNotThereIsRefusedUnlessItIsWaitedFor() {
    Path missing = directory.resolve("missing");
    assertThatThrownBy(() -> builder().path(missing).build())
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(missing.toString());
    builder().path(missing).monitorInterval(Duration.ofSeconds(1)).build();
  }

  @Test
  void rowsAreCountedInOneStoreOnly() {
    assertThatThrownBy(
            () ->
                builder()
                    .path(directory.resolve("t*").toString())
                    .startAt(ScanPosition.atRow(1))
                    .build())
        .isInstanceOf(ValidationException.class)
        .hasMessageContaining("stands for several stores");
  }

  @Test
  void theLineageIsTheStoreWithItsColumns() {
    SourceLineageVertex vertex = builder().build().getLineageVertex();
    assertThat(vertex.boundedness()).isEqualTo(Boundedness.BOUNDED);
    LineageDataset dataset = vertex.datasets().get(0);
    assertThat(dataset.namespace()).isEqualTo("file");
    assertThat(dataset.name()).isEqualTo(path.toString());
    SchemaFacet schema = (SchemaFacet) dataset.facets().get("schema");
    assertThat(schema.fields())
        .isEqualTo(Map.of("ts", "TIMESTAMP_LTZ(3) NOT NULL", "n", "BIGINT NOT NULL"));
  }

  @Test
  void readersAreInferredFromTheBytesOfTheRowsThatAreRead() {
    TimestoreSource<Long> source = builder().splitSize(new MemorySize(1)).build();
    assertThat(source.inferParallelism(context(100, 24))).isEqualTo(3);
    assertThat(source.inferParallelism(context(100, 48))).isEqualTo(2);
    assertThat(source.inferParallelism(context(2, 1))).isEqualTo(2);
    assertThat(source.inferParallelism(context(100, 1))).as("a split each").isEqualTo(3);
    TimestoreSource<Long> nothing = builder().startAt(ScanPosition.latest()).build();
    assertThat(nothing.inferParallelism(context(100, 1))).isEqualTo(1);
  }

  private static DynamicParallelismInference.Context context(int parallelismMax, long bytes) {
    return new DynamicParallelismInference.Context() {
      @Override
      public Optional<DynamicFilteringInfo> getDynamicFilteringInfo() {
        return Optional.empty();
      }

      @Override
      public int getParallelismInferenceUpperBound() {
        return parallelismMax;
      }

      @Override
      public long getDataVolumePerTask() {
        return bytes;
      }
    };
  }

  /** Any fields: primitives, boxes, and what is neither. */
  public record Everything(
      long at,
      boolean flag,
      Byte tiny,
      short small,
      Integer number,
      float real,
      Double price,
      String text,
      java.math.BigDecimal amount,
      java.time.LocalDate date,
      java.time.LocalTime time,
      java.time.LocalDateTime local,
      java.time.Instant instant) {}

  @Test
  void aPojosFieldsAreNamedInTheLineage() throws Exception {
    TimestoreSource<Everything> source =
        TimestoreSource.forPojo(Everything.class, "at", Map.of("amount", DataTypes.DECIMAL(10, 2)))
            .path(directory.resolve("later"))
            .monitorInterval(Duration.ofSeconds(1))
            .build();
    LineageDataset dataset = source.getLineageVertex().datasets().get(0);
    assertThat(((SchemaFacet) dataset.facets().get("schema")).fields())
        .containsEntry("at", "BIGINT NOT NULL")
        .containsEntry("tiny", "TINYINT")
        .containsEntry("amount", "DECIMAL(10, 2)")
        .hasSize(13);
    assertThat(List.of(InstantiationUtil.clone(source).getBoundedness()))
        .containsExactly(Boundedness.CONTINUOUS_UNBOUNDED);
  }
}
