package io.timestore.store;

import java.time.InstantSource;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * What makes the bytes of one run differ from those of another that does the same. A parameter of
 * the engine, so that tests can make the same bytes again; both parts are thread-safe.
 *
 * @param clock the wall time in journal entries
 * @param ids of runs, and in the names of files in the making
 */
record Entropy(InstantSource clock, Supplier<UUID> ids) {

  /** The machine's clock, and random ids. */
  static Entropy ofSystem() {
    return new Entropy(InstantSource.system(), UUID::randomUUID);
  }
}
