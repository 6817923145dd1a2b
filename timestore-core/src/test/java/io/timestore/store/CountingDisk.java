package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicLong;

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
    InvocationHandler handler =
        (proxy, method, arguments) -> count(call(method, target, arguments));
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }

  private Object count(Object result) {
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

  private static Object call(Method method, Object target, Object[] arguments) throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
