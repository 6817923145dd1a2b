package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.disk.AppendMode;
import io.timestore.disk.DirectIo;
import io.timestore.disk.Disk;
import io.timestore.format.CommitRecord;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;

/**
 * Batches whose values end before, at and behind the ends of blocks and chunks, written by several
 * runs, each of which opens the store anew.
 */
final class History {
  static final List<String> TABLES = List.of("a", "b");
  private static final int RUNS = 4;

  private static final int[] VALUE_BYTES = {
    0, 1, 7, 8, 511, 512, 513, 1023, 1024, 1025, 4095, 4096, 4097, 70_000
  };

  private final long seed;
  private final List<List<List<String>>> runs = new ArrayList<>();
  private final List<String> rows = new ArrayList<>();

  History(long seed) {
    this.seed = seed;
    Random random = new Random(seed);
    long dataBytes = 0;
    for (int run = 0; run < RUNS; run++) {
      List<List<String>> batches = new ArrayList<>();
      for (int rowCount : new int[] {1, 1 + random.nextInt(60), 1 + random.nextInt(600)}) {
        List<Integer> sizes = new ArrayList<>();
        for (int i = 0; i < rowCount; i++) {
          sizes.add(VALUE_BYTES[random.nextInt(VALUE_BYTES.length - (rowCount > 60 ? 1 : 0))]);
        }
        dataBytes += sizes.stream().mapToInt(Integer::intValue).sum();
        if (rowCount > 60) {
          // Up to a chunk's end, one byte less or more.
          int left = (int) (CommitRecord.CHUNK_BYTES - dataBytes % CommitRecord.CHUNK_BYTES);
          int last = Math.max(0, left + run % 3 - 1);
          sizes.add(last);
          dataBytes += last;
        }
        batches.add(batch(sizes, random));
      }
      if (run == RUNS - 2) {
        // As many rows as take the keys and offsets over a chunk's end too.
        List<Integer> sizes = new ArrayList<>();
        for (int i = 0; i < CommitRecord.CHUNK_BYTES / Long.BYTES; i++) {
          sizes.add(i % 3);
          dataBytes += i % 3;
        }
        batches.add(batch(sizes, random));
      }
      runs.add(batches);
    }
  }

  private List<String> batch(List<Integer> sizes, Random random) {
    List<String> batch = new ArrayList<>();
    for (int size : sizes) {
      byte[] value = new byte[size];
      random.nextBytes(value);
      batch.add(rows.size() + " " + (size == 0 ? "-" : HexFormat.of().formatHex(value)) + " 01");
      rows.add(batch.get(batch.size() - 1));
    }
    return batch;
  }

  List<String> rows() {
    return rows;
  }

  /**
   * Writes all of it to a new store, and reads it back after each run.
   *
   * @return how it was written
   */
  AppendMode write(Disk disk, Path path, DirectIo directIo) throws IOException {
    WriterOptions options =
        WriterOptions.defaults().withDirectIo(directIo).withBufferMemoryBytes(1 << 20);
    List<AppendMode> modes = new ArrayList<>();
    int written = 0;
    for (List<List<String>> batches : runs) {
      Store store = Store.openOrCreate(disk, path, Schema.ofTables(TABLES));
      try (StoreWriter writer = store.writer(options)) {
        modes.add(writer.mode());
        for (List<String> batch : batches) {
          writer.append(Rows.batch(batch));
          writer.commit();
          written += batch.size();
        }
      }
      List<String> found = Rows.read(Store.open(disk, path), TABLES);
      assertThat(found.equals(rows.subList(0, written)))
          .as("seed %d: rows of %s, %d of them written", seed, path, written)
          .isTrue();
    }
    assertThat(modes).as("seed %d", seed).containsOnly(modes.get(0));
    return modes.get(0);
  }
}
