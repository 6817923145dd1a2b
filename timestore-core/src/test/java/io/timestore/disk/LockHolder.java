package io.timestore.disk;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Tries to take a lock, says whether it has it, and keeps it until its input ends. */
public final class LockHolder {
  static final String LOCKED = "locked";
  static final String REFUSED = "refused";

  private LockHolder() {}

  public static void main(String[] arguments) throws IOException {
    Optional<DiskLock> lock = new LocalDisk().tryLock(Path.of(arguments[0]), "the child");
    System.out.println(lock.isPresent() ? LOCKED : REFUSED);
    if (lock.isPresent()) {
      while (System.in.read() >= 0) {
        // Until the parent closes it.
      }
      lock.get().close();
    }
  }
}
