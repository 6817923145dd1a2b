package io.timestore.store;

import io.timestore.format.Commit;
import io.timestore.store.Interleaving.Actor;
import io.timestore.store.Publisher.RestoreMode;
import java.io.IOException;
import java.util.List;
import java.util.UUID;

/** Small worlds: who is there, what they do, and what those do who come after them. */
enum Scenario {
  TWO_PUBLISHERS_OF_ONE_COMMIT(2) {
    @Override
    void begin(Interleaving world) throws IOException {
      world.before().create();
      Job job = Job.begin(A, List.of(batch("first")));
      job.prepare(world.before());
      Commit commit = job.commit(1);
      world.actor("committer", me -> mustPublish(me, commit, batch("first")));
      world.actor("successor", me -> mustPublish(me, commit, batch("first")));
      world.afterwards(next -> mustPublish(next, commit, batch("first")));
    }
  },

  /** The attempt that was given up goes on at any time. */
  AN_ATTEMPT_AND_ITS_SUCCESSOR(1) {
    @Override
    void begin(Interleaving world) throws IOException {
      world.before().create();
      Job job = Job.begin(A, List.of(batch("first"), batch("second")));
      world.actor("attempt", job::run);
      world.actor("successor", job::run);
      world.afterwards(next -> mustEnd(job.copy(), next));
    }
  },

  /** Checkpoint 2 is complete and not published when a new submission starts from checkpoint 1. */
  AN_OLDER_CHECKPOINT_IS_RESTORED(2) {
    @Override
    void begin(Interleaving world) throws IOException {
      world.before().create();
      Job old = Job.begin(A, List.of(batch("first"), batch("second")));
      old.run(world.before(), 1);
      old.prepare(world.before());
      Job restored = old.fork(B, 1);
      world.actor("old committer", me -> me.publish(old.commit(2), false, batch("second")));
      world.actor(
          "restored",
          me -> {
            if (!restored.run(me) && restored.mayWrite()) {
              throw new AssertionError("nobody took over, and it can't go on");
            }
          });
      world.afterwards(next -> mustHaveOnce(next, batch("second"), restored.copy()));
    }
  },

  TWO_FORKS_OF_ONE_SAVEPOINT(2) {
    @Override
    void begin(Interleaving world) throws IOException {
      world.before().create();
      Job origin = Job.begin(A, List.of(batch("first"), batch("second")));
      origin.run(world.before(), 1);
      Job older = origin.fork(B, 1);
      Job newer = origin.fork(C, 1);
      world.actor("older fork", older::run);
      world.actor("newer fork", newer::run);
      world.afterwards(next -> mustHaveOnce(next, batch("second"), newer.copy(), older.copy()));
    }
  },

  /** Checkpoint 2 is published, and 3 may be, when a new submission goes back to checkpoint 1. */
  A_JOB_GOES_BACK_TO_AN_OLDER_CHECKPOINT(1) {
    @Override
    void begin(Interleaving world) throws IOException {
      world.before().create();
      Job old = Job.begin(A, List.of(batch("first"), batch("second"), batch("third")));
      old.run(world.before(), 2);
      old.prepare(world.before());
      Job restored = old.fork(B, 1, RestoreMode.TRUNCATE);
      world.actor("old committer", me -> me.publish(old.commit(3), false, batch("third")));
      world.actor("restored", restored::run);
      world.afterwards(next -> mustEnd(restored.copy(), next));
    }
  },

  A_COMPACTION_BESIDE_A_JOB(1) {
    @Override
    void begin(Interleaving world) throws IOException {
      Commit unused = createTwoLanes(world.before());
      Job job = Job.begin(A, List.of(batch("first"), batch("second")));
      world.actor("compaction", Actor::compact);
      world.actor("job", job::run);
      world.afterwards(next -> mustEnd(job.copy(), next));
    }
  },

  /** A checkpoint is complete and not published while its lane is hidden, and perhaps removed. */
  A_COMPACTION_AND_A_COMMITTER(1) {
    @Override
    void begin(Interleaving world) throws IOException {
      Commit pending = createTwoLanes(world.before());
      world.actor("compaction", Actor::compact);
      world.actor("committer", me -> mustPublish(me, pending, batch("pending")));
      world.afterwards(
          next -> {
            mustPublish(next, pending, batch("pending"));
            next.compact();
          });
    }
  },

  TWO_COMPACTIONS(1) {
    @Override
    void begin(Interleaving world) throws IOException {
      Commit unused = createTwoLanes(world.before());
      world.actor("compaction", Actor::compact);
      world.actor("other compaction", Actor::compact);
      world.afterwards(Actor::compact);
    }
  },

  A_DIRECT_WRITER_AND_A_JOB(1) {
    @Override
    void begin(Interleaving world) throws IOException {
      world.before().create();
      Job job = Job.begin(A, List.of(batch("first"), batch("second")));
      world.actor("writer", me -> me.append(List.of(batch("direct"), batch("direct too"))));
      world.actor("job", job::run);
      world.afterwards(next -> mustEnd(job.copy(), next));
    }
  },

