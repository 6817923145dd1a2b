package io.timestore.disk;

import io.timestore.disk.SimulatedDisk.Directory;
import io.timestore.disk.SimulatedDisk.FileNode;
import io.timestore.disk.SimulatedDisk.Node;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A {@link SimulatedDisk} as one running program sees it. Every call that reads or changes the disk
 * is announced to a {@link Fate} first, which may let it happen, fail, or stop the program there.
 *
 * <p>I/O runs on the calling thread, so that the order of operations is the same in each run.
 */
public final class SimulatedProcess implements Disk {
  private static final int BLOCK_BYTES = 4096;

  private final SimulatedDisk disk;
  private Fate fate = operation -> operation.run();
  private boolean dead;
  private int openFiles;

  SimulatedProcess(SimulatedDisk disk) {
    this.disk = disk;
  }

  /** What a program asks of the disk. */
  public enum Kind {
    READ,
    CREATE,
    WRITE,
    SYNC,
    LINK,
    RENAME,
    DELETE,
    MAKE_DIRECTORY,
    SYNC_DIRECTORY,
    LOCK,
    UNLOCK;

    /** Whether something on the disk may be another afterwards, now or after a power cut. */
    public boolean changesDisk() {
      return this != READ && this != LOCK && this != UNLOCK;
    }
  }

  /** The work of an operation, done for a part of its bytes. */
  private interface Work {
    void run(int byteCount) throws IOException;
  }

  /** One operation that is about to happen. */
  public final class Operation {
    private final Kind kind;
    private final Path path;
    private final int byteCount;
    private final Work work;
    private final Runnable failure;

    private Operation(Kind kind, Path path, int byteCount, Work work, Runnable failure) {
      this.kind = kind;
      this.path = path;
      this.byteCount = byteCount;
      this.work = work;
      this.failure = failure;
    }

    public Kind kind() {
      return kind;
    }

    /** The file or directory; of a rename or link, the new name. */
    public Path path() {
      return path;
    }

    /** Bytes to be written, or read at most; else 0. */
    public int byteCount() {
      return byteCount;
    }

    public SimulatedProcess process() {
      return SimulatedProcess.this;
    }

    /** Does it. */
    public void run() throws IOException {
      run(byteCount);
    }

    /** Does it for the first bytes only. */
    public void run(int firstBytes) throws IOException {
      synchronized (disk) {
        work.run(firstBytes);
      }
    }

    /**
     * A sync that fails, after which the kernel takes what it did not write for clean: no later
     * sync writes it, as on Linux.
     */
    public void loseUnsynced() {
      synchronized (disk) {
        failure.run();
      }
    }

    @Override
    public String toString() {
      return kind + " " + path + (byteCount == 0 ? "" : " " + byteCount + " bytes");
    }
  }

  /** Decides what becomes of each operation; called on the thread that asks for it. */
  public interface Fate {

    /** Runs the operation, or not, or fails; {@link SimulatedProcess#kill} ends the program. */
    void decide(Operation operation) throws IOException;
  }

  /** The program was killed. */
  public static final class KilledException extends IOException {
    private static final long serialVersionUID = 1L;

    KilledException() {
      super("killed");
    }
  }

  public SimulatedProcess withFate(Fate newFate) {
    fate = newFate;
    return this;
  }

  public boolean isKilled() {
    return dead;
  }

  /** Ends the program, as SIGKILL does: what it did stays, its locks are gone. */
  public void kill() {
    synchronized (disk) {
      dead = true;
      disk.locks.values().removeIf(holder -> holder == this);
    }
  }

  public SimulatedDisk disk() {
    return disk;
  }

  /** Files that were opened and not closed yet. */
  public int openFileCount() {
    return openFiles;
  }

  public int heldLockCount() {
    synchronized (disk) {
      return (int) disk.locks.values().stream().filter(holder -> holder == this).count();
    }
  }

  /** Whether it has that lock. */
  public boolean holds(Path lockFile) {
    synchronized (disk) {
      return disk.locks.get(disk.find(lockFile)) == this;
    }
  }

  private void perform(Kind kind, Path path, Work work) throws IOException {
    perform(kind, path, 0, work);
  }

  private void perform(Kind kind, Path path, int byteCount, Work work) throws IOException {
    perform(new Operation(kind, path, byteCount, work, () -> {}));
  }

  private void perform(Operation operation) throws IOException {
    checkAlive();
    fate.decide(operation);
    checkAlive();
  }

  private void sync(Path path, FileNode file) throws IOException {
    perform(new Operation(Kind.SYNC, path, 0, n -> file.sync(), file::loseUnsynced));
  }

  private void checkAlive() throws KilledException {
    if (dead) {
      throw new KilledException();
    }
  }

