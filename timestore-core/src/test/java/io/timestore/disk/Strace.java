package io.timestore.disk;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * strace on one thread of another process, whose system calls it counts from then on, and tampers
 * with. Where that can't be had, the test is skipped with the reason.
 */
public final class Strace implements Closeable {
  private final Process process;
  private final Path log;

  private Strace(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /**
   * Begins; the thread goes on where it was.
   *
   * @param thread its id in the kernel
   * @param log a new file
   */
  public static Strace attach(String thread, Path log, List<String> options) throws IOException {
    // Paths instead of numbers (-y), and no content (-s 0).
    List<String> command =
        new ArrayList<>(List.of("strace", "-y", "-s", "0", "-o", log.toString(), "-p", thread));
    command.addAll(options);
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      Mount.orSkip(false, "strace is missing: " + e.getMessage());
      throw e;
    }
    BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
    String line = output.readLine();
    String outcome = String.join(" ", command) + ": " + line;
    Mount.orSkip(!outcome.endsWith("Operation not permitted"), outcome);
    if (!outcome.endsWith(" attached")) {
      throw new IOException(outcome);
    }
    return new Strace(process, log);
  }

  /** The system calls that the thread made, once it has ended. */
  public List<String> calls() throws IOException, InterruptedException {
    process.waitFor();
    return Files.readAllLines(log);
  }

  @Override
  public void close() {
    process.destroy();
  }
}
