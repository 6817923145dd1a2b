package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.DirectIo;
import io.timestore.disk.Disk;
import io.timestore.disk.LocalDisk;
import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.CellType.Kind;
import io.timestore.format.Column;
import io.timestore.format.ColumnData;
import io.timestore.format.Commit;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.format.TimeUnit;
import io.timestore.store.Publisher.Restored;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongFunction;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * How each store under {@code golden-own/v1} was written. The clock and the ids are fixed and the
 * blocks are 4096 bytes, so that the same calls make the same bytes.
 */
enum GoldenStore {
  EMPTY,
  TYPES,
  NULLS,
  KEYS_UNSIGNED,
  BIG_VALUES,
  MANY_ROWS,
  MANY_COMMITS,
  LANES,
  LANES_OVERLAPPING,
  LINEAGE,
  TRUNCATED,
  OVERWRITTEN,
  COMPACTED,
  COLUMNS_ADDED,
  CRASH,
  CRASH_CREATING,
  REFERENCE_THEN_OURS,
  OURS_THEN_REFERENCE;

  static final Path V1 = Path.of("src/test/resources/golden-own/v1");

  private static final long FIRST_MILLIS = Instant.parse("2013-11-25T00:00:00Z").toEpochMilli();
  private static final long CHUNK_BYTES = 524_288;

  /** The name of its directory. */
  String directoryName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Writes the store and its rows into a directory that has neither. */
  void write(Path directory) throws IOException {
    Path store = directory.resolve(directoryName());
    Path rows = directory.resolve(directoryName() + ".rows");
    if (Files.exists(store) || Files.exists(rows)) {
      throw new IOException(store + " or " + rows + " exists: golden stores are not written over");
    }
    List<String> lines = write(new Place(store));
    Files.writeString(rows, String.join("", lines.stream().map(line -> line + "\n").toList()));
    try (Stream<Path> files = Files.walk(store)) {
      for (Path file : files.filter(GoldenStore::namesThisProcess).toList()) {
        Files.delete(file);
      }
    }
  }

  /** Writes a store, and gives its rows as they must be read. */
  private List<String> write(Place place) throws IOException {
    return switch (this) {
      case EMPTY -> writeEmpty(place);
      case TYPES -> writeTypes(place);
      case NULLS -> writeNulls(place);
      case KEYS_UNSIGNED -> writeKeysUnsigned(place);
      case BIG_VALUES -> writeBigValues(place);
      case MANY_ROWS -> writeManyRows(place);
      case MANY_COMMITS -> writeManyCommits(place);
      case LANES -> writeLanes(place);
      case LANES_OVERLAPPING -> writeLanesOverlapping(place);
      case LINEAGE -> writeLineage(place);
      case TRUNCATED -> writeTruncated(place);
      case OVERWRITTEN -> writeOverwritten(place);
      case COMPACTED -> writeCompacted(place);
      case COLUMNS_ADDED -> writeColumnsAdded(place);
      case CRASH -> writeCrash(place);
      case CRASH_CREATING -> writeCrashCreating(place);
      case REFERENCE_THEN_OURS -> writeReferenceThenOurs(place);
      case OURS_THEN_REFERENCE -> writeOursThenReference(place);
    };
  }

  /** Locks, and the files that say who took them: with a host and a process id in them. */
  private static boolean namesThisProcess(Path file) {
    String name = file.getFileName().toString();
    return name.endsWith(".lock") || name.endsWith(".holder");
  }

  /** Where a store is written, at a time that stands still until it is set. */
  private static final class Place {
    private final Path path;
    private long nowMillis = FIRST_MILLIS;

    Place(Path path) {
      this.path = path;
    }

    void passSeconds(long seconds) {
      nowMillis += seconds * 1000;
    }

    /** The same id each time, so that it doesn't matter how often the engine asks. */
    private Entropy entropy(int run) {
      return new Entropy(() -> Instant.ofEpochMilli(nowMillis), () -> id("run", run));
    }

    Store create(Key key, Column... columns) throws IOException {
      return create(new LocalDisk(), key, columns);
    }

