package io.timestore.flink.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.testutils.source.reader.TestingReaderContext;
import org.apache.flink.connector.testutils.source.reader.TestingReaderOutput;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.runtime.metrics.groups.InternalSourceReaderMetricGroup;
import org.apache.flink.runtime.metrics.groups.UnregisteredMetricGroups;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchReaderTest {
  private static final int ROWS = 13;

  @TempDir private Path directory;
  private BigRows store;

  @BeforeEach
  void writeLanesThatOverlap() throws IOException {
    store = BigRows.inOverlappingLanes(directory.resolve("store"));
  }

  @Test
  void resumesBehindEveryBatchWithTheRemainingRows() throws Exception {
    List<List<String>> all = new ArrayList<>();
    TimestoreSplit end = read(store.wholeSplit(), Integer.MAX_VALUE, all);
    assertThat(rows(all)).isEqualTo(BigRows.texts(0, ROWS));
    assertThat(all).hasSizeGreaterThan(3);
    assertThat(all).anySatisfy(batch -> assertThat(batch).hasSizeGreaterThan(1));
    assertThat(end).isNull();

    for (int count = 0; count < all.size(); count++) {
      List<List<String>> first = new ArrayList<>();
      TimestoreSplit position = read(store.wholeSplit(), count, first);
      assertThat(position.rowsLeft()).isEqualTo(ROWS - rows(first).size());
      List<List<String>> rest = new ArrayList<>();
      read(position, Integer.MAX_VALUE, rest);
      assertThat(rows(rest)).isEqualTo(BigRows.texts(rows(first).size(), ROWS));
    }
  }

  @Test
  void whatADeserializerKeepsIsNoticed() {
    assertThatThrownBy(
            () ->
                read(
                    root -> {
                      root.getVector("n").getDataBuffer().getReferenceManager().retain();
                      return List.of("kept");
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("leak");
  }

  @Test
  void aDeserializerThatGivesNullIsToldWhere() {
    assertThatThrownBy(() -> read(root -> null))
        .hasMessage(
            "the deserializer gave null for the batch that begins at %s, row 0",
            store.store().directory());
  }

  private void read(ArrowDeserializer<List<String>> deserializer) throws Exception {
    read(store.wholeSplit(), Integer.MAX_VALUE, new ArrayList<>(), deserializer);
  }

  private @Nullable TimestoreSplit read(TimestoreSplit split, int count, List<List<String>> batches)
      throws Exception {
    return read(split, count, batches, BatchReaderTest::texts);
  }

  /** Reads so many batches, if there are as many; where the reader is then, null at the end. */
  private @Nullable TimestoreSplit read(
      TimestoreSplit split,
      int count,
      List<List<String>> batches,
      ArrowDeserializer<List<String>> deserializer)
      throws Exception {
    TestingReaderContext context =
        new TestingReaderContext(
            new Configuration(),
            InternalSourceReaderMetricGroup.wrap(
                UnregisteredMetricGroups.createUnregisteredOperatorMetricGroup()));
    ReaderSetup<List<String>> setup =
        new ReaderSetup<>(
            new StoreAccess(store.layout(), new int[] {0, 2}, true),
            ScanSettings.DEFAULT,
            (layout, fields) -> new BatchReader<>(layout, fields, deserializer),
            null);
    TestingReaderOutput<List<String>> output = new TestingReaderOutput<>();
    try (TimestoreReader<List<String>> reader = new TimestoreReader<>(context, setup)) {
      reader.addSplits(List.of(split));
      reader.start();
      reader.notifyNoMoreSplits();
      while (output.getEmittedRecords().size() < count
          && reader.pollNext(output) != InputStatus.END_OF_INPUT) {
        reader.isAvailable().get(20, TimeUnit.SECONDS);
      }
      batches.addAll(output.getEmittedRecords());
      List<TimestoreSplit> state = reader.snapshotState(1);
      return state.isEmpty() ? null : state.get(0);
    }
  }

  private static List<String> rows(List<List<String>> batches) {
    return batches.stream().flatMap(List::stream).toList();
  }

  /** As {@link BigRows#texts} spells them. */
  private static List<String> texts(VectorSchemaRoot root) {
    BigIntVector keys = (BigIntVector) root.getVector(0);
    IntVector numbers = (IntVector) root.getVector(1);
    VarBinaryVector blobs = (VarBinaryVector) root.getVector(2);
    List<String> texts = new ArrayList<>();
    for (int row = 0; row < root.getRowCount(); row++) {
      byte[] blob = blobs.get(row);
      String number = numbers.isNull(row) ? "NULL" : Integer.toString(numbers.get(row));
      texts.add(keys.get(row) + " " + number + " " + blob.length + " of " + blob[0]);
    }
    return texts;
  }
}
