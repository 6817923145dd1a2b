package io.timestore.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine.Option;

/** Asks before something is destroyed. */
final class Confirmation {

  @Option(
      names = {"-y", "--yes"},
      description = "Do it without asking.")
  private boolean isGiven;

  /** Whether nobody will be asked. */
  boolean isGiven() {
    return isGiven;
  }

  /**
   * Whether to go on.
   *
   * @param question ends with a question mark
   */
  boolean asks(StoreCommand command, String question) throws IOException {
    if (isGiven) {
      return true;
    }
    if (!command.terminal().isDialogue()) {
      throw command.misuse("there is no terminal to ask on; --yes does it without asking");
    }
    command.ask(question + " [y/N] ");
    BufferedReader input =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String answer = input.readLine();
    boolean isYes = answer != null && answer.trim().matches("(?i)y|yes");
    if (!isYes) {
      command.tell("Nothing was changed.");
    }
    return isYes;
  }
}