  private static Path parent(Path path) {
    Path parent = path.toAbsolutePath().getParent();
    return parent == null ? path : parent;
  }

  private static String name(Path path) {
    return path.getFileName().toString();
  }

  private static byte[] bytes(ByteBuffer source) {
    byte[] bytes = new byte[source.remaining()];
    source.get(bytes);
    return bytes;
  }

  @Override
  public IoThreads threads(String name, int count) {
    return new IoThreads(new CallingThread());
  }

  @Override
  public DiskFile openForReading(Path file) throws IOException {
    SimulatedFile[] opened = new SimulatedFile[1];
    perform(Kind.READ, file, n -> opened[0] = new SimulatedFile(file, disk.file(file), 1));
    return opened[0];
  }

  @Override
  public DiskFile openForAppending(Path file, AppendMode mode) throws IOException {
    createIfMissing(file);
    int alignmentBytes = mode.direct() ? mode.blockBytes() : 1;
    SimulatedFile[] opened = new SimulatedFile[1];
    perform(
        Kind.READ, file, n -> opened[0] = new SimulatedFile(file, disk.file(file), alignmentBytes));
    return opened[0];
  }

  private void createIfMissing(Path file) throws IOException {
    synchronized (disk) {
      if (disk.find(file) != null) {
        return;
      }
    }
    perform(
        Kind.CREATE,
        file,
        n -> {
          if (disk.find(file) == null) { // Another program may have been quicker.
            create(file);
          }
        });
  }

  private FileNode create(Path file) throws IOException {
    Directory directory = disk.directory(parent(file));
    if (directory.get(name(file)) != null) {
      throw new FileAlreadyExistsException(file.toString());
    }
    FileNode created = new FileNode();
    directory.put(name(file), created);
    return created;
  }

  @Override
  public byte[] readUpTo(Path file, int sizeBytesMax) throws IOException {
    byte[][] bytes = new byte[1][];
    perform(
        Kind.READ,
        file,
        sizeBytesMax,
        n -> {
          FileNode node = disk.file(file);
          bytes[0] = new byte[(int) Math.min(n, node.sizeBytes())];
          node.read(bytes[0], 0, bytes[0].length, 0);
        });
    return bytes[0];
  }

  @Override
  public void createDurably(Path file, ByteBuffer content) throws IOException {
    FileNode[] created = new FileNode[1];
    perform(Kind.CREATE, file, n -> created[0] = create(file));
    byte[] bytes = bytes(content);
    perform(Kind.WRITE, file, bytes.length, n -> created[0].write(bytes, 0, n, 0));
    sync(file, created[0]);
  }

  @Override
  public void writeVolatile(Path file, ByteBuffer content) throws IOException {
    createIfMissing(file);
    byte[] bytes = bytes(content);
    perform(Kind.WRITE, file, bytes.length, n -> disk.file(file).write(bytes, 0, n, 0));
  }

  @Override
  public boolean createDirectory(Path directory) throws IOException {
    boolean[] created = new boolean[1];
    perform(
        Kind.MAKE_DIRECTORY,
        directory,
        n -> {
          if (disk.find(directory) == null) {
            disk.directory(parent(directory)).put(name(directory), new Directory());
            created[0] = true;
          }
        });
    return created[0];
  }

  @Override
  public void link(Path existing, Path link) throws IOException {
    Path temporary = link.resolveSibling("." + link.getFileName() + "." + disk.newName());
    linkIfAbsent(existing, temporary);
    rename(temporary, link);
    delete(temporary);
  }

  @Override
  public boolean linkIfAbsent(Path existing, Path link) throws IOException {
    boolean[] linked = new boolean[1];
    perform(
        Kind.LINK,
        link,
        n -> {
          Directory directory = disk.directory(parent(link));
          linked[0] = directory.get(name(link)) == null;
          if (linked[0]) {
            directory.put(name(link), disk.file(existing));
          }
        });
    return linked[0];
  }

  /** Within one directory, which is all that the engine asks for. */
  @Override
  public void rename(Path from, Path to) throws IOException {
    if (!parent(from).equals(parent(to))) {
      throw new IOException("rename of " + from + " to another directory, " + to);
    }
    perform(
        Kind.RENAME,
        to,
        n -> {
          Directory directory = disk.directory(parent(to));
          if (directory.get(name(from)) == null) {
            throw new NoSuchFileException(from.toString());
          }
          if (directory.get(name(to)) instanceof Directory) {
            throw new FileAlreadyExistsException(to.toString());
          }
          directory.rename(name(from), name(to));
        });
  }

