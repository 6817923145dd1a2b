package io.timestore.disk;

import io.timestore.disk.SimulatedDisk.Node;
import io.timestore.disk.SimulatedProcess.Kind;
import io.timestore.disk.SimulatedProcess.Operation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Runs several programs of one simulated machine, one at a time: at each point, which is an
 * operation that one of them is about to do, a {@link Schedule} says who goes on, or is killed. A
 * program that asks for a lock can't go on until it is free, so that no real time passes; only
 * {@code writer.lock} is nothing to wait for.
 */
public final class Scheduler {
  private static final ExecutorService THREADS =
      Executors.newCachedThreadPool(
          work -> {
            Thread thread = new Thread(work, "actor");
            thread.setDaemon(true);
            return thread;
          });

  private final SimulatedDisk disk;
  private final Schedule schedule;
  private final Predicate<Operation> mayWait;
  private final Observer observer;
  private final List<Actor> actors = new ArrayList<>();
  private final List<String> steps = new ArrayList<>();
  private final Semaphore end = new Semaphore(0);
  private int preemptions;
  private int kills;
  private @Nullable Throwable failure;

  /** Looks at the machine while everybody stands still. */
  public interface Observer {

    /** Before an operation that changes the disk, or that others may come before. */
    void before(Operation operation) throws IOException;

    /** After any operation. */
    void after(Operation operation) throws IOException;
  }

  /** What an actor does. */
  public interface Part {
    void play() throws IOException;
  }

  private final class Actor {
    private final String name;
    private final SimulatedProcess process;
    private final Part part;
    private final Semaphore turn = new Semaphore(0);
    private @Nullable Operation next;
    private boolean killed;
    private boolean ended;

    Actor(String name, SimulatedProcess process, Part part) {
      this.name = name;
      this.process = process.withFate(this::decide);
      this.part = part;
    }

    void live() {
      turn.acquireUninterruptibly();
      try {
        part.play();
      } catch (Throwable e) {
        if (!killed && failure == null) {
          failure = e;
        }
      }
      ended = true;
      handOver(moves(null, true), null);
    }

    private void decide(Operation operation) throws IOException {
      boolean waits = mayWait.test(operation);
      if (waits || operation.kind().changesDisk()) {
        next = operation;
        guarded(() -> observer.before(operation));
        handOver(moves(this, waits), this);
        next = null;
        if (killed) {
          return;
        }
      }
      steps.add(name + ": " + operation);
      operation.run();
      guarded(() -> observer.after(operation));
    }

    /** What the observer finds ends all, and is no failure of the actor's disk. */
    private void guarded(Part look) {
      try {
        look.play();
      } catch (Throwable e) {
        failure = failure == null ? e : failure;
        end();
      }
    }

    boolean canGoOn() {
      return !ended && !(next != null && waitsForLock(next));
    }
  }

  /**
   * @param mayWait whether others may come before this operation, since they can tell
   */
  public Scheduler(
      SimulatedDisk disk, Schedule schedule, Predicate<Operation> mayWait, Observer observer) {
    this.disk = disk;
    this.schedule = schedule;
    this.mayWait = mayWait;
    this.observer = observer;
  }

  private boolean waitsForLock(Operation operation) {
    Node file = disk.find(operation.path());
    return operation.kind() == Kind.LOCK
        && !operation.path().endsWith("writer.lock")
        && disk.locks.containsKey(file);
  }

  /** Adds one who takes part, with a program of its own. */
  public void add(String name, SimulatedProcess process, Part part) {
    actors.add(new Actor(name, process, part));
  }

  /**
   * Runs all to their ends.
   *
   * @throws AssertionError if one of them fails that was not killed, or the observer does
   */
  public void run() {
    for (Actor actor : actors) {
      THREADS.execute(actor::live);
    }
    handOver(moves(null, true), null);
    end.acquireUninterruptibly();
    Throwable found = failure;
    if (found != null) {
      throw new AssertionError(found + "\nafter the steps\n" + String.join("\n", steps), found);
    }
  }

  /**
   * Lets the schedule say who goes on, and returns to the one who is there when it is its turn.
   *
   * @param here the actor that calls; null: it has ended
   */
  private void handOver(List<Integer> moves, @Nullable Actor here) {
    if (failure != null) {
      end();
      return;
    }
    if (moves.isEmpty()) {
      if (!actors.stream().allMatch(actor -> actor.ended)) {
        failure = new IllegalStateException("nobody can go on");
      }
      end();
      return;
    }
    int move;
    try {
      move = schedule.choose(moves);
    } catch (IllegalStateException e) {
      failure = e;
      end();
      return;
    }
    if (here != null && move == Schedule.KILL) {
      kills++;
      steps.add(here.name + " is killed");
      kill(here);
      return;
    }
    Actor chosen = actors.get(move);
    if (chosen == here) {
      return;
    }
    if (here != null && here.canGoOn()) {
      preemptions++;
    }
    chosen.turn.release();
    if (here != null) {
      here.turn.acquireUninterruptibly();
    }
  }

  private static void kill(Actor actor) {
    actor.killed = true;
    actor.process.kill();
  }

  private List<Integer> moves(@Nullable Actor here, boolean mayWait) {
    List<Integer> moves = new ArrayList<>();
    boolean goesOn = here != null && here.canGoOn();
    if (goesOn) {
      moves.add(actors.indexOf(here));
    }
    if (!goesOn || (mayWait && preemptions < schedule.preemptionsMax())) {
      for (int i = 0; i < actors.size(); i++) {
        if (actors.get(i) != here && actors.get(i).canGoOn()) {
          moves.add(i);
        }
      }
    }
    if (goesOn && kills < schedule.killsMax()) {
      moves.add(Schedule.KILL);
    }
    return moves;
  }

  /** All who have not ended are killed, wherever they stand, and so do. */
  private void end() {
    for (Actor actor : actors) {
      if (!actor.ended && !actor.killed) {
        kill(actor);
        actor.turn.release();
      }
    }
    end.release();
  }
}
