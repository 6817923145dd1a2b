package io.timestore.store;

import io.timestore.format.Commit;
import io.timestore.format.Commit.LaneBatch;
import io.timestore.store.Publisher.Restored;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a store must hold, may hold and must not hold, by what its writers were told: the model of
 * {@link CrashHistory}. Batches stand in key order.
 */
final class Ledger {
  private static final int GOING_GROUP = -1;

  private final List<Entry> entries = new ArrayList<>();

  /** Whether somebody was told that there is a store. */
  boolean created;

  /** The store's id, once it is known. */
  @Nullable UUID storeId;

  /** Even; rows that come late have odd keys below it. */
  long nextKey = 2;

  final Set<Long> lateKeys = new HashSet<>();

  /** Whether writers keep late rows. */
  boolean keepsLateRows;

  int nextGroup;
  long nextCheckpoint = 1;
  long nextSubmission = 1;

  /** The sink that has state, if there is one. */
  @Nullable UUID lineage;

  UUID submission = Commit.NO_ID;

  /** The checkpoint that its submission began with. */
  long firstCheckpoint;

  /**
   * The last checkpoint of the sink, which brings no rows, if it may have been published; or -1.
   */
  long endCheckpoint = -1;

  /** A restored sink's registration that was not acknowledged. */
  @Nullable Restored registering;

  /** What a batch of rows is to its readers. */
  enum State {
    /** Being written: never to be seen. */
    WRITTEN,
    /** Not to be seen until somebody publishes it, and to be found then. */
    PREPARED,
    /** Somebody began to make it visible: it may be seen, all of it or nothing. */
    IN_DOUBT,
    /** Acknowledged: to be seen from now on. */
    VISIBLE,
    /** Somebody began to hide it: all that are going may be seen, or none. */
    GOING,
    /** Prepared, and a successor took over: to be refused whenever somebody publishes it. */
    FENCED,
    /**
     * Prepared after the backup that was brought back: to be refused once its bytes are looked at.
     */
    LOST,
    /** Never to be seen. */
    VOID
  }

  /**
   * Rows of one commit.
   *
   * @param rows see {@link Rows}
   * @param group what becomes visible at once
   * @param commit null where nobody but its writer, or the reference, could publish it
   * @param overwritten whether the reference began to write in its place: it may be refused
   */
  record Entry(
      int id,
      List<String> rows,
      State state,
      int group,
      @Nullable Commit commit,
      boolean overwritten) {
    Entry {
      rows = List.copyOf(rows);
    }

    Entry with(State newState, int newGroup) {
      return new Entry(id, rows, newState, newGroup, commit, overwritten);
    }

    long checkpoint() {
      return commit == null ? -1 : commit.checkpointId();
    }

    boolean isOf(@Nullable UUID lineage) {
      return commit != null && !commit.stateless() && commit.lineage().equals(lineage);
    }

    boolean isInLane(int number) {
      return commit != null && commit.lanes().stream().anyMatch(l -> l.number() == number);
    }
  }

  Ledger() {}

  Ledger(Ledger other) {
    entries.addAll(other.entries);
    created = other.created;
    storeId = other.storeId;
    nextKey = other.nextKey;
    nextGroup = other.nextGroup;
    nextCheckpoint = other.nextCheckpoint;
    nextSubmission = other.nextSubmission;
    lateKeys.addAll(other.lateKeys);
    keepsLateRows = other.keepsLateRows;
    lineage = other.lineage;
    submission = other.submission;
    firstCheckpoint = other.firstCheckpoint;
    endCheckpoint = other.endCheckpoint;
    registering = other.registering;
  }

  /** A batch that is about to be written. */
  int begin(List<String> rows) {
    entries.add(new Entry(entries.size(), rows, State.WRITTEN, -1, null, false));
    return entries.size() - 1;
  }

  void set(int id, State state) {
    entries.set(id, entries.get(id).with(state, entries.get(id).group));
  }

  /** The reference begins to write where this was prepared. */
  void overwrite(Entry entry) {
    entries.set(
        entry.id, new Entry(entry.id, entry.rows, entry.state, entry.group, entry.commit, true));
  }

  void prepared(int id, Commit commit) {
    entries.set(id, new Entry(id, entries.get(id).rows, State.PREPARED, -1, commit, false));
  }

  /** Somebody begins to make these visible, all at once. */
  void publishing(List<Entry> group) {
    int number = nextGroup++;
    group.forEach(entry -> entries.set(entry.id, entry.with(State.IN_DOUBT, number)));
  }

  List<Entry> all(State state) {
    return entries.stream().filter(entry -> entry.state == state).toList();
  }

