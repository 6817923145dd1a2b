package io.timestore.flink;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.Period;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.api.TableDescriptor;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.table.runtime.typeutils.ExternalTypeInfo;
import org.apache.flink.table.types.DataType;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Values of every type, written by SQL and read by SQL, are equal to the last bit. */
class SqlTypesITCase {
  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder().setNumberSlotsPerTaskManager(2).build());

  @TempDir Path directory;

  /** Writes the rows with {@code INSERT INTO} and gives what {@code SELECT} finds. */
  private List<Row> roundTrip(
      RuntimeExecutionMode mode, DataType type, List<Row> rows, String store) throws Exception {
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    environment.setRuntimeMode(mode);
    environment.setParallelism(1);
    StreamTableEnvironment tables = StreamTableEnvironment.create(environment);
    Schema.Builder schema = Schema.newBuilder();
    List<String> names = DataType.getFieldNames(type);
    List<DataType> types = DataType.getFieldDataTypes(type);
    List<String> declarations = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      schema.column(names.get(i), types.get(i));
      declarations.add(names.get(i) + " " + types.get(i).getLogicalType().asSerializableString());
    }
    tables.createTemporaryView(
        "input",
        tables.fromDataStream(
            environment.fromData(ExternalTypeInfo.of(type), rows.toArray(Row[]::new)),
            schema.build()));
    Sql sql = new Sql(tables);
    sql.run(
        "CREATE TABLE store ("
            + String.join(", ", declarations)
            + ") WITH ('connector' = 'timestore', 'path' = '"
            + directory.resolve(store)
            + "')");
    sql.run("INSERT INTO store SELECT * FROM input");
    return sql.query("SELECT * FROM store");
  }

  @ParameterizedTest
  @EnumSource(names = {"BATCH", "STREAMING"})
  void everyScalarType(RuntimeExecutionMode mode) throws Exception {
    DataType type =
        DataTypes.ROW(
            DataTypes.FIELD("k", DataTypes.BIGINT().notNull()),
            DataTypes.FIELD("bool", DataTypes.BOOLEAN()),
            DataTypes.FIELD("i8", DataTypes.TINYINT()),
            DataTypes.FIELD("i16", DataTypes.SMALLINT()),
            DataTypes.FIELD("i32", DataTypes.INT()),
            DataTypes.FIELD("i64", DataTypes.BIGINT()),
            DataTypes.FIELD("f32", DataTypes.FLOAT()),
            DataTypes.FIELD("f64", DataTypes.DOUBLE()),
            DataTypes.FIELD("d9", DataTypes.DECIMAL(9, 4)),
            DataTypes.FIELD("d18", DataTypes.DECIMAL(18, 0)),
            DataTypes.FIELD("d38", DataTypes.DECIMAL(38, 38)),
            DataTypes.FIELD("d", DataTypes.DATE()),
            DataTypes.FIELD("t", DataTypes.TIME(3)),
            DataTypes.FIELD("t0", DataTypes.TIMESTAMP(0)),
            DataTypes.FIELD("t3", DataTypes.TIMESTAMP(3)),
            DataTypes.FIELD("t6", DataTypes.TIMESTAMP(6)),
            DataTypes.FIELD("t9", DataTypes.TIMESTAMP(9)),
            DataTypes.FIELD("l3", DataTypes.TIMESTAMP_LTZ(3)),
            DataTypes.FIELD("l9", DataTypes.TIMESTAMP_LTZ(9)),
            DataTypes.FIELD("s", DataTypes.STRING()),
            DataTypes.FIELD("c", DataTypes.CHAR(3)),
            DataTypes.FIELD("vc", DataTypes.VARCHAR(4)),
            DataTypes.FIELD("b", DataTypes.BYTES()),
            DataTypes.FIELD("b2", DataTypes.BINARY(2)),
            DataTypes.FIELD("sn", DataTypes.STRING().notNull()),
            DataTypes.FIELD("bn", DataTypes.BYTES().notNull()),
            DataTypes.FIELD("fn", DataTypes.DOUBLE().notNull()));
    byte[] ff = {(byte) 0xFF};
    byte[] ffff = {(byte) 0xFF, (byte) 0xFF};
    String max38 = "9".repeat(38);
    List<Row> rows =
        List.of(
            Row.of(
                0L,
                true,
                Byte.MIN_VALUE,
                Short.MIN_VALUE,
                Integer.MIN_VALUE,
                Long.MIN_VALUE,
                Float.NEGATIVE_INFINITY,
                Double.NaN,
                new BigDecimal("-99999.9999"),
                new BigDecimal("-999999999999999999"),
                new BigDecimal("-0." + max38),
                LocalDate.of(1, 1, 1),
                LocalTime.MIDNIGHT,
                LocalDateTime.of(1, 1, 1, 0, 0, 0),
                LocalDateTime.of(1, 1, 1, 0, 0, 0),
                LocalDateTime.of(1, 1, 1, 0, 0, 0),
                LocalDateTime.of(1677, 9, 21, 0, 12, 43, 145_224_193),
                Instant.EPOCH,
                Instant.ofEpochSecond(-1, 999_999_999),
                "",
                "abc",
                "\uD83D\uDE00äöü",
                new byte[0],
                ffff,
                "",
                new byte[0],
                -0.0),
            Row.of(
                1L,
                false,
                Byte.MAX_VALUE,
                Short.MAX_VALUE,
                Integer.MAX_VALUE,
                Long.MAX_VALUE,
                Float.MIN_VALUE,
                Double.MAX_VALUE,
                new BigDecimal("99999.9999"),
                new BigDecimal("999999999999999999"),
                new BigDecimal("0." + max38),
                LocalDate.of(9999, 12, 31),
                LocalTime.of(23, 59, 59, 999_000_000),
                LocalDateTime.of(9999, 12, 31, 23, 59, 59),
                LocalDateTime.of(9999, 12, 31, 23, 59, 59, 999_000_000),
                LocalDateTime.of(9999, 12, 31, 23, 59, 59, 999_999_000),
                LocalDateTime.of(2262, 4, 11, 23, 47, 16, 854_775_807),
                Instant.ofEpochMilli(253_402_300_799_999L),
                Instant.ofEpochSecond(1, 1),
                "long ".repeat(40_000),
                "x  ",
                "",
                ff,
                new byte[] {0, 0},
                "\u0000",
                ffff,
                Double.MIN_VALUE),
            nulls(1L, 27),
            Row.of(
                Long.MAX_VALUE,
                null,
                (byte) 0,
                null,
                0,
                null,
                Float.NaN,
                null,
                BigDecimal.ZERO.setScale(4),
                null,
                BigDecimal.ONE.movePointLeft(38),
                null,
                LocalTime.NOON,
                null,
                LocalDateTime.of(1970, 1, 1, 0, 0),
                null,
                LocalDateTime.of(1970, 1, 1, 0, 0),
                null,
                Instant.EPOCH,
                "ü",
                null,
                "a b ",
                ffff,
                null,
                "ÿ",
                ff,
                Double.NEGATIVE_INFINITY));

    assertThat(roundTrip(mode, type, rows, "types")).isEqualTo(rows);
  }

  /** A row of NULLs, but for the key and the last three columns. */
  private static Row nulls(long key, int arity) {
    Row row = new Row(arity);
    row.setField(0, key);
    row.setField(arity - 3, "");
    row.setField(arity - 2, new byte[0]);
    row.setField(arity - 1, 0.0);
    return row;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
  void timestampKeysOfEveryPrecision(int precision) throws Exception {
    int nanos = 999_999_999 - 999_999_999 % (int) Math.pow(10, 9 - precision);
    LocalDateTime last =
        precision > 6
            ? LocalDateTime.of(2554, 7, 21, 23, 34, 33, 709_551_615)
                .withNano(709_551_615 - 709_551_615 % (int) Math.pow(10, 9 - precision))
            : LocalDateTime.of(9999, 12, 31, 23, 59, 59, nanos);
    List<LocalDateTime> times =
        List.of(
            LocalDateTime.of(1970, 1, 1, 0, 0),
            LocalDateTime.of(1970, 1, 1, 0, 0, 0, nanos),
            LocalDateTime.of(2026, 2, 28, 23, 59, 59, nanos),
            LocalDateTime.of(2026, 2, 28, 23, 59, 59, nanos),
            last);
    List<Row> rows = new ArrayList<>();
    List<Row> rowsOfInstants = new ArrayList<>();
    for (int i = 0; i < times.size(); i++) {
      rows.add(Row.of(times.get(i), i));
      rowsOfInstants.add(Row.of(times.get(i).toInstant(ZoneOffset.UTC), i));
    }
    DataType value = DataTypes.INT().notNull();

    assertThat(
            roundTrip(
                RuntimeExecutionMode.STREAMING,
                DataTypes.ROW(
                    DataTypes.FIELD("k", DataTypes.TIMESTAMP(precision).notNull()),
                    DataTypes.FIELD("v", value)),
                rows,
                "local-" + precision))
        .isEqualTo(rows);
    assertThat(
            roundTrip(
                RuntimeExecutionMode.STREAMING,
                DataTypes.ROW(
                    DataTypes.FIELD("k", DataTypes.TIMESTAMP_LTZ(precision).notNull()),
                    DataTypes.FIELD("v", value)),
                rowsOfInstants,
                "instant-" + precision))
        .isEqualTo(rowsOfInstants);
  }

  @ParameterizedTest
  @EnumSource(names = {"BATCH", "STREAMING"})
  void decimalKeysHaveTheWholeRange(RuntimeExecutionMode mode) throws Exception {
    BigInteger last = BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);
    List<Row> rows =
        List.of(
            Row.of(BigDecimal.ZERO, "a"),
            Row.of(new BigDecimal(Long.MAX_VALUE), "b"),
            Row.of(new BigDecimal(BigInteger.ONE.shiftLeft(63)), "c"),
            Row.of(new BigDecimal(last), "d"));

    assertThat(
            roundTrip(
                mode,
                DataTypes.ROW(
                    DataTypes.FIELD("k", DataTypes.DECIMAL(20, 0).notNull()),
                    DataTypes.FIELD("v", DataTypes.STRING())),
                rows,
                "decimal"))
        .isEqualTo(rows);
  }

  @ParameterizedTest
  @EnumSource(names = {"BATCH", "STREAMING"})
  void rowsOfOneCheckpointAreSortedAndEqualKeysKeepTheirOrder(RuntimeExecutionMode mode)
      throws Exception {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      rows.add(Row.of((i * 7919L) % 100, i));
    }
    List<Row> expected = new ArrayList<>(rows);
    expected.sort(Comparator.comparing(row -> (Long) row.getField(0)));

    assertThat(
            roundTrip(
                mode,
                DataTypes.ROW(
                    DataTypes.FIELD("k", DataTypes.BIGINT().notNull()),
                    DataTypes.FIELD("v", DataTypes.INT())),
                rows,
                "sorted"))
        .isEqualTo(expected);
  }

  /** SQL can't declare such columns; the Table API can. */
  @Test
  void intervals() throws Exception {
    DataType type =
        DataTypes.ROW(
            DataTypes.FIELD("k", DataTypes.BIGINT().notNull()),
            DataTypes.FIELD("months", DataTypes.INTERVAL(DataTypes.YEAR(4), DataTypes.MONTH())),
            DataTypes.FIELD("millis", DataTypes.INTERVAL(DataTypes.DAY(6), DataTypes.SECOND(3))));
    List<Row> rows =
        List.of(
            Row.of(0L, Period.ofMonths(119_999), Duration.ofDays(999_999).plusMillis(86_399_999)),
            Row.of(1L, Period.ofMonths(-119_999), Duration.ofDays(-999_999)),
            Row.of(2L, null, null),
            Row.of(3L, Period.ZERO, Duration.ZERO));
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
    environment.setParallelism(1);
    StreamTableEnvironment tables = StreamTableEnvironment.create(environment);
    Schema schema = Schema.newBuilder().fromRowDataType(type).build();
    tables.createTemporaryTable(
        "store",
        TableDescriptor.forConnector("timestore")
            .schema(schema)
            .option("path", directory.resolve("intervals").toString())
            .build());
    tables.createTemporaryView(
        "input",
        tables.fromDataStream(
            environment.fromData(ExternalTypeInfo.of(type), rows.toArray(Row[]::new)), schema));
    Sql sql = new Sql(tables);
    sql.run("INSERT INTO store SELECT * FROM input");

    assertThat(sql.query("SELECT * FROM store")).isEqualTo(rows);
  }
}
