package io.timestore.examples;

import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;

/**
 * The first look: 100,000 trades go through SQL into a store on disk and are read back with SQL,
 * all on a Flink inside this process.
 */
public final class Quickstart {

  /** Where rows come from: a CSV file, in which some are up to 30 seconds late. */
  static final String FEED =
      """
      CREATE TABLE feed (
        epoch_seconds BIGINT,
        price         DOUBLE,
        amount        DECIMAL(18, 8),
        ts            AS TO_TIMESTAMP_LTZ(epoch_seconds, 0),
        WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE
      ) WITH (
        'connector' = 'filesystem',
        'path' = '%s',
        'format' = 'csv'
      )""";

  /**
   * Where they go: a store, which is a directory. The WATERMARK column is its key. The sink holds
   * each row until the feed's watermark has passed it; by default it would sort what a checkpoint
   * brought, and put what comes later into a lane of its own.
   */
  static final String TRADES =
      """
      CREATE TABLE trades (
        ts     TIMESTAMP_LTZ(3) NOT NULL,
        price  DOUBLE NOT NULL,
        amount DECIMAL(18, 8) NOT NULL,
        WATERMARK FOR ts AS ts
      ) WITH (
        'connector' = 'timestore',
        'path' = '%s',
        'sink.ordering' = 'watermark'
      )""";

  static final String INSERT =
      """
      INSERT INTO trades
      SELECT ts, price, amount FROM feed""";

  static final String OVERVIEW =
      """
      SELECT COUNT(*) AS trades, MIN(ts) AS oldest, MAX(ts) AS newest FROM trades""";

  static final String KEY_RANGE =
      """
      SELECT * FROM trades
      WHERE ts BETWEEN TIMESTAMP '2013-11-30 03:36:00' AND TIMESTAMP '2013-11-30 03:36:59'""";

  static final String LAST_ROWS =
      """
      SELECT * FROM trades ORDER BY ts DESC, price DESC, amount DESC LIMIT 5""";

  /** Needs the store: the columns of a view are worked out when it is made. */
  static final String MINUTES =
      """
      CREATE VIEW minutes AS
      SELECT
        window_start                                AS minute_start,
        FIRST_VALUE(price)                          AS opening,
        MAX(price)                                  AS highest,
        MIN(price)                                  AS lowest,
        LAST_VALUE(price)                           AS closing,
        CAST(SUM(amount) AS DECIMAL(18, 8))         AS volume,
        ROUND(SUM(price * amount) / SUM(amount), 2) AS average
      FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
      GROUP BY window_start, window_end""";

  static final String SOME_MINUTES =
      """
      SELECT * FROM minutes
      WHERE minute_start >= TIMESTAMP '2013-11-30 03:30:00'
        AND minute_start <  TIMESTAMP '2013-11-30 03:40:00'""";

  private final Path feed;
  private final Path store;

  private Quickstart(Path directory) {
    this.feed = directory.resolve("feed.csv");
    this.store = directory.resolve("trades");
  }

  /** Takes the directory to work in. A store that an earlier run left there is replaced. */
  public static void main(String[] args) throws Exception {
    Quickstart quickstart = new Quickstart(Path.of(args[0]).toAbsolutePath());
    quickstart.prepare();
    quickstart.write();
    quickstart.read();
    quickstart.sayWhereToLook();
  }

  private void prepare() throws IOException {
    deleteIfExists(store);
    Files.createDirectories(feed.getParent());
    TradeFeed trades = TradeFeed.writeTo(feed);
    heading("Trades of the Bitstamp exchange, November 2013");
    say(
        "%,d trades, of which %,d come after a younger one, up to 30 s late. The data set itself%n"
            + "is in order: the quickstart delays every tenth trade, as a real feed might.%n",
        trades.tradeCount(), trades.lateCount());
  }

  /** A streaming job, as it would run for months. */
  private void write() throws IOException, InterruptedException, ExecutionException {
    heading("Written with SQL: a streaming job with a checkpoint every 200 ms");
    TableEnvironment sql = session("STREAMING");
    sql.executeSql(FEED.formatted(literal(feed)));
    execute(sql, TRADES.formatted(literal(store)));
    execute(sql, INSERT).await();
    Snapshot snapshot = Store.open(store).snapshot();
    say(
        "%,d rows are in the store, made visible by %d commits, one a checkpoint.%n",
        snapshot.rowCount(), snapshot.record().commitCount());
  }

  private void read() {
    TableEnvironment batch = reader(store, "BATCH");
    heading("Read with SQL: all rows");
    execute(batch, OVERVIEW).print();
    heading("A range of keys: the minute of the highest price");
    execute(batch, KEY_RANGE).print();
    heading("The last rows, newest first");
    execute(batch, LAST_ROWS).print();

    // A streaming job again: a minute comes out (+I) when the watermark has passed its end.
    heading("Per minute of event time: a streaming job");
    TableEnvironment streaming = reader(store, "STREAMING");
    execute(streaming, MINUTES);
    execute(streaming, SOME_MINUTES).print();
  }

  private void sayWhereToLook() {
    heading("The store is a directory");
    say(
        """
        cd %s
        ls -lR .         # for each row a key, for each column a table
        cat schema.json

        The first keys (ms since 1970) and prices, as GNU od shows them:
        od -A d -t u8 --endian=big -N 40 keys
        od -A d -t f8 --endian=little -N 40 price/data
        """,
        store);
  }

  /** An SQL session on an embedded Flink that knows the store as the table {@code trades}. */
  static TableEnvironment reader(Path store, String runtimeMode) {
    TableEnvironment sql = session(runtimeMode);
    sql.executeSql(TRADES.formatted(literal(store)));
    return sql;
  }

  private static TableEnvironment session(String runtimeMode) {
    Configuration settings = new Configuration();
    settings.setString("execution.runtime-mode", runtimeMode);
    settings.setString("execution.checkpointing.interval", "200 ms");
    settings.setString("parallelism.default", "1");
    settings.setString("table.local-time-zone", "UTC");
    settings.setString("table.display.max-column-width", "10");
    return TableEnvironment.create(
        EnvironmentSettings.newInstance().withConfiguration(settings).build());
  }

  private static String literal(Path path) {
    return path.toString().replace("'", "''");
  }

  private static void heading(String text) {
    say("%n%n%s%n%s%n%n", text, "=".repeat(text.length()));
  }

  private static TableResult execute(TableEnvironment sql, String statement) {
    say("%s;%n%n", statement);
    return sql.executeSql(statement);
  }

  private static void say(String format, Object... values) {
    System.out.printf(Locale.ROOT, format, values);
  }

  private static void deleteIfExists(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
