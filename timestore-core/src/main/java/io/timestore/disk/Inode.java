package io.timestore.disk;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * What tells a file from all others while it exists, or somebody has it open: device and inode,
 * whatever its names are.
 */
record Inode(String key) {

  /** Of the file that a path leads to. */
  static Inode of(Path path) throws IOException {
    Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    return new Inode(key == null ? path.toRealPath().toString() : key.toString());
  }

  /** Whether a path leads to this file. */
  boolean isAt(Path path) throws IOException {
    try {
      return equals(of(path));
    } catch (NoSuchFileException e) {
      return false;
    }
  }
}
