package io.timestore.cli;

import io.timestore.disk.IoThreads;
import io.timestore.store.ConflictException;
import io.timestore.store.KeyRange;
import io.timestore.store.LaneRange;
import io.timestore.store.Publisher;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import io.timestore.store.StoreReader;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code timestore truncate}: hides the last rows for good. */
@Command(
    name = "truncate",
    description = {
      "Hides the last rows of a store for good. No byte is removed: 'compact' does that.",
      "It takes one commit: stopped at any moment, the store has all of its rows, or those that"
          + " were to stay."
    },
    footer = {"", "Example: timestore truncate /data/ticks --to-key 2026-01-31T00:00:00Z"})
final class Truncate extends StoreCommand {
  /** Of looking and truncating, where others commit in between. */
  private static final int ATTEMPTS_MAX = 10;

  @ArgGroup(multiplicity = "1")
  private Bound bound;

  @Mixin private Confirmation confirmation;

  /** What stays. */
  private static final class Bound {
    @Option(
        names = "--to-row",
        paramLabel = "N",
        description = "Keep the first N rows, in key order.")
    private @Nullable Long rowCount;

    @Option(
        names = "--to-key",
        paramLabel = "K",
        description = {
          "Keep the rows with keys below K: a number as it is stored, or, where keys are times, a"
              + " time such as 2026-01-31T12:00:00Z."
        })
    private @Nullable String key;
  }

  /**
   * What is to go.
   *
   * @param rowCount rows that stay
   * @param firstKey of the rows that go; meaningless if none do
   */
  private record Cut(Snapshot snapshot, long rowCount, long firstKey, List<Integer> lanes) {
    long removedRows() {
      return snapshot.rowCount() - rowCount;
    }
  }

  @Override
  public Integer call() throws IOException {
    Store store = openToChange();
    KeyText keys = KeyText.of(store.schema());
    Cut cut = look(store, keys);
    if (cut.removedRows() > 0) {
      String question = describe(store, cut, keys) + "\nHide them for good?";
      if (!confirmation.asks(this, question)) {
        return Timestore.OK;
      }
      cut = truncate(store, keys, cut);
    }
    tellResult(store, cut, keys);
    return Timestore.OK;
  }

  private Cut look(Store store, KeyText keys) throws IOException {
    Snapshot snapshot = store.snapshot();
    long rowCount =
        bound.key == null ? rowCount(snapshot) : rowCountBelow(bound.key, keys, snapshot);
    if (rowCount == snapshot.rowCount()) {
      return new Cut(snapshot, rowCount, 0, List.of());
    }
    List<LaneRange> removed = snapshot.ranges(rowCount, snapshot.rowCount());
    List<Integer> lanes = removed.stream().map(LaneRange::lane).distinct().sorted().toList();
    try (StoreReader reader = store.reader()) {
      // The reader may see later rows; the key is only told, and the truncation checks its
      // snapshot.
      return new Cut(snapshot, rowCount, reader.key(rowCount), lanes);
    }
  }

  private long rowCount(Snapshot snapshot) {
    long rowCount = bound.rowCount == null ? -1 : bound.rowCount;
    if (rowCount < 0 || rowCount > snapshot.rowCount()) {
      throw misuse(
          "--to-row "
              + rowCount
              + ", but "
              + directory()
              + " has "
              + snapshot.rowCount()
              + " rows");
    }
    return rowCount;
  }

  private long rowCountBelow(String key, KeyText keys, Snapshot snapshot) throws IOException {
    long bound;
    try {
      bound = keys.parse(key);
    } catch (IllegalArgumentException e) {
      throw misuse("--to-key: " + e.getMessage());
    }
    return snapshot.ranges(KeyRange.closedOpen(0, bound)).stream()
        .mapToLong(LaneRange::rowCount)
        .sum();
  }

  private static String describe(Store store, Cut cut, KeyText keys) {
    List<String> lanes = cut.lanes().stream().map(String::valueOf).toList();
    return String.format(
        Locale.ROOT,
        "The last %,d of the %,d rows of %s are to go, with keys from %s to %s, in lane%s %s.\n"
            + "A writer that is at work in them will fail.",
        cut.removedRows(),
        cut.snapshot().rowCount(),
        store.directory(),
        keys.text(cut.firstKey()),
        keys.text(cut.snapshot().largestKey().orElseThrow()),
        lanes.size() == 1 ? "" : "s",
        String.join(", ", lanes));
  }

  /**
   * Where nobody was asked about these very rows, others that came meanwhile are looked at anew.
   */
  private Cut truncate(Store store, KeyText keys, Cut first) throws IOException {
    Cut cut = first;
    for (int attempt = 1; ; attempt++) {
      try {
        hide(store, cut);
        return cut;
      } catch (ConflictException e) {
        if (!confirmation.isGiven() || attempt == ATTEMPTS_MAX) {
          throw e;
        }
        cut = look(store, keys);
      }
    }
  }

  /** A publication that has begun goes on to its end, which is near, and is told of. */
  private static void hide(Store store, Cut cut) throws IOException {
    Publisher publisher = store.publisher();
    try (IoThreads thread = new IoThreads("timestore-truncate", 1)) {
      Future<Long> work = thread.submit(() -> publisher.truncate(cut.rowCount(), cut.snapshot()));
      try {
        long unused = IoThreads.await(work);
      } catch (InterruptedIOException e) {
        publisher.close(); // Where it waits for the lock, it has not begun.
        IoThreads.awaitEnd(work);
        boolean unusedFlag = Thread.interrupted();
        long unused = IoThreads.await(work);
      }
    }
  }

  private void tellResult(Store store, Cut cut, KeyText keys) {
    if (!isJson()) {
      output()
          .line(
              cut.removedRows() == 0
                  ? "There is nothing to hide."
                  : String.format(
                      Locale.ROOT,
                      "%,d rows are hidden, %,d are left. 'timestore compact' frees their space.",
                      cut.removedRows(),
                      cut.rowCount()));
      return;
    }
    boolean isCut = cut.removedRows() > 0;
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("store", store.directory().toString());
    json.put("rows", cut.rowCount());
    json.put("removedRows", cut.removedRows());
    json.put("from", isCut ? KeyText.number(cut.firstKey()) : null);
    json.put("fromTime", isCut ? keys.time(cut.firstKey()).orElse(null) : null);
    json.put("lanes", cut.lanes());
    output().json(json);
  }
}
