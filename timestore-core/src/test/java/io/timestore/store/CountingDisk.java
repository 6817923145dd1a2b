package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Counts what is done with a disk. */
final class CountingDisk {
  private final AtomicLong bytesRead = new AtomicLong();
  private final AtomicLong readCount = new AtomicLong();
  private final AtomicLong bytesWritten = new AtomicLong();
  private final Map<String, Integer> callCounts = new ConcurrentSkipListMap<>();
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

  long bytesWritten() {
    return bytesWritten.get();
  }

  /** How often each method was called, of the disk and of its files. */
  Map<String, Integer> callCounts() {
    return callCounts;
  }

  private <T> T counting(Class<T> type, T target) {
    return Around.calls(
        type,
        target,
        (method, arguments, original) -> {
          callCounts.merge(method.getName(), 1, Integer::sum);
          switch (method.getName()) {
            case "write" -> countWritten(arguments[0]);
            case "createDurably", "writeVolatile" -> countWritten(arguments[1]);
            default -> {}
          }
          return count(original.call());
        });
  }

  private void countWritten(Object buffer) {
    bytesWritten.addAndGet(((ByteBuffer) buffer).remaining());
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
