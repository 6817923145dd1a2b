package io.timestore.flink.table;

import org.apache.flink.table.api.ValidationException;

/** What a user is told who asked for something that can't be. */
final class Refusal {
  private Refusal() {}

  /**
   * @param detail kept as suppressed, not as the cause: Flink's SQL client shows the innermost
   *     cause alone, and that is to be this sentence
   */
  static ValidationException of(String sentence, Throwable detail) {
    ValidationException refusal = new ValidationException(sentence);
    refusal.addSuppressed(detail);
    return refusal;
  }
}
