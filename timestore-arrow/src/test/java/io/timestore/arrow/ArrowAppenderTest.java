package io.timestore.arrow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.CellType;
import io.timestore.format.CellType.Kind;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.KeyRange;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import io.timestore.store.WriterOptions.LateRows;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.DateMilliVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.LargeVarCharVector;
import org.apache.arrow.vector.TimeMicroVector;
import org.apache.arrow.vector.TimeStampMicroTZVector;
import org.apache.arrow.vector.TimeStampNanoVector;
import org.apache.arrow.vector.TimeStampSecVector;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class ArrowAppenderTest {
  private static final WriterOptions KEEPING = WriterOptions.defaults().withLateRows(LateRows.KEEP);

  @RegisterExtension final Allocation allocation = new Allocation();
  @TempDir Path directory;

  private Store store(Key key, Column... columns) throws IOException {
    return Store.openOrCreate(directory.resolve("s"), Schema.create(key, List.of(columns)));
  }

  private static Key number() {
    return Key.of("k", CellType.of(Kind.BIGINT));
  }

  private static Column column(CellType type, boolean nullable) {
    return new Column("c", "c", type, nullable);
  }

  /** Appends one batch of these vectors, and commits it. */
  private static void append(Store store, FieldVector... vectors) throws IOException {
    int rowCount = vectors[0].getValueCount();
    try (VectorSchemaRoot root =
            new VectorSchemaRoot(
                List.of(vectors).stream().map(FieldVector::getField).toList(),
                List.of(vectors),
                rowCount);
        StoreWriter writer = store.writer(KEEPING)) {
      new ArrowAppender(store, writer).append(root);
      writer.commit();
    }
  }

  private BigIntVector keys(long... keys) {
    BigIntVector vector = new BigIntVector("k", allocation.allocator());
    vector.allocateNew(keys.length);
    for (int i = 0; i < keys.length; i++) {
      vector.set(i, keys[i]);
    }
    vector.setValueCount(keys.length);
    return vector;
  }

  @Test
  void whatAScanReadsMakesTheSameStoreAgain() throws IOException {
    Schema schema = RandomStore.ofAllTypes();
    Store from = Store.openOrCreate(directory.resolve("from"), schema);
    RandomStore rows = new RandomStore(new Random(3), schema);
    try (StoreWriter writer = from.writer(KEEPING)) {
      for (int i = 0; i < 3; i++) {
        writer.append(rows.rows(new Random(i).longs(500, 0, 1000).toArray()));
      }
      writer.commit();
    }
    Store to =
        Store.openOrCreate(directory.resolve("to"), Schema.create(schema.key(), schema.columns()));
    try (ArrowScan scan = ArrowScan.of(from, KeyRange.all(), allocation.allocator());
        StoreWriter writer = to.writer(WriterOptions.defaults())) {
      ArrowAppender appender = new ArrowAppender(to, writer);
      while (scan.loadNextBatch()) {
        appender.append(scan.getVectorSchemaRoot());
      }
      assertThat(writer.commit()).isEqualTo(1500);
    }
    assertThat(Texts.ofCells(to, to.snapshot().ranges()))
        .isEqualTo(Texts.ofCells(from, from.snapshot().ranges()));
  }

  @Test
  void rowsInNoOrderAreSortedAndThoseOfEqualKeysStayInTheirs() throws IOException {
    Store store = store(number(), column(CellType.of(Kind.INT), false));
    Random random = new Random(5);
    int count = 1777;
    BigIntVector keys = keys(random.longs(count, 0, 50).toArray());
    IntVector values = new IntVector("c", allocation.allocator());
    values.allocateNew(count);
    for (int i = 0; i < count; i++) {
      values.set(i, i);
    }
    values.setValueCount(count);
    append(store, keys, values);
    assertThat(store.snapshot().record().lanes()).hasSize(1);
    List<String> rows = Texts.ofVectors(store, allocation.allocator());
    assertThat(rows).hasSize(count);
    int[] previous = {-1, -1};
    for (String row : rows) {
      int key = Integer.parseInt(row.substring(0, row.indexOf('|')));
      int value = Integer.parseInt(row.substring(row.indexOf('|') + 1));
      assertThat(key > previous[0] || (key == previous[0] && value > previous[1])).isTrue();
      previous = new int[] {key, value};
    }
  }

  @Test
  void olderBatchesGoToAnotherLane() throws IOException {
    Store store = store(number());
    append(store, keys(10, 20));
    append(store, keys(5, 15));
    assertThat(Texts.ofVectors(store, allocation.allocator()))
        .containsExactly("5", "10", "15", "20");
    assertThat(store.snapshot().record().lanes()).hasSize(2);
  }

  @Test
  void aNullInANotNullColumnIsRefusedAndNothingOfTheBatchIsKept() throws IOException {
    Store store = store(number(), column(CellType.of(Kind.INT), false));
    IntVector values = new IntVector("c", allocation.allocator());
    values.setSafe(0, 1);
    values.setNull(1);
    values.setValueCount(2);
    assertThatThrownBy(() -> append(store, keys(1, 2), values))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("column c, INT NOT NULL: NULL at row 1 of the batch");
    assertThat(store.snapshot().rowCount()).isZero();
  }

  @Test
  void keysThatAreNoneAreRefused() throws IOException {
    Store store = store(number());
    assertThatThrownBy(() -> append(store, keys(1, -1)))
        .hasMessage(
            "key column k, BIGINT: -1 at row 1 of the batch, expected 0 to 9223372036854775807");
    BigIntVector withNull = keys(1, 2);
    withNull.setNull(0);
    assertThatThrownBy(() -> append(store, withNull))
        .hasMessage("key column k, BIGINT: NULL at row 0 of the batch");
    UInt8Vector large = new UInt8Vector("k", allocation.allocator());
    large.setSafe(0, -2);
    large.setValueCount(1);
    assertThatThrownBy(() -> append(store, large)).hasMessageContaining("18446744073709551614");
  }

  @Test
  void theWholeRangeOfKeysIsTaken() throws IOException {
    Store store = store(Key.of("k", Key.WHOLE_RANGE));
    UInt8Vector keys = new UInt8Vector("k", allocation.allocator());
    keys.setSafe(0, -2);
    keys.setSafe(1, 7);
    keys.setValueCount(2);
    append(store, keys);
    assertThat(Texts.ofVectors(store, allocation.allocator()))
        .containsExactly("7", "18446744073709551614");
  }

  @Test
  void namesMustBeThoseOfTheStore() throws IOException {
    Store store = store(number(), column(CellType.of(Kind.INT), true));
    assertThatThrownBy(() -> append(store, keys(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith("has the columns [k, c], the batch has [k]");
    LargeVarCharVector other = new LargeVarCharVector("d", allocation.allocator());
    other.setValueCount(1);
    assertThatThrownBy(() -> append(store, keys(1), other)).hasMessageEndingWith("[k, d]");
  }

  @Test
  void typesThatFitNoColumnAreRefused() throws IOException {
    Store store = store(number(), column(CellType.of(Kind.INT), true));
    VarCharVector text = new VarCharVector("c", allocation.allocator());
    text.setValueCount(1);
    assertThatThrownBy(() -> append(store, keys(1), text))
        .hasMessage("column c, INT: can't be made of Arrow's Utf8");
  }

  @Test
  void timesOfOtherUnitsAreTakenWhereNoDigitIsLost() throws IOException {
    Store store =
        store(
            Key.of("k", CellType.of(Kind.TIMESTAMP, 3)),
            column(CellType.of(Kind.TIMESTAMP_LTZ, 3), true));
    TimeStampSecVector keys = new TimeStampSecVector("k", allocation.allocator());
    keys.setSafe(0, 7);
    keys.setValueCount(1);
    TimeStampMicroTZVector values =
        new TimeStampMicroTZVector("c", allocation.allocator(), "Europe/Berlin");
    values.setSafe(0, -5_000);
    values.setValueCount(1);
    append(store, keys, values);
    assertThat(Texts.ofVectors(store, allocation.allocator())).containsExactly("7000|-5");

    TimeStampNanoVector fine = new TimeStampNanoVector("k", allocation.allocator());
    fine.setSafe(0, 7_000_001);
    fine.setValueCount(1);
    TimeStampMicroTZVector none = new TimeStampMicroTZVector("c", allocation.allocator(), "UTC");
    none.setValueCount(1);
    assertThatThrownBy(() -> append(store, fine, none))
        .hasMessage(
            "key column k, TIMESTAMP(3): 7000001 ns at row 0 of the batch has digits finer than"
                + " its unit, 'ms'");
    TimeStampSecVector far = new TimeStampSecVector("k", allocation.allocator());
    far.setSafe(0, Long.MAX_VALUE / 999);
    far.setValueCount(1);
    TimeStampMicroTZVector alsoNone =
        new TimeStampMicroTZVector("c", allocation.allocator(), "UTC");
    alsoNone.setValueCount(1);
    assertThatThrownBy(() -> append(store, far, alsoNone)).hasMessageContaining("64 bits");
    TimeStampSecVector again = new TimeStampSecVector("k", allocation.allocator());
    again.setSafe(0, 1);
    again.setValueCount(1);
    TimeStampSecVector local = new TimeStampSecVector("c", allocation.allocator());
    local.setValueCount(1);
    assertThatThrownBy(() -> append(store, again, local))
        .hasMessageContaining("expected one with a time zone");
  }

  @Test
  void valuesThatTheTypeDoesNotHoldAreRefused() throws IOException {
    Store decimals = store(number(), column(CellType.decimal(4, 2), true));
    DecimalVector exact = new DecimalVector("c", allocation.allocator(), 10, 3);
    exact.setSafe(0, new BigDecimal("12.340"));
    exact.setValueCount(1);
    append(decimals, keys(1), exact);
    assertThat(Texts.ofVectors(decimals, allocation.allocator())).containsExactly("1|12.34");
    for (String tooMuch : List.of("12.345", "123.400")) {
      DecimalVector refused = new DecimalVector("c", allocation.allocator(), 10, 3);
      refused.setSafe(0, new BigDecimal(tooMuch));
      refused.setValueCount(1);
      assertThatThrownBy(() -> append(decimals, keys(1), refused))
          .hasMessage("column c, DECIMAL(4, 2): " + tooMuch + " at row 0 of the batch");
    }
  }

  private void checkRefused(String name, CellType type, FieldVector vector, String fault)
      throws IOException {
    Store store =
        Store.openOrCreate(
            directory.resolve(name), Schema.create(number(), List.of(column(type, true))));
    vector.setValueCount(1);
    assertThatThrownBy(() -> append(store, keys(1), vector))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(fault);
    assertThat(store.snapshot().rowCount()).isZero();
  }

  @Test
  void textsAndNumbersThatAreTooLargeOrBrokenAreRefused() throws IOException {
    LargeVarCharVector tooLong = new LargeVarCharVector("c", allocation.allocator());
    tooLong.setSafe(0, "€uro!".getBytes(StandardCharsets.UTF_8));
    checkRefused("a", CellType.of(Kind.VARCHAR, 4), tooLong, "5 characters at row 0");
    VarCharVector broken = new VarCharVector("c", allocation.allocator());
    broken.setSafe(0, new byte[] {'a', (byte) 0xC3});
    checkRefused("b", CellType.string(), broken, "bytes that are no UTF-8 at row 0");
    IntVector large = new IntVector("c", allocation.allocator());
    large.setSafe(0, 128);
    checkRefused("c", CellType.of(Kind.TINYINT), large, "TINYINT: 128 at row 0");
    DateMilliVector noDay = new DateMilliVector("c", allocation.allocator());
    noDay.setSafe(0, 86_400_001);
    checkRefused("d", CellType.of(Kind.DATE), noDay, "86400001 ms, which are no days");
    TimeMicroVector late = new TimeMicroVector("c", allocation.allocator());
    late.setSafe(0, 86_400_000_000L);
    checkRefused("e", CellType.of(Kind.TIME, 3), late, "86400000 ms since midnight");
  }

  @Test
  void emptyTextsAreNotNull() throws IOException {
    Store store = store(number(), column(CellType.string(), true));
    VarCharVector texts = new VarCharVector("c", allocation.allocator());
    texts.setSafe(0, new byte[0]);
    texts.setNull(1);
    texts.setSafe(2, "x".getBytes(StandardCharsets.UTF_8));
    texts.setValueCount(3);
    append(store, keys(1, 2, 3), texts);
    assertThat(Texts.ofVectors(store, allocation.allocator()))
        .containsExactly("1|", "2|NULL", "3|x");
  }
}
