package io.timestore.cli;

import java.util.Locale;

/**
 * A size for people.
 *
 * @param count how many
 */
record Bytes(long count) {
  private static final String PREFIXES = "KMGTPE";

  /** Three digits at least: {@code 999 B}, {@code 1.46 KiB}, {@code 14.6 MiB}, {@code 146 GiB}. */
  @Override
  public String toString() {
    if (count < 1024) {
      return count + " B";
    }
    double value = count;
    int prefix = -1;
    while (value >= 999.5 && prefix < PREFIXES.length() - 1) {
      value /= 1024;
      prefix++;
    }
    int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return String.format(Locale.ROOT, "%." + digits + "f %ciB", value, PREFIXES.charAt(prefix));
  }
}
