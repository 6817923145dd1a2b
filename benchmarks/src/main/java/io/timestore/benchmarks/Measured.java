package io.timestore.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** What a job took that was repeated. */
final class Measured {
  private final List<Elapsed> all = new ArrayList<>();

  void add(Elapsed each) {
    all.add(each);
  }

  /** The median of the seconds. */
  double seconds() {
    return median(Elapsed::seconds);
  }

  /** In words: rows a second, and how long all cores together were busy for each row. */
  String perRow(long rowCount) {
    return String.format(
        Locale.ROOT,
        "%,11.0f rows/s (%4.0f ns of CPU/row)",
        rowCount / seconds(),
        1e9 * median(Elapsed::cpuSeconds) / rowCount);
  }

  private double median(ToDoubleFunction<Elapsed> of) {
    return all.stream().mapToDouble(of).sorted().toArray()[all.size() / 2];
  }
}
