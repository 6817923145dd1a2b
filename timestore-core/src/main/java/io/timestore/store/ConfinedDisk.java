package io.timestore.store;

import io.timestore.disk.AppendMode;
import io.timestore.disk.DirectIo;
import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.disk.DiskLock;
import io.timestore.disk.DiskWatch;
import io.timestore.disk.IoThreads;
import io.timestore.format.CorruptStoreException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A disk of which one store's directory is all there is. The way to the directory may go through
 * symbolic links, and links in it may lead to places in it; one that leads out of it is refused: a
 * store from elsewhere could point it at any file of whoever opens it.
 *
 * <p>The refusal is a {@link CorruptStoreException}: what is wrong is the store, for every user and
 * host alike, and trying again does not help.
 */
final class ConfinedDisk implements Disk {
  private final Disk disk;
  private final Path root;

  ConfinedDisk(Disk disk, Path root) {
    this.disk = disk;
    this.root = root;
  }

  /** A path that will be followed to its end. */
  private Path inside(Path path) throws IOException {
    Path store = disk.realPath(root);
    Path target = disk.realPath(path);
    if (!target.startsWith(store)) {
      throw new CorruptStoreException(
          path + " leads out of the store, to " + target + "; expected a place in " + store);
    }
    return path;
  }

  /** A name that is made, replaced or removed: if it is a link, nobody follows it. */
  private Path nameInside(Path path) throws IOException {
    inside(path.resolveSibling("."));
    return path;
  }

  @Override
  public IoThreads threads(String name, int count) {
    return disk.threads(name, count);
  }

  @Override
  public DiskFile openForReading(Path file) throws IOException {
    return disk.openForReading(inside(file));
  }

  @Override
  public DiskFile openForAppending(Path file, AppendMode mode) throws IOException {
    return disk.openForAppending(inside(file), mode);
  }

  @Override
  public byte[] readUpTo(Path file, int sizeBytesMax) throws IOException {
    return disk.readUpTo(inside(file), sizeBytesMax);
  }

  @Override
  public void createDurably(Path file, ByteBuffer content) throws IOException {
    disk.createDurably(nameInside(file), content);
  }

  @Override
  public void writeVolatile(Path file, ByteBuffer content) throws IOException {
    disk.writeVolatile(inside(file), content);
  }

  @Override
  public boolean createDirectory(Path directory) throws IOException {
    return disk.createDirectory(nameInside(directory));
  }

  @Override
  public void link(Path existing, Path link) throws IOException {
    disk.link(inside(existing), nameInside(link));
  }

  @Override
  public boolean linkIfAbsent(Path existing, Path link) throws IOException {
    return disk.linkIfAbsent(inside(existing), nameInside(link));
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    disk.rename(nameInside(from), nameInside(to));
  }

  @Override
  public void delete(Path file) throws IOException {
    disk.delete(nameInside(file));
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    disk.syncDirectory(inside(directory));
  }

  /** Followed wherever it leads: nothing but its being there comes back. */
  @Override
  public boolean exists(Path path) throws IOException {
    return disk.exists(path);
  }

  @Override
  public List<String> list(Path directory) throws IOException {
    return disk.list(inside(directory));
  }

  @Override
  public boolean isDirectory(Path path) throws IOException {
    return disk.isDirectory(path);
  }

  @Override
  public Path realPath(Path path) throws IOException {
    return disk.realPath(path);
  }

  @Override
  public AppendMode probe(Path directory, DirectIo directIo) throws IOException {
    return disk.probe(inside(directory), directIo);
  }

  @Override
  public Optional<DiskLock> tryLock(Path lockFile, String holder) throws IOException {
    return disk.tryLock(inside(lockFile), holder);
  }

  @Override
  public boolean isLocked(Path lockFile) throws IOException {
    return disk.isLocked(inside(lockFile));
  }

  @Override
  public DiskWatch watch(Path file) throws IOException {
    return disk.watch(inside(file));
  }

  @Override
  public String holder(Path lockFile) throws IOException {
    return disk.holder(inside(lockFile));
  }
}