    Store create(Disk disk, Key key, Column... columns) throws IOException {
      return create(disk, schema(key, Map.of(), List.of(columns)));
    }

    Schema schema(Key key, Map<String, Object> flink, List<Column> columns) {
      byte[] name = path.getFileName().toString().getBytes(StandardCharsets.UTF_8);
      return new Schema(UUID.nameUUIDFromBytes(name), key, columns, flink);
    }

    Store create(Disk disk, Schema schema) throws IOException {
      return Store.openOrCreate(disk, entropy(0), path, schema);
    }

    /** The store as a process sees it whose writer is the run of this number. */
    Store open(Disk disk, int run) throws IOException {
      return Store.open(disk, entropy(run), path);
    }

    /** A run that publishes its own commits. */
    StoreWriter direct(Disk disk, int run) throws IOException {
      return open(disk, run).writer(WriterOptions.defaults().withDirectIo(DirectIo.OFF));
    }

    StoreWriter direct(int run) throws IOException {
      return direct(new LocalDisk(), run);
    }

    /** One attempt of a sink. */
    StoreWriter sink(int run, UUID lineage, UUID submission) throws IOException {
      return open(new LocalDisk(), run)
          .writer(WriterOptions.ofSink(DirectIo.OFF, 1 << 20, lineage, submission));
    }

    void publish(Commit... commits) throws IOException {
      passSeconds(1);
      try (Publisher publisher = open(new LocalDisk(), 0).publisher()) {
        publisher.publish(List.of(commits), false);
      }
    }

    void truncate(long rowCount) throws IOException {
      try (Publisher publisher = open(new LocalDisk(), 0).publisher()) {
        publisher.truncate(rowCount);
      }
    }

    void register(UUID lineage, UUID stateSubmission, UUID submission, long checkpointId)
        throws IOException {
      try (Publisher publisher = open(new LocalDisk(), 0).publisher()) {
        publisher.register(new Restored(lineage, stateSubmission, submission, checkpointId));
      }
    }

    /** One direct run with one commit. */
    void commit(int run, List<String> rows) throws IOException {
      try (StoreWriter writer = direct(run)) {
        commit(writer, rows);
        passSeconds(1);
      }
    }

    void commit(StoreWriter writer, List<String> rows) throws IOException {
      passSeconds(1);
      writer.append(Rows.batch(rows));
      writer.commit();
    }
  }

  /** An id that tells what it is of: the number stands in its last digits. */
  private static UUID id(String what, long number) {
    UUID name = UUID.nameUUIDFromBytes(what.getBytes(StandardCharsets.UTF_8));
    return new UUID(name.getMostSignificantBits(), number);
  }

  private static Commit prepare(
      StoreWriter sink, long checkpointId, boolean last, long watermark, List<String> rows)
      throws IOException {
    sink.append(Rows.batch(rows));
    return sink.prepare(last, watermark).orElseThrow().ofCheckpoint(checkpointId, false);
  }

  private static List<String> rows(long from, long to, LongFunction<String> values) {
    return LongStream.range(from, to)
        .mapToObj(key -> Long.toUnsignedString(key) + " " + values.apply(key))
        .toList();
  }

  private static String text(long key) {
    return Rows.hex("v" + Long.toUnsignedString(key));
  }

  private static List<String> concat(List<List<String>> parts) {
    return parts.stream().flatMap(List::stream).toList();
  }

  private static Column column(String name, CellType type, boolean nullable) {
    return new Column(name, name, type, nullable);
  }

  private static final CellType STRING = CellType.of(Kind.VARCHAR, CellType.MAX_LENGTH);
  private static final Key WHOLE_RANGE = Key.of("key", Key.WHOLE_RANGE);

  private static List<String> writeEmpty(Place place) throws IOException {
    place.create(WHOLE_RANGE, column("a", CellType.bytes(), false), column("b", STRING, true));
    return List.of();
  }

  /** The values of a column of this type, the smallest and the largest first. */
  private record Values(CellType type, List<Object> values) {
    static final int COUNT = 6;

    static Values of(CellType type, Object... values) {
      return new Values(type, List.of(values));
    }

