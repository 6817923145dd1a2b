package io.timestore.flink.sink;

import io.timestore.flink.StoreJudge;
import io.timestore.flink.StoreJudge.StoredRow;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.LocalZonedTimestampType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.VarCharType;

/**
 * Rows in some order of time, each to be told from all others by its id; key and text follow from
 * the id.
 *
 * @param order of the keys, as the source has them
 * @param firstId ids go from here on
 * @param rowCount how many
 * @param firstMillis no key is before
 * @param lateMillisMax how late a row may come
 * @param seed of the keys
 */
record DrawnRows(
    Order order, int firstId, int rowCount, long firstMillis, int lateMillisMax, long seed)
    implements Serializable {

  /** How far a row is from the one before it, if it comes in time. */
  static final int STEP_MILLIS = 10;

  /** How keys follow one another. */
  enum Order {
    RISING,
    EQUAL_BY_TENS,
    ALL_EQUAL,
    A_LITTLE_LATE,
    SOME_VERY_LATE,
    RANDOM,
    FALLING
  }

  static final InternalTypeInfo<RowData> TYPE =
      InternalTypeInfo.of(
          RowType.of(
              new LogicalType[] {
                new LocalZonedTimestampType(false, 3),
                new BigIntType(false),
                new VarCharType(false, VarCharType.MAX_LENGTH)
              },
              new String[] {"k", "id", "text"}));

  /** All of them, as fast as they can be written. */
  DataGeneratorSource<RowData> source() {
    return new DataGeneratorSource<>(this::row, rowCount, TYPE);
  }

  /** All of them, so many behind each checkpoint. */
  DataGeneratorSource<RowData> source(int rowsPerCheckpoint) {
    return new DataGeneratorSource<>(
        this::row, rowCount, RateLimiterStrategy.perCheckpoint(rowsPerCheckpoint), TYPE);
  }

  private RowData row(long index) {
    long id = firstId + index;
    return GenericRowData.of(
        TimestampData.fromEpochMillis(key(id)), id, StringData.fromString(text(id)));
  }

  /** Milliseconds since 1970. */
  long key(long id) {
    long index = id - firstId;
    long inTime = index * STEP_MILLIS;
    long offset =
        switch (order) {
          case RISING -> inTime;
          case EQUAL_BY_TENS -> index / 10 * STEP_MILLIS;
          case ALL_EQUAL -> 0;
          case A_LITTLE_LATE -> Math.max(0, inTime - mixed(index) % (1 + lateMillisMax));
          case SOME_VERY_LATE -> mixed(index) % 50 == 0 ? mixed(index + 1) % (1 + inTime) : inTime;
          case RANDOM -> mixed(index) % (rowCount * (long) STEP_MILLIS);
          case FALLING -> (rowCount - index) * STEP_MILLIS;
        };
    return firstMillis + offset;
  }

  /** The mixing of SplittableRandom: any number, not negative. */
  private long mixed(long index) {
    long z = seed + index * 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return (z ^ (z >>> 31)) & Long.MAX_VALUE;
  }

  private static String text(long id) {
    return "row " + id + ".".repeat((int) (id % 17));
  }

  boolean has(long id) {
    return id >= firstId && id < firstId + rowCount;
  }

  /** All ids. */
  BitSet ids() {
    BitSet ids = new BitSet();
    ids.set(firstId, firstId + rowCount);
    return ids;
  }

  /**
   * The ids of the visible rows of a store, each of which is whole and there once. What somebody
   * removes meanwhile is read again.
   */
  static BitSet read(Path store, List<DrawnRows> expected) throws IOException {
    while (Files.exists(store.resolve("length"))) {
      byte[] length = Files.readAllBytes(store.resolve("length"));
      try {
        return ids(new StoreJudge(store).rows("id", "text"), expected);
      } catch (IOException | IndexOutOfBoundsException e) {
        if (Arrays.equals(length, Files.readAllBytes(store.resolve("length")))) {
          throw e;
        }
      }
    }
    return new BitSet(); // It is being made.
  }

  /** The ids of the first so many rows of a store that nobody writes. */
  static BitSet first(Path store, int rowCount, List<DrawnRows> expected) throws IOException {
    return ids(new StoreJudge(store).rows("id", "text").subList(0, rowCount), expected);
  }

  private static BitSet ids(List<StoredRow> rows, List<DrawnRows> expected) {
    BitSet ids = new BitSet();
    for (StoredRow row : rows) {
      long id = row.int64(0);
      DrawnRows drawn =
          expected.stream()
              .filter(some -> some.has(id))
              .findFirst()
              .orElseThrow(() -> new AssertionError("nobody wrote row " + id));
      if (row.key() != drawn.key(id) || !row.text(1).equals(text(id))) {
        throw new AssertionError("row " + id + " is " + row.key() + ", " + row.text(1));
      }
      if (ids.get((int) id)) {
        throw new AssertionError("row " + id + " is there twice");
      }
      ids.set((int) id);
    }
    return ids;
  }
}
