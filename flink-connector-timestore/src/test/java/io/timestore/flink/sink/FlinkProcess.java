package io.timestore.flink.sink;

import static org.awaitility.Awaitility.await;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** One process of a cluster: a JVM with the tests' class path. */
final class FlinkProcess implements Closeable {
  private final Process process;

  private FlinkProcess(Process process) {
    this.process = process;
  }

  /**
   * Starts it.
   *
   * @param log gets what it prints
   */
  static FlinkProcess start(
      Class<?> main, List<String> jvmOptions, List<String> arguments, Path log) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvmOptions);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(arguments);
    return new FlinkProcess(
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start());
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** SIGSTOP; afterwards it does nothing at all. */
  void pause() throws IOException, InterruptedException {
    signal("STOP");
    await().until(() -> Files.readString(proc("stat")).contains(") T "));
  }

  /** SIGCONT. */
  void resume() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String name) throws IOException, InterruptedException {
    int status = new ProcessBuilder("sh", "-c", "kill -" + name + " " + pid()).start().waitFor();
    if (status != 0) {
      throw new IOException("process " + pid() + " can't be sent " + name);
    }
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor();
  }

  /** The most memory that it has had resident so far. */
  long peakResidentBytes() throws IOException {
    for (String line : Files.readAllLines(proc("status"))) {
      if (line.startsWith("VmHWM:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException(proc("status") + ": VmHWM is missing");
  }

  private Path proc(String file) {
    return Path.of("/proc", Long.toString(pid()), file);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
