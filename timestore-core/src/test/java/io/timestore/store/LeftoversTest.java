package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.disk.DiskLock;
import io.timestore.disk.DiskWatch;
import io.timestore.disk.LocalDisk;
import io.timestore.disk.OtherClassLoader;
import io.timestore.format.Schema;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What opens and closes, and what fails, leaves nothing behind in the process. */
class LeftoversTest {
  private static final int OPENS = 10_000;
  private static final int CLASS_LOADERS = 50;

  /** Less than the classes of one class loader take. */
  private static final long METASPACE_GROWTH_BYTES_MAX = 3 << 20;

  private static final List<String> TABLES = List.of("a", "b");

  /** Of other tests, whose programs died. */
  private static final Set<Thread> THREADS_BEFORE = Set.copyOf(Thread.getAllStackTraces().keySet());

  private Path directory;
  private Path path;

  @BeforeEach
  void createDirectory() throws IOException {
    directory = Directories.createInMemory();
    path = directory.resolve("store");
  }

  @AfterEach
  void deleteDirectory() throws IOException {
    Directories.delete(directory);
  }

  /** What this process holds of the test's directory, and of the engine's threads and locks. */
  private record Held(
      List<String> files, List<String> maps, Set<String> locks, Set<String> threads) {
    static final Held NOTHING = new Held(List.of(), List.of(), Set.of(), Set.of());

    static Held of(Path directory) throws IOException {
      return new Held(openFiles(directory), mappings(directory), lockEntries(), threadNames());
    }

    private static List<String> openFiles(Path directory) throws IOException {
      List<String> files = new ArrayList<>();
      try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
        for (Path descriptor : descriptors.toList()) {
          if (Files.isSymbolicLink(descriptor)) { // Others are closed by now.
            String target = Files.readSymbolicLink(descriptor).toString();
            if (target.startsWith(directory.toString()) || target.contains("inotify")) {
              files.add(target);
            }
          }
        }
      }
      return files;
    }

