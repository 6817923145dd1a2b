package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.flink.StoreJudge;
import io.timestore.flink.StoreJudge.StoredRow;
import io.timestore.flink.types.SchemaFacet;
import io.timestore.format.TimeUnit;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.flink.streaming.api.lineage.LineageDataset;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.types.DataType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Objects as rows: by functions for each column, and by their fields. */
class ElementsTest {
  private static final Map<String, DataType> TYPES =
      Map.of(
          "price", DataTypes.DECIMAL(10, 2),
          "millis", DataTypes.TIMESTAMP_LTZ(3),
          "code", DataTypes.CHAR(2));

  @TempDir Path directory;

  /** A field of each class, private ones with getter and setter. */
  public static class Everything {
    public Instant at;
    public boolean isBuy;
    public byte small;
    public short medium;
    public int whole;
    public long large;
    public float single;
    public double twice;
    public Boolean maybeBuy;
    public Byte maybeSmall;
    public Short maybeMedium;
    public Integer maybeWhole;
    public Long maybeLarge;
    public Float maybeSingle;
    public Double maybeTwice;
    public String text;
    public String code;
    public byte[] bytes;
    public BigDecimal price;
    public LocalDate day;
    public LocalTime time;
    public LocalDateTime local;
    public long millis;
    private int hidden;

    public int getHidden() {
      return hidden;
    }

    public void setHidden(int newHidden) {
      hidden = newHidden;
    }
  }

  private Path store() {
    return directory.resolve("store");
  }

  private StoredRow stored(Everything element, String... tables) throws Exception {
    TimestoreSink<Everything> sink =
        TimestoreSink.forPojo(Everything.class, "at", TYPES).path(store()).build();
    try (SinkHarness<Everything> writer = SinkHarness.start(store(), sink)) {
      writer.write(element, 0);
      writer.endInput();
    }
    List<StoredRow> rows = new StoreJudge(store()).rows(tables);
    return rows.get(rows.size() - 1);
  }

  private static byte[] littleEndian(long value, int sizeBytes) {
    byte[] bytes = new byte[16];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(value).putLong(value >> 63);
    return Arrays.copyOf(bytes, sizeBytes);
  }

  @Test
  void fieldsOfAllClassesAreStored() throws Exception {
    Everything all = new Everything();
    all.at = Instant.ofEpochSecond(3, 7);
    all.isBuy = true;
    all.small = -2;
    all.medium = -3;
    all.whole = -4;
    all.large = -5;
    all.single = 1.5f;
    all.twice = -2.5;
    all.maybeBuy = false;
    all.maybeSmall = 2;
    all.maybeMedium = 3;
    all.maybeWhole = 4;
    all.maybeLarge = 5L;
    all.maybeSingle = 2.5f;
    all.maybeTwice = 3.5;
    all.text = "é";
    all.code = "ab";
    all.bytes = new byte[] {1, 2};
    all.price = new BigDecimal("-12.5");
    all.day = LocalDate.of(1970, 1, 11);
    all.time = LocalTime.of(0, 0, 1, 5_000_000);
    all.local = LocalDateTime.of(1970, 1, 1, 0, 0, 0, 9);
    all.millis = 1234;
    all.setHidden(77);

    StoredRow row =
        stored(
            all,
            "isBuy",
            "small",
            "medium",
            "whole",
            "large",
            "single",
            "twice",
            "maybeBuy",
            "maybeSmall",
            "maybeMedium",
            "maybeWhole",
            "maybeLarge",
            "maybeSingle",
            "maybeTwice",
            "text",
            "code",
            "bytes",
            "price",
            "day",
            "time",
            "local",
            "millis",
            "hidden");

    assertThat(row.key()).isEqualTo(3_000_000_007L);
    byte[][] expected = {
      {1},
      {-2},
      littleEndian(-3, 2),
      littleEndian(-4, 4),
      littleEndian(-5, 8),
      littleEndian(Float.floatToIntBits(1.5f), 4),
      littleEndian(Double.doubleToLongBits(-2.5), 8),
      {0},
      {2},
      littleEndian(3, 2),
      littleEndian(4, 4),
      littleEndian(5, 8),
      littleEndian(Float.floatToIntBits(2.5f), 4),
      littleEndian(Double.doubleToLongBits(3.5), 8),
      {(byte) 0xC3, (byte) 0xA9},
      {'a', 'b'},
      {1, 2},
      littleEndian(-1250, 16),
      littleEndian(10, 4),
      littleEndian(1005, 4),
      littleEndian(9, 8),
      littleEndian(1234, 8),
      littleEndian(77, 4)
    };
    assertThat(row.cells().toArray(byte[][]::new)).isDeepEqualTo(expected);
  }

