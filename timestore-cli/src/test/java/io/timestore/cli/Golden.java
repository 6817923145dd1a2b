package io.timestore.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Stores that the core's tests keep as they were once written. */
final class Golden {
  private static final Path RESOURCES = Path.of("../timestore-core/src/test/resources");

  private Golden() {}

  /** One that this project wrote. */
  static Path own(String name) {
    return RESOURCES.resolve("golden-own/v1").resolve(name);
  }

  /** One that the Rust crate wrote. */
  static Path rust(String name) {
    return RESOURCES.resolve("golden").resolve(name);
  }

  static Stream<Path> all() throws IOException {
    Stream<Path> own = directories(RESOURCES.resolve("golden-own/v1"));
    return Stream.concat(own, directories(RESOURCES.resolve("golden")));
  }

  private static Stream<Path> directories(Path parent) throws IOException {
    try (Stream<Path> children = Files.list(parent)) {
      return children.filter(Files::isDirectory).sorted().toList().stream();
    }
  }

  /** A copy that may be changed. */
  static Path copy(Path store, Path parent) throws IOException {
    Path copy = parent.resolve(store.getFileName());
    try (Stream<Path> paths = Files.walk(store)) {
      for (Path source : paths.toList()) {
        Files.copy(source, copy.resolve(store.relativize(source)));
      }
    }
    return copy;
  }

  /** What is in the files below a directory, by their paths. */
  static Map<String, ByteBuffer> files(Path directory) throws IOException {
    Map<String, ByteBuffer> files = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path file : paths.filter(Files::isRegularFile).toList()) {
        files.put(directory.relativize(file).toString(), ByteBuffer.wrap(Files.readAllBytes(file)));
      }
    }
    return files;
  }
}