    private static List<String> mappings(Path directory) throws IOException {
      try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
        return lines.filter(line -> line.contains(directory.toString())).toList();
      }
    }

    private static Set<String> lockEntries() {
      return System.getProperties().stringPropertyNames().stream()
          .filter(name -> name.startsWith("io.timestore.lock."))
          .collect(Collectors.toSet());
    }

    private static Set<String> threadNames() {
      return Thread.getAllStackTraces().keySet().stream()
          .filter(thread -> !THREADS_BEFORE.contains(thread))
          .map(Thread::getName)
          .filter(name -> name.startsWith("timestore-") || name.contains("WatchService"))
          .collect(Collectors.toSet());
    }
  }

  private void assertNothingIsHeld(String when) {
    // The JDK ends the thread of a watch, and closes what it has open, a little later.
    await()
        .pollInterval(Duration.ofMillis(1))
        .untilAsserted(() -> assertThat(Held.of(directory)).as(when).isEqualTo(Held.NOTHING));
  }

  private static BufferPoolMXBean buffers(String pool) {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(bean -> bean.getName().equals(pool))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void afterTenThousandOpensAndClosesNothingIsLeft() throws Exception {
    Store store = Store.openOrCreate(path, Schema.ofTables(TABLES));
    RoundTrip.run(store, Arrival.LATE, 0);
    awaitBuffers(0);
    long before = buffers("direct").getCount();

    int opens = 0;
    for (int round = 1; opens < OPENS / 3; round++) {
      RoundTrip.run(store, round % 2 == 0 ? Arrival.IN_ORDER : Arrival.LATE, 40L * round);
      opens += RoundTrip.OPENS;
    }
    while (opens < OPENS) {
      try (StoreReader reader = Store.open(path).reader();
          RowIterator rows = reader.iterateRows(5, 15, "a")) {
        assertThat(rows.next()).isTrue();
      }
      Store.open(path).writer(WriterOptions.defaults()).close();
      opens += 5;
    }

    assertNothingIsHeld("after the last one");
    awaitBuffers(before);
    assertThat(buffers("mapped").getCount()).isZero();
  }

  /** Direct buffers go when the collector finds that nobody has them. */
  private static void awaitBuffers(long countMax) {
    long[] last = {Long.MAX_VALUE};
    await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              System.gc();
              long count = buffers("direct").getCount();
              boolean settled = countMax > 0 ? count <= countMax : count == last[0];
              last[0] = count;
              return settled;
            });
  }

  /**
   * Fails at one operation of the disk, of a file, a lock or a watch; closing fails once closed.
   */
  private static final class FailingDisk {
    private int left;

    FailingDisk(int operationsBefore) {
      this.left = operationsBefore;
    }

    Disk disk() {
      return failing(Disk.class, new LocalDisk());
    }

    synchronized boolean failed() {
      return left < 0;
    }

    private synchronized boolean failsNow() {
      left--;
      return left == -1;
    }

    private <T> T failing(Class<T> type, T target) {
      return Around.calls(
          type,
          target,
          (method, arguments, original) -> {
            boolean isIo = List.of(method.getExceptionTypes()).contains(IOException.class);
            if (!isIo || !failsNow()) {
              return wrap(original.call());
            }
            if (method.getName().equals("close")) {
              original.call();
            }
            throw new IOException("failed by the test: " + method.getName());
          });
    }

    private @Nullable Object wrap(@Nullable Object result) {
      if (result instanceof DiskFile file) {
        return failing(DiskFile.class, file);
      }
      if (result instanceof DiskWatch watch) {
        return failing(DiskWatch.class, watch);
      }
      return result instanceof Optional<?> found && found.orElse(null) instanceof DiskLock lock
          ? Optional.of(failing(DiskLock.class, lock))
          : result;
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatFailsAtAnyOperationLeavesNothing(Arrival arrival) throws Exception {
    boolean failed = true;
    int operations = 0;
    for (; failed; operations++) {
      FailingDisk disk = new FailingDisk(operations);
      Path place = directory.resolve(Integer.toString(operations));
      String failure = "nothing";
      try {
        Store store = Store.openOrCreate(disk.disk(), place, Schema.ofTables(TABLES));
        RoundTrip.run(store, arrival, 0);
      } catch (IOException e) {
        failure = e.toString();
      }
      failed = disk.failed();
      assertNothingIsHeld("operation " + operations + ": " + failure);
    }
    assertThat(operations).isGreaterThan(300);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "length",
        "schema.json",
        "keys",
        "a/offsets",
        "a/data",
        "b/offsets",
        "lanes/00001/keys",
        "lanes/00001/a/offsets",
        "lanes/00001/a/data",
        "lanes/00001/b/offsets"
      })
  void filesThatAreMissingOrDamagedLeaveNothing(String name) throws Exception {
    Path file = path.resolve(name);
    int failures = 0;
    for (int round = 0; round < 24; round++) {
      Store store = Store.openOrCreate(path, Schema.ofTables(TABLES));
      RoundTrip.run(store, Arrival.LATE, 0);
      if (round % 2 == 0) {
        Files.delete(file);
      } else {
        Files.write(file, new byte[] {'x', 'y'}, StandardOpenOption.TRUNCATE_EXISTING);
      }
      for (ThrowingCallable work :
          List.<ThrowingCallable>of(
              () -> RoundTrip.run(store, Arrival.LATE, 40),
              () -> RoundTrip.run(Store.open(path), Arrival.LATE, 40),
              () -> Rows.read(Store.open(path), TABLES))) {
        Throwable failure = catchThrowable(work);
        if (failure != null) {
          assertThat(failure).isInstanceOfAny(IOException.class, IllegalStateException.class);
          failures++;
        }
      }
      Directories.delete(path);
    }
    assertThat(failures).as("runs that failed").isGreaterThan(24);
    assertNothingIsHeld(name);
  }

  @Test
  void locksThatAreRefusedLeaveNothing() throws Exception {
    Store store = Store.openOrCreate(path, Schema.ofTables(TABLES));
    try (DiskLock lock =
        new LocalDisk().tryLock(path.resolve("commit.lock"), "test").orElseThrow()) {
      List<String> files = Held.of(directory).files();
      for (int round = 0; round < 1000; round++) {
        assertThatThrownBy(() -> store.publisher(Duration.ZERO).publishEmpty())
            .isInstanceOf(IOException.class)
            .hasMessageContaining("it is held by test");
      }
      assertThat(Held.of(directory).files()).isEqualTo(files);
      assertThat(lock).isNotNull();
    }
    assertNothingIsHeld("refused");
  }

  @Test
  void classLoadersThatUsedAStoreAreUnloaded() throws Exception {
    MemoryPoolMXBean metaspace =
        ManagementFactory.getPlatformMXBeans(MemoryPoolMXBean.class).stream()
            .filter(pool -> pool.getName().equals("Metaspace"))
            .findFirst()
            .orElseThrow();
    long first = 0;
    // The last one stays: the JDK keeps the class whose records it compared last (JDK-8078641).
    WeakReference<ClassLoader> before = null;
    for (int i = 0; i < CLASS_LOADERS; i++) {
      WeakReference<ClassLoader> loader = use(directory.resolve(Integer.toString(i)));
      assertNothingIsHeld("class loader " + i);
      if (before != null) {
        awaitUnloaded(before, i - 1);
      }
      before = loader;
      if (i == 10) {
        first = metaspace.getUsage().getUsed();
      }
    }
    assertThat(metaspace.getUsage().getUsed() - first).isLessThan(METASPACE_GROWTH_BYTES_MAX);
  }

  private static WeakReference<ClassLoader> use(Path path) throws Exception {
    try (OtherClassLoader other = new OtherClassLoader()) {
      other.main(RoundTrip.class, path.toString());
      return other.reference();
    }
  }

  private static void awaitUnloaded(WeakReference<ClassLoader> loader, int index) {
    await("class loader " + index)
        .atMost(Duration.ofSeconds(10))
        .pollInterval(Duration.ofMillis(1))
        .until(
            () -> {
              System.gc();
              return loader.get() == null;
            });
  }
}
