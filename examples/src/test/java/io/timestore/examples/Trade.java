package io.timestore.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.flink.types.Row;

/** A trade, taken from the data set by other means than the quickstart's. */
record Trade(Instant time, double price, BigDecimal amount) {
  private static final int AMOUNT_SCALE = 8;

  /** The lines of the data set, without the names. */
  static List<String> lines() {
    try (InputStream in = Trade.class.getResourceAsStream(TradeFeed.RESOURCE)) {
      return Arrays.stream(new String(in.readAllBytes(), UTF_8).split("\r\n", -1))
          .filter(line -> !line.isEmpty())
          .skip(1)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Throws where an amount has digits that its column can't hold. */
  static Trade of(String line) {
    String[] fields = line.split(",", -1);
    return new Trade(
        Instant.ofEpochSecond(Long.parseLong(fields[0])),
        Double.parseDouble(fields[1]),
        new BigDecimal(fields[2]).setScale(AMOUNT_SCALE));
  }

  static Trade of(Row row) {
    return new Trade(row.getFieldAs("ts"), row.getFieldAs("price"), row.getFieldAs("amount"));
  }

  /** In order of time; those of one time in the order in which they were delivered. */
  static List<Trade> inOrder(List<String> delivered) {
    return delivered.stream().map(Trade::of).sorted(Comparator.comparing(Trade::time)).toList();
  }

  /** As a printed table shows it. */
  List<String> cells() {
    return List.of(Printed.cell(time), Double.toString(price), amount.toPlainString());
  }
}
