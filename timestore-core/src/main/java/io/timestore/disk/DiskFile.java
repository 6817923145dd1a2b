package io.timestore.disk;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * An open file. Reads and writes name their position, so that threads may share it. An interrupt
 * inside a call closes it: call from a thread of {@link IoThreads}.
 */
public interface DiskFile extends Closeable {

  /**
   * Reads until the buffer is full or the file ends.
   *
   * @return the bytes read, 0 at or behind the end
   */
  int read(ByteBuffer target, long position) throws IOException;

  /** Writes all of the buffer, or fails. */
  void write(ByteBuffer source, long position) throws IOException;

  /** Makes the file's bytes and its size durable. After a failure the file must not be trusted. */
  void sync() throws IOException;

  long sizeBytes() throws IOException;

  /** Whether a path leads to this file now: another one may have been put there since. */
  boolean isAt(Path path) throws IOException;
}
