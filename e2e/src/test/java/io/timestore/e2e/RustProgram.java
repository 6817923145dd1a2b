package io.timestore.e2e;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/**
 * The process of {@code e2e/rust}, whose {@code main.rs} describes commands and answers. Not
 * thread-safe.
 */
final class RustProgram implements Closeable {
  private static final Path EXECUTABLE = Path.of("rust/target/release/crate-server");
  private static final int NO_IO_URING = 3;

  private final Process process;
  private final BufferedWriter commands;
  private final BufferedReader answers;
  private final Path errors;
  private int openedStores;

  private RustProgram(Process process, Path errors) {
    this.process = process;
    this.commands = process.outputWriter(StandardCharsets.UTF_8);
    this.answers = process.inputReader(StandardCharsets.UTF_8);
    this.errors = errors;
  }

  /**
   * Starts it; aborts the test where it can't work.
   *
   * @param directory on the file system of the stores
   */
  static RustProgram start(Path directory) throws IOException {
    if (!Files.exists(EXECUTABLE)) {
      throw new IOException(EXECUTABLE.toAbsolutePath() + " is not built: use the profile rust");
    }
    Path errors = directory.resolve("rust-errors.txt");
    Process process =
        new ProcessBuilder(EXECUTABLE.toAbsolutePath().toString(), directory.toString())
            .redirectError(errors.toFile())
            .start();
    RustProgram program = new RustProgram(process, errors);
    String line = program.answers.readLine();
    if (line == null && program.end() == NO_IO_URING) {
      List<String> said = Files.readAllLines(errors);
      String reason = said.get(said.size() - 1);
      System.out.println("Not run: " + reason);
      Assumptions.abort(reason);
    }
    if (!"ready".equals(line)) {
      throw new IOException("expected ready, found " + line + "; " + Files.readString(errors));
    }
    return program;
  }

  /** The crate makes a store, or opens the one that is there. */
  RustStore create(Path path, List<String> tables, int segmentLength) throws IOException {
    return opened("create", path, tables, segmentLength);
  }

  /** The crate opens a store, to read and to append. */
  RustStore open(Path path, List<String> tables, int segmentLength) throws IOException {
    return opened("open", path, tables, segmentLength);
  }

  private RustStore opened(String command, Path path, List<String> tables, int segmentLength)
      throws IOException {
    String name = "store-" + openedStores++;
    List<String> fields =
        new ArrayList<>(List.of(command, name, path.toString(), String.valueOf(segmentLength)));
    fields.addAll(tables);
    call(fields);
    return new RustStore(this, name, tables);
  }

  /**
   * The answer's fields behind {@code ok}.
   *
   * @throws IOException with the crate's own words if it failed
   */
  List<String> call(List<String> fields) throws IOException {
    commands.write(String.join("\t", fields));
    commands.newLine();
    commands.flush();
    String line = answers.readLine();
    if (line == null) {
      throw new IOException(fields + ": the program ended; " + Files.readString(errors));
    }
    List<String> answer = Arrays.asList(line.split("\t", -1));
    if (!answer.get(0).equals("ok")) {
      throw new IOException(String.join(" ", fields) + ": " + line);
    }
    return answer.subList(1, answer.size());
  }

  private int end() throws IOException {
    commands.close();
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the program ended", e);
    }
  }

  @Override
  public void close() throws IOException {
    int status = end();
    if (status != 0) {
      throw new IOException("the program ended with " + status + "; " + Files.readString(errors));
    }
  }
}
