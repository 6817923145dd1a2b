package io.timestore.store;

/** Is told how far long work has come, by one of its threads; what it throws ends the work. */
@FunctionalInterface
public interface Progress {
  /** Tells nobody. */
  Progress NONE = (done, all) -> {};

  /**
   * Something more is done.
   *
   * @param done bytes so far
   * @param all bytes in all, as far as is known
   */
  void at(long done, long all);
}
