package io.timestore.disk;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One order of the steps of several actors: at each point, who goes on. It is written down by its
 * deviations, the points at which it is not the first move possible that is made.
 */
public final class Schedule {
  /** The actor that is about to make a step is killed. */
  static final int KILL = -1;

  private static final int DEVIATES_ONE_IN = 8;

  private final int preemptionsMax;
  private final int killsMax;
  private final NavigableMap<Integer, Integer> deviations;
  private final @Nullable Random random;

  /** The moves that were possible at each point so far, the first move first. */
  private final List<List<Integer>> moves = new ArrayList<>();

  private Schedule(
      int preemptionsMax,
      int killsMax,
      NavigableMap<Integer, Integer> deviations,
      @Nullable Random random) {
    this.preemptionsMax = preemptionsMax;
    this.killsMax = killsMax;
    this.deviations = deviations;
    this.random = random;
  }

  /**
   * The first of all schedules with so many preemptions and kills at most.
   *
   * @param preemptionsMax how often an actor that could go on has to wait for another
   */
  public static Schedule first(int preemptionsMax, int killsMax) {
    return new Schedule(preemptionsMax, killsMax, new TreeMap<>(), null);
  }

  /** Any order at all, with one kill at most. */
  public static Schedule random(long seed) {
    return new Schedule(Integer.MAX_VALUE, 1, new TreeMap<>(), new Random(seed));
  }

  /** The one whose {@link #toString} this is. */
  public static Schedule replay(String deviations) {
    TreeMap<Integer, Integer> parsed = new TreeMap<>();
    for (String deviation : deviations.split(",", -1)) {
      if (!deviation.isEmpty()) {
        String[] pointAndMove = deviation.split("=", 2);
        parsed.put(Integer.valueOf(pointAndMove[0]), Integer.valueOf(pointAndMove[1]));
      }
    }
    return new Schedule(Integer.MAX_VALUE, Integer.MAX_VALUE, parsed, null);
  }

  int preemptionsMax() {
    return preemptionsMax;
  }

  int killsMax() {
    return killsMax;
  }

  /** The move to make; moves are numbers of actors, and {@link #KILL}. */
  int choose(List<Integer> possible) {
    int point = moves.size();
    moves.add(possible);
    if (random != null && possible.size() > 1 && random.nextInt(DEVIATES_ONE_IN) == 0) {
      deviations.put(point, possible.get(1 + random.nextInt(possible.size() - 1)));
    }
    int move = deviations.getOrDefault(point, possible.get(0));
    if (!possible.contains(move)) {
      throw new IllegalStateException(
          "point " + point + " of " + this + ": move " + move + " is none of " + possible);
    }
    return move;
  }

  /** Points passed so far. */
  public int pointCount() {
    return moves.size();
  }

  /** Whether no earlier schedule of {@link #next} was at this very point. */
  public boolean isNew() {
    return deviations.isEmpty() || moves.size() > deviations.lastKey();
  }

  /** After this one was run: the one that differs from it at the last point possible. */
  public Optional<Schedule> next() {
    for (int point = moves.size() - 1; point >= 0; point--) {
      List<Integer> possible = moves.get(point);
      int made = possible.indexOf(deviations.getOrDefault(point, possible.get(0)));
      if (made + 1 < possible.size()) {
        TreeMap<Integer, Integer> next = new TreeMap<>(deviations.headMap(point));
        next.put(point, possible.get(made + 1));
        return Optional.of(new Schedule(preemptionsMax, killsMax, next, null));
      }
    }
    return Optional.empty();
  }

  @Override
  public String toString() {
    return deviations.entrySet().stream()
        .map(deviation -> deviation.getKey() + "=" + deviation.getValue())
        .collect(Collectors.joining(","));
  }
}
