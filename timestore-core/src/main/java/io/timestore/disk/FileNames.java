package io.timestore.disk;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Paths made of names that users chose: a JVM's locale decides which of them it can speak of. */
public final class FileNames {
  private FileNames() {}

  /**
   * {@link Path#of}.
   *
   * @throws InvalidPathException which says what to set where the locale is to blame
   */
  public static Path path(String path) {
    try {
      return Path.of(path);
    } catch (InvalidPathException e) {
      throw explained(e);
    }
  }

  /**
   * {@link Path#resolve(String)}.
   *
   * @throws InvalidPathException which says what to set where the locale is to blame
   */
  public static Path resolve(Path directory, String name) {
    try {
      return directory.resolve(name);
    } catch (InvalidPathException e) {
      throw explained(e);
    }
  }

  /**
   * The path from the root. One with {@code ..} in it stays as it is: behind a symbolic link that
   * means the parent of the link's target, which only the disk knows.
   */
  public static Path absolute(Path path) {
    Path absolute = path.toAbsolutePath();
    for (Path name : absolute) {
      if (name.toString().equals("..")) {
        return absolute;
      }
    }
    return absolute.normalize();
  }

  private static InvalidPathException explained(InvalidPathException e) {
    String encoding = System.getProperty("sun.jnu.encoding", "unknown");
    if (encoding.equalsIgnoreCase("UTF-8") || e.getInput().indexOf('\0') >= 0) {
      return e;
    }
    InvalidPathException explained =
        new InvalidPathException(
            e.getInput(),
            "the locale of this JVM has file names in "
                + encoding
                + ", which lacks a letter of this one; start the JVM with LC_ALL=C.UTF-8",
            e.getIndex());
    explained.addSuppressed(e);
    return explained;
  }
}
