package io.timestore.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * A call of the program, in a process of its own, that has ended.
 *
 * @param status its exit status
 * @param output what it printed
 * @param errors what it complained of
 */
record Run(int status, String output, String errors) {

  private static final Path SCRIPT = Path.of("/usr/bin/script");

  /** Calls the program as it was compiled, with no terminal around. */
  static Run of(Object... arguments) throws IOException, InterruptedException {
    return of(start(arguments));
  }

  static Process start(Object... arguments) throws IOException {
    return new ProcessBuilder(command(arguments)).start();
  }

  /** Starts it as a shell does that waits for it: a build in the background ignores Ctrl-C. */
  static Process startInForeground(Object... arguments) throws IOException {
    List<String> command = command(arguments);
    command.addAll(0, List.of("env", "--default-signal=INT"));
    return new ProcessBuilder(command).start();
  }

  /** The words of a call. */
  static List<String> command(Object... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "--add-opens=java.base/java.nio=ALL-UNNAMED", // The jar's manifest has it.
                "-cp",
                classPath(),
                Timestore.class.getName()));
    Arrays.stream(arguments).map(Object::toString).forEach(command::add);
    return command;
  }

  private static String classPath() {
    return System.getProperty("java.class.path");
  }

  /** One line of a shell, in which {@code timestore} is the program. */
  static Run ofShell(String line) throws IOException, InterruptedException {
    String timestore = String.join(" ", command().stream().map(Run::quoted).toList());
    String script = "timestore() { " + timestore + " \"$@\"; }\n" + line;
    return of(new ProcessBuilder("bash", "-c", script).start());
  }

  /**
   * Calls the program on a terminal of its own; what it prints and complains of comes together.
   *
   * @param typed what the user types
   */
  static Run onTerminal(String typed, Object... arguments)
      throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(SCRIPT), SCRIPT + " is missing, which makes a terminal");
    String words = String.join(" ", command(arguments).stream().map(Run::quoted).toList());
    ProcessBuilder builder =
        new ProcessBuilder(SCRIPT.toString(), "-q", "-e", "-E", "never", "-c", words, "/dev/null");
    builder.environment().put("TERM", "xterm");
    Process process = builder.start();
    process.getOutputStream().write(typed.getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().flush();
    Run run = ofRunning(process);
    return new Run(run.status(), run.output().replace("\r\n", "\n"), run.errors());
  }

  /** Ctrl-C. */
  static void interrupt(Process process) throws IOException, InterruptedException {
    assertThat(new ProcessBuilder("sh", "-c", "kill -INT " + process.pid()).start().waitFor())
        .isZero();
  }

  private static String quoted(String word) {
    return "'" + word + "'";
  }

  static Run of(Process process) throws IOException, InterruptedException {
    process.getOutputStream().close();
    return ofRunning(process);
  }

  private static Run ofRunning(Process process) throws InterruptedException {
    CompletableFuture<String> errors =
        CompletableFuture.supplyAsync(() -> read(process.getErrorStream()));
    String output = read(process.getInputStream());
    return new Run(process.waitFor(), output, errors.join());
  }

  private static String read(InputStream in) {
    try {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What was printed with {@code --json}. */
  Map<String, Object> json() throws IOException {
    return JSON.std.mapFrom(output);
  }

  Stream<String> lines() {
    return output.lines();
  }
}
