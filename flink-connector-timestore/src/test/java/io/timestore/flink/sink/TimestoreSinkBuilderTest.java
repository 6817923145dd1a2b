package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.TimeUnit;
import io.timestore.store.Store;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.DataType;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a sink can't be built of is refused with a sentence, where it is said. */
class TimestoreSinkBuilderTest {
  private static final DataType ROW =
      DataTypes.ROW(
          DataTypes.FIELD("size", DataTypes.BIGINT()),
          DataTypes.FIELD("ts", DataTypes.TIMESTAMP(3)));

  @TempDir Path directory;

  /** A POJO with a field that needs a type. */
  public static class Priced {
    public long ts;
    public BigDecimal price;
  }

  /** A POJO with a field that can't be stored. */
  public static class Listed {
    public long ts;
    public List<String> names;
  }

  private TimestoreSinkBuilder<String> builder() {
    return TimestoreSink.<String>builder().path(directory.resolve("store"));
  }

  private TimestoreSinkBuilder<String> whole() {
    return builder().key("ts", DataTypes.TIMESTAMP_LTZ(3), String::length);
  }

  @Test
  void nullsAreRefusedWhereTheyAreGiven() {
    DataType type = DataTypes.BIGINT();
    assertThatThrownBy(() -> builder().path(null)).hasMessageStartingWith("the path is null");
    assertThatThrownBy(() -> builder().key(null, type, String::length))
        .hasMessage("the key column's name is null");
    assertThatThrownBy(() -> builder().key("k", null, String::length))
        .hasMessage("column k: the type is null");
    assertThatThrownBy(() -> builder().key("k", type, null))
        .hasMessage("column k: the extractor is null");
    assertThatThrownBy(() -> builder().column("c", type, null))
        .hasMessage("column c: the writer is null");
    assertThatThrownBy(() -> builder().ordering(null)).hasMessage("the ordering is null");
    assertThatThrownBy(() -> builder().lateRows(null)).hasMessageContaining("late rows is null");
    assertThatThrownBy(() -> builder().reorderBuffer(null)).hasMessageContaining("is null");
    assertThatThrownBy(() -> builder().bufferMemory(null)).hasMessageContaining("is null");
    assertThatThrownBy(() -> builder().directIo(null)).hasMessageContaining("is null");
    assertThatThrownBy(() -> TimestoreSink.forPojo(null, "ts")).hasMessageContaining("is null");
    assertThatThrownBy(() -> TimestoreSink.forRowData(null, "ts")).hasMessageContaining("is null");
    assertThatThrownBy(() -> TimestoreSink.forRowData(ROW, null)).hasMessageContaining("is null");
  }

  @Test
  void pathAndKeyMustBeGiven() {
    assertThatThrownBy(TimestoreSink.<String>builder()::build)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the sink needs a path: call path(...)");
    assertThatThrownBy(builder()::build).hasMessage("the sink needs a key: call key(...)");
  }

  @Test
  void sizesOfNothingAreRefused() {
    assertThatThrownBy(() -> builder().reorderBuffer(MemorySize.ZERO))
        .hasMessage("the sink's reorder buffer: 0 bytes, expected 1 or more");
    assertThatThrownBy(() -> builder().bufferMemory(MemorySize.ZERO))
        .hasMessage("the sink's buffer memory: 0 bytes, expected 1 or more");
    assertThatThrownBy(() -> builder().lanesMax(0))
        .hasMessage("the sink's most lanes: 0 lanes, expected 1 or more");
  }

  @Test
  void aTypeThatCannotBeAKeyIsRefused() {
    assertThatThrownBy(builder().key("k", DataTypes.STRING(), String::length)::build)
        .hasMessageContaining("key column k: ")
        .hasMessageContaining("can't be a key, expected TIMESTAMP(p)");
    assertThatThrownBy(whole().keyUnit(TimeUnit.SECONDS)::build)
        .hasMessageContaining("the unit 's' would lose digits of TIMESTAMP_LTZ(3)");
  }

  @Test
  void aNumberIsNoKeyForTheOrderingByWatermarks() {
    assertThatThrownBy(
            builder().key("k", DataTypes.BIGINT(), String::length).ordering(Ordering.WATERMARK)
                ::build)
        .isInstanceOf(ValidationException.class)
        .hasMessageContaining("but k, BIGINT, is no time");
  }

  @Test
  void twoColumnsOfOneNameAreRefused() {
    assertThatThrownBy(
            whole()
                    .column("c", DataTypes.INT(), (s, cells) -> cells.appendInt(1))
                    .column("c", DataTypes.INT(), (s, cells) -> cells.appendInt(2))
                ::build)
        .hasMessageContaining("c");
  }

  @Test
  void aStoreWithOtherColumnsIsRefusedWhenTheSinkIsBuilt() throws Exception {
    Store.openOrCreate(directory.resolve("store"), List.of("a"));

    assertThatThrownBy(whole()::build)
        .isInstanceOf(ValidationException.class)
        .hasMessageContaining(directory.resolve("store").toString());
  }

  @Test
  void theColumnsOfFieldsAreTheFields() {
    TimestoreSinkBuilder<RowData> fields = TimestoreSink.forRowData(ROW, "ts");

    assertThatThrownBy(() -> fields.column("c", DataTypes.INT(), (r, cells) -> cells.appendInt(1)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("leave key(...) and column(...) out");
    assertThatThrownBy(() -> TimestoreSink.forRowData(ROW, "time"))
        .hasMessage("the key field 'time' is not there, expected one of size, ts");
    assertThatThrownBy(() -> TimestoreSink.forRowData(DataTypes.INT(), "ts"))
        .hasMessage("found the type INT, expected a ROW");
  }

  @Test
  void aClassThatIsNoPojoIsRefused() {
    assertThatThrownBy(() -> TimestoreSink.forPojo(Thread.class, "name"))
        .hasMessageStartingWith("java.lang.Thread is no POJO");
  }

  @Test
  void fieldsThatCannotBeColumnsAreRefused() {
    assertThatThrownBy(() -> TimestoreSink.forPojo(Priced.class, "ts"))
        .hasMessage(
            "field price of "
                + Priced.class.getName()
                + ", BigDecimal: give its type, such as DataTypes.DECIMAL(18, 4)");
    assertThatThrownBy(() -> TimestoreSink.forPojo(Listed.class, "ts"))
        .hasMessageContaining("List: a field of this class can't be a column; leave it transient");
    assertThatThrownBy(
            () -> TimestoreSink.forPojo(Priced.class, "ts", Map.of("price", DataTypes.INT())))
        .hasMessageContaining("BigDecimal: can't be stored as INT, expected one of [DECIMAL]");
    assertThatThrownBy(
            () -> TimestoreSink.forPojo(Priced.class, "ts", Map.of("prize", DataTypes.INT())))
        .hasMessageContaining("has no field prize, expected one of price, ts");
  }

  @Test
  void aSinkCanBeSent() throws Exception {
    TimestoreSink<String> sink =
        whole().column("c", DataTypes.INT(), (s, cells) -> cells.appendInt(1)).build();

    assertThat(InstantiationUtil.<TimestoreSink<String>>clone(sink)).isNotSameAs(sink);
  }
}
