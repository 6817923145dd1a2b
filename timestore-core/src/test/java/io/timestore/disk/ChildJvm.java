package io.timestore.disk;

import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process of its own that runs a main class of the tests, with the tests' class path. */
public final class ChildJvm implements Closeable {
  private final Process process;
  private final BufferedReader output;
  private final List<String> lines = new ArrayList<>();

  private ChildJvm(Process process) {
    this.process = process;
    this.output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  public static ChildJvm start(Class<?> main, Object... arguments) throws IOException {
    return start(
        new ProcessBuilder(), List.of(), System.getProperty("java.class.path"), main, arguments);
  }

  /**
   * Starts the process in another way than this one.
   *
   * @param builder holds the environment
   * @param launcher a program and its arguments that start the JVM; empty: it is started directly
   */
  public static ChildJvm start(
      ProcessBuilder builder,
      List<String> launcher,
      String classPath,
      Class<?> main,
      Object... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(launcher);
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-cp",
            classPath,
            main.getName()));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    return new ChildJvm(builder.command(command).redirectErrorStream(true).start());
  }

  /** Waits for this line; what else the process printed is skipped. */
  public void awaitLine(String line) throws IOException {
    for (String next = readLine(); !next.equals(line); next = readLine()) {
      lines.add(next);
    }
  }

  /** Writes a line to the process's input. */
  public void send(Object line) throws IOException {
    OutputStream input = process.getOutputStream();
    input.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    input.flush();
  }

  /** Waits for the next line that the process prints. */
  public String readLine() throws IOException {
    String line = output.readLine();
    if (line == null) {
      throw new IOException("the child ended and had printed " + lines);
    }
    return line;
  }

  /** What the process prints before this line, or before its end. */
  public List<String> linesUpTo(String line) throws IOException {
    List<String> before = new ArrayList<>();
    String next = output.readLine();
    while (next != null && !next.equals(line)) {
      before.add(next);
      next = output.readLine();
    }
    return before;
  }

  /** What the process printed and nobody read yet, up to its end. */
  public List<String> remainingLines() {
    return output.lines().toList();
  }

  /** Lets the process live for a while. */
  public void live(long millis) throws IOException, InterruptedException {
    if (process.waitFor(millis, TimeUnit.MILLISECONDS)) {
      throw new IOException("the child ended by itself: " + remainingLines());
    }
  }

  /** Sends it a line. */
  public void tell(String line) throws IOException {
    process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().flush();
  }

  public long pid() {
    return process.pid();
  }

  /** SIGSTOP; afterwards it does nothing at all. */
  public void pause() throws IOException, InterruptedException {
    signal("STOP");
    Path status = Path.of("/proc", Long.toString(pid()), "stat");
    await().until(() -> Files.readString(status).contains(") T "));
  }

  /** SIGCONT. */
  public void resume() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String name) throws IOException, InterruptedException {
    int status = new ProcessBuilder("sh", "-c", "kill -" + name + " " + pid()).start().waitFor();
    if (status != 0) {
      throw new IOException("the child can't be sent " + name);
    }
  }

  /** SIGKILL. */
  public void kill() throws InterruptedException {
    // Process.destroyForcibly would also throw away what was printed and not read yet.
    process.toHandle().destroyForcibly();
    process.waitFor();
  }

  /** Ends its input, and waits for the end of the process. */
  public int end() throws IOException, InterruptedException {
    process.getOutputStream().close();
    return process.waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
