package io.timestore.cli;

import io.timestore.disk.LocalDisk;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A file or a store that is made beside its place and takes that when it is whole. Until then it
 * has a name of its own, which is removed whatever happens, but for a kill.
 */
final class Unfinished implements Closeable {
  private final Path place;
  private final Path path;
  private boolean isDone;

  /**
   * @throws IllegalArgumentException if something is there already
   */
  Unfinished(Path place) {
    this.place = place.toAbsolutePath();
    checkFree();
    path = this.place.resolveSibling("." + this.place.getFileName() + "." + UUID.randomUUID());
  }

  private void checkFree() {
    if (Files.exists(place) && !isEmptyDirectory(place)) {
      throw new IllegalArgumentException(place + " is there already, expected a new name");
    }
  }

  private static boolean isEmptyDirectory(Path path) {
    try (Stream<Path> children = Files.list(path)) {
      return children.findAny().isEmpty();
    } catch (IOException e) {
      return false; // A file, or nobody may look.
    }
  }

  /** Where it is made. */
  Path path() {
    return path;
  }

  /** Gives it its place, durably; what is in it is so already. */
  void finish() throws IOException {
    checkFree();
    try {
      Files.move(path, place, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileAlreadyExistsException e) {
      throw new IOException(place + " came in between", e);
    }
    isDone = true;
    new LocalDisk().syncDirectory(place.getParent());
  }

  @Override
  public void close() throws IOException {
    if (!isDone && Files.exists(path)) {
      try (Stream<Path> paths = Files.walk(path)) {
        paths.sorted(Comparator.reverseOrder()).forEach(Unfinished::delete);
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
    }
  }

  private static void delete(Path path) {
    try {
      Files.delete(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
