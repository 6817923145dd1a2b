package io.timestore.flink.table;

import io.timestore.format.CellType;
import io.timestore.format.Key;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Keys that a type can show: at the ends of its range, near one another, and equal ones. */
final class RandomKeys {
  private RandomKeys() {}

  static List<Long> of(Key key, Random random, int count) {
    long step =
        key.unit() == null
            ? 1
            : key.unit().stepsPerSecond() / key.type().timeUnit().stepsPerSecond();
    if (key.unit() != null) {
      // A digit of the type, which may be coarser than its unit's.
      step *= (long) Math.pow(10, key.type().timeUnit().digits() - key.type().length());
    }
    List<Long> keys = new ArrayList<>();
    while (keys.size() < count) {
      long previous = keys.isEmpty() ? 0 : keys.get(random.nextInt(keys.size()));
      keys.add(
          switch (random.nextInt(8)) {
            case 0 -> 0L;
            case 1 -> last(key) / step * step;
            case 2, 3 -> random.nextLong(last(key) >>> 1) / step * step;
            case 4 ->
                Long.compareUnsigned(previous, last(key) - step) < 0 ? previous + step : previous;
            case 5 -> previous;
            default -> random.nextInt(1000) * step;
          });
    }
    return keys;
  }

  private static long last(Key key) {
    if (key.unit() == null) {
      return key.type().kind() == CellType.Kind.BIGINT ? Long.MAX_VALUE : -1L;
    }
    return Math.min(253_402_300_799L, Long.MAX_VALUE / key.unit().stepsPerSecond() - 1)
        * key.unit().stepsPerSecond();
  }
}