    static Values of(Kind kind, Object... values) {
      return of(CellType.of(kind), values);
    }

    /** Of a timestamp: years 1 to 9999, or what 64 bits of nanoseconds reach. */
    static Values ofTime(Kind kind, int precision) {
      CellType type = CellType.of(kind, precision);
      TimeUnit unit = type.timeUnit();
      long steps = unit.stepsPerSecond();
      boolean nanos = unit == TimeUnit.NANOS;
      return of(
          type,
          nanos ? Long.MIN_VALUE : Instant.parse("0001-01-01T00:00:00Z").getEpochSecond() * steps,
          nanos
              ? Long.MAX_VALUE
              : Instant.parse("+10000-01-01T00:00:00Z").getEpochSecond() * steps - 1,
          -1L,
          0L,
          1_385_337_600 * steps,
          1L);
    }

    String columnName(boolean nullable) {
      String name = type.toString().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "_");
      return name.replaceAll("_$", "") + (nullable ? "_nullable" : "");
    }

    /** The last row is NULL where it may be. */
    void append(ColumnData column, int row, boolean nullable) {
      if (nullable && row == COUNT - 1) {
        column.appendEmpty();
        return;
      }
      Object value = values.get(row);
      if (value instanceof Boolean bool) {
        column.appendByte((byte) (bool ? 1 : 0));
      } else if (value instanceof Byte number) {
        column.appendByte(number);
      } else if (value instanceof Short number) {
        column.appendShort(number);
      } else if (value instanceof Integer number) {
        column.appendInt(number);
      } else if (value instanceof Long number) {
        column.appendLong(number);
      } else if (value instanceof Float number) {
        column.appendInt(Float.floatToRawIntBits(number));
      } else if (value instanceof Double number) {
        column.appendLong(Double.doubleToRawLongBits(number));
      } else if (value instanceof BigInteger number) {
        column.appendInt128(number.shiftRight(64).longValue(), number.longValue());
      } else {
        byte[] bytes = bytes(value);
        if (nullable) {
          column.appendNullableBytes(bytes, 0, bytes.length);
        } else {
          column.appendBytes(bytes, 0, bytes.length);
        }
      }
    }

