package io.timestore.examples;

import static java.time.temporal.ChronoUnit.MINUTES;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import org.apache.flink.types.Row;

/** The trades of one minute, summed up in decimals: no digit of a mean depends on an order. */
record Minute(
    Instant start,
    double opening,
    double highest,
    double lowest,
    double closing,
    BigDecimal volume,
    double average) {

  /** Of trades in order, for each minute that has some. */
  static List<Minute> of(List<Trade> trades) {
    Collection<List<Trade>> minutes =
        trades.stream()
            .collect(
                Collectors.groupingBy(
                    trade -> trade.time().truncatedTo(MINUTES), TreeMap::new, Collectors.toList()))
            .values();
    return minutes.stream().map(Minute::ofOne).toList();
  }

  private static Minute ofOne(List<Trade> trades) {
    BigDecimal volume = BigDecimal.ZERO;
    BigDecimal turnover = BigDecimal.ZERO;
    for (Trade trade : trades) {
      volume = volume.add(trade.amount());
      turnover = turnover.add(BigDecimal.valueOf(trade.price()).multiply(trade.amount()));
    }
    return new Minute(
        trades.get(0).time().truncatedTo(MINUTES),
        trades.get(0).price(),
        prices(trades).max().orElseThrow(),
        prices(trades).min().orElseThrow(),
        trades.get(trades.size() - 1).price(),
        volume,
        turnover.divide(volume, 2, RoundingMode.HALF_UP).doubleValue());
  }

  private static DoubleStream prices(List<Trade> trades) {
    return trades.stream().mapToDouble(Trade::price);
  }

  static Minute of(Row row) {
    return new Minute(
        row.<LocalDateTime>getFieldAs("minute_start").toInstant(ZoneOffset.UTC),
        row.getFieldAs("opening"),
        row.getFieldAs("highest"),
        row.getFieldAs("lowest"),
        row.getFieldAs("closing"),
        row.getFieldAs("volume"),
        row.getFieldAs("average"));
  }

  /** As a printed changelog shows it. */
  List<String> cells() {
    return List.of(
        "+I",
        Printed.cell(start),
        Double.toString(opening),
        Double.toString(highest),
        Double.toString(lowest),
        Double.toString(closing),
        volume.toPlainString(),
        Double.toString(average));
  }
}
