package io.timestore.e2e;

import java.util.EnumMap;
import java.util.Map;

/** What happened in the histories, so that a generator that has stopped to make it happen shows. */
final class Coverage {
  enum Event {
    JAVA_TURN,
    RUST_TURN,
    /** The crate's first commit after one of ours. */
    RECORD_WENT,
    /** Our first commit after that. */
    RECORD_CAME_BACK,
    UNCOMMITTED_ROWS,
    /** By a reader of the crate that was open before. */
    READ_WHILE_APPENDING
  }

  private final Map<Event, Integer> counts = new EnumMap<>(Event.class);

  void count(Event event) {
    counts.merge(event, 1, Integer::sum);
  }

  Map<Event, Integer> counts() {
    return counts;
  }
}
