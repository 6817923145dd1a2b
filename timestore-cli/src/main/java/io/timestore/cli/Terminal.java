package io.timestore.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.UsageMessageSpec;

/** What is known of who sees the output, the errors, and gives the input: a terminal or not. */
final class Terminal {
  private static final int DEFAULT_WIDTH = 80;

  private final boolean input = isTerminal(0);
  private final boolean output = isTerminal(1);
  private final boolean errors = isTerminal(2);
  private final Ansi ansi =
      output && System.getenv("NO_COLOR") == null && !"dumb".equals(System.getenv("TERM"))
          ? Ansi.ON
          : Ansi.OFF;

  /** The JDK tells of all three at once only, and newer ones not even that: so ask the system. */
  private static boolean isTerminal(int descriptor) {
    Path link = Path.of("/proc/self/fd", Integer.toString(descriptor));
    try {
      String target = Files.readSymbolicLink(link).toString();
      return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
    } catch (IOException | UnsupportedOperationException e) {
      return isTerminalWithoutProc(descriptor);
    }
  }

  /** Takes a process, where Linux takes a look. */
  private static boolean isTerminalWithoutProc(int descriptor) {
    try {
      return new ProcessBuilder("test", "-t", Integer.toString(descriptor))
              .inheritIO()
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Whether somebody can answer a question. */
  boolean isDialogue() {
    return input && errors;
  }

  boolean isOutput() {
    return output;
  }

  boolean isErrors() {
    return errors;
  }

  /** Characters in a line. */
  int width() {
    return output || errors ? new UsageMessageSpec().autoWidth(true).width() : DEFAULT_WIDTH;
  }

  String bold(String text) {
    return ansi.string("@|bold " + text + "|@");
  }

  String red(String text) {
    return ansi.string("@|red " + text + "|@");
  }
}
