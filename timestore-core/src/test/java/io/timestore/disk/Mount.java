package io.timestore.disk;

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
  private final List<Object> mount;

  private Mount(Path directory, List<Object> mount) {
    this.directory = directory;
    this.mount = mount;
  }

  /** Mounts something on a directory that exists. */
  public static Mount of(Path directory, String type, String options, Object source)
      throws IOException {
    orSkip(System.getProperty("user.name").equals("root"), "only root can mount");
    List<Object> mount = List.of("mount", "-t", type, "-o", options, source, directory);
    orSkip(mount.toArray());
    return new Mount(directory, mount);
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
      failure = command[0] + " is missing: " + e.getMessage();
    }
    orSkip(failure.isEmpty(), failure);
  }

  /** Skips the test unless it can be run; the reason is printed, since Maven tells no one. */
  static void orSkip(boolean canBeRun, String reason) {
    if (!canBeRun) {
      System.out.println("Not run: " + reason);
    }
    assumeTrue(canBeRun, reason);
  }

  private static void orFail(Object... command) throws IOException {
    String failure = run(command);
    if (!failure.isEmpty()) {
      throw new IOException(failure);
    }
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

  /** Skips the test where {@link #cutPower} can't be done. */
  public void checkPowerCanBeCut() throws IOException {
    orSkip("xfs_io", "-V");
  }

  /**
   * Shuts the file system down as a power cut does: what is not on the disk yet, in the journal
   * included, never gets there. Whoever uses it gets errors from now on.
   */
  public void cutPower() throws IOException {
    orFail("xfs_io", "-x", "-c", "shutdown", directory); // without -f: the log is not flushed
  }

  /** Mounts again what is on the disk; nobody has a file of it open. */
  public void mountAgain() throws IOException {
    orFail("umount", directory);
    orFail(mount.toArray());
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
