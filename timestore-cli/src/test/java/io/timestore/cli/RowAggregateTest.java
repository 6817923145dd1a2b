package io.timestore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.cli.Gaps.Gap;
import io.timestore.cli.RowAggregate.WatchedRows;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Endianness;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.Progress;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is summed up while it is read, held against a list of the rows. */
class RowAggregateTest {
  @TempDir Path directory;

  private record Row(long key, Double price, long size) {}

  /** Rows in any order and of any distance: several lanes. */
  private static List<Row> randomRows(SplittableRandom random, int count) {
    List<Row> rows = new ArrayList<>();
    long key = random.nextLong(1000);
    for (int i = 0; i < count; i++) {
      key += random.nextInt(50) == 0 ? random.nextLong(5000) : random.nextLong(3);
      long late = random.nextInt(10) == 0 ? random.nextLong(2000) : 0;
      Double price =
          switch (random.nextInt(9)) {
            case 0 -> null;
            case 1 -> Double.NaN;
            default -> random.nextDouble() * 100 - 50;
          };
      rows.add(new Row(Math.max(0, key - late), price, random.nextLong(1000)));
    }
    return rows;
  }

  private Store store(List<Row> rows) throws Exception {
    Schema schema =
        Schema.create(
            Key.of("k", CellType.parse("BIGINT")),
            List.of(
                new Column("price", "price", CellType.parse("DOUBLE"), true),
                new Column("size", "size", CellType.parse("BIGINT"), false)
                    .withEndianness(Endianness.BIG)));
    Store store = Store.openOrCreate(directory.resolve("s"), schema);
    WriterOptions options = WriterOptions.defaults().withLateRows(WriterOptions.LateRows.KEEP);
    try (StoreWriter writer = store.writer(options)) {
      for (Row row : rows) {
        byte[] price =
            row.price() == null
                ? new byte[0]
                : ByteBuffer.allocate(8)
                    .putLong(Long.reverseBytes(Double.doubleToRawLongBits(row.price())))
                    .array();
        writer.append(row.key(), price, ByteBuffer.allocate(8).putLong(row.size()).array());
      }
      writer.commit();
    }
    return store;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6})
  void everyBucketHasTheRowsThatAreInIt(int seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    List<Row> rows = randomRows(random, 3000);
    Store store = store(rows);
    int bucketCountMax = 1 + random.nextInt(300);
    WatchedRows watched = new WatchedRows();
    watched.watch(0, new long[] {0, 7});
    RowAggregate aggregate =
        new RowAggregate(
            store.snapshot(), store.schema().orElseThrow().columns(), bucketCountMax, watched);

    aggregate.read(Progress.NONE);

    Buckets buckets = aggregate.buckets();
    assertThat(buckets.count()).isLessThanOrEqualTo(bucketCountMax);
    NumericColumn price = aggregate.columns().get(0);
    NumericColumn size = aggregate.columns().get(1);
    rows.sort(Comparator.comparing(Row::key));
    for (int i = 0; i < buckets.count(); i++) {
      long from = buckets.start(i);
      List<Row> inside =
          rows.stream().filter(r -> from <= r.key() && r.key() < from + buckets.width()).toList();
      int bucket = i;
      assertThat(aggregate.rowsOfLanes().mapToLong(lane -> lane[bucket]).sum())
          .isEqualTo(inside.size());
      assertThat(size.isEmpty(i)).isEqualTo(inside.isEmpty());
      double[] prices =
          inside.stream()
              .filter(row -> row.price() != null && Double.isFinite(row.price()))
              .mapToDouble(Row::price)
              .toArray();
      assertThat(price.isEmpty(i)).isEqualTo(prices.length == 0);
      if (prices.length > 0) {
        assertThat(price.min(i)).isEqualTo(Arrays.stream(prices).min().getAsDouble());
        assertThat(price.max(i)).isEqualTo(Arrays.stream(prices).max().getAsDouble());
        assertThat(price.mean(i))
            .isCloseTo(Arrays.stream(prices).average().getAsDouble(), Offset.offset(1e-9));
        assertThat(size.mean(i))
            .isCloseTo(
                inside.stream().mapToLong(Row::size).average().getAsDouble(), Offset.offset(1e-9));
      }
    }
    assertThat(price.nullCount()).isEqualTo(rows.stream().filter(r -> r.price() == null).count());
    assertThat(price.notFiniteCount())
        .isEqualTo(rows.stream().filter(r -> r.price() != null && r.price().isNaN()).count());
    assertGaps(rows, aggregate);
    assertThat(watched.key(0, 0)).isNotNull();
    assertThat(watched.key(0, 7)).isGreaterThanOrEqualTo(watched.key(0, 0));
    assertThat(watched.key(1, 0)).isNull();
  }

  private static void assertGaps(List<Row> rows, RowAggregate aggregate) {
    List<Gap> gaps = new ArrayList<>();
    long[] longest = new long[aggregate.buckets().count()];
    for (int i = 1; i < rows.size(); i++) {
      Gap gap = new Gap(rows.get(i - 1).key(), rows.get(i).key());
      gaps.add(gap);
      int bucket = aggregate.buckets().index(gap.to());
      longest[bucket] = Math.max(longest[bucket], gap.length());
    }
    for (int i = 0; i < longest.length; i++) {
      assertThat(aggregate.gaps().longest(i)).isEqualTo(longest[i]);
    }
    gaps.sort(Comparator.comparing(Gap::length).reversed());
    assertThat(aggregate.gaps().largest())
        .extracting(Gap::length)
        .isEqualTo(gaps.subList(0, 10).stream().map(Gap::length).toList());
  }

  @Test
  void bucketsReachOverTheWholeRangeOfKeys() {
    Buckets all = Buckets.of(0, -1L, 2000);
    assertThat(all.index(0)).isZero();
    assertThat(all.index(-1L)).isEqualTo(all.count() - 1);
    assertThat(all.holds(all.count() - 1, -1L)).isTrue();
    assertThat(all.holds(0, -1L)).isFalse();
    Buckets one = Buckets.of(5, 5, 2000);
    assertThat(one).isEqualTo(new Buckets(5, 1, 1));
    Buckets few = Buckets.of(10, 19, 3);
    assertThat(few).isEqualTo(new Buckets(10, 4, 3));
    assertThat(few.index(19)).isEqualTo(2);
  }
}
