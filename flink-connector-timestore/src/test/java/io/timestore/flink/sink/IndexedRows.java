package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.timestore.flink.StoreJudge;
import io.timestore.flink.StoreJudge.StoredRow;
import io.timestore.flink.types.TableLayout;
import io.timestore.format.Schema;
import io.timestore.store.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.VarCharType;
import org.apache.flink.table.types.utils.TypeConversions;

/** Rows that can be told from their index: three each of a key, as a source, in a store. */
final class IndexedRows {
  static final InternalTypeInfo<RowData> TYPE =
      InternalTypeInfo.of(
          RowType.of(
              new LogicalType[] {
                new BigIntType(false),
                new BigIntType(false),
                new VarCharType(false, VarCharType.MAX_LENGTH)
              },
              new String[] {"k", "index", "text"}));

  private IndexedRows() {}

  static DataGeneratorSource<RowData> source(long rowCount, int rowsPerCheckpoint) {
    return source(0, rowCount, rowsPerCheckpoint);
  }

  /** Those from one index on. */
  static DataGeneratorSource<RowData> source(long first, long rowCount, int rowsPerCheckpoint) {
    return new DataGeneratorSource<>(
        index -> row(first + index),
        rowCount,
        RateLimiterStrategy.perCheckpoint(rowsPerCheckpoint),
        TYPE);
  }

  /** Those from one index on, that many a second. */
  static DataGeneratorSource<RowData> steadySource(long first, long rowCount, int rowsPerSecond) {
    return new DataGeneratorSource<>(
        index -> row(first + index), rowCount, RateLimiterStrategy.perSecond(rowsPerSecond), TYPE);
  }

  static TimestoreSink<RowData> sink(Path store) {
    return builder(store).build();
  }

  static TimestoreSinkBuilder<RowData> builder(Path store) {
    return TimestoreSink.forRowData(TypeConversions.fromLogicalToDataType(TYPE.toRowType()), "k")
        .path(store)
        .reorderBuffer(MemorySize.ofMebiBytes(1))
        .bufferMemory(MemorySize.ofMebiBytes(4));
  }

  /** One whose rows take the place of those in the store, as INSERT OVERWRITE makes it. */
  static TimestoreSink<RowData> overwritingSink(Path store) throws IOException {
    Schema schema = Store.open(store).schema().orElseThrow();
    TableLayout layout =
        new TableLayout(
            store.toString(), schema.storeId(), "here", schema.key(), 0, schema.columns());
    return TimestoreSink.ofTable(layout, SinkSettings.DEFAULT.overwriting());
  }

  /** Each row is there once, in order, and whole. */
  static void assertExactlyOnce(Path store, int rowCount, String run) throws IOException {
    assertAre(new StoreJudge(store).rows("index", "text"), rowCount, run);
  }

  /** Each row is there once and whole; rows of one key in any order, as parallel writers do it. */
  static void assertEachOnce(Path store, int rowCount, String run) throws IOException {
    List<StoredRow> rows = new StoreJudge(store).rows("index", "text");
    rows.sort(Comparator.comparingLong(row -> row.int64(0)));
    assertAre(rows, rowCount, run);
  }

  /** These are the first rows, and no others. */
  static void assertAre(List<StoredRow> rows, int rowCount, String run) {
    assertAreFrom(0, rows, rowCount, run);
  }

  /** These are the rows from that one on, and no others. */
  static void assertAreFrom(long first, List<StoredRow> rows, int rowCount, String run) {
    assertThat(rows).as(run).hasSize(rowCount);
    for (int i = 0; i < rowCount; i++) {
      StoredRow row = rows.get(i);
      long index = first + i;
      if (row.int64(0) != index || row.key() != key(index) || !row.text(1).equals(text(index))) {
        fail("row %s is %s, %s, %s, %s", index, row.key(), row.int64(0), row.text(1), run);
      }
    }
  }

  static RowData row(long index) {
    return GenericRowData.of(key(index), index, StringData.fromString(text(index)));
  }

  private static long key(long index) {
    return index / 3 * 10;
  }

  private static String text(long index) {
    return "row " + index;
  }
}
