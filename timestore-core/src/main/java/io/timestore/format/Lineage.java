package io.timestore.format;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A family of sinks in the commit record: those whose state comes from one first sink.
 *
 * @param id made with the first sink, carried in state
 * @param current the submission that writes now
 * @param publishedCheckpointId the newest checkpoint that was published; −1: none yet
 * @param submissions every submission that was ever registered
 */
public record Lineage(
    UUID id, UUID current, long publishedCheckpointId, List<Submission> submissions) {

  /** No checkpoint of a lineage was published yet. */
  public static final long NO_CHECKPOINT = -1;

  /** A submission without a bound. */
  public static final long NO_FENCE = Long.MAX_VALUE;

  /**
   * A sink as it was built once in a client; a restart keeps it, a new submission of the job makes
   * another.
   *
   * @param id a UUIDv7: newer ones are larger
   * @param fence the last checkpoint of this submission that may still be published
   */
  public record Submission(UUID id, long fence) {}

  public Lineage {
    submissions = List.copyOf(submissions);
  }

  /** A lineage of which nothing is known yet but its first submission. */
  public static Lineage begin(UUID id, UUID submission) {
    return new Lineage(
        id, submission, NO_CHECKPOINT, List.of(new Submission(submission, NO_FENCE)));
  }

  public Optional<Submission> submission(UUID submissionId) {
    return submissions.stream().filter(s -> s.id().equals(submissionId)).findFirst();
  }

  /** This lineage after that checkpoint was published. */
  public Lineage published(long checkpointId) {
    return new Lineage(id, current, Math.max(publishedCheckpointId, checkpointId), submissions);
  }

  /** This lineage, whose rows of later checkpoints are hidden. */
  public Lineage backTo(long checkpointId) {
    return new Lineage(id, current, Math.min(publishedCheckpointId, checkpointId), submissions);
  }

  /** This lineage with a new current submission; all others may publish up to {@code restored}. */
  public Lineage succeededBy(UUID submission, UUID stateSubmission, long restored) {
    List<Submission> fenced = new ArrayList<>();
    List<Submission> known = new ArrayList<>(submissions);
    if (submission(stateSubmission).isEmpty()) {
      known.add(new Submission(stateSubmission, NO_FENCE));
    }
    for (Submission other : known) {
      if (!other.id().equals(submission)) {
        fenced.add(new Submission(other.id(), Math.min(other.fence(), restored)));
      }
    }
    fenced.add(new Submission(submission, NO_FENCE));
    return new Lineage(id, submission, publishedCheckpointId, fenced);
  }
}
