package io.timestore.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Trades of the Bitstamp exchange as a feed would deliver them. The data set itself is in perfect
 * order, which no feed is; so every tenth trade is delivered 1 to 30 seconds after its time, by a
 * rule, the same in every run. No trade is changed, added or left out.
 *
 * @param tradeCount all trades
 * @param lateCount those that come after a younger one
 */
record TradeFeed(int tradeCount, int lateCount) {

  /** Comes with ta4j-examples. Lines of epoch seconds, price, amount, under a line of names. */
  static final String RESOURCE = "/bitstamp_trades_from_20131125_usd.csv";

  private static final int DELAYED_EVERY = 10;
  private static final int DELAY_SECONDS_MAX = 30;

  private record Trade(long epochSeconds, long deliveredSeconds, String line) {}

  /** Writes the trades to a CSV file, in the order of their delivery. */
  static TradeFeed writeTo(Path file) throws IOException {
    List<Trade> trades = read();
    trades.sort(Comparator.comparingLong(Trade::deliveredSeconds)); // is stable
    Files.write(file, trades.stream().map(Trade::line).toList());
    return new TradeFeed(trades.size(), lateCount(trades));
  }

  private static List<Trade> read() throws IOException {
    List<Trade> trades = new ArrayList<>();
    try (BufferedReader lines = open()) {
      lines.readLine(); // the names
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        long epochSeconds = Long.parseLong(line.substring(0, line.indexOf(',')));
        trades.add(new Trade(epochSeconds, epochSeconds + delaySeconds(trades.size()), line));
      }
    }
    return trades;
  }

  private static int delaySeconds(int tradeIndex) {
    if (tradeIndex % DELAYED_EVERY != DELAYED_EVERY - 1) {
      return 0;
    }
    return 1 + tradeIndex / DELAYED_EVERY % DELAY_SECONDS_MAX;
  }

  private static int lateCount(List<Trade> trades) {
    int lateCount = 0;
    long newest = Long.MIN_VALUE;
    for (Trade trade : trades) {
      lateCount += trade.epochSeconds() < newest ? 1 : 0;
      newest = Math.max(newest, trade.epochSeconds());
    }
    return lateCount;
  }

  private static BufferedReader open() throws IOException {
    InputStream bytes = TradeFeed.class.getResourceAsStream(RESOURCE);
    if (bytes == null) {
      throw new FileNotFoundException(RESOURCE + " is not on the class path: see ta4j-examples");
    }
    return new BufferedReader(new InputStreamReader(bytes, UTF_8));
  }
}