  @Override
  public void delete(Path file) throws IOException {
    synchronized (disk) {
      if (disk.find(file) == null) {
        return;
      }
    }
    perform(
        Kind.DELETE,
        file,
        n -> {
          if (disk.find(file) instanceof Directory directory && !directory.names().isEmpty()) {
            throw new DirectoryNotEmptyException(file.toString());
          }
          disk.directory(parent(file)).remove(name(file));
        });
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    perform(Kind.SYNC_DIRECTORY, directory, n -> disk.directory(directory).sync());
  }

  @Override
  public boolean exists(Path path) throws IOException {
    return find(path) != null;
  }

  private @Nullable Node find(Path path) throws IOException {
    Node[] found = new Node[1];
    perform(Kind.READ, path, n -> found[0] = disk.find(path));
    return found[0];
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    List<String> names = new ArrayList<>();
    perform(Kind.READ, directory, n -> names.addAll(disk.directory(directory).names()));
    return names;
  }

  @Override
  public boolean isDirectory(Path path) throws IOException {
    return find(path) instanceof Directory;
  }

  /** There are no symbolic links here. */
  @Override
  public Path realPath(Path path) {
    return SimulatedDisk.absolute(path);
  }

  @Override
  public AppendMode probe(Path directory, DirectIo directIo) {
    return new AppendMode(directIo != DirectIo.OFF, BLOCK_BYTES, "simulated");
  }

  @Override
  public Optional<DiskLock> tryLock(Path lockFile, String holder) throws IOException {
    createIfMissing(lockFile);
    boolean[] locked = new boolean[1];
    FileNode[] file = new FileNode[1];
    perform(
        Kind.LOCK,
        lockFile,
        n -> {
          file[0] = disk.file(lockFile);
          locked[0] = disk.locks.putIfAbsent(file[0], this) == null;
        });
    if (!locked[0]) {
      return Optional.empty();
    }
    byte[] line = String.format("%-255s%n", holder).getBytes(StandardCharsets.UTF_8);
    try {
      writeVolatile(LocalLock.holderFile(lockFile), ByteBuffer.wrap(line));
    } catch (IOException e) {
      synchronized (disk) {
        disk.locks.remove(file[0], this);
      }
      throw e;
    }
    return Optional.of(new SimulatedLock(lockFile, file[0]));
  }

  private final class SimulatedLock implements DiskLock {
    private final Path path;
    private final FileNode node;

    SimulatedLock(Path path, FileNode node) {
      this.path = path;
      this.node = node;
    }

    @Override
    public boolean isAt(Path other) throws IOException {
      return find(other) == node;
    }

    @Override
    public void close() throws IOException {
      if (!dead) {
        perform(Kind.UNLOCK, path, n -> disk.locks.remove(node, SimulatedProcess.this));
      }
    }
  }

  /** Always says that there may be news. */
  @Override
  public DiskWatch watch(Path file) {
    return new DiskWatch() {
      @Override
      public void await(long nanosMax) {}

      @Override
      public void close() {}
    };
  }

  @Override
  public boolean isLocked(Path lockFile) throws IOException {
    return exists(lockFile) && disk.locks.containsKey(disk.file(lockFile));
  }

  @Override
  public String holder(Path lockFile) throws IOException {
    Path file = LocalLock.holderFile(lockFile);
    return exists(file)
        ? new String(readUpTo(file, 4096), StandardCharsets.UTF_8).trim()
        : "unknown";
  }

  private final class SimulatedFile implements DiskFile {
    private final Path path;
    private final FileNode node;
    private final int alignmentBytes;
    private boolean closed;

    SimulatedFile(Path path, FileNode node, int alignmentBytes) {
      openFiles++;
      this.path = path;
      this.node = node;
      this.alignmentBytes = alignmentBytes;
    }

    @Override
    public boolean isAt(Path other) throws IOException {
      return find(other) == node;
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      byte[] bytes = new byte[target.remaining()];
      int[] count = new int[1];
      perform(Kind.READ, path, bytes.length, n -> count[0] = node.read(bytes, 0, n, position));
      target.put(bytes, 0, count[0]);
      return count[0];
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
      if (position % alignmentBytes != 0 || source.remaining() % alignmentBytes != 0) {
        throw new IOException(
            path + ": a direct write of " + source.remaining() + " bytes at byte " + position);
      }
      byte[] bytes = bytes(source);
      perform(Kind.WRITE, path, bytes.length, n -> node.write(bytes, 0, n, position));
    }

    @Override
    public void sync() throws IOException {
      SimulatedProcess.this.sync(path, node);
    }

    @Override
    public long sizeBytes() throws IOException {
      long[] sizeBytes = new long[1];
      perform(Kind.READ, path, n -> sizeBytes[0] = node.sizeBytes());
      return sizeBytes[0];
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        openFiles--;
      }
    }
  }
}
