package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Counts what is read from a real disk. */
final class CountingDisk {
  private final AtomicLong bytesRead = new AtomicLong();
  private final AtomicLong readCount = new AtomicLong();
  private final Disk disk;

  CountingDisk(Disk disk) {
    this.disk = counting(Disk.class, disk);
  }

  Disk disk() {
    return disk;
  }

  long bytesRead() {
    return bytesRead.get();
  }

  /** Reads of open files. */
  long readCount() {
    return readCount.get();
  }

  private <T> T counting(Class<T> type, T target) {
    return Around.calls(type, target, (method, arguments, original) -> count(original.call()));
  }

  private @Nullable Object count(@Nullable Object result) {
    if (result instanceof DiskFile file) {
      return counting(DiskFile.class, file);
    }
    if (result instanceof byte[] bytes) {
      bytesRead.addAndGet(bytes.length);
    } else if (result instanceof Integer count) {
      bytesRead.addAndGet(count);
      readCount.incrementAndGet();
    }
    return result;
  }
}
