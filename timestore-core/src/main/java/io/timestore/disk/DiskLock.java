package io.timestore.disk;

import java.io.Closeable;
import java.io.IOException;

/** A lock file that is held, against all threads and processes of all machines that can see it. */
public interface DiskLock extends Closeable {

  /** Lets go; the file stays. */
  @Override
  void close() throws IOException;
}
