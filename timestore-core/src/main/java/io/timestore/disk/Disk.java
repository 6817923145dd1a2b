package io.timestore.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * All that the engine asks of a file system. A parameter of the engine, so that tests can put one
 * there that crashes. Failures carry the path in their message.
 */
public interface Disk {

  /** Threads on which to do I/O with this disk, for the caller to close. */
  IoThreads threads(String name, int count);

  /** Opens a file that exists. */
  DiskFile openForReading(Path file) throws IOException;

  /** Opens a file to write and read it, and creates it where it is missing. */
  DiskFile openForAppending(Path file, AppendMode mode) throws IOException;

  /** The content of a small file, but no more than so many bytes of it. */
  byte[] readUpTo(Path file, int sizeBytesMax) throws IOException;

  /** Creates a file, which must not exist, with this content, made durable. */
  void createDurably(Path file, ByteBuffer content) throws IOException;

  /** Writes a small file, made anew or in place, without making it durable. */
  void writeVolatile(Path file, ByteBuffer content) throws IOException;

  /**
   * Creates a directory.
   *
   * @return false where something of that name exists
   */
  boolean createDirectory(Path directory) throws IOException;

  /** Gives a file a second name, in place of whatever has it. */
  void link(Path existing, Path link) throws IOException;

  /**
   * Gives a file a second name, which must be free.
   *
   * @return false where something has that name
   */
  boolean linkIfAbsent(Path existing, Path link) throws IOException;

  /** Renames a file onto another name, in place of whatever has it, in one step. */
  void rename(Path from, Path to) throws IOException;

  void delete(Path file) throws IOException;

  /** Makes what was created, renamed and deleted in a directory durable. */
  void syncDirectory(Path directory) throws IOException;

  boolean exists(Path path) throws IOException;

  /** The names in a directory, sorted. */
  List<String> list(Path directory) throws IOException;

  boolean isDirectory(Path path) throws IOException;

  /**
   * Where a path leads once every symbolic link in it is followed, also one to nothing; what does
   * not exist is no link.
   */
  Path realPath(Path path) throws IOException;

  /** Finds out, with a real write and read, how files in a directory can be written. */
  AppendMode probe(Path directory, DirectIo directIo) throws IOException;

  /**
   * Takes a lock file, which is created where it is missing and never removed.
   *
   * @param holder what others are told of who holds it
   * @return empty where somebody else has it
   */
  Optional<DiskLock> tryLock(Path lockFile, String holder) throws IOException;

  /**
   * Whether somebody has a lock file now. Asking takes the lock for a moment, shared with others
   * who ask, so it is for people who look, not for the engine.
   *
   * @return false where there is no such file
   */
  boolean isLocked(Path lockFile) throws IOException;

  /** Begins to watch a file that is replaced by renames, whether it exists or not. */
  DiskWatch watch(Path file) throws IOException;

  /** Who took a lock file last; "unknown" where nobody is known. */
  String holder(Path lockFile) throws IOException;
}
