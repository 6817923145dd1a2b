package io.timestore.store;

import java.io.Serializable;

/**
 * Which rows of a store, by their keys. Keys are unsigned; rows of equal keys are all in a range,
 * or all outside it. A range that ends before it begins holds no row.
 *
 * @param start how {@code from} is meant
 * @param from a key
 * @param end how {@code to} is meant
 * @param to a key; of no meaning where there is no end
 */
public record KeyRange(Start start, long from, End end, long to) implements Serializable {
  private static final KeyRange ALL = new KeyRange(Start.AT, 0, End.NONE, 0);

  /** Where a range begins. */
  public enum Start {
    /** At the first row with a key ≥ {@code from}. */
    AT,
    /** At the first row with a key > {@code from}. */
    AFTER
  }

  /** Where a range ends. */
  public enum End {
    /** With the last row. */
    NONE,
    /** With the last row whose key is below {@code to}. */
    BEFORE,
    /** With the last row whose key is {@code to} or below. */
    AT,
    /** With the last row of the first key ≥ {@code to}. */
    COVERING
  }

  /** Every row. */
  public static KeyRange all() {
    return ALL;
  }

  /** {@code from} ≤ key. */
  public static KeyRange atLeast(long from) {
    return new KeyRange(Start.AT, from, End.NONE, 0);
  }

  /** key ≤ {@code to}. */
  public static KeyRange atMost(long to) {
    return new KeyRange(Start.AT, 0, End.AT, to);
  }

  /** {@code from} ≤ key &lt; {@code to}. */
  public static KeyRange closedOpen(long from, long to) {
    return new KeyRange(Start.AT, from, End.BEFORE, to);
  }

  /** {@code from} ≤ key ≤ {@code to}. */
  public static KeyRange closed(long from, long to) {
    return new KeyRange(Start.AT, from, End.AT, to);
  }

  /**
   * The rows whose intervals cover ({@code from}, {@code to}], as the reference's {@code iter}
   * takes its arguments: a key ends the interval that begins behind the key before it, so that the
   * rows run from the first key > {@code from} up to the first key ≥ {@code to}, which may lie
   * behind {@code to}. Where several rows have that last key, all of them are in.
   *
   * <p>No such range begins with key 0, and the one that ends with it is empty.
   */
  public static KeyRange covering(long from, long to) {
    return new KeyRange(Start.AFTER, from, End.COVERING, to);
  }

  @Override
  public String toString() {
    String lower = (start == Start.AT ? "[" : "(") + Long.toUnsignedString(from) + ", ";
    return switch (end) {
      case NONE -> lower + "…)";
      case BEFORE -> lower + Long.toUnsignedString(to) + ")";
      case AT -> lower + Long.toUnsignedString(to) + "]";
      case COVERING -> lower + "first key from " + Long.toUnsignedString(to) + " on]";
    };
  }
}
