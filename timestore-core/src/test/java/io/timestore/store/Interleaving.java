package io.timestore.store;

import io.timestore.disk.DirectIo;
import io.timestore.disk.Disk;
import io.timestore.disk.DiskLock;
import io.timestore.disk.Schedule;
import io.timestore.disk.Scheduler;
import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess;
import io.timestore.disk.SimulatedProcess.Kind;
import io.timestore.disk.SimulatedProcess.Operation;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.Schema;
import io.timestore.store.Publisher.Restored;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One machine with one store, on which the actors of a {@link Scenario} run in one order. Each
 * state that becomes visible is judged, and so is what a power cut leaves at each point.
 */
final class Interleaving {
  static final List<String> TABLES = List.of("a", "b");
  static final Path PATH = Path.of("/store");
  private static final Path TURN = Path.of("/turn");
  private static final Schema SCHEMA = Schema.ofTables(TABLES);
  private static final List<String> LAST = ScenarioLedger.batch("last", Long.MAX_VALUE);

  private final Schedule schedule;
  private final int powerCuts;
  private final SimulatedDisk disk;
  private final ScenarioLedger ledger;
  private final Scheduler scheduler;
  private final List<Seen> seen = new ArrayList<>();
  private Part afterwards = next -> {};
  private boolean diedInItsTurn;
  private int actors;
  private int states;

  /** What a reader may have found once, and finds for ever. */
  private record Seen(CommitRecord record, ScenarioLedger known) {}

  private Interleaving(
      Schedule schedule, int powerCuts, SimulatedDisk disk, ScenarioLedger ledger) {
    this.schedule = schedule;
    this.powerCuts = powerCuts;
    this.disk = disk;
    this.ledger = ledger;
    this.scheduler = new Scheduler(disk, schedule, Interleaving::othersCanTell, new Judge());
  }

  /** How many schedules were run, and how many states were judged. */
  record Explored(long schedules, long states) {}

  /**
   * Runs a scenario in every order with so many preemptions and kills at most.
   *
   * @param powerCuts possibilities of a power cut that are looked at, at each new point
   * @throws AssertionError naming the schedule that went wrong
   */
  static Explored explore(Scenario scenario, int preemptions, int kills, int powerCuts) {
    long schedules = 0;
    long states = 0;
    Optional<Schedule> next = Optional.of(Schedule.first(preemptions, kills));
    while (next.isPresent()) {
      states += run(scenario, next.get(), powerCuts);
      schedules++;
      next = next.get().next();
    }
    return new Explored(schedules, states);
  }

  /** Runs a scenario in one order, and returns how many states were judged. */
  static long run(Scenario scenario, Schedule schedule, int powerCuts) {
    Interleaving run =
        new Interleaving(schedule, powerCuts, new SimulatedDisk(), new ScenarioLedger());
    try {
      scenario.begin(run);
      run.scheduler.run();
      run.judgeEnd();
      return run.states;
    } catch (AssertionError | IOException | RuntimeException e) {
      throw new AssertionError(
          "Replay with -Dtimestore.schedule=" + scenario + ":" + schedule + "\n" + e, e);
    }
  }

  /**
   * Others may come before what they can tell from what was before. Who holds {@code commit.lock}
   * is seen by those without a lock only, who read the record; and the insides of a new lane are
   * its owner's alone.
   */
  private static boolean othersCanTell(Operation operation) {
    Path path = PATH.relativize(operation.path());
    String name = String.valueOf(operation.path().getFileName());
    boolean ofRecord = List.of("length", "record", "schema.json").contains(name);
    boolean inNewLane = path.startsWith("lanes") && path.getNameCount() > 2;
    boolean locked = operation.process().holds(PATH.resolve("commit.lock"));
    return switch (operation.kind()) {
      case LOCK -> true;
      case UNLOCK, SYNC -> false;
      case READ -> ofRecord && !locked;
      case CREATE, WRITE, DELETE ->
          !(locked || inNewLane || name.startsWith(".") || name.endsWith(".holder"));
      case LINK, RENAME -> ofRecord;
      case MAKE_DIRECTORY, SYNC_DIRECTORY -> !(locked || inNewLane);
    };
  }

  /** One who did things before anyone else came. */
  Actor before() {
    return new Actor(disk.process(), ledger);
  }

