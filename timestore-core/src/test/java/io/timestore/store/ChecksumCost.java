package io.timestore.store;

import io.timestore.format.Batch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import net.bytebuddy.implementation.StubMethod;

/**
 * A benchmark: appending and scanning with checksums and without, in turns, in one run. Arguments:
 * a directory to write to, rows, repetitions. Docs/testing.md tells how to run it.
 */
public final class ChecksumCost {
  private static final List<String> TABLES = List.of("sym", "price", "size", "data");
  private static final int BATCH_ROWS = 4096;
  private static final int ROWS_PER_COMMIT = 1_000_000;

  private ChecksumCost() {}

  public static void main(String[] arguments) throws Exception {
    Path directory = Path.of(arguments[0]);
    int rows = Integer.parseInt(arguments[1]);
    int repetitions = Integer.parseInt(arguments[2]);
    MutantClassLoader withoutCrcs =
        MutantClassLoader.with(FileAppender.class, "addToCrcs", StubMethod.INSTANCE);
    List<Double> appends = new ArrayList<>();
    List<Double> scans = new ArrayList<>();
    for (int i = 0; i < repetitions; i++) {
      Path store = directory.resolve("store-" + i);
      double with = append(store.toString(), rows);
      double scanWithout = scan(store, false);
      double scanWith = scan(store, true);
      remove(store);
      Object without =
          withoutCrcs.call(ChecksumCost.class, "append", store.toString(), (Integer) rows);
      remove(store);
      appends.add((double) without / with);
      scans.add(scanWithout / scanWith);
      System.out.printf(
          Locale.ROOT,
          "append %.0f and without checksums %.0f ns/row, scan %.1f and %.1f ns/row%n",
          1e9 * with / rows,
          1e9 * (double) without / rows,
          1e9 * scanWith / rows,
          1e9 * scanWithout / rows);
    }
    System.out.printf(
        Locale.ROOT,
        "time without checksums to time with them, median: append %.3f, scan %.3f%n",
        median(appends),
        median(scans));
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
  }

  private static Batch batch() {
    Batch batch = new Batch(TABLES.size());
    byte[] bytes = new byte[32];
    for (int row = 0; row < BATCH_ROWS; row++) {
      batch.appendKey(0);
      bytes[row % 32]++;
      batch.column(0).appendBytes(bytes, 0, 6);
      batch.column(1).appendBytes(bytes, 0, 8);
      batch.column(2).appendBytes(bytes, 0, 8);
      batch.column(3).appendBytes(bytes, 0, 32);
    }
    return batch;
  }

  /** Seconds. */
  static double append(String directory, int rows) throws IOException {
    Batch batch = batch();
    Store store = Store.openOrCreate(Path.of(directory), TABLES);
    long start = System.nanoTime();
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      for (int done = 0; done < rows; done += BATCH_ROWS) {
        for (int row = 0; row < BATCH_ROWS; row++) {
          batch.setKey(row, done + row);
        }
        writer.append(batch);
        if (done / ROWS_PER_COMMIT != (done + BATCH_ROWS) / ROWS_PER_COMMIT) {
          writer.commit();
        }
      }
      writer.commit();
    }
    return (System.nanoTime() - start) / 1e9;
  }

  private static double scan(Path directory, boolean verify) throws IOException {
    Snapshot snapshot = Store.open(directory).snapshot();
    double fastest = Double.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      long start = System.nanoTime();
      Batch batch = new Batch(TABLES.size());
      try (Scan scan = snapshot.scan(snapshot.ranges(), TABLES, verify)) {
        while (scan.next(batch)) {
          // The scan itself is what is measured.
        }
      }
      fastest = Math.min(fastest, (System.nanoTime() - start) / 1e9);
    }
    return fastest;
  }

  private static void remove(Path directory) throws IOException {
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