  TWO_DIRECT_WRITERS_AND_A_READER(1) {
    @Override
    void begin(Interleaving world) throws IOException {
      world.before().create();
      world.actor("writer", me -> me.append(List.of(batch("left"), batch("left too"))));
      world.actor("other writer", me -> me.append(List.of(batch("right"))));
      world.actor("reader", me -> me.read(2));
    }
  },

  /** Each ends with a last commit, which releases its own lane. */
  TWO_WRITERS_THAT_END_AND_ONE_THAT_COMES(1) {
    @Override
    void begin(Interleaving world) throws IOException {
      world.before().create();
      world.actor("first", me -> endingRun(me, batch("first")));
      world.actor("second", me -> endingRun(me, batch("second")));
      world.actor("writer", me -> me.append(List.of(batch("direct"))));
    }

    private void endingRun(Actor me, List<String> rows) throws IOException {
      try (SinkRun run = me.sink(new UUID(1, rows.hashCode()), A)) {
        mustPublish(me, run.prepare(1, rows), rows);
        List<String> more = batch("more of " + rows.get(0));
        mustPublish(me, run.prepare(2, more), more);
        mustPublish(me, run.end(3), more);
      }
    }
  },

  /** The crate opens the store between two batches of ours, and a reader looks at any time. */
  THE_CRATE_TAKES_ITS_TURN(1) {
    @Override
    void begin(Interleaving world) throws IOException {
      world.before().create();
      world.before().append(List.of(batch("first")));
      world.actor("writer", me -> me.appendInTurns(List.of(batch("ours"), batch("ours, too"))));
      world.actor("crate", me -> me.appendAsCrate(batch("of the crate")));
      world.actor("reader", me -> me.read(2));
    }
  },

  TWO_CREATORS(1) {
    @Override
    void begin(Interleaving world) {
      world.actor("creator", me -> createAndAppend(me, batch("left")));
      world.actor("other creator", me -> createAndAppend(me, batch("right")));
    }
  },

  A_READER_OPENS_WHAT_IS_BEING_CREATED(2) {
    @Override
    void begin(Interleaving world) {
      world.actor("creator", me -> createAndAppend(me, batch("first")));
      world.actor("reader", me -> me.readIfThere(3));
    }
  },

  A_STORE_OF_THE_CRATE_IS_ADOPTED(1) {
    @Override
    void begin(Interleaving world) throws IOException {
      world.before().createAsCrate();
      world.before().appendAsCrate(batch("of the crate"));
      world.actor("adopter", me -> createAndAppend(me, batch("first")));
      world.actor("reader", me -> me.read(3));
    }
  };

  private static final UUID A = new UUID(2, 1);
  private static final UUID B = new UUID(2, 2);
  private static final UUID C = new UUID(2, 3);
  private static final long KEY = 5;

  private final int preemptions;

  Scenario(int preemptions) {
    this.preemptions = preemptions;
  }

  /** So many in each order keep the test short. */
  int preemptions() {
    return preemptions;
  }

  /** Adds the actors, and what comes before and after them. */
  abstract void begin(Interleaving world) throws IOException;

  /** All rows have one key, so that no order of writers is refused for their order. */
  private static List<String> batch(String name) {
    return ScenarioLedger.batch(name, KEY);
  }

  /** Both lanes show a batch; behind one of them lies another, whose commit is returned. */
  private static Commit createTwoLanes(Actor me) throws IOException {
    me.create();
    try (SinkRun left = me.sink(new UUID(1, 7), new UUID(2, 7));
        SinkRun right = me.sink(new UUID(1, 8), new UUID(2, 8))) {
      mustPublish(me, left.prepare(1, batch("left")), batch("left"));
      mustPublish(me, right.prepare(1, batch("right")), batch("right"));
      return right.prepare(2, batch("pending"));
    }
  }

  private static void createAndAppend(Actor me, List<String> rows) throws IOException {
    me.create();
    me.append(List.of(rows));
  }

  private static void mustPublish(Actor me, Commit commit, List<String> rows) throws IOException {
    if (!me.publish(commit, true, rows)) {
      throw new AssertionError("refused: " + rows);
    }
  }

  private static void mustEnd(Job job, Actor next) throws IOException {
    if (!job.run(next)) {
      throw new AssertionError("the job can't go on");
    }
  }

  /** One of the jobs goes on to its end, unless the rows came by another. */
  private static void mustHaveOnce(Actor next, List<String> rows, Job... jobs) throws IOException {
    for (Job job : jobs) {
      if (job.run(next)) {
        return;
      }
    }
    if (!next.find().containsAll(rows)) {
      throw new AssertionError("none of the jobs can go on, and missing are " + rows);
    }
  }
}
