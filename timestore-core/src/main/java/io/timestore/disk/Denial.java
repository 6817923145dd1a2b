package io.timestore.disk;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/**
 * Says what failed: who may not do what, and why (whose file it is, or that its file system is
 * read-only), or what was tried on which file.
 */
final class Denial {
  private Denial() {}

  /** What is done to a file, and so whose permission it takes. */
  enum Attempt {
    LOOK("look at", false),
    READ("read", false),
    WRITE("write", false),
    CREATE("create", true),
    RENAME("rename", true),
    DELETE("delete", true);

    private final String verb;
    private final boolean takesDirectory;

    Attempt(String verb, boolean takesDirectory) {
      this.verb = verb;
      this.takesDirectory = takesDirectory;
    }
  }

  /** Work on files. */
  @FunctionalInterface
  interface Work<T> {
    T run() throws IOException;
  }

  /**
   * Does the work.
   *
   * @throws AccessDeniedException whose message tells a user what to mend, where the system's own
   *     names the file alone. It has no cause, which Flink's SQL client would show in its place
   */
  static <T> T explained(Attempt attempt, Path path, Work<T> work) throws IOException {
    try {
      return work.run();
    } catch (FileSystemException e) {
      boolean isPath = e.getFile() == null || e.getFile().equals(path.toString());
      Path file = isPath ? path : path.getFileSystem().getPath(e.getFile());
      String reason = reason(attempt, file, e);
      if (reason == null) {
        throw e.getClass() == FileSystemException.class ? tried(attempt, e) : e;
      }
      AccessDeniedException denied = new AccessDeniedException(file.toString(), null, reason);
      denied.addSuppressed(e);
      throw denied;
    } catch (IOException e) {
      boolean isBare = e.getClass() == IOException.class; // as of a channel on a full disk
      throw isBare && !String.valueOf(e.getMessage()).contains(path.toString())
          ? new IOException("can't " + attempt.verb + " " + path + ": " + e.getMessage(), e)
          : e;
    }
  }

  /** As on a full disk. */
  private static FileSystemException tried(Attempt attempt, FileSystemException e) {
    String reason = "can't " + attempt.verb + " it: " + e.getReason();
    FileSystemException tried = new FileSystemException(e.getFile(), e.getOtherFile(), reason);
    tried.addSuppressed(e);
    return tried;
  }

  private static @Nullable String reason(Attempt attempt, Path file, FileSystemException e) {
    boolean denied =
        e instanceof AccessDeniedException || "Operation not permitted".equals(e.getReason());
    if (!denied && e.getClass() != FileSystemException.class) {
      return null; // A missing file, one that exists, and so on.
    }
    String may = "user '" + user() + "' may not " + attempt.verb + " it";
    if (attempt != Attempt.LOOK && attempt != Attempt.READ && isReadOnly(file)) {
      return may + ": its file system is mounted read-only";
    }
    return denied ? may + owner(attempt, file) : null;
  }

  /** The JVM knows no name where the user has none, as often in containers. */
  private static String user() {
    String name = System.getProperty("user.name");
    if (!name.equals("?")) {
      return name;
    }
    try {
      return Files.getAttribute(Path.of("/proc/self"), "unix:uid").toString();
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      return name;
    }
  }

  /** The system's own text for it depends on the locale. */
  private static boolean isReadOnly(Path file) {
    Path seen = nearestSeen(file);
    try {
      return seen != null && Files.getFileStore(seen).isReadOnly();
    } catch (IOException e) {
      return false; // As in a chroot, which does not see its own mount.
    }
  }

  private static @Nullable Path nearestSeen(@Nullable Path path) {
    Path seen = path;
    while (seen != null && !Files.exists(seen)) {
      seen = seen.getParent();
    }
    return seen;
  }

  private static String owner(Attempt attempt, Path file) {
    Path seen = nearestSeen(attempt.takesDirectory ? file.getParent() : file);
    if (seen == null) {
      return "";
    }
    try {
      PosixFileAttributes attributes = Files.readAttributes(seen, PosixFileAttributes.class);
      return ": "
          + (seen.equals(file) ? "it" : seen)
          + " belongs to user '"
          + attributes.owner().getName()
          + "' with "
          + PosixFilePermissions.toString(attributes.permissions());
    } catch (IOException | UnsupportedOperationException e) {
      return "";
    }
  }
}
