package io.timestore.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class LocalWatchTest {
  private static final long FOREVER = Long.MAX_VALUE / 2;

  @TempDir Path directory;
  private final ExecutorService waiter = Executors.newSingleThreadExecutor();
  private Path file;

  @BeforeEach
  void name() {
    file = directory.resolve("watched");
  }

  @AfterEach
  void stop() {
    waiter.shutdownNow();
  }

  private void replace(int content) throws IOException {
    Path other = directory.resolve("other");
    Files.writeString(other, String.valueOf(content));
    Files.move(other, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void oneWhoWaitsSeesEveryReplacement(boolean notifications) throws Exception {
    try (DiskWatch watch = LocalWatch.of(file, notifications)) {
      for (int i = 0; i < 10; i++) {
        String expected = String.valueOf(i);
        Future<?> seen =
            waiter.submit(
                () -> {
                  while (!Files.exists(file) || !Files.readString(file).equals(expected)) {
                    watch.await(FOREVER);
                  }
                  return null;
                });
        replace(i);
        seen.get();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void closingEndsTheWaiting(boolean notifications) throws Exception {
    DiskWatch watch = LocalWatch.of(file, notifications);
    Future<?> waiting =
        waiter.submit(
            () -> {
              while (true) {
                watch.await(FOREVER);
              }
            });
    watch.close();

    assertThatThrownBy(waiting::get)
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOf(IOException.class)
        .hasMessage(file + " is not watched any more: the watch is closed");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void waitingEndsWithItsTime(boolean notifications) throws Exception {
    try (DiskWatch watch = LocalWatch.of(file, notifications)) {
      long start = System.nanoTime();
      watch.await(TimeUnit.MILLISECONDS.toNanos(5));
      watch.await(0);
      watch.await(-1);
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(30));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aDirectoryThatIsGoneIsPolled(boolean notifications) throws Exception {
    try (DiskWatch watch = LocalWatch.of(directory.resolve("gone/watched"), notifications)) {
      watch.await(TimeUnit.MILLISECONDS.toNanos(5));
    }
  }
}
