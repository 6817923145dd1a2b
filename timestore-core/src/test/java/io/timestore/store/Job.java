package io.timestore.store;

import io.timestore.format.Commit;
import io.timestore.store.Interleaving.Actor;
import io.timestore.store.Publisher.RestoreMode;
import io.timestore.store.Publisher.Restored;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * What Flink remembers of a submission of a job: its input, one batch for each checkpoint, and the
 * checkpoints that are complete. Any number of its attempts run at once, of which all but the
 * newest are zombies: no checkpoint of theirs is completed any more.
 */
final class Job {
  static final UUID LINEAGE = new UUID(1, 1);

  private final UUID submission;
  private final UUID restoredSubmission;
  private final int restored;
  private final RestoreMode mode;
  private final List<List<String>> input;
  private final List<Commit> completed;
  private int attempts;
  private boolean mayWrite;

  private Job(
      UUID submission,
      UUID restoredSubmission,
      int restored,
      RestoreMode mode,
      List<List<String>> input,
      List<Commit> completed) {
    this.submission = submission;
    this.restoredSubmission = restoredSubmission;
    this.restored = restored;
    this.mode = mode;
    this.input = input;
    this.completed = new ArrayList<>(completed);
  }

  /** A job that begins without state. */
  static Job begin(UUID submission, List<List<String>> input) {
    return new Job(submission, submission, 0, RestoreMode.FAIL, input, List.of());
  }

  /** This job's checkpoint, from which somebody submits it anew. */
  Job fork(UUID newSubmission, int checkpointId) {
    return fork(newSubmission, checkpointId, RestoreMode.FAIL);
  }

  /** As {@link #fork(UUID, int)}. */
  Job fork(UUID newSubmission, int checkpointId, RestoreMode mode) {
    List<Commit> restorable = completed.subList(0, checkpointId);
    return new Job(newSubmission, submission, checkpointId, mode, input, restorable);
  }

  Job copy() {
    Job copy = new Job(submission, restoredSubmission, restored, mode, input, completed);
    copy.attempts = attempts;
    return copy;
  }

  List<String> rows(int checkpointId) {
    return input.get(checkpointId - 1);
  }

  /** The commit of a checkpoint that is complete. */
  Commit commit(int checkpointId) {
    return completed.get(checkpointId - 1);
  }

  /** One attempt, from the newest complete checkpoint to the end of the input. */
  boolean run(Actor me) throws IOException {
    return run(me, input.size());
  }

  /**
   * One attempt.
   *
   * @param end the last checkpoint
   * @return whether it was the newest attempt until its end, and nobody took over from it
   */
  boolean run(Actor me, int end) throws IOException {
    int attempt = ++attempts;
    int done = completed.size();
    if (!restore(me, done)) {
      return false;
    }
    mayWrite = true;
    try (SinkRun run = me.sink(LINEAGE, submission)) {
      while (done < end) {
        Commit commit = run.prepare(done + 1, input.get(done));
        if (attempt != attempts) {
          return false;
        }
        completed.add(commit);
        done++;
        if (!me.publish(commit, false, rows(done))) {
          return false;
        }
      }
    }
    return true;
  }

  private boolean restore(Actor me, int checkpointId) throws IOException {
    if (checkpointId == 0) {
      return me.start(submission);
    }
    boolean isFirst = checkpointId == restored;
    UUID stateSubmission = isFirst ? restoredSubmission : submission;
    boolean hides = isFirst && mode == RestoreMode.TRUNCATE;
    return me.register(
            new Restored(LINEAGE, stateSubmission, submission, checkpointId, mode),
            hides ? input.subList(checkpointId, input.size()) : List.of())
        && me.publish(commit(checkpointId), true, rows(checkpointId));
  }

  /** Whether an attempt was told that it may go on from its checkpoint. */
  boolean mayWrite() {
    return mayWrite;
  }

  /** Prepares the next checkpoint, which is completed and not published. */
  void prepare(Actor me) throws IOException {
    try (SinkRun run = me.sink(LINEAGE, submission)) {
      completed.add(run.prepare(completed.size() + 1, input.get(completed.size())));
    }
  }
}
