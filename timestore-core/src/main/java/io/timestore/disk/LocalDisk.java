package io.timestore.disk;

import static io.timestore.disk.Denial.explained;

import com.sun.nio.file.ExtendedOpenOption;
import io.timestore.disk.Denial.Attempt;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.CopyOption;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The file systems of this machine. */
public final class LocalDisk implements Disk {
  private static final Logger LOG = LoggerFactory.getLogger(LocalDisk.class);

  /** Blocks above this are a network's, not a disk's: NFS reports up to 1 MiB. */
  private static final int DIRECT_BLOCK_BYTES_MAX = 64 * 1024;

  /** As many as Linux follows in one path. */
  private static final int LINKS_MAX = 40;

  private static final int BUFFERED_BLOCK_BYTES = 4096;

  private static final Set<String> KNOWN_FILE_SYSTEMS =
      new TreeSet<>(Set.of("btrfs", "ext2", "ext3", "ext4", "overlay", "tmpfs", "xfs"));

  private static final Set<String> WARNED_FILE_SYSTEMS = ConcurrentHashMap.newKeySet();

  private final Set<Path> lockDirectories = ConcurrentHashMap.newKeySet();

  @Override
  public IoThreads threads(String name, int count) {
    return new IoThreads(name, count);
  }

  @Override
  public DiskFile openForReading(Path file) throws IOException {
    return explained(
        Attempt.READ,
        file,
        () -> LocalFile.opened(file, FileChannel.open(file, StandardOpenOption.READ), 1));
  }