  /** Adds one of those who run in all orders. */
  void actor(String name, Part part) {
    SimulatedProcess process = disk.process();
    Actor actor = new Actor(process, ledger);
    scheduler.add(name, process, () -> part.play(actor));
  }

  /** What is done when all have ended, and by those who come after a power cut. */
  void afterwards(Part part) {
    afterwards = part;
  }

  /** What one of the actors does. */
  interface Part {
    void play(Actor me) throws IOException;
  }

  /** A program of its own, which tells the ledger what it does. */
  final class Actor {
    private final Disk own;
    private final ScenarioLedger told;
    private final Entropy entropy;
    private @Nullable Store opened;

    private Actor(Disk own, ScenarioLedger told) {
      this.own = own;
      this.told = told;
      this.entropy = entropy(actors++);
    }

    Store store() throws IOException {
      if (opened == null) {
        opened = Store.open(own, entropy, PATH);
      }
      return opened;
    }

    Store create() throws IOException {
      opened = Store.openOrCreate(own, entropy, PATH, SCHEMA);
      return opened;
    }

    SinkRun sink(UUID lineage, UUID submission) throws IOException {
      WriterOptions options = WriterOptions.ofSink(DirectIo.AUTO, 1, lineage, submission);
      return new SinkRun(store().writer(options));
    }

    /** Whether it was published, by now or before. */
    boolean publish(Commit commit, boolean restored, List<String> rows) throws IOException {
      return acknowledges(
          rows,
          () -> {
            try (Publisher publisher = store().publisher()) {
              publisher.publish(List.of(commit), restored);
            }
          });
    }

    private boolean acknowledges(List<String> rows, IoWork work) throws IOException {
      told.attempt(rows);
      try {
        work.run();
      } catch (ConflictException e) {
        told.refuse(rows);
        return false;
      }
      told.acknowledge(rows);
      return true;
    }

    /** Whether the submission may begin without state. */
    boolean start(UUID submission) throws IOException {
      try (Publisher publisher = store().publisher()) {
        return !publisher.startWithoutState(submission);
      } catch (ConflictException e) {
        return false;
      }
    }

    /**
     * Whether the restored submission may go on.
     *
     * @param newer batches that are hidden by it, where they are there
     */
    boolean register(Restored restored, List<List<String>> newer) throws IOException {
      newer.forEach(told::hide);
      try (Publisher publisher = store().publisher()) {
        publisher.register(restored);
      } catch (ConflictException e) {
        newer.forEach(told::notHidden);
        return false;
      }
      newer.forEach(told::hidden);
      return true;
    }

    /** Writes all rows anew, unless somebody else did meanwhile. */
    void compact() throws IOException {
      try {
        Store.Compacted unused = store().compact();
      } catch (ConflictException e) {
        told.check(find());
      } catch (IOException e) {
        checkWasReplaced(e);
        told.check(find());
      }
    }

    /** A core writer that commits one batch after another. */
    void append(List<List<String>> batches) throws IOException {
      append(batches, false);
    }

    /** As {@link #append}; between its batches it may be the crate's turn. */
    void appendInTurns(List<List<String>> batches) throws IOException {
      append(batches, true);
    }

    private void append(List<List<String>> batches, boolean inTurns) throws IOException {
      StoreWriter writer = store().writer(WriterOptions.defaults().withBufferMemoryBytes(1));
      try {
        for (List<String> rows : batches) {
          boolean acknowledged =
              inTurn(
                  inTurns,
                  () ->
                      acknowledges(
                          rows,
                          () -> {
                            writer.append(Rows.batch(rows));
                            writer.commit();
                          }));
          if (!acknowledged) {
            return;
          }
        }
      } finally {
        inTurn(
            inTurns,
            () -> {
              writer.close();
              return true;
            });
      }
    }

    /** Rule 10: the crate takes turns with us. */
    private boolean inTurn(boolean inTurns, Attempt attempt) throws IOException {
      if (!inTurns) {
        return attempt.run();
      }
      DiskLock turn = own.tryLock(TURN, "").orElseThrow();
      try {
        diedInItsTurn = true;
        boolean done = attempt.run();
        diedInItsTurn = false;
        return done;
      } finally {
        turn.close();
      }
    }

    void createAsCrate() throws IOException {
      Crate.create(own, PATH, TABLES);
      for (Path directory : List.of(PATH.resolve("a"), PATH.resolve("b"), PATH, Path.of("/"))) {
        own.syncDirectory(directory);
      }
    }

