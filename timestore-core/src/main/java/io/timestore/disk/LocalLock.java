package io.timestore.disk;

import static io.timestore.disk.Denial.explained;

import io.timestore.disk.Denial.Attempt;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A POSIX lock on a file, and an entry in a registry of this JVM.
 *
 * <p>POSIX locks belong to the process, and closing <em>any</em> descriptor of the file drops them.
 * So a file that this JVM holds must not even be opened: the registry is asked first. It lies in
 * the system properties, keyed by device and inode, where all class loaders share it.
 */
final class LocalLock implements DiskLock {
  private static final String REGISTRY_PREFIX = "io.timestore.lock.";
  private static final int HOLDER_CHARACTERS = 255;

  private final FileChannel channel;
  private final Inode inode;
  private final AtomicBoolean closed = new AtomicBoolean();

  private LocalLock(FileChannel channel, Inode inode) {
    this.channel = channel;
    this.inode = inode;
  }

  static Path holderFile(Path lockFile) {
    String name = lockFile.getFileName().toString();
    return lockFile.resolveSibling(name.replaceFirst("\\.lock$", "") + ".holder");
  }

  static Optional<DiskLock> tryLock(Path lockFile, String holder) throws IOException {
    explained(Attempt.CREATE, lockFile, () -> createIfMissing(lockFile));
    Inode inode = Inode.of(lockFile);
    if (System.getProperties().putIfAbsent(registryKey(inode), holder) != null) {
      return Optional.empty();
    }
    FileChannel channel = null;
    boolean locked = false;
    try {
      channel = FileChannel.open(lockFile, StandardOpenOption.READ, StandardOpenOption.WRITE);
      FileLock lock = lock(channel);
      if (lock != null) {
        if (!inode.isAt(lockFile)) {
          throw new IOException(lockFile + " was replaced while it was being locked");
        }
        writeHolder(holderFile(lockFile), holder);
        locked = true;
        return Optional.of(new LocalLock(channel, inode));
      }
      return Optional.empty();
    } finally {
      if (!locked) {
        release(channel, inode);
      }
    }
  }

  static boolean isLocked(Path lockFile) throws IOException {
    if (!Files.exists(lockFile)) {
      return false;
    }
    Inode inode = Inode.of(lockFile);
    if (System.getProperties().putIfAbsent(registryKey(inode), "who asks") != null) {
      return true;
    }
    FileChannel channel = null;
    try {
      channel = FileChannel.open(lockFile, StandardOpenOption.READ);
      return channel.tryLock(0, Long.MAX_VALUE, true) == null;
    } finally {
      release(channel, inode);
    }
  }

  private static String registryKey(Inode inode) {
    return REGISTRY_PREFIX + inode.key();
  }

  /** A link in its place could lead anywhere, and the file is written over. */
  private static void writeHolder(Path file, String holder) throws IOException {
    if (Files.isSymbolicLink(file)) {
      throw new IOException(file + " is a symbolic link, expected a file that says who locks");
    }
    // Padded and written over, not truncated first: closing a file that was makes ext4 flush it.
    String line = String.format(Locale.ROOT, "%-" + HOLDER_CHARACTERS + "s%n", holder);
    OpenOption[] options = {
      StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS
    };
    explained(
        Attempt.WRITE,
        file,
        () -> Files.write(file, line.getBytes(StandardCharsets.UTF_8), options));
  }

  private static @Nullable FileLock lock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  /** The file gets its name only after the descriptor that made it is closed. */
  private static boolean createIfMissing(Path lockFile) throws IOException {
    if (Files.exists(lockFile)) {
      return false;
    }
    Path temporary = lockFile.resolveSibling(".lock." + UUID.randomUUID());
    try {
      Files.createFile(temporary);
    } catch (NoSuchFileException e) {
      throw new NoSuchFileException(lockFile.toString(), null, "there is no such directory");
    }
    try {
      Files.createLink(lockFile, temporary);
      return true;
    } catch (FileAlreadyExistsException e) {
      return false; // Somebody else made it in the meantime, which is as good.
    } finally {
      Files.delete(temporary);
    }
  }

  private static void release(@Nullable FileChannel channel, Inode inode) throws IOException {
    try {
      if (channel != null) {
        channel.close();
      }
    } finally {
      System.getProperties().remove(registryKey(inode));
    }
  }

  @Override
  public boolean isAt(Path path) throws IOException {
    return inode.isAt(path);
  }

  @Override
  public void close() throws IOException {
    if (closed.compareAndSet(false, true)) {
      release(channel, inode);
    }
  }
}
