package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.disk.DirectIo;
import io.timestore.format.Commit;
import io.timestore.format.Schema;
import io.timestore.store.CrashingDisk.Fate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A process dies at every operation in turn, and the store is opened again. */
class CrashTest {
  private static final List<String> TABLES = List.of("a", "b");
  private static final int COMMITS = 4;

  @TempDir Path directory;

  /** Writes in two runs; whatever was acknowledged stands in {@code acknowledged} then. */
  private static void write(CrashingDisk disk, Path path, List<String> acknowledged)
      throws IOException {
    for (int run = 0; run < 2; run++) {
      Store store = Store.openOrCreate(disk, path, Schema.ofTables(TABLES));
      try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
        for (int i = 0; i < COMMITS / 2; i++) {
          List<String> rows = batch(run * COMMITS / 2 + i);
          writer.append(Rows.batch(rows));
          writer.commit();
          acknowledged.addAll(rows);
        }
      }
    }
  }

  private static List<String> batch(int index) {
    return Rows.ofKeys(LongStream.range(index * 200L, index * 200L + 150 + index));
  }

  private static List<String> batches(int count) {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      rows.addAll(batch(i));
    }
    return rows;
  }

  @ParameterizedTest
  @EnumSource(Fate.class)
  void acknowledgedBatchesSurviveWholeAndTheStoreGoesOn(Fate fate) throws IOException {
    int crashes = 0;
    boolean crashed = true;
    for (int operation = 0; crashed; operation++) {
      Path path = directory.resolve(fate + "-" + operation);
      List<String> acknowledged = new ArrayList<>();
      CrashingDisk disk = new CrashingDisk(operation, fate);
      try {
        write(disk, path, acknowledged);
        crashed = false;
      } catch (IOException e) {
        assertThat(e).hasStackTraceContaining("CrashException");
        crashes++;
      } finally {
        disk.bury();
      }
      String when = fate + " at operation " + operation;

      Store store = Store.openOrCreate(path, Schema.ofTables(TABLES));
      List<String> found = Rows.read(store, TABLES);
      int wholeBatches = 0;
      while (wholeBatches < COMMITS && batches(wholeBatches).size() < found.size()) {
        wholeBatches++;
      }
      assertThat(found).as(when).isEqualTo(batches(wholeBatches));
      assertThat(found.size()).as(when).isGreaterThanOrEqualTo(acknowledged.size());

      List<String> more = Rows.ofKeys(LongStream.range(5000, 5100));
      try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
        writer.append(Rows.batch(more));
        writer.commit();
      }
      found.addAll(more);
      assertThat(Rows.read(Store.open(path), TABLES)).as(when).isEqualTo(found);
      assertThat(store.snapshot().record().lanes()).as(when).hasSize(1);
    }
    assertThat(crashes).isGreaterThan(60);
  }

  @ParameterizedTest
  @EnumSource(Fate.class)
  void aPreparedCommitCanBePublishedAfterAnyCrashOfItsPublisher(Fate fate) throws IOException {
    boolean crashed = true;
    int crashes = 0;
    for (int operation = 0; crashed; operation++) {
      Path path = directory.resolve("publish-" + fate + "-" + operation);
      Store store = Store.openOrCreate(path, Schema.ofTables(TABLES));
      Commit commit = prepare(store, batch(0));
      CrashingDisk disk = new CrashingDisk(operation, fate);
      try (Publisher publisher = Store.open(disk, path).publisher()) {
        publisher.publish(List.of(commit), false);
        crashed = false;
      } catch (CrashingDisk.CrashException e) {
        crashes++;
      } finally {
        disk.bury();
      }
      assertThat(Rows.read(store, TABLES)).isIn(List.of(), batch(0));

      try (Publisher publisher = store.publisher()) {
        publisher.publish(List.of(commit), true);
      }
      assertThat(Rows.read(store, TABLES)).isEqualTo(batch(0));
      assertThat(path.toFile().list((dir, name) -> name.startsWith(".length"))).isEmpty();
    }
    assertThat(crashes).isGreaterThan(4);
  }

  private static Commit prepare(Store store, List<String> rows) throws IOException {
    WriterOptions options =
        WriterOptions.ofSink(DirectIo.AUTO, 1 << 20, UUID.randomUUID(), UUID.randomUUID());
    try (StoreWriter writer = store.writer(options)) {
      writer.append(Rows.batch(rows));
      return writer.prepare(true, Long.MIN_VALUE).orElseThrow().ofCheckpoint(1, false);
    }
  }
}