  Entry entry(int id) {
    return entries.get(id);
  }

  /** The newest checkpoint of the sink that may have been published. */
  long publishedCheckpoint() {
    return entries.stream()
        .filter(e -> e.isOf(lineage))
        .filter(e -> e.state == State.VISIBLE || e.state == State.IN_DOUBT)
        .mapToLong(Entry::checkpoint)
        .reduce(endCheckpoint, Math::max);
  }

  /** All writers are gone: what they had not prepared is void. */
  void crash() {
    all(State.WRITTEN).forEach(entry -> set(entry.id, State.VOID));
  }

  /**
   * Compares with what is seen in the store.
   *
   * @throws AssertionError if that is not what it may be
   */
  void check(List<String> found) {
    Set<String> rows = isInDoubt() ? new HashSet<>(found) : Set.of();
    List<String> expected = new ArrayList<>();
    Set<Integer> seenGroups = new HashSet<>();
    Set<Integer> unseenGroups = new HashSet<>();
    for (Entry entry : entries) {
      boolean isSeen = entry.state == State.VISIBLE;
      if (entry.state == State.IN_DOUBT) {
        isSeen = rows.contains(entry.rows.get(0));
        (isSeen ? seenGroups : unseenGroups).add(entry.group);
      } else if (entry.state == State.GOING) {
        isSeen = rows.contains(entry.rows.get(0));
        (isSeen ? seenGroups : unseenGroups).add(GOING_GROUP);
      }
      if (isSeen) {
        expected.addAll(entry.rows);
      }
    }
    expected.sort(Comparator.comparingLong(row -> Long.parseLong(row.split(" ", 2)[0])));
    if (!found.equals(expected)) {
      throw new AssertionError(difference(found, expected) + "\n" + this);
    }
    seenGroups.retainAll(unseenGroups);
    if (!seenGroups.isEmpty()) {
      throw new AssertionError("publications " + seenGroups + " are seen in part\n" + this);
    }
  }

  private static String difference(List<String> found, List<String> expected) {
    int row = 0;
    while (row < Math.min(found.size(), expected.size())
        && found.get(row).equals(expected.get(row))) {
      row++;
    }
    return "row %d of %d is %s, expected %s of %d"
        .formatted(row, found.size(), at(found, row), at(expected, row), expected.size());
  }

  private static String at(List<String> rows, int row) {
    return row < rows.size() ? shortened(rows.get(row)) : "missing";
  }

  private static String shortened(String row) {
    return row.length() < 80 ? row : row.substring(0, 80) + "… (" + row.length() + ")";
  }

  /** Whether rows may be seen or not. */
  boolean isInDoubt() {
    return !all(State.IN_DOUBT).isEmpty() || !all(State.GOING).isEmpty();
  }

  /** What is seen stays so from now on. */
  void settle(List<String> found) {
    Set<String> rows = isInDoubt() ? new HashSet<>(found) : Set.of();
    for (Entry entry : all(State.GOING)) {
      set(entry.id, rows.contains(entry.rows.get(0)) ? State.VISIBLE : State.FENCED);
    }
    for (Entry entry : all(State.IN_DOUBT)) {
      State other = entry.commit == null ? State.VOID : State.PREPARED;
      set(entry.id, rows.contains(entry.rows.get(0)) ? State.VISIBLE : other);
    }
  }

  /** An older ledger, whose store was brought back: what came later is void, or lost. */
  Ledger broughtBack(Ledger backup) {
    Ledger back = new Ledger(backup);
    for (Entry entry : entries.subList(backup.entries.size(), entries.size())) {
      back.entries.add(entry);
      back.set(
          entry.id, entry.commit == null || entry.state == State.VOID ? State.VOID : State.LOST);
    }
    back.nextKey = nextKey;
    back.lateKeys.addAll(lateKeys);
    back.nextGroup = nextGroup;
    back.nextCheckpoint = nextCheckpoint;
    back.nextSubmission = nextSubmission;
    return back;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Entry entry : entries) {
      text.append(entry.state)
          .append(' ')
          .append(shortened(entry.rows.get(0)))
          .append(" and ")
          .append(entry.rows.size() - 1)
          .append(" more");
      Optional.ofNullable(entry.commit)
          .ifPresent(
              commit -> {
                text.append(", checkpoint ").append(commit.checkpointId());
                for (LaneBatch lane : commit.lanes()) {
                  text.append(", lane ").append(lane.number());
                  text.append(" from ").append(lane.rowsBefore());
                }
              });
      text.append('\n');
    }
    if (registering != null) {
      text.append(registering).append(", first checkpoint ").append(firstCheckpoint).append('\n');
    }
    return text.toString();
  }
}