  @Override
  public DiskFile openForAppending(Path file, AppendMode mode) throws IOException {
    Set<OpenOption> options =
        new HashSet<>(
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE));
    if (mode.direct()) {
      options.add(ExtendedOpenOption.DIRECT);
    }
    return explained(
        Attempt.WRITE,
        file,
        () ->
            LocalFile.opened(
                file, FileChannel.open(file, options), mode.direct() ? mode.blockBytes() : 1));
  }

  @Override
  public byte[] readUpTo(Path file, int sizeBytesMax) throws IOException {
    return explained(
        Attempt.READ,
        file,
        () -> {
          try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(sizeBytesMax);
          }
        });
  }

  @Override
  public void createDurably(Path file, ByteBuffer content) throws IOException {
    OpenOption[] options = {StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE};
    explained(Attempt.CREATE, file, () -> write(file, content, true, options));
  }

  @Override
  public void writeVolatile(Path file, ByteBuffer content) throws IOException {
    OpenOption[] options = {StandardOpenOption.CREATE, StandardOpenOption.WRITE};
    explained(Attempt.WRITE, file, () -> write(file, content, false, options));
  }

  private static boolean write(
      Path file, ByteBuffer content, boolean durably, OpenOption... options) throws IOException {
    try (FileChannel channel = FileChannel.open(file, options)) {
      try {
        while (content.hasRemaining()) {
          channel.write(content);
        }
      } catch (IOException e) {
        throw failure(file, "write", e);
      }
      if (durably) {
        sync(file, channel, true);
      }
      return true;
    }
  }

  private static void sync(Path path, FileChannel channel, boolean withMetadata)
      throws IOException {
    try {
      channel.force(withMetadata);
    } catch (IOException e) {
      throw failure(path, withMetadata ? "fsync" : "fdatasync", e);
    }
  }

  private static IOException failure(Path path, String operation, IOException cause) {
    String why = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    return new IOException(path + ": " + operation + " failed: " + why, cause);
  }

  @Override
  public boolean createDirectory(Path directory) throws IOException {
    return explained(
        Attempt.CREATE,
        directory,
        () -> {
          try {
            Files.createDirectory(directory);
            return true;
          } catch (FileAlreadyExistsException e) {
            return false;
          }
        });
  }

  @Override
  public void link(Path existing, Path link) throws IOException {
    Path temporary = link.resolveSibling("." + link.getFileName() + "." + UUID.randomUUID());
    explained(Attempt.CREATE, temporary, () -> Files.createLink(temporary, existing));
    try {
      rename(temporary, link);
    } finally {
      // Renaming one name of a file onto another of the same file leaves both.
      delete(temporary);
    }
  }

  @Override
  public boolean linkIfAbsent(Path existing, Path link) throws IOException {
    return explained(
        Attempt.CREATE,
        link,
        () -> {
          try {
            Files.createLink(link, existing);
            return true;
          } catch (FileAlreadyExistsException e) {
            return false;
          }
        });
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    CopyOption[] options = {StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING};
    explained(Attempt.RENAME, to, () -> Files.move(from, to, options));
  }

  @Override
  public void delete(Path file) throws IOException {
    explained(Attempt.DELETE, file, () -> Files.deleteIfExists(file));
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    explained(
        Attempt.READ,
        directory,
        () -> {
          try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            sync(directory, channel, true);
            return true;
          }
        });
  }

  @Override
  public boolean exists(Path path) throws IOException {
    return attributes(path).isPresent();
  }

  private static Optional<BasicFileAttributes> attributes(Path path) throws IOException {
    return explained(
        Attempt.LOOK,
        path,
        () -> {
          try {
            return Optional.of(Files.readAttributes(path, BasicFileAttributes.class));
          } catch (NoSuchFileException e) {
            return Optional.empty();
          } catch (FileSystemException e) {
            if (isBelowFile(path)) {
              return Optional.empty();
            }
            throw e;
          }
        });
  }

  /** The system's own text for it depends on the locale. */
  private static boolean isBelowFile(Path path) {
    for (Path parent = path.getParent(); parent != null; parent = parent.getParent()) {
      if (Files.isRegularFile(parent)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public boolean isDirectory(Path path) throws IOException {
    return attributes(path).map(BasicFileAttributes::isDirectory).orElse(false);
  }

  @Override
  public Path realPath(Path path) throws IOException {
    return explained(Attempt.LOOK, path, () -> followed(path));
  }

  private static Path followed(Path path) throws IOException {
    Path absolute = path.toAbsolutePath();
    for (int links = 0; links < LINKS_MAX; links++) {
      try {
        return absolute.toRealPath();
      } catch (NoSuchFileException e) {
        Path parent = absolute.getParent();
        if (parent == null) {
          throw e;
        }
        if (!Files.isSymbolicLink(absolute)) {
          return followed(parent).resolve(absolute.getFileName()).normalize();
        }
        absolute = parent.resolve(Files.readSymbolicLink(absolute));
      }
    }
    throw new FileSystemLoopException(path.toString());
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    return explained(
        Attempt.READ,
        directory,
        () -> {
          try (Stream<Path> paths = Files.list(directory)) {
            return paths.map(path -> path.getFileName().toString()).sorted().toList();
          } catch (UncheckedIOException e) {
            throw e.getCause();
          }
        });
  }

  @Override
  public AppendMode probe(Path directory, DirectIo directIo) throws IOException {
    if (directIo == DirectIo.OFF) {
      return buffered("direct I/O is off");
    }
    AppendMode mode = probeDirect(directory);
    if (directIo == DirectIo.REQUIRED && !mode.direct()) {
      throw new IOException(
          directory + ": direct I/O is required and can't be had: " + mode.reason());
    }
    return mode;
  }

  private AppendMode probeDirect(Path directory) throws IOException {
    Path file = directory.resolve(".probe." + UUID.randomUUID());
    try {
      long blockBytes = Files.getFileStore(directory).getBlockSize();
      if (blockBytes > DIRECT_BLOCK_BYTES_MAX || Long.bitCount(blockBytes) != 1) {
        return buffered("blocks of " + blockBytes + " bytes are not a disk's");
      }
      AppendMode direct = new AppendMode(true, (int) blockBytes, "the file system can");
      writeAndReadBlock(file, direct);
      return direct;
    } catch (AccessDeniedException e) {
      throw e; // No other way of writing would do better.
    } catch (IOException | UnsupportedOperationException e) {
      LOG.debug("Direct I/O in {} failed its probe", directory, e);
      // The whole message would name the probe, which is gone.
      String why = e instanceof FileSystemException refused ? refused.getReason() : e.getMessage();
      return buffered("the file system refused direct I/O: " + why);
    } finally {
      if (Files.exists(file)) {
        delete(file);
      }
    }
  }

  private void writeAndReadBlock(Path file, AppendMode mode) throws IOException {
    try (DiskFile probe = openForAppending(file, mode)) {
      ByteBuffer block = mode.allocate(mode.blockBytes());
      probe.write(block, 0);
      if (probe.read(block.clear(), 0) != mode.blockBytes()) {
        throw new IOException("a block that was written can't be read");
      }
    }
  }

  private static AppendMode buffered(String reason) {
    return new AppendMode(false, BUFFERED_BLOCK_BYTES, reason);
  }

  @Override
  public Optional<DiskLock> tryLock(Path lockFile, String holder) throws IOException {
    warnOfUnknownFileSystem(lockFile);
    return explained(Attempt.WRITE, lockFile, () -> LocalLock.tryLock(lockFile, holder));
  }

  @Override
  public boolean isLocked(Path lockFile) throws IOException {
    return explained(Attempt.READ, lockFile, () -> LocalLock.isLocked(lockFile));
  }

  @Override
  public DiskWatch watch(Path file) {
    // Others may be a network's, which doesn't tell of what another machine did.
    return LocalWatch.of(file, KNOWN_FILE_SYSTEMS.contains(fileSystem(file)));
  }

  private static String fileSystem(Path file) {
    try {
      return Files.getFileStore(file.toAbsolutePath().getParent()).type();
    } catch (IOException e) {
      LOG.debug("The file system of {} can't be told", file, e);
      return "unknown"; // As in a chroot, which does not see its own mount.
    }
  }

  /** Locks and renames are only as good as the file system: rule 13. */
  private void warnOfUnknownFileSystem(Path file) {
    // Once a directory: finding out reads the table of mounts.
    if (!lockDirectories.add(file.resolveSibling(""))) {
      return;
    }
    String type = fileSystem(file);
    if (!KNOWN_FILE_SYSTEMS.contains(type) && WARNED_FILE_SYSTEMS.add(type)) {
      LOG.warn(
          "{} lies on a file system of type {}: locks and atomic renames were tried on {} only",
          file,
          type,
          KNOWN_FILE_SYSTEMS);
    }
  }

  @Override
  public String holder(Path lockFile) throws IOException {
    Path file = LocalLock.holderFile(lockFile);
    return explained(
        Attempt.READ,
        file,
        () -> {
          try {
            return Files.readString(file).trim();
          } catch (NoSuchFileException e) {
            return "unknown";
          }
        });
  }

  /** Goes on where the system reads or writes a part of what it was asked for. */
  static final class LocalFile implements DiskFile {
    private final Path path;
    private final FileChannel channel;
    private final Inode inode;
    private final int alignmentBytes;

    private LocalFile(Path path, FileChannel channel, Inode inode, int alignmentBytes) {
      this.path = path;
      this.channel = channel;
      this.inode = inode;
      this.alignmentBytes = alignmentBytes;
    }

    static LocalFile opened(Path path, FileChannel channel, int alignmentBytes) throws IOException {
      try {
        return new LocalFile(path, channel, Inode.of(path), alignmentBytes);
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      int total = 0;
      while (target.hasRemaining()) {
        int count = readSome(target, position + total);
        if (count < 0) {
          break;
        }
        total += count;
        if (count % alignmentBytes != 0) {
          break; // Only the end of the file is not aligned.
        }
      }
      return total;
    }

    private int readSome(ByteBuffer target, long position) throws IOException {
      try {
        return channel.read(target, position);
      } catch (IOException e) {
        throw failure(path, "read at byte " + position, e);
      }
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
      long at = position;
      try {
        while (source.hasRemaining()) {
          int count = channel.write(source, at);
          if (count <= 0 || count % alignmentBytes != 0) {
            throw new IOException("short write of " + count + " bytes");
          }
          at += count;
        }
      } catch (IOException e) {
        throw failure(path, "write at byte " + at, e);
      }
    }

    @Override
    public void sync() throws IOException {
      LocalDisk.sync(path, channel, false);
    }

    @Override
    public long sizeBytes() throws IOException {
      try {
        return channel.size();
      } catch (IOException e) {
        throw failure(path, "reading its size", e);
      }
    }

    @Override
    public boolean isAt(Path other) throws IOException {
      return inode.isAt(other);
    }

    @Override
    public void close() throws IOException {
      try {
        channel.close();
      } catch (IOException e) {
        throw failure(path, "close", e);
      }
    }
  }
}
