package io.timestore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What all commands have in common. */
class TimestoreTest {
  @TempDir Path directory;

  private static void assertCallAtFault(Run run, String sentence) {
    assertThat(run.errors()).startsWith(sentence).hasLineCount(1);
    assertThat(run.output()).isEmpty();
    assertThat(run.status()).isEqualTo(2);
  }

  @Test
  void withoutACommandItShowsWhichThereAre() throws Exception {
    Run run = Run.of();
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.errors()).contains("Usage: timestore").contains("describe");
  }

  @Test
  void anUnknownCommandOptionOrAMissingDirectoryIsTheCallsFault() throws Exception {
    assertCallAtFault(Run.of("descripe", directory), "timestore: Unmatched argument");
    assertCallAtFault(
        Run.of("describe", directory, "--jsno"), "timestore describe: Unknown option: '--jsno'");
    assertCallAtFault(Run.of("describe"), "timestore describe: Missing required parameter: 'DIR'");
    assertCallAtFault(
        Run.of("describe", directory, "--commits", "some"),
        "timestore describe: Invalid value for option '--commits'");
  }

  @Test
  void aDirectoryThatIsNoStoreIsTheCallsFault() throws Exception {
    Path missing = directory.resolve("missing");
    assertCallAtFault(
        Run.of("describe", missing), "timestore describe: " + missing + " is no store");
    Path file = Files.writeString(directory.resolve("file"), "text");
    assertCallAtFault(
        Run.of("describe", file), "timestore describe: " + file + " is a file, expected");
    assertCallAtFault(
        Run.of("describe", directory), "timestore describe: " + directory + " is no store");
  }

  @Test
  void aStackTraceIsShownOnRequestOnly() throws Exception {
    Path store = Golden.copy(Golden.own("nulls"), directory);
    Files.write(store.resolve("length"), new byte[5]);

    Run run = Run.of("describe", store);
    assertThat(run.errors()).contains("length has 5 bytes").hasLineCount(1);
    assertThat(run.status()).isEqualTo(1);

    Run verbose = Run.of("describe", store, "--verbose");
    assertThat(verbose.errors())
        .contains("length has 5 bytes")
        .contains("\tat io.timestore.store.RecordFile.load");
    assertThat(verbose.status()).isEqualTo(1);
  }

  @Test
  void everyCommandHasAnExampleInItsHelp() throws Exception {
    String help = Run.of("--help").output();
    for (String command : help.replaceFirst("(?s).*Commands:\n", "").lines().toList()) {
      String name = command.trim().split(" ", 2)[0];
      if (command.matches("  [a-z].*") && !isPicoclis(name)) {
        assertThat(Run.of(name, "--help").output())
            .contains("Usage: timestore " + name)
            .contains("Example: timestore " + name + " ");
      }
    }
    assertThat(help).contains("describe");
  }

  private static boolean isPicoclis(String command) {
    return command.equals("help") || command.equals("generate-completion");
  }

  @Test
  void bashCompletesCommands() throws Exception {
    Run run =
        Run.ofShell(
            """
            source <(timestore generate-completion)
            COMP_WORDS=(timestore des); COMP_CWORD=1; COMP_LINE='timestore des'
            _complete_timestore
            echo "${COMPREPLY[@]}"
            """);
    assertThat(run.errors()).isEmpty();
    assertThat(run.output().trim()).isEqualTo("describe");
  }

  @ParameterizedTest
  @ValueSource(strings = {"describe", "describe --json"})
  void aReaderWhoLeavesEndsItQuietly(String command) throws Exception {
    Path store = Golden.own("many-commits").toAbsolutePath();
    Run run = Run.ofShell("timestore " + command + " " + store + " | true; echo ${PIPESTATUS[0]}");
    assertThat(run.errors()).isEmpty();
    assertThat(run.output()).isEqualTo("0\n");
  }

  @Test
  void aFullDiskIsToldOf() throws Exception {
    Run run = Run.ofShell("timestore describe " + Golden.own("nulls") + " > /dev/full");
    assertThat(run.errors()).contains("the output can't be written: No space left").hasLineCount(1);
    assertThat(run.status()).isEqualTo(1);
  }
}
