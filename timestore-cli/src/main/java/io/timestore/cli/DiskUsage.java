package io.timestore.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The sizes of all files below a directory, while others make and remove some. */
final class DiskUsage {
  private DiskUsage() {}

  static long of(Path directory) throws IOException {
    try (Stream<Path> paths = Files.walk(directory)) {
      return paths.mapToLong(DiskUsage::sizeBytes).sum();
    } catch (UncheckedIOException e) {
      if (e.getCause() instanceof NoSuchFileException) {
        return of(directory); // A directory went away while it was listed.
      }
      throw e.getCause();
    }
  }

  private static long sizeBytes(Path path) {
    try {
      return Files.isRegularFile(path) ? Files.size(path) : 0;
    } catch (NoSuchFileException e) {
      return 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
