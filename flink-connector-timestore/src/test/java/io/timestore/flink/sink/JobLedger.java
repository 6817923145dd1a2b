package io.timestore.flink.sink;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The model of a store that jobs write to: which rows each checkpoint of each attempt brings, as
 * the gates in front of the writers tell. They run in the test's JVM.
 */
final class JobLedger implements AutoCloseable {
  private static final Map<String, JobLedger> LEDGERS = new ConcurrentHashMap<>();

  private final String name;

  /** Attempts of each job. */
  private final List<NavigableMap<Integer, Attempt>> jobs = new ArrayList<>();

  /** For each job the one whose state it began with; −1: none. */
  private final List<Integer> parents = new ArrayList<>();

  private final AtomicInteger failuresLeft = new AtomicInteger();
  private final AtomicInteger failures = new AtomicInteger();
  private final AtomicInteger stallsLeft = new AtomicInteger();
  private final AtomicLong nextSeed;

  /** One attempt of a job, from a checkpoint or from nothing. */
  static final class Attempt {
    private final BitSet restored;
    private final NavigableMap<Long, BitSet> brought = new TreeMap<>();
    private final Set<Long> barriers = new HashSet<>();

    private Attempt(BitSet restored) {
      this.restored = restored;
    }

    /** Rows that a gate let pass before a barrier, since the one before. */
    synchronized void barrier(long checkpointId, BitSet rows) {
      barriers.add(checkpointId);
      add(checkpointId, rows);
    }

    /** Rows behind the last barrier of an input that ends; its writer names the next checkpoint. */
    synchronized void end(long checkpointId, BitSet rows) {
      add(checkpointId, rows);
    }

    private void add(long checkpointId, BitSet rows) {
      brought.computeIfAbsent(checkpointId, id -> new BitSet()).or(rows);
    }

    private synchronized boolean hasBarrier(long checkpointId) {
      return barriers.contains(checkpointId);
    }

    private synchronized BitSet at(long checkpointId) {
      BitSet rows = (BitSet) restored.clone();
      brought.headMap(checkpointId, true).values().forEach(rows::or);
      return rows;
    }

    private synchronized List<BitSet> states() {
      List<BitSet> states = new ArrayList<>(List.of((BitSet) restored.clone()));
      brought.keySet().forEach(checkpointId -> states.add(at(checkpointId)));
      return states;
    }
  }

  JobLedger(String name, long seed) {
    this.name = name;
    nextSeed = new AtomicLong(seed);
    LEDGERS.put(name, this);
  }

  static JobLedger named(String name) {
    JobLedger ledger = LEDGERS.get(name);
    if (ledger == null) {
      throw new IllegalStateException("the test " + name + " is over");
    }
    return ledger;
  }

  String name() {
    return name;
  }

  /** A job that is about to be submitted. */
  synchronized int newJob(int parent, int newFailures, int newStalls) {
    parents.add(parent);
    jobs.add(new TreeMap<>());
    failuresLeft.set(newFailures);
    stallsLeft.set(newStalls);
    return jobs.size() - 1;
  }

  /** What a gate of an attempt says first. */
  synchronized Attempt begin(int job, int attempt, OptionalLong restoredCheckpointId) {
    NavigableMap<Integer, Attempt> attempts = jobs.get(job);
    Attempt known = attempts.get(attempt);
    if (known == null) {
      BitSet restored =
          restoredCheckpointId.isPresent()
              ? at(job, restoredCheckpointId.getAsLong())
              : new BitSet();
      known = new Attempt(restored);
      attempts.put(attempt, known);
    }
    return known;
  }

  /** The rows of a checkpoint that is complete. */
  private BitSet at(int job, long checkpointId) {
    for (int of = job; of >= 0; of = parents.get(of)) {
      for (Attempt attempt : jobs.get(of).descendingMap().values()) {
        if (attempt.hasBarrier(checkpointId)) {
          return attempt.at(checkpointId);
        }
      }
    }
    throw new IllegalStateException("no gate saw checkpoint " + checkpointId + " of job " + job);
  }

  /** All that a reader may see of these jobs at some time. */
  synchronized Set<BitSet> states() {
    Set<BitSet> states = new HashSet<>(Set.of(new BitSet()));
    for (NavigableMap<Integer, Attempt> attempts : jobs) {
      attempts.values().forEach(attempt -> states.addAll(attempt.states()));
    }
    return states;
  }

  /** All rows that passed a gate before a barrier. */
  synchronized BitSet passed() {
    BitSet passed = new BitSet();
    states().forEach(passed::or);
    return passed;
  }

  long nextSeed() {
    return nextSeed.getAndIncrement();
  }

  /** Whether the caller is to fail. */
  boolean mayFail() {
    if (failuresLeft.getAndDecrement() <= 0) {
      return false;
    }
    failures.incrementAndGet();
    return true;
  }

  /** Whether the caller is to wait until its checkpoint is too old. */
  boolean mayStall() {
    return stallsLeft.getAndDecrement() > 0;
  }

  /** Failures that happened. */
  int failures() {
    return failures.get();
  }

  @Override
  public void close() {
    @Nullable JobLedger unused = LEDGERS.remove(name);
  }
}
