package io.timestore.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Runs the quickstart, and works out in plain Java what it must give. */
class QuickstartTest {
  private static final int DELAY_SECONDS_MAX = 30;

  @TempDir private static Path directory;
  private static Path store;
  private static Printed printed;
  private static List<String> delivered;
  private static List<Trade> trades;

  @BeforeAll
  static void run() throws Exception {
    store = Files.createDirectories(directory.resolve("trades"));
    Files.writeString(store.resolve("keys"), "of an earlier run");
    printed = Printed.by(() -> Quickstart.main(new String[] {directory.toString()}));
    delivered = Files.readAllLines(directory.resolve("feed.csv"));
    trades = Trade.inOrder(delivered);
  }

  @Test
  void theFeedHasEachTradeOfTheDataSetOnce() {
    assertThat(delivered).hasSize(100_000);
    assertThat(sorted(delivered)).isEqualTo(sorted(Trade.lines()));
  }

  @Test
  void someTradesAreLateByHalfAMinuteAtMost() {
    int lateCount = 0;
    Instant newest = Instant.MIN;
    for (String line : delivered) {
      Instant time = Trade.of(line).time();
      assertThat(time.plusSeconds(DELAY_SECONDS_MAX)).isAfterOrEqualTo(newest);
      lateCount += time.isBefore(newest) ? 1 : 0;
      newest = time.isAfter(newest) ? time : newest;
    }
    assertThat(lateCount).isGreaterThan(1_000);
    assertThat(printed.text())
        .contains(String.format(Locale.ROOT, "of which %,d come after a younger one", lateCount));
  }

  @Test
  void theStoreGivesEveryTradeInOrderOfTime() {
    List<Trade> stored =
        rows(Quickstart.reader(store, "BATCH"), "SELECT * FROM trades").stream()
            .map(Trade::of)
            .toList();
    assertThat(stored).isEqualTo(trades);
  }

  @Test
  void countAndSumAreThoseOfTheDataSet() {
    List<Row> sums =
        rows(
            Quickstart.reader(store, "BATCH"),
            "SELECT COUNT(*), SUM(amount), MAX(price) FROM trades");
    BigDecimal amounts =
        Trade.lines().stream()
            .map(line -> Trade.of(line).amount())
            .reduce(BigDecimal.ZERO, BigDecimal::add);
    assertThat(sums).containsExactly(Row.of(100_000L, amounts, 1163.0));
    assertThat(amounts).isEqualTo("175778.65435677");
  }

  @Test
  void eachMinuteIsTheSumOfItsTrades() {
    TableEnvironment sql = Quickstart.reader(store, "STREAMING");
    sql.executeSql(Quickstart.MINUTES);
    List<Minute> minutes =
        rows(sql, "SELECT * FROM minutes").stream()
            .map(Minute::of)
            .sorted(Comparator.comparing(Minute::start))
            .toList();
    assertThat(minutes).hasSize(9_399).isEqualTo(Minute.of(trades));
  }

  @Test
  void theTablesShowThoseRows() {
    assertThat(printed.tableBelow(Quickstart.OVERVIEW))
        .containsExactly(
            List.of(
                "100000",
                Printed.cell(trades.get(0).time()),
                Printed.cell(trades.get(trades.size() - 1).time())));
    assertThat(printed.tableBelow(Quickstart.KEY_RANGE))
        .hasSize(10)
        .isEqualTo(
            trades.stream()
                .filter(trade -> isWithin(trade.time(), "2013-11-30T03:36:00Z", 60))
                .map(Trade::cells)
                .toList());
    assertThat(printed.tableBelow(Quickstart.LAST_ROWS))
        .isEqualTo(
            trades.stream()
                .sorted(
                    Comparator.comparing(Trade::time)
                        .thenComparing(Trade::price)
                        .thenComparing(Trade::amount)
                        .reversed())
                .limit(5)
                .map(Trade::cells)
                .toList());
    assertThat(printed.tableBelow(Quickstart.SOME_MINUTES))
        .hasSize(10)
        .isEqualTo(
            Minute.of(trades).stream()
                .filter(minute -> isWithin(minute.start(), "2013-11-30T03:30:00Z", 600))
                .map(Minute::cells)
                .toList());
  }

  @Test
  void countsItsCommits() throws IOException {
    Snapshot snapshot = Store.open(store).snapshot();
    assertThat(printed.text())
        .contains(
            "100,000 rows are in the store, made visible by "
                + snapshot.record().commitCount()
                + " commits");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void itsCommandsShowTheFirstKeysAndPrices() throws IOException {
    assertThat(printed.commands("cd")).containsExactly("cd " + store);
    List<String> commands = printed.commands("od");
    assertThat(commands).hasSize(2);
    assertThat(words(commands.get(0)))
        .containsSubsequence(
            trades.stream().limit(5).map(t -> Long.toString(t.time().toEpochMilli())).toList());
    assertThat(words(commands.get(1)))
        .containsSubsequence(
            trades.stream().limit(5).map(t -> BigDecimal.valueOf(t.price()).toString()).toList());
  }

  /** What a command prints in the store's directory. */
  private static List<String> words(String command) throws IOException {
    Process process =
        new ProcessBuilder("sh", "-c", command)
            .directory(store.toFile())
            .redirectErrorStream(true)
            .start();
    String text = new String(process.getInputStream().readAllBytes(), UTF_8);
    return List.of(text.strip().split("\\s+", -1));
  }

  private static boolean isWithin(Instant time, String from, int seconds) {
    Instant start = Instant.parse(from);
    return !time.isBefore(start) && time.isBefore(start.plusSeconds(seconds));
  }

  private static String sorted(List<String> lines) {
    return lines.stream().sorted().collect(Collectors.joining("\n"));
  }

  private static List<Row> rows(TableEnvironment sql, String query) {
    List<Row> rows = new ArrayList<>();
    sql.executeSql(query).collect().forEachRemaining(rows::add);
    return rows;
  }
}
