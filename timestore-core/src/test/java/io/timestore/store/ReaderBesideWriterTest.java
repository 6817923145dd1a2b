package io.timestore.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.disk.ChildJvm;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a reader sees while others append: whole commits, and nothing else. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ReaderBesideWriterTest {
  private static final int CHANGES = 100;

  @TempDir Path directory;

  /** Follows the store, and compares what came with every change. */
  private static void follow(StoreReader reader, Arrival arrival) throws Exception {
    int seen = 0;
    for (int change = 0; change < CHANGES; change++) {
      assertThat(reader.awaitChange(Duration.ofSeconds(60))).isTrue();
      int batchCount = Arrival.batchCount(reader.rowCount()); // fails for a batch in part
      int from = Arrival.firstBeside(seen);
      long rowsBefore = IntStream.range(0, from).mapToLong(Arrival::rowCount).sum();
      assertThat(rows(reader, rowsBefore)).isEqualTo(arrival.rows(from, batchCount));
      seen = batchCount;
    }
  }

  private static List<String> rows(StoreReader reader, long fromRow) throws IOException {
    List<String> rows = new ArrayList<>();
    try (RowIterator iterator = reader.iterateRows(fromRow, reader.rowCount(), "a")) {
      while (iterator.next()) {
        String value = new String(iterator.read("a"), UTF_8);
        rows.add(Long.toUnsignedString(iterator.key()) + " " + Rows.hex(value) + " -");
      }
    }
    return rows;
  }

  @ParameterizedTest
  @EnumSource
  void eachSnapshotIsWholeWhileAnotherProcessAppends(Arrival arrival) throws Exception {
    Path path = directory.resolve("store");
    Store store = Store.openOrCreate(path, Appender.TABLES);
    try (StoreReader reader = store.reader();
        ChildJvm child = ChildJvm.start(Appender.class, path, arrival)) {
      child.awaitLine(Appender.READY);
      follow(reader, arrival);
      child.kill();
    }
  }

  @ParameterizedTest
  @EnumSource
  void eachSnapshotIsWholeWhileAThreadOfThisProcessAppends(Arrival arrival) throws Exception {
    Store store = Store.openOrCreate(directory.resolve("store"), Appender.TABLES);
    ExecutorService appender = Executors.newSingleThreadExecutor();
    AtomicBoolean enough = new AtomicBoolean();
    try (StoreReader reader = store.reader()) {
      Future<?> appended = appender.submit(() -> Appender.append(store, arrival, enough::get));
      follow(reader, arrival);
      enough.set(true);
      appended.get();
    } finally {
      appender.shutdownNow();
    }
  }
}
