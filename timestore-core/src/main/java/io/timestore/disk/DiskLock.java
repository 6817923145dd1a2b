package io.timestore.disk;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/** A lock file that is held, against all threads and processes of all machines that can see it. */
public interface DiskLock extends Closeable {

  /** Whether a path leads to this lock file now: another one may have been put there since. */
  boolean isAt(Path path) throws IOException;

  /** Lets go; the file stays. */
  @Override
  void close() throws IOException;
}