    /** The crate's turn: where there are lanes, its append fails. */
    void appendAsCrate(List<String> rows) throws IOException {
      DiskLock turn = own.tryLock(TURN, "").orElseThrow();
      try {
        if (diedInItsTurn) {
          start(new UUID(2, 9)); // After a crash of ours, ours opens first.
        }
        Crate crate = new Crate(own, PATH, TABLES);
        told.attempt(rows);
        crate.append(rows);
        own.syncDirectory(PATH); // The kernel does that some day; the crate does not wait for it.
        told.acknowledge(rows);
      } catch (FileAlreadyExistsException e) {
        told.refuse(rows);
      } finally {
        turn.close();
      }
    }

    /** Looks at the store a few times: what was there stays. */
    void read(int times) throws IOException {
      List<String> before = List.of();
      Store store = store();
      for (int i = 0; i < times; i++) {
        ScenarioLedger then = told.copy();
        Snapshot snapshot = store.snapshot();
        List<String> found = Rows.read(snapshot, snapshot.ranges(), TABLES);
        then.checkHasAcknowledged(found);
        told.checkHasNoOther(found);
        if (!found.containsAll(before)) {
          throw new AssertionError("rows went away: " + before + "\nfound " + found);
        }
        before = found;
      }
    }

    /** As {@link #read}, as soon as there is a store. */
    void readIfThere(int times) throws IOException {
      for (int i = 0; i < times; i++) {
        ScenarioLedger then = told.copy();
        try {
          read(1);
        } catch (NoSuchFileException e) {
          then.checkHasAcknowledged(List.of());
        }
      }
    }

    List<String> find() throws IOException {
      return Rows.read(store(), TABLES);
    }
  }

  private interface IoWork {
    void run() throws IOException;
  }

  private interface Attempt {
    boolean run() throws IOException;
  }

  private static Entropy entropy(int actor) {
    long[] ids = new long[1];
    return new Entropy(() -> Instant.EPOCH, () -> new UUID(100 + actor, ++ids[0]));
  }

  /** Judges what becomes visible, and what a power cut leaves. */
  private final class Judge implements Scheduler.Observer {

    @Override
    public void before(Operation operation) throws IOException {
      if (schedule.isNew() && operation.kind().changesDisk()) {
        cutPower();
      }
    }

    @Override
    public void after(Operation operation) throws IOException {
      boolean isCommit =
          operation.kind() == Kind.RENAME && operation.path().equals(PATH.resolve("length"));
      if (isCommit) {
        Snapshot snapshot = new Actor(disk.process(), ledger).store().snapshot();
        seen.add(new Seen(snapshot.record(), ledger.copy()));
        if (schedule.isNew()) {
          judge(snapshot, ledger);
        }
      }
    }
  }

  private void judge(Snapshot snapshot, ScenarioLedger known) throws IOException {
    states++;
    known.check(Rows.read(snapshot, snapshot.ranges(), TABLES));
  }

  /** What was seen is still there, unless it was compacted since. */
  private void judgeAgain(Seen then) throws IOException {
    try {
      judge(
          new Snapshot(disk.process(), new StoreFiles(PATH), then.record, SCHEMA.columns()),
          then.known);
    } catch (IOException e) {
      checkWasReplaced(e);
    }
  }

  private static void checkWasReplaced(IOException e) throws IOException {
    if (!e.getMessage().contains("were replaced since this snapshot was taken")) {
      throw e;
    }
  }

  /** Opens what is left, checks it, and lets those who come then go on. */
  private void goOn(SimulatedDisk left, ScenarioLedger known) throws IOException {
    Actor next = new Actor(left.process(), known);
    next.create();
    known.check(next.find());
    afterwards.play(next);
    next.append(List.of(LAST));
    if (!known.isAcknowledged(LAST)) {
      throw new AssertionError("nobody can append any more");
    }
    known.check(next.find());
  }

  private void cutPower() throws IOException {
    long seed = 31L * schedule.toString().hashCode() + schedule.pointCount();
    for (int i = 0; i < powerCuts; i++) {
      states++;
      goOn(disk.afterPowerCut(new Random(seed + i)), ledger.copy());
    }
  }

  private void judgeEnd() throws IOException {
    cutPower();
    for (Seen then : seen) {
      judgeAgain(then);
    }
    states++;
    goOn(disk, ledger);
  }
}
