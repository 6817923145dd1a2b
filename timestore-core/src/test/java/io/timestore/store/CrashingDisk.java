package io.timestore.store;

import io.timestore.disk.AppendMode;
import io.timestore.disk.DirectIo;
import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.disk.DiskLock;
import io.timestore.disk.DiskWatch;
import io.timestore.disk.IoThreads;
import io.timestore.disk.LocalDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A disk on which the process dies at one operation. What it did before stays, as after SIGKILL;
 * the operation itself is left out, done, or, if it writes, done for a half. Afterwards nothing can
 * be done any more, and the process's locks are gone.
 *
 * <p>Power cuts, which lose what was not synced, are not among its faults.
 */
final class CrashingDisk implements Disk {
  private final Disk disk = new LocalDisk();
  private final long lastOperation;
  private final Fate fate;
  private final List<DiskLock> locks = new ArrayList<>();
  private long operations;
  private boolean dead;

  /** What becomes of the operation at which the process dies. */
  enum Fate {
    LEFT_OUT,
    HALF_WRITTEN,
    DONE
  }

  /** The process died. */
  static final class CrashException extends IOException {
    private static final long serialVersionUID = 1L;

    CrashException() {
      super("crash");
    }
  }

  private interface Operation {
    void run() throws IOException;
  }

  CrashingDisk(long lastOperation, Fate fate) {
    this.lastOperation = lastOperation;
    this.fate = fate;
  }

  /** Operations that changed the disk so far. */
  synchronized long operations() {
    return operations;
  }

  /** Drops the locks, as the kernel does for a process that is gone. */
  synchronized void bury() throws IOException {
    dead = true;
    for (DiskLock lock : locks) {
      lock.close();
    }
  }

  private synchronized void change(Operation whole, Operation half) throws IOException {
    checkAlive();
    if (operations == lastOperation) {
      dead = true;
      if (fate == Fate.DONE) {
        whole.run();
      } else if (fate == Fate.HALF_WRITTEN) {
        half.run();
      }
      throw new CrashException();
    }
    whole.run();
    operations++;
  }

  private void change(Operation operation) throws IOException {
    change(operation, () -> {});
  }

  private synchronized void checkAlive() throws IOException {
    if (dead) {
      throw new CrashException();
    }
  }

  private static ByteBuffer half(ByteBuffer bytes) {
    int blockBytes = 4096;
    int length = bytes.remaining() / 2 / blockBytes * blockBytes;
    return bytes.duplicate().limit(bytes.position() + length);
  }

  @Override
  public IoThreads threads(String name, int count) {
    return disk.threads(name, count);
  }

  @Override
  public DiskFile openForReading(Path file) throws IOException {
    checkAlive();
    return disk.openForReading(file);
  }

  @Override
  public DiskFile openForAppending(Path file, AppendMode mode) throws IOException {
    change(() -> disk.openForAppending(file, mode).close());
    DiskFile open = disk.openForAppending(file, mode);
    return new DiskFile() {
      @Override
      public int read(ByteBuffer target, long position) throws IOException {
        checkAlive();
        return open.read(target, position);
      }

      @Override
      public void write(ByteBuffer source, long position) throws IOException {
        change(() -> open.write(source, position), () -> open.write(half(source), position));
      }

      @Override
      public void sync() throws IOException {
        change(open::sync);
      }

      @Override
      public long sizeBytes() throws IOException {
        return open.sizeBytes();
      }

      @Override
      public boolean isAt(Path path) throws IOException {
        checkAlive();
        return open.isAt(path);
      }

      @Override
      public void close() throws IOException {
        open.close();
      }
    };
  }

  @Override
  public byte[] readUpTo(Path file, int sizeBytesMax) throws IOException {
    checkAlive();
    return disk.readUpTo(file, sizeBytesMax);
  }

  @Override
  public void createDurably(Path file, ByteBuffer content) throws IOException {
    change(
        () -> disk.createDurably(file, content),
        () -> disk.createDurably(file, content.duplicate().limit(content.limit() / 2)));
  }

  @Override
  public void writeVolatile(Path file, ByteBuffer content) throws IOException {
    change(() -> disk.writeVolatile(file, content));
  }

  @Override
  public boolean createDirectory(Path directory) throws IOException {
    boolean[] created = new boolean[1];
    change(() -> created[0] = disk.createDirectory(directory));
    return created[0];
  }

  @Override
  public void link(Path existing, Path link) throws IOException {
    change(() -> disk.link(existing, link));
  }

  @Override
  public boolean linkIfAbsent(Path existing, Path link) throws IOException {
    boolean[] linked = new boolean[1];
    change(() -> linked[0] = disk.linkIfAbsent(existing, link));
    return linked[0];
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    change(() -> disk.rename(from, to));
  }

  @Override
  public void delete(Path file) throws IOException {
    change(() -> disk.delete(file));
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    change(() -> disk.syncDirectory(directory));
  }

  @Override
  public boolean exists(Path path) throws IOException {
    checkAlive();
    return disk.exists(path);
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    checkAlive();
    return disk.list(directory);
  }

  @Override
  public boolean isDirectory(Path path) throws IOException {
    checkAlive();
    return disk.isDirectory(path);
  }

  @Override
  public Path realPath(Path path) throws IOException {
    checkAlive();
    return disk.realPath(path);
  }

  @Override
  public AppendMode probe(Path directory, DirectIo directIo) throws IOException {
    checkAlive();
    return disk.probe(directory, directIo);
  }

  @Override
  public synchronized Optional<DiskLock> tryLock(Path lockFile, String holder) throws IOException {
    checkAlive();
    Optional<DiskLock> lock = disk.tryLock(lockFile, holder);
    if (lock.isEmpty()) {
      return lock;
    }
    locks.add(lock.get());
    return Optional.of(
        new DiskLock() {
          @Override
          public boolean isAt(Path path) throws IOException {
            checkAlive();
            return lock.get().isAt(path);
          }

          @Override
          public void close() throws IOException {
            unlock(lock.get());
          }
        });
  }

  private synchronized void unlock(DiskLock lock) throws IOException {
    if (locks.remove(lock)) {
      lock.close();
    }
  }

  @Override
  public DiskWatch watch(Path file) throws IOException {
    return disk.watch(file);
  }

  @Override
  public boolean isLocked(Path lockFile) throws IOException {
    checkAlive();
    return disk.isLocked(lockFile);
  }

  @Override
  public String holder(Path lockFile) throws IOException {
    return disk.holder(lockFile);
  }
}
