package io.timestore.disk;

import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A file system that a test mounts. Where that can't be had, the test is skipped with the reason.
 */
public final class Mount implements Closeable {
  private final Path directory;

  private Mount(Path directory) {
    this.directory = directory;
  }

  /** Mounts something on a directory that exists. */
  public static Mount of(Path directory, String type, String options, Object source)
      throws IOException {
    assumeTrue(System.getProperty("user.name").equals("root"), "only root can mount");
    orSkip("mount", "-t", type, "-o", options, source, directory);
    return new Mount(directory);
  }

  /** A file with an empty file system in it. */
  public static Path image(Path file, long sizeBytes, Object... mkfs) throws IOException {
    orSkip("truncate", "--size=" + sizeBytes, file);
    List<Object> command = new ArrayList<>(Arrays.asList(mkfs));
    command.add(file);
    orSkip(command.toArray());
    return file;
  }

  private static void orSkip(Object... command) throws IOException {
    String failure;
    try {
      failure = run(command);
    } catch (IOException e) {
      abort(command[0] + " is missing: " + e.getMessage());
      return;
    }
    assumeTrue(failure.isEmpty(), failure);
  }

  /** Returns what a command that failed printed, and which one it was; else nothing. */
  private static String run(Object... command) throws IOException {
    List<String> words = Arrays.stream(command).map(Object::toString).toList();
    Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      int status = process.waitFor();
      return status == 0 ? "" : String.join(" ", words) + ": " + output.trim();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  /** Changes options, such as {@code ro}. */
  public void remount(String options) throws IOException {
    orSkip("mount", "-o", "remount," + options, directory);
  }

  public Path directory() {
    return directory;
  }

  @Override
  public void close() throws IOException {
    String failure = run("umount", directory);
    if (!failure.isEmpty()) {
      run("umount", "--lazy", directory); // so that nothing stays behind, whatever it was
      throw new IOException(failure);
    }
  }
}
