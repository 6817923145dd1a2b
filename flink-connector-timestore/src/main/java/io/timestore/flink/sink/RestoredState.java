package io.timestore.flink.sink;

import io.timestore.flink.types.TableLayout;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lineage;
import io.timestore.store.Holder;
import io.timestore.store.Store;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * What a writer was restored with, held against the store that it finds: a store that is gone, that
 * is another one, or that was brought back from before the state, lacks rows that the job will not
 * write again.
 */
final class RestoredState {
  private final String path;
  private final List<SinkState> states;

  /** No states: the writer starts anew, or a rescale left it without. */
  RestoredState(TableLayout layout, Collection<SinkState> states) {
    this.path = layout.path();
    this.states = List.copyOf(states);
  }

  boolean isEmpty() {
    return states.isEmpty();
  }

  List<SinkState> states() {
    return states;
  }

  /** Who made the first of them. */
  SinkIdentity sink() {
    return states.get(0).sink();
  }

  /**
   * The largest key that the restored writer wrote. After a rescale there may be several writers:
   * the smallest, so that no row is late that was in time for its own.
   */
  OptionalLong newest() {
    return states.stream()
        .filter(state -> state.newest().isPresent())
        .map(state -> state.newest().getAsLong())
        .min(Long::compareUnsigned)
        .map(OptionalLong::of)
        .orElse(OptionalLong.empty());
  }

  /** The last checkpoint for which a writer prepared rows; −1: none. */
  long preparedCheckpointId() {
    return states.stream()
        .mapToLong(SinkState::preparedCheckpointId)
        .max()
        .orElse(Lineage.NO_CHECKPOINT);
  }

  /** Refuses to make a store where the state's own is gone. */
  void checkIsThere(boolean exists) throws IOException {
    for (SinkState state : states) {
      if (!exists && isKnown(state.store())) {
        throw new IOException(
            path
                + ": no store as seen from host "
                + Holder.host()
                + ", but the restored state was written beside store "
                + state.store()
                + ": bring it back, give the path to which it was moved, or start without state");
      }
    }
  }

  /** Refuses another store than the state's own. */
  void checkIsSame(Store store) throws IOException {
    for (SinkState state : states) {
      if (isKnown(state.store()) && !state.store().equals(store.id())) {
        throw new IOException(
            path
                + " is store "
                + store.id()
                + " as seen from host "
                + Holder.host()
                + ", but the restored state was written beside store "
                + state.store()
                + ": bring it back, or start without state");
      }
    }
  }

  private static boolean isKnown(UUID store) {
    return !store.equals(Commit.NO_ID);
  }

  /**
   * Refuses a store that lacks what was prepared before the state was taken. Commits that came with
   * the state are published before the restored job takes its first checkpoint, so that then none
   * is missing.
   *
   * @param submission the one that runs now, and is registered
   */
  void checkIsNotOlder(CommitRecord record, UUID submission) throws IOException {
    long published =
        record.lineages().stream()
            .filter(lineage -> lineage.submission(submission).isPresent())
            .mapToLong(Lineage::publishedCheckpointId)
            .max()
            .orElse(Lineage.NO_CHECKPOINT);
    if (published < preparedCheckpointId()) {
      throw new IOException(
          path
              + ": the restored state follows rows of checkpoint "
              + preparedCheckpointId()
              + ", but the store has "
              + (published == Lineage.NO_CHECKPOINT
                  ? "no checkpoint of this job"
                  : "checkpoints of this job up to " + published + " only")
              + "; was the store brought back from an older copy? Restore the state of that time");
    }
  }
}
