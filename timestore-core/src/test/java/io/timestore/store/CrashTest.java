package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.timestore.disk.DirectIo;
import io.timestore.format.Commit;
import io.timestore.format.Schema;
import io.timestore.store.CrashingDisk.Fate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A process dies at every operation in turn, and the store is opened again. */
class CrashTest {
  private static final List<String> TABLES = List.of("a", "b");
  private static final int COMMITS = 4;

  private Path directory;

  @BeforeEach
  void createDirectory() throws IOException {
    directory = Directories.createInMemory();
  }

  @AfterEach
  void deleteDirectory() throws IOException {
    Directories.delete(directory);
  }

  static Stream<Arguments> fatesAndArrivals() {
    return Stream.of(Fate.values())
        .flatMap(fate -> Stream.of(Arrival.values()).map(arrival -> arguments(fate, arrival)));
  }

  /** Writes in two runs; the number of whatever was acknowledged is told. */
  private static void write(
      CrashingDisk disk, Path path, Arrival arrival, AtomicInteger acknowledged)
      throws IOException {
    for (int end : new int[] {COMMITS - 1, COMMITS}) {
      Store store = Store.openOrCreate(disk, path, Schema.ofTables(TABLES));
      try (StoreWriter writer = store.writer(arrival.writerOptions())) {
        while (acknowledged.get() < end) {
          writer.append(Rows.batch(arrival.batch(acknowledged.get())));
          writer.commit();
          acknowledged.incrementAndGet();
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("fatesAndArrivals")
  void acknowledgedBatchesSurviveWholeAndTheStoreGoesOn(Fate fate, Arrival arrival)
      throws IOException {
    int crashes = 0;
    boolean crashed = true;
    for (int operation = 0; crashed; operation++) {
      Path path = directory.resolve(fate + "-" + operation);
      AtomicInteger acknowledged = new AtomicInteger();
      CrashingDisk disk = new CrashingDisk(operation, fate);
      try {
        write(disk, path, arrival, acknowledged);
        crashed = false;
      } catch (IOException e) {
        assertThat(e).hasStackTraceContaining("CrashException");
        crashes++;
      } finally {
        disk.bury();
      }
      String when = fate + " at operation " + operation;

      Store store = Store.openOrCreate(path, Schema.ofTables(TABLES));
      int found = Arrival.batchCount(store.snapshot().rowCount());
      assertThat(found).as(when).isGreaterThanOrEqualTo(acknowledged.get());
      assertHolds(store, arrival, found, when);

      try (StoreWriter writer = store.writer(arrival.writerOptions())) {
        append(writer, arrival, found);
        writer.commit();
      }
      assertHolds(Store.open(path), arrival, found + COMMITS, when + ", gone on with");
    }
    assertThat(crashes).isGreaterThan(60);
  }

  /** Appends as many batches as there are commits, so that each lane gets some. */
  private static void append(StoreWriter writer, Arrival arrival, int fromBatch)
      throws IOException {
    for (int batch = fromBatch; batch < fromBatch + COMMITS; batch++) {
      writer.append(Rows.batch(arrival.batch(batch)));
    }
  }

  private static void assertHolds(Store store, Arrival arrival, int batchCount, String when)
      throws IOException {
    assertThat(Rows.read(store, TABLES)).as(when).isEqualTo(arrival.rows(0, batchCount));
    assertThat(store.snapshot().record().lanes()).as(when).hasSize(arrival.laneCount(batchCount));
  }

  @ParameterizedTest
  @MethodSource("fatesAndArrivals")
  void aPreparedCommitCanBePublishedAfterAnyCrashOfItsPublisher(Fate fate, Arrival arrival)
      throws IOException {
    boolean crashed = true;
    int crashes = 0;
    for (int operation = 0; crashed; operation++) {
      Path path = directory.resolve("publish-" + fate + "-" + operation);
      Store store = Store.openOrCreate(path, Schema.ofTables(TABLES));
      Commit commit = prepare(store, arrival);
      CrashingDisk disk = new CrashingDisk(operation, fate);
      try (Publisher publisher = Store.open(disk, path).publisher()) {
        publisher.publish(List.of(commit), false);
        crashed = false;
      } catch (CrashingDisk.CrashException e) {
        crashes++;
      } finally {
        disk.bury();
      }
      assertThat(Rows.read(store, TABLES)).isIn(List.of(), arrival.rows(0, COMMITS));

      try (Publisher publisher = store.publisher()) {
        publisher.publish(List.of(commit), true);
      }
      assertHolds(store, arrival, COMMITS, fate + " at operation " + operation);
      assertThat(path.toFile().list((dir, name) -> name.startsWith(".length"))).isEmpty();
    }
    assertThat(crashes).isGreaterThan(4);
  }

  private static Commit prepare(Store store, Arrival arrival) throws IOException {
    WriterOptions options =
        WriterOptions.ofSink(DirectIo.AUTO, 1 << 20, UUID.randomUUID(), UUID.randomUUID());
    try (StoreWriter writer = store.writer(options)) {
      append(writer, arrival, 0);
      return writer.prepare(true, Long.MIN_VALUE).orElseThrow().ofCheckpoint(1, false);
    }
  }
}