    private byte[] bytes(Object value) {
      boolean isText = type.kind() == Kind.CHAR || type.kind() == Kind.VARCHAR;
      return isText
          ? value.toString().getBytes(StandardCharsets.UTF_8)
          : HexFormat.of().parseHex(value.toString());
    }
  }

  private static final List<Values> TYPE_VALUES =
      List.of(
          Values.of(Kind.BOOLEAN, false, true, true, false, true, false),
          Values.of(
              Kind.TINYINT,
              Byte.MIN_VALUE,
              Byte.MAX_VALUE,
              (byte) -1,
              (byte) 0,
              (byte) 42,
              (byte) 1),
          Values.of(
              Kind.SMALLINT,
              Short.MIN_VALUE,
              Short.MAX_VALUE,
              (short) -1,
              (short) 0,
              (short) 0x1234,
              (short) 1),
          Values.of(Kind.INT, Integer.MIN_VALUE, Integer.MAX_VALUE, -1, 0, 0x12345678, 1),
          Values.of(Kind.BIGINT, Long.MIN_VALUE, Long.MAX_VALUE, -1L, 0L, 0x0123456789ABCDEFL, 1L),
          Values.of(
              Kind.FLOAT,
              Float.NEGATIVE_INFINITY,
              Float.MAX_VALUE,
              Float.NaN,
              -0.0f,
              Float.MIN_VALUE,
              1.5f),
          Values.of(
              Kind.DOUBLE,
              Double.NEGATIVE_INFINITY,
              Double.MAX_VALUE,
              Double.NaN,
              -0.0,
              Double.MIN_VALUE,
              1.5),
          Values.of(
              CellType.decimal(38, 18),
              BigInteger.TEN.pow(38).subtract(BigInteger.ONE).negate(),
              BigInteger.TEN.pow(38).subtract(BigInteger.ONE),
              BigInteger.ONE.negate(),
              BigInteger.ZERO,
              new BigInteger("123456789012345678901234567890"),
              BigInteger.ONE),
          Values.of(
              CellType.decimal(5, 2),
              BigInteger.valueOf(-99_999),
              BigInteger.valueOf(99_999),
              BigInteger.ONE.negate(),
              BigInteger.ZERO,
              BigInteger.valueOf(12_345),
              BigInteger.ONE),
          // 0001-01-01 and 9999-12-31.
          Values.of(Kind.DATE, -719_162, 2_932_896, -1, 0, 16_034, 1),
          Values.of(CellType.of(Kind.TIME, 0), 0, 86_399_000, 1_000, 0, 45_296_000, 2_000),
          Values.of(CellType.of(Kind.TIME, 3), 0, 86_399_999, 1, 0, 45_296_789, 2),
          Values.ofTime(Kind.TIMESTAMP, 0),
          Values.ofTime(Kind.TIMESTAMP, 3),
          Values.ofTime(Kind.TIMESTAMP, 6),
          Values.ofTime(Kind.TIMESTAMP, 9),
          Values.ofTime(Kind.TIMESTAMP_LTZ, 0),
          Values.ofTime(Kind.TIMESTAMP_LTZ, 3),
          Values.ofTime(Kind.TIMESTAMP_LTZ, 6),
          Values.ofTime(Kind.TIMESTAMP_LTZ, 9),
          // 9999 years and 11 months; 999,999 days and a millisecond less than the next.
          Values.of(Kind.INTERVAL_YEAR_MONTH, -119_999, 119_999, -1, 0, 14, 1),
          Values.of(
              Kind.INTERVAL_DAY_TIME,
              -86_399_999_999_999L,
              86_399_999_999_999L,
              -1L,
              0L,
              93_784_005L,
              1L),
          Values.of(CellType.of(Kind.CHAR, 3), "", "\uFFFD\uFFFD\uFFFD", "a", "äöü", "EUR", "z"),
          Values.of(STRING, "", "\uDBFF\uDFFF", "Zürich, 10 €, \uD83D\uDE00", "\0", " ", "z"),
          Values.of(CellType.of(Kind.BINARY, 4), "", "ffffffff", "00", "ff", "deadbeef", "01"),
          Values.of(CellType.bytes(), "", "ffff", "00", "ff00", "deadbeef", "01"));

  private static List<String> writeTypes(Place place) throws IOException {
    List<Column> columns = new ArrayList<>();
    for (Values values : TYPE_VALUES) {
      columns.add(column(values.columnName(false), values.type(), false));
      columns.add(column(values.columnName(true), values.type(), true));
    }
    Map<String, Object> flink = new LinkedHashMap<>();
    flink.put("comment", "every type, \"quoted\", größer");
    flink.put("options", Map.of("scan.split.size", "1 mb"));
    Key key = Key.of("ts", CellType.of(Kind.TIMESTAMP_LTZ, 3));
    place.create(new LocalDisk(), place.schema(key, flink, columns));

    long[] keys = {
      0, 1, 1_385_337_600_000L, 1_385_337_600_000L, 1_385_337_600_001L, 253_402_300_799_999L
    };
    Batch batch = new Batch(columns.size());
    for (int row = 0; row < Values.COUNT; row++) {
      for (int i = 0; i < columns.size(); i++) {
        TYPE_VALUES.get(i / 2).append(batch.column(i), row, columns.get(i).nullable());
      }
      batch.appendKey(keys[row]);
    }
    try (StoreWriter writer = place.direct(1)) {
      writer.append(batch, null, 0, 2);
      writer.commit();
      place.passSeconds(1);
      writer.append(batch, null, 2, Values.COUNT);
      writer.commit();
    }
    return Rows.of(batch);
  }

  /** Row after row, and NULL ({@code null} here) in each column. */
  private static List<String> writeNulls(Place place) throws IOException {
    place.create(
        Key.of("id", CellType.of(Kind.BIGINT)),
        column("s", STRING, true),
        column("b", CellType.bytes(), true),
        column("i", CellType.of(Kind.INT), true),
        column("s_not_null", STRING, false),
        column("b_not_null", CellType.bytes(), false));
    List<String> values = List.of("NULL", "", "ff", "ffff", "ff00", "00ff", "00", "61", "ffffffff");
    List<Integer> numbers = List.of(-1, 0, 1, 255, -1, 65_535, -256, Integer.MAX_VALUE, 7);
    Batch batch = new Batch(5);
    for (int row = 0; row < values.size(); row++) {
      boolean isNull = values.get(row).equals("NULL");
      byte[] bytes = HexFormat.of().parseHex(isNull ? "" : values.get(row));
      byte[] text = (isNull ? "" : "é".repeat(row - 1)).getBytes(StandardCharsets.UTF_8);
      if (isNull) {
        batch.column(0).appendEmpty();
        batch.column(1).appendEmpty();
      } else {
        batch.column(0).appendNullableBytes(text, 0, text.length);
        batch.column(1).appendNullableBytes(bytes, 0, bytes.length);
      }
      if (row % 4 == 3) {
        batch.column(2).appendEmpty();
      } else {
        batch.column(2).appendInt(numbers.get(row));
      }
      batch.column(3).appendBytes(text, 0, text.length);
      batch.column(4).appendBytes(bytes, 0, bytes.length);
      batch.appendKey(row);
    }
    try (StoreWriter writer = place.direct(1)) {
      writer.append(batch);
      writer.commit();
    }
    return Rows.of(batch);
  }

  private static List<String> writeKeysUnsigned(Place place) throws IOException {
    place.create(WHOLE_RANGE, new Column("Größe", "the size", CellType.bytes(), false));
    List<String> rows =
        Stream.of(
                "0",
                "0",
                "1",
                "1",
                "9223372036854775807",
                "9223372036854775808",
                "9223372036854775808",
                "9223372036854775809",
                "18446744073709551614",
                "18446744073709551615",
                "18446744073709551615")
            .map(key -> key + " " + Rows.hex(key))
            .toList();
    place.commit(1, rows.subList(0, 5));
    place.commit(2, rows.subList(5, 10));
    place.commit(3, rows.subList(10, 11));
    return rows;
  }

  /** One value is longer than a chunk of 524,288 bytes; the one behind begins in the next. */
  private static List<String> writeBigValues(Place place) throws IOException {
    place.create(
        Key.of("ts", CellType.of(Kind.TIMESTAMP, 6)), column("image", CellType.bytes(), false));
    byte[] big = new byte[(int) CHUNK_BYTES + 1];
    for (int i = 0; i < big.length; i++) {
      big[i] = (byte) (i % 251);
    }
    List<String> rows =
        List.of(
            "1 010203",
            "2 " + HexFormat.of().formatHex(big),
            "3 -",
            "4 " + "5a".repeat(100),
            "5 fe");
    place.commit(1, rows.subList(0, 4));
    place.commit(2, rows.subList(4, 5));
    return rows;
  }

  /** The keys and the offsets are more than a chunk. */
  private static List<String> writeManyRows(Place place) throws IOException {
    place.create(Key.of("ts", CellType.of(Kind.TIMESTAMP, 0)), column("s", STRING, true));
    int rowsOfChunk = (int) CHUNK_BYTES / Long.BYTES;
    List<String> rows =
        IntStream.range(0, rowsOfChunk + 64)
            .mapToObj(row -> row / 8192 + (row % 8192 == 8191 ? " 61" : " -"))
            .toList();
    place.commit(1, rows.subList(0, rowsOfChunk - 1));
    place.commit(2, rows.subList(rowsOfChunk - 1, rowsOfChunk + 32));
    place.commit(3, rows.subList(rowsOfChunk + 32, rowsOfChunk + 64));
    return rows;
  }

  /** More commits than the record's journal keeps, in three runs; once the clock is put back. */
  private static List<String> writeManyCommits(Place place) throws IOException {
    place.create(
        Key.of("ts", CellType.of(Kind.TIMESTAMP_LTZ, 9)), column("a", CellType.bytes(), false));
    List<String> rows =
        rows(1_385_337_600_000_000_000L, 1_385_337_600_000_000_096L, key -> text(key % 100));
    for (int run = 0; run < 3; run++) {
      try (StoreWriter writer = place.direct(1 + run)) {
        for (int i = 32 * run; i < 32 * (run + 1); i++) {
          if (i == 80) {
            place.passSeconds(-3600);
          }
          place.commit(writer, rows.subList(i, i + 1));
        }
      }
    }
    return rows;
  }

  /**
   * Keys and lanes: 100 to 109 in lane 0, of a dead run; 0 to 9 in lane 1, of a dead run that
   * prepared more; 200 to 214 in lane 2, released twice; lane 3 prepared and never published.
   */
  private static List<String> writeLanes(Place place) throws IOException {
    place.create(
        new Key("ts", CellType.of(Kind.TIMESTAMP_LTZ, 3), TimeUnit.MICROS),
        column("a", CellType.bytes(), false),
        column("b", STRING, true));
    LongFunction<String> values = key -> text(key) + " -";
    List<String> zero = rows(100, 110, values);
    List<String> one = rows(0, 10, values);
    List<String> two = rows(200, 215, values);
    UUID lineage = id("lineage", 1);
    UUID submission = id("submission", 1);
    try (StoreWriter first = place.sink(1, lineage, submission);
        StoreWriter second = place.sink(2, lineage, submission)) {
      Commit high = prepare(first, 1, false, Long.MIN_VALUE, zero);
      Commit low = prepare(second, 1, false, Long.MIN_VALUE, one);
      prepare(second, 2, false, Long.MIN_VALUE, rows(10, 20, values));
      place.publish(high, low);
    }
    try (StoreWriter third = place.sink(3, lineage, submission)) {
      place.publish(prepare(third, 2, true, Long.MIN_VALUE, two.subList(0, 10)));
    }
    try (StoreWriter fourth = place.sink(4, lineage, submission)) {
      Commit commit = prepare(fourth, 3, true, Long.MIN_VALUE, two.subList(10, 15));
      try (StoreWriter fifth = place.sink(5, lineage, submission)) {
        prepare(fifth, 3, false, Long.MIN_VALUE, rows(300, 305, values));
      }
      place.publish(commit);
    }
    return concat(List.of(one, zero, two));
  }

  /**
   * Submission 1 is succeeded by 2 at checkpoint 1, and that by 3 at checkpoint 3; a lineage that
   * only registered; two finished submissions without state, the first one tried twice.
   */
  private static List<String> writeLineage(Place place) throws IOException {
    place.create(Key.of("ts", CellType.of(Kind.TIMESTAMP_LTZ, 0)), column("a", STRING, false));
    List<String> rows = rows(1, 31, GoldenStore::text);
    UUID lineage = id("lineage", 1);
    UUID[] submissions =
        IntStream.range(0, 7).mapToObj(i -> id("submission", i)).toArray(UUID[]::new);
    try (StoreWriter sink = place.sink(1, lineage, submissions[1])) {
      place.publish(prepare(sink, 1, false, 4, rows.subList(0, 5)));
    }
    place.register(lineage, submissions[1], submissions[2], 1);
    try (StoreWriter sink = place.sink(2, lineage, submissions[2])) {
      place.publish(prepare(sink, 2, false, 9, rows.subList(5, 10)));
      place.publish(prepare(sink, 3, false, 14, rows.subList(10, 15)));
    }
    place.register(lineage, submissions[2], submissions[3], 3);
    place.register(id("lineage", 2), submissions[4], submissions[4], 12);
    for (int i = 0; i < 3; i++) {
      // The second attempt of the first submission brings nothing.
      UUID submission = submissions[i == 2 ? 6 : 5];
      List<String> part = rows.subList(15 + 5 * i, 20 + 5 * i);
      try (StoreWriter sink = place.sink(3 + i, id("lineage", 3), submission)) {
        place.publish(
            prepare(sink, -1, true, Long.MAX_VALUE, part).ofCheckpoint(Long.MAX_VALUE, true));
      }
    }
    return concat(List.of(rows.subList(0, 20), rows.subList(25, 30)));
  }

  /**
   * Lane 0 begins behind hidden rows, and is cut; lane 1 is hidden with its owner, who prepared
   * more; lane 2 has rows older than hidden ones, and was cut at its second row.
   */
  private static List<String> writeTruncated(Place place) throws IOException {
    place.create(
        Key.of("ts", CellType.of(Kind.TIMESTAMP_LTZ, 3)),
        column("a", CellType.bytes(), false),
        column("b", STRING, true));
    LongFunction<String> values = key -> text(key) + " -";
    place.commit(1, rows(50, 60, values));
    place.truncate(0);
    place.commit(2, rows(10, 20, values));
    UUID submission = id("submission", 1);
    try (StoreWriter first = place.sink(3, id("lineage", 1), submission);
        StoreWriter second = place.sink(4, id("lineage", 1), submission)) {
      place.publish(prepare(first, 1, false, Long.MIN_VALUE, rows(20, 30, values)));
      place.publish(prepare(second, 1, false, Long.MIN_VALUE, rows(40, 50, values)));
      prepare(second, 2, false, Long.MIN_VALUE, rows(50, 60, values));
    }
    place.truncate(17);
    place.commit(5, rows(28, 31, values));
    place.truncate(19);
    return concat(List.of(rows(10, 27, values), rows(28, 30, values)));
  }

  /** Three lanes of one run, whose keys overlap; equal keys stand in two of them. */
  private static List<String> writeLanesOverlapping(Place place) throws IOException {
    place.create(Key.of("k", CellType.of(Kind.BIGINT)), column("a", STRING, false));
    List<List<String>> lanes =
        List.of(
            rows(0, 40, key -> text(2 * key)),
            rows(10, 30, key -> text(1000 + key)),
            rows(5, 12, key -> text(2000 + key)));
    try (StoreWriter sink = place.sink(1, id("lineage", 1), id("submission", 1))) {
      for (List<String> lane : lanes) {
        sink.append(Rows.batch(lane));
      }
      place.publish(sink.prepare(true, Long.MIN_VALUE).orElseThrow().ofCheckpoint(1, false));
    }
    List<String> merged = new ArrayList<>(concat(lanes));
    merged.sort(Comparator.comparingLong(row -> Long.parseLong(row.split(" ", -1)[0])));
    return merged;
  }

  /** Lane 0 is hidden by an overwrite, and lane 1 too, which its run goes on in. */
  private static List<String> writeOverwritten(Place place) throws IOException {
    place.create(Key.of("k", CellType.of(Kind.BIGINT)), column("a", STRING, false));
    place.commit(1, rows(0, 10, GoldenStore::text));
    List<String> later = rows(30, 35, GoldenStore::text);
    List<String> written = rows(20, 25, GoldenStore::text);
    try (StoreWriter sink = place.sink(2, id("lineage", 1), id("submission", 1))) {
      sink.append(Rows.batch(rows(10, 20, GoldenStore::text)));
      sink.append(Rows.batch(rows(5, 8, GoldenStore::text)));
      place.publish(sink.prepare(false, Long.MIN_VALUE).orElseThrow().ofCheckpoint(1, false));
      WriterOptions options =
          WriterOptions.ofSink(DirectIo.OFF, 1 << 20, id("lineage", 2), id("submission", 2));
      try (StoreWriter writer = place.open(new LocalDisk(), 3).writer(options.overwriting())) {
        writer.append(Rows.batch(written));
        place.publish(writer.prepare(true, Long.MIN_VALUE).orElseThrow().ofCheckpoint(1, true));
      }
      sink.append(Rows.batch(later));
      place.publish(sink.prepare(false, Long.MIN_VALUE).orElseThrow().ofCheckpoint(2, false));
    }
    return concat(List.of(written, later));
  }

  /** Three lanes that were compacted into a fourth, and removed: lane 0 was emptied. */
  private static List<String> writeCompacted(Place place) throws IOException {
    List<String> rows = writeLanesOverlapping(place);
    place.passSeconds(1);
    place.open(new LocalDisk(), 2).compact();
    return rows;
  }

  /** Two columns that came later: the rows before lack them, as a lane of an old run does. */
  private static List<String> writeColumnsAdded(Place place) throws IOException {
    Store narrow = place.create(Key.of("k", CellType.of(Kind.BIGINT)), column("a", STRING, false));
    place.commit(1, rows(1, 4, GoldenStore::text));
    Commit commit;
    try (StoreWriter old = place.sink(2, id("lineage", 1), id("submission", 1))) {
      List<String> rows = rows(4, 6, GoldenStore::text);
      commit = prepare(old, 1, true, Long.MIN_VALUE, rows);
    }
    narrow.addColumns(List.of(column("b", CellType.of(Kind.INT), true), Column.ofTable("c")));
    place.publish(commit);
    List<String> wide =
        rows(6, 9, key -> text(key) + " " + (key == 7 ? "-" : "0000000" + key) + " ff");
    place.commit(3, wide);
    return concat(List.of(rows(1, 6, key -> text(key) + " - -"), wide));
  }

  /** A disk on which the process dies when it calls what {@code deadly} names. */
  private static Disk dyingAt(AtomicReference<String> deadly) {
    return Around.calls(
        Disk.class,
        new LocalDisk(),
        (method, arguments, original) -> {
          if (method.getName().equals(deadly.get())) {
            throw new CrashingDisk.CrashException();
          }
          return original.call();
        });
  }

  /**
   * A process died right before the rename of its second commit: its bytes lie behind the committed
   * ones, {@code record} is newer than {@code length}, and the record in the making is left.
   */
  private static List<String> writeCrash(Place place) throws IOException {
    place.create(WHOLE_RANGE, column("a", CellType.bytes(), false), column("b", STRING, true));
    List<String> rows = rows(1, 601, key -> text(key) + " " + (key % 2 == 0 ? "-" : "ff"));
    place.commit(1, rows.subList(0, 5));
    AtomicReference<String> deadly = new AtomicReference<>("");
    try (StoreWriter writer = place.direct(dyingAt(deadly), 2)) {
      place.commit(writer, rows.subList(5, 8));
      deadly.set("rename");
      assertThatThrownBy(() -> place.commit(writer, rows.subList(8, 600)))
          .isInstanceOf(CrashingDisk.CrashException.class);
    }
    return rows.subList(0, 8);
  }

  /** A creator died behind its first step: there is a schema, and nothing else. */
  private static List<String> writeCrashCreating(Place place) {
    Disk disk = dyingAt(new AtomicReference<>("delete"));
    assertThatThrownBy(() -> place.create(disk, WHOLE_RANGE, column("a", STRING, true)))
        .isInstanceOf(CrashingDisk.CrashException.class);
    return List.of();
  }

  /** A store of the reference that ours adopted and went on with. */
  private static List<String> writeReferenceThenOurs(Place place) throws IOException {
    List<String> tables = List.of("a", "second table");
    for (String table : tables) {
      Files.createDirectories(place.path.resolve(table));
    }
    Crate.writeLength(place.path, 0);
    List<String> rows = rows(10, 16, key -> text(key) + " " + (key % 2 == 0 ? "-" : "ff"));
    Crate.append(place.path, tables, rows.subList(0, 2));
    Crate.append(place.path, tables, rows.subList(2, 3));
    place.create(
        WHOLE_RANGE,
        column("a", CellType.bytes(), false),
        column("second table", CellType.bytes(), false));
    place.commit(1, rows.subList(3, 6));
    return rows;
  }

  /** The reference wrote last: {@code length} is 8 bytes, and all else stands in {@code record}. */
  private static List<String> writeOursThenReference(Place place) throws IOException {
    place.create(
        WHOLE_RANGE,
        column("a", CellType.bytes(), false),
        column("second table", CellType.bytes(), false));
    List<String> rows = rows(10, 16, key -> text(key) + " " + (key % 2 == 0 ? "-" : "ff"));
    place.commit(1, rows.subList(0, 3));
    Crate.append(place.path, List.of("a", "second table"), rows.subList(3, 6));
    return rows;
  }
}
