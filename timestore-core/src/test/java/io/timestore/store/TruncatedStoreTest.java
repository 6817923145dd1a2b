package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.timestore.format.Batch;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Lane;
import io.timestore.format.Schema;
import io.timestore.store.WriterOptions.LateRows;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Files that somebody truncates while they are open and read. Nothing is mapped, so there is no
 * signal that could end the process: it gets fewer bytes than it asked for, and says so.
 */
@ParameterizedClass
@ValueSource(ints = {1, 2})
class TruncatedStoreTest {
  private static final List<String> TABLES = List.of("a", "b");
  private static final int ROWS_OF_A_LANE = 70_000; // More than a chunk of each file.
  private static final int TRUNCATIONS = 60;

  @TempDir Path directory;
  private final int laneCount;
  private final int rowCount;
  private Path path;
  private Store store;
  private List<String> rows;
  private final Map<String, byte[]> sound = new TreeMap<>();

  /**
   * @param laneCount lanes whose rows follow each other in turns
   */
  TruncatedStoreTest(int laneCount) {
    this.laneCount = laneCount;
    rowCount = laneCount * ROWS_OF_A_LANE;
  }

  @BeforeEach
  void write() throws IOException {
    path = directory.resolve("store");
    rows =
        LongStream.range(0, rowCount)
            .mapToObj(key -> key + " " + Rows.hex("the value " + key) + " -")
            .toList();
    store = Store.openOrCreate(path, Schema.ofTables(TABLES));
    try (StoreWriter writer = store.writer(WriterOptions.defaults().withLateRows(LateRows.KEEP))) {
      for (int turn = laneCount - 1; turn >= 0; turn--) {
        writer.append(Rows.batch(rowsOfTurn(turn)));
      }
      writer.commit();
    }
    for (String name : List.of("length", "record")) {
      sound.put(name, Files.readAllBytes(path.resolve(name)));
    }
    for (Lane lane : store.snapshot().record().lanes()) {
      String directory = lane.number() == 0 ? "" : "lanes/0000" + lane.number() + "/";
      for (String name : List.of("keys", "a/offsets", "a/data", "b/offsets")) {
        sound.put(directory + name, Files.readAllBytes(path.resolve(directory + name)));
      }
    }
    assertThat(sound).hasSize(2 + 4 * laneCount);
  }

  private List<String> rowsOfTurn(int turn) {
    return IntStream.range(0, ROWS_OF_A_LANE)
        .mapToObj(row -> rows.get(row * laneCount + turn))
        .toList();
  }

  private void truncate(String name, long sizeBytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.resolve(name).toFile(), "rw")) {
      file.setLength(sizeBytes);
    }
  }

  private void restore(String name) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(path.resolve(name).toFile(), "rw")) {
      file.write(sound.get(name));
    }
  }

  private interface Reading {
    void run() throws IOException;
  }

  /** Whether it came to its end. */
  private boolean finishes(Reading reading) throws IOException {
    try {
      reading.run();
      return true;
    } catch (CorruptStoreException e) {
      assertThat(e).hasMessageContaining(path + "/");
      return false;
    }
  }

  @Test
  void aFileThatShrinksUnderAReaderIsNamed() throws IOException {
    for (String name : sound.keySet()) {
      long newestKey = name.startsWith("lanes/") ? rowCount - 2 : rowCount - 1; // Of that lane.
      for (long sizeBytes : new long[] {0, sound.get(name).length / 2}) {
        Batch batch = new Batch(TABLES.size());
        Snapshot snapshot = store.snapshot();
        try (Scan scan = snapshot.scan(snapshot.ranges(), TABLES);
            StoreReader reader = store.reader();
            RowIterator iterator = reader.iterate(KeyRange.all(), "a")) {
          assertThat(scan.next(batch)).isTrue();
          assertThat(iterator.next()).isTrue();
          assertThat(reader.read("a", 1)).isPresent();
          truncate(name, sizeBytes);

          boolean scanned = finishes(() -> scanTo(scan, batch, batch.rowCount()));
          boolean iterated = finishes(() -> iterate(iterator));
          boolean found = finishes(() -> reader.read("a", newestKey));
          finishes(reader::refresh);
          boolean isOfRows = !name.equals("length") && !name.equals("record");
          assertThat(scanned).as(name).isEqualTo(!isOfRows);
          assertThat(iterated).as(name).isEqualTo(!isOfRows || name.contains("b/"));
          assertThat(found).as(name).isEqualTo(!isOfRows || name.contains("b/"));
        }
        restore(name);
      }
    }
    assertThat(Rows.read(store, TABLES)).isEqualTo(rows);
  }

  private void scanTo(Scan scan, Batch batch, int read) throws IOException {
    int row = read;
    while (scan.next(batch)) {
      assertThat(Rows.of(batch)).isEqualTo(rows.subList(row, row + batch.rowCount()));
      row += batch.rowCount();
    }
    assertThat(row).isEqualTo(rowCount);
  }

  private void iterate(RowIterator iterator) throws IOException {
    int row = 0;
    do {
      assertThat(iterator.key()).isEqualTo(row++);
      iterator.read("a");
    } while (iterator.next());
    assertThat(row).isEqualTo(rowCount);
  }

  @Test
  void filesThatShrinkAndComeBackAllTheTimeGiveTheRowsOrAnError() throws Exception {
    AtomicBoolean ends = new AtomicBoolean();
    ExecutorService readers = Executors.newFixedThreadPool(2);
    try {
      List<Future<Integer>> reads = new ArrayList<>();
      reads.add(readers.submit(() -> readUntil(ends, this::scanAll)));
      reads.add(readers.submit(() -> readUntil(ends, this::iterateAll)));
      for (int i = 0; i < TRUNCATIONS; i++) {
        String name = List.copyOf(sound.keySet()).get(i % sound.size());
        truncate(name, i * 4099L % sound.get(name).length);
        restore(name);
      }
      ends.set(true);
      for (Future<Integer> read : reads) {
        assertThat(read.get()).isPositive();
      }
    } finally {
      readers.shutdownNow();
    }
    assertThat(Rows.read(store, TABLES)).isEqualTo(rows);
  }

  private int readUntil(AtomicBoolean ends, Reading reading) throws IOException {
    int count = 0;
    do {
      finishes(reading);
      count++;
    } while (!ends.get());
    return count;
  }

  private void scanAll() throws IOException {
    Snapshot snapshot = store.snapshot();
    try (Scan scan = snapshot.scan(snapshot.ranges(), TABLES)) {
      scanTo(scan, new Batch(TABLES.size()), 0);
    }
  }

  private void iterateAll() throws IOException {
    try (StoreReader reader = store.reader();
        RowIterator iterator = reader.iterate(KeyRange.all(), "a")) {
      if (!iterator.next()) {
        fail("no row in %s", store);
      }
      iterate(iterator);
    }
  }
}
