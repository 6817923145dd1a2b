package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.disk.LocalDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Commits batches of ten rows, the first with the keys 0 to 9. In the second one it says when it
 * comes to a certain operation of the disk, and waits for a line before it does it.
 */
public final class PausingWriter {
  private final String operation;
  private final AtomicBoolean armed = new AtomicBoolean();

  private PausingWriter(String operation) {
    this.operation = operation;
  }

  /** Arguments: the store, the operation, how many batches. */
  public static void main(String[] arguments) throws IOException {
    new PausingWriter(arguments[1]).write(Path.of(arguments[0]), Integer.parseInt(arguments[2]));
  }

  private void write(Path path, int batchCount) throws IOException {
    Store store = Store.open(pausing(Disk.class, new LocalDisk()), path);
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      for (int batch = 0; batch < batchCount; batch++) {
        armed.set(batch == 1);
        writer.append(Rows.batch(Rows.ofKeys(LongStream.range(batch * 10L, batch * 10L + 10))));
        writer.commit();
        System.out.println("committed batch " + batch);
      }
    } catch (ConflictException e) {
      System.out.println(e.getMessage());
    }
  }

  private <T> T pausing(Class<T> type, T target) {
    return Around.calls(
        type,
        target,
        (method, arguments, original) -> {
          if (method.getName().equals(operation) && armed.compareAndSet(true, false)) {
            System.out.println("at " + operation);
            awaitLine();
          }
          return wrap(original.call());
        });
  }

  private @Nullable Object wrap(@Nullable Object result) {
    return result instanceof DiskFile file ? pausing(DiskFile.class, file) : result;
  }

  private static void awaitLine() throws IOException {
    int next = System.in.read();
    while (next >= 0 && next != '\n') {
      next = System.in.read();
    }
  }
}