  @Test
  void whatIsNullIsNull() throws Exception {
    Everything nothing = new Everything();
    nothing.at = Instant.EPOCH;

    StoredRow row =
        stored(
            nothing,
            "maybeBuy",
            "maybeSmall",
            "maybeMedium",
            "maybeWhole",
            "maybeLarge",
            "maybeSingle",
            "maybeTwice",
            "text",
            "code",
            "bytes",
            "price",
            "day",
            "time",
            "local");

    assertThat(row.cells()).allMatch(cell -> cell.length == 0);
  }

  @Test
  void aKeyThatIsNullIsRefused() {
    assertThatThrownBy(() -> stored(new Everything()))
        .hasMessageContaining("key column at: found NULL, but every row needs a key");
  }

  @Test
  void nothingIsRounded() {
    Everything fine = new Everything();
    fine.at = Instant.EPOCH;
    fine.price = new BigDecimal("1.005");
    assertThatThrownBy(() -> stored(fine))
        .hasMessageContaining("field price: 1.005 does not fit DECIMAL(10, 2)");
    fine.price = new BigDecimal("123456789.00");
    assertThatThrownBy(() -> stored(fine))
        .hasMessageContaining("123456789.00 does not fit DECIMAL(10, 2)");
    fine.price = new BigDecimal("12345678.000");
    fine.time = LocalTime.of(0, 0, 0, 1);
    assertThatThrownBy(() -> stored(fine))
        .hasMessageContaining("field time: 00:00:00.000000001 has digits finer than a millisecond");
  }

  private void write(CellWriter<Long> cells, DataType type, long element) throws Exception {
    TimestoreSink<Long> sink =
        TimestoreSink.<Long>builder()
            .path(store())
            .key("ts", DataTypes.TIMESTAMP(3), value -> value)
            .keyUnit(TimeUnit.MICROS)
            .column("c", type, cells)
            .build();
    try (SinkHarness<Long> writer = SinkHarness.start(store(), sink)) {
      writer.write(element, 0);
      writer.endInput();
    }
  }

  @Test
  void aWriterThatAppendsNoCellOrTwoOrANarrowOneIsRefused() {
    String at = " (in the row with the key 1970-01-01T00:00:00.007)";
    DataType type = DataTypes.BIGINT().notNull();
    assertThatThrownBy(() -> write((value, cells) -> {}, type, 7000))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            store() + ": column c, BIGINT NOT NULL: its writer appended 0 cells, expected 1" + at);
    assertThatThrownBy(
            () ->
                write(
                    (value, cells) -> {
                      cells.appendLong(value);
                      cells.appendLong(value);
                    },
                    type,
                    7000))
        .hasMessageContaining("its writer appended 2 cells, expected 1");
    assertThatThrownBy(() -> write((value, cells) -> cells.appendInt(1), type, 7000))
        .hasMessageContaining("its writer appended a cell of 4 bytes, expected 8");
    assertThatThrownBy(() -> write((value, cells) -> cells.appendEmpty(), type, 7000))
        .hasMessageContaining("its writer appended NULL");
  }

  @Test
  void aKeyOutsideOfItsTypeIsRefused() {
    CellWriter<Long> one = (value, cells) -> cells.appendLong(1);
    assertThatThrownBy(() -> write(one, DataTypes.BIGINT(), -1))
        .hasMessageContaining("key column ts: found -1, but keys are not negative");
    assertThatThrownBy(() -> write(one, DataTypes.BIGINT(), Long.MAX_VALUE))
        .hasMessageContaining("the last TIMESTAMP(3) is 9999-12-31T23:59:59.999999999");
  }

  @Test
  void theStoreIsADatasetOfFlinksLineage() {
    TimestoreSink<Everything> sink =
        TimestoreSink.forPojo(Everything.class, "at", TYPES).path(store()).build();

    LineageDataset dataset = sink.getLineageVertex().datasets().get(0);

    assertThat(dataset.namespace()).isEqualTo("file");
    assertThat(dataset.name()).isEqualTo(store().toString());
    SchemaFacet schema = (SchemaFacet) dataset.facets().get("schema");
    assertThat(schema.name()).isEqualTo("schema");
    assertThat(schema.fields())
        .hasSize(24)
        .containsEntry("at", "TIMESTAMP_LTZ(9) NOT NULL")
        .containsEntry("price", "DECIMAL(10, 2)")
        .containsEntry("whole", "INT NOT NULL");
    assertThat(schema.fields().keySet().iterator().next()).isEqualTo("at");
  }
}
