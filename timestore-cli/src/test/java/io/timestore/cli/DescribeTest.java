package io.timestore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DescribeTest {
  private static final long DAY_MILLIS = 86_400_000;
  private static final long FIRST_MILLIS = Instant.parse("2026-01-01T00:00:00Z").toEpochMilli();

  @TempDir Path directory;

  /** Three days of hourly prices, and a backfill of the second day's half hours. */
  private Store ticks() throws Exception {
    Schema schema =
        Schema.create(
            Key.of("ts", CellType.parse("TIMESTAMP_LTZ(3)")),
            List.of(
                new Column("price", "price", CellType.parse("DOUBLE"), false),
                new Column("sym", "sym", CellType.string(), true)));
    Store store = Store.openOrCreate(directory.resolve("ticks"), schema);
    WriterOptions options = WriterOptions.defaults().withLateRows(WriterOptions.LateRows.KEEP);
    try (StoreWriter writer = store.writer(options)) {
      for (int hour = 0; hour < 72; hour++) {
        append(writer, FIRST_MILLIS + hour * 3_600_000L);
      }
      writer.commit();
      for (int hour = 24; hour < 48; hour++) {
        append(writer, FIRST_MILLIS + hour * 3_600_000L + 1_800_000);
      }
      writer.commit("backfill of January 2");
    }
    return store;
  }

  private static void append(StoreWriter writer, long millis) throws Exception {
    ByteBuffer price = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putDouble(0, 1.5);
    writer.append(millis, price.array(), "BTC".getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void showsSchemaRowsTimesSizesAndCommits() throws Exception {
    Store store = ticks();

    Run run = Run.of("describe", store.directory());

    assertThat(run.errors()).isEmpty();
    assertThat(run.status()).isZero();
    assertThat(run.output())
        .startsWith(store.directory().toString())
        .contains("UUID        " + store.id())
        .contains("rows        96\n")
        .contains("key         ts TIMESTAMP_LTZ(3), in ms since 1970")
        .contains("from        2026-01-01T00:00:00Z (" + FIRST_MILLIS + ")")
        .contains("to          2026-01-03T23:00:00Z")
        .contains("range       2 d 23 h")
        .containsPattern("writers     (direct|buffered), blocks of [\\d,]+ bytes: ")
        .contains(
            "Rust crate  sees 72 of 96 rows, those of lane 0, and can't append: new_length is a"
                + " directory")
        .containsPattern("price +DOUBLE NOT NULL +price +plain +768 B +768 B +8\\.0")
        .containsPattern("sym +STRING +sym +plain +768 B +288 B +3\\.0")
        .containsPattern(" 1  \\S+Z +96 +\\+24 .*backfill of January 2")
        .containsPattern("commit\\.lock +free +last: pid \\d+ on host \\S+ since ");
  }

  @Test
  void drawsLanesOverTimeAndTellsWhereTheyOverlap() throws Exception {
    Store store = ticks();

    Run run = Run.of("describe", store.directory());

    assertThat(run.lines().filter(line -> line.startsWith("  lane ") && line.contains("━")))
        .hasSize(1)
        .first()
        .asString()
        .containsPattern("lane 0  ━+█+━+  72 rows$");
    assertThat(run.output())
        .containsPattern("lane 1   {10,}█+ +24 rows")
        .contains("█ lanes 0, 1 overlap from 2026-01-02T00:30:00Z to 2026-01-02T23:30:00Z")
        .containsPattern("2026-01-01T00:00:00Z +2026-01-03T23:00:00Z\n");
  }

  @Test
  void saysTheSameAsJson() throws Exception {
    Store store = ticks();

    Map<String, Object> json = Run.of("describe", store.directory(), "--json").json();

    assertThat(json)
        .containsEntry("store", store.directory().toString())
        .containsEntry("uuid", store.id().toString())
        .containsEntry("rows", 96)
        .containsEntry("hiddenRows", 0)
        .containsEntry("reference", Map.of("rows", 72, "appends", false))
        .containsEntry("commitCount", 2);
    assertThat(json.get("key"))
        .isEqualTo(
            Map.of(
                "name",
                "ts",
                "type",
                "TIMESTAMP_LTZ(3)",
                "unit",
                "ms",
                "smallest",
                Long.toString(FIRST_MILLIS),
                "smallestTime",
                "2026-01-01T00:00:00Z",
                "largest",
                Long.toString(FIRST_MILLIS + 3 * DAY_MILLIS - 3_600_000),
                "largestTime",
                "2026-01-03T23:00:00Z"));
    assertThat(json.get("overlaps").toString()).contains("lanes=[0, 1]");
    assertThat(json.get("commits").toString()).contains("insertId=backfill of January 2");
  }

  @Test
  void tellsWhoHoldsALock() throws Exception {
    Store store = ticks();
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      append(writer, FIRST_MILLIS + 4 * DAY_MILLIS);
      writer.commit();

      assertThat(Run.of("describe", store.directory()).output())
          .containsPattern(
              "writer\\.lock +HELD +pid " + ProcessHandle.current().pid() + " on host");
    }
    assertThat(Run.of("describe", store.directory()).output())
        .containsPattern("writer\\.lock +free +last: pid " + ProcessHandle.current().pid())
        .doesNotContain("HELD");
  }

  @Test
  void aStoreOfTheRustCrateIsShownAsItIs() throws Exception {
    assertThat(Run.of("describe", Golden.rust("rust-ticks")).output())
        .contains("none: a store of the Rust crate")
        .contains("rows        1,000\n")
        .contains("sees all rows, and may append while nobody else writes")
        .contains("Nobody ever locked anything here.");
  }

  static List<Path> goldenStores() throws Exception {
    return Golden.all().toList();
  }

  @ParameterizedTest
  @MethodSource("goldenStores")
  void everyGoldenStoreIsDescribedAndStaysAsItIs(Path golden) throws Exception {
    Path store = Golden.copy(golden, directory);

    Run json = Run.of("describe", store, "--json");

    assertThat(json.errors()).isEmpty();
    assertThat(json.status()).isZero();
    Path rows = Path.of(golden + ".rows"); // which an empty one of the crate lacks
    int rowCount = Files.exists(rows) ? Files.readAllLines(rows).size() : 0;
    assertThat(json.json()).containsEntry("rows", rowCount);
    assertThat(Golden.files(store)).isEqualTo(Golden.files(golden));
  }

  @ParameterizedTest
  @ValueSource(strings = {"types", "truncated", "compacted", "crash-creating"})
  void aStoreOfAnyStateHasATextForPeople(String golden) throws Exception {
    Run run = Run.of("describe", Golden.copy(Golden.own(golden), directory));

    assertThat(run.errors()).isEmpty();
    assertThat(run.status()).isZero();
    assertThat(run.output()).contains("UUID").contains("column");
  }

  @Test
  void aDamagedRecordIsTheStoresFault() throws Exception {
    Path store = Golden.copy(Golden.own("lanes"), directory);
    byte[] length = Files.readAllBytes(store.resolve("length"));
    length[50] ^= 1;
    Files.write(store.resolve("length"), length);

    Run run = Run.of("describe", store);

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.output()).isEmpty();
    assertThat(run.errors())
        .startsWith(
            "timestore describe: " + store.resolve("length") + ": the commit record's CRC32C")
        .hasLineCount(1);
  }
}
