package io.timestore.format;

/** What one step of a time is: the units of keys and of timestamp cells. */
public enum TimeUnit {
  SECONDS("s", 0),
  MILLIS("ms", 3),
  MICROS("us", 6),
  NANOS("ns", 9);

  private final String symbol;
  private final int digits;

  TimeUnit(String symbol, int digits) {
    this.symbol = symbol;
    this.digits = digits;
  }

  /** The coarsest unit that keeps so many fractional digits (0 to 9). */
  public static TimeUnit ofPrecision(int precision) {
    for (TimeUnit unit : values()) {
      if (precision <= unit.digits) {
        return unit;
      }
    }
    throw new IllegalArgumentException("no time unit has " + precision + " digits");
  }

  /**
   * The unit with this symbol.
   *
   * @throws IllegalArgumentException for anything but {@code s}, {@code ms}, {@code us}, {@code ns}
   */
  public static TimeUnit ofSymbol(String symbol) {
    for (TimeUnit unit : values()) {
      if (unit.symbol.equals(symbol)) {
        return unit;
      }
    }
    throw new IllegalArgumentException("unknown unit '" + symbol + "', expected s, ms, us or ns");
  }

  /** {@code s}, {@code ms}, {@code us} or {@code ns}. */
  public String symbol() {
    return symbol;
  }

  /** Digits behind the second: 0, 3, 6 or 9. */
  public int digits() {
    return digits;
  }

  /** Steps of this unit in a second. */
  public long stepsPerSecond() {
    return switch (this) {
      case SECONDS -> 1;
      case MILLIS -> 1_000;
      case MICROS -> 1_000_000;
      case NANOS -> 1_000_000_000;
    };
  }

  /** Nanoseconds in a step of this unit. */
  public long nanosPerStep() {
    return 1_000_000_000 / stepsPerSecond();
  }
}
