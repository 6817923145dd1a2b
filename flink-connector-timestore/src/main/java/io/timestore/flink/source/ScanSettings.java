package io.timestore.flink.source;

import io.timestore.store.KeyRange;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Which rows a source reads, and how.
 *
 * @param keyRanges which rows, by their keys: ranges that ascend and do not overlap. While a scan
 *     goes on for new rows, those outside of the ranges still move its watermark
 * @param limitRows rows after which each reader ends, at least as many as it was asked for; {@link
 *     #NO_LIMIT}: none
 * @param start where the scan begins
 * @param stop where it ends
 * @param monitorInterval how often to look for new rows; null: never, the scan has the rows that
 *     are committed when it begins
 * @param splitSizeBytes what a reader is given at once, about
 * @param verifyChecksums whether to compare what is read with its checksums
 * @param emitsWatermarks whether the source emits watermarks itself: within the rows of the
 *     beginning the next key - 1, behind them what the writers of the store recorded
 * @param asksAhead whether a reader asks for the next split before the last one ends. Not where
 *     there are watermarks: a split that a reader has and has not begun holds them up
 */
public record ScanSettings(
    List<KeyRange> keyRanges,
    long limitRows,
    ScanPosition start,
    ScanPosition stop,
    @Nullable Duration monitorInterval,
    long splitSizeBytes,
    boolean verifyChecksums,
    boolean emitsWatermarks,
    boolean asksAhead)
    implements Serializable {

  /** The limit of a scan that has none. */
  public static final long NO_LIMIT = Long.MAX_VALUE;

  /** All rows that are committed when the scan begins. */
  public static final ScanSettings DEFAULT =
      new ScanSettings(
          List.of(KeyRange.all()),
          NO_LIMIT,
          ScanPosition.earliest(),
          ScanPosition.latest(),
          null,
          64L << 20,
          true,
          false,
          false);

  public ScanSettings {
    keyRanges = List.copyOf(keyRanges);
    for (int i = 1; i < keyRanges.size(); i++) {
      checkFollows(keyRanges.get(i - 1), keyRanges.get(i));
    }
    if (limitRows < 0) {
      throw new IllegalArgumentException("a limit of " + limitRows + " rows, expected 0 or more");
    }
    if (start.kind() == ScanPosition.Kind.NEVER) {
      throw new IllegalArgumentException("a scan can't start behind all rows that will ever come");
    }
    if (stop.kind() == ScanPosition.Kind.EARLIEST) {
      throw new IllegalArgumentException("a scan can't stop before the first row");
    }
    if (stop.kind() == ScanPosition.Kind.NEVER && monitorInterval == null) {
      throw new IllegalArgumentException(
          "a scan that never stops needs an interval for looking for new rows");
    }
    if (monitorInterval != null && (monitorInterval.isNegative() || monitorInterval.isZero())) {
      throw new IllegalArgumentException(
          "a monitor interval of " + monitorInterval + ", expected more than 0");
    }
    if (splitSizeBytes < 1) {
      throw new IllegalArgumentException(
          "splits of " + splitSizeBytes + " bytes, expected 1 or more");
    }
  }

  private static void checkFollows(KeyRange earlier, KeyRange later) {
    OptionalLong first = firstKey(later);
    OptionalLong last = lastKey(earlier);
    boolean follows =
        last.isEmpty()
            || (first.isPresent() && Long.compareUnsigned(last.getAsLong(), first.getAsLong()) < 0);
    if (!follows) {
      throw new IllegalArgumentException("key range " + later + " does not follow " + earlier);
    }
  }

  /** The smallest key that may be in the range; empty if none is. */
  private static OptionalLong firstKey(KeyRange range) {
    return switch (range.start()) {
      case AT -> OptionalLong.of(range.from());
      case AFTER -> range.from() == -1L ? OptionalLong.empty() : OptionalLong.of(range.from() + 1);
    };
  }

  /** The largest key that may be in the range; empty if none is. */
  private static OptionalLong lastKey(KeyRange range) {
    return switch (range.end()) {
      case NONE -> OptionalLong.of(-1L);
      case AT -> OptionalLong.of(range.to());
      case BEFORE -> range.to() == 0 ? OptionalLong.empty() : OptionalLong.of(range.to() - 1);
      case COVERING ->
          throw new IllegalArgumentException(
              "key range " + range + " has no fixed end, expected one that says it");
    };
  }

  /**
   * The keys of rows that a scan has, whatever comes: of the key ranges what lies between a start
   * and a stop that are keys, as closed ranges.
   */
  List<KeyRange> wantedKeys() {
    long first = start.kind() == ScanPosition.Kind.KEY ? start.value() : 0;
    KeyRange last =
        stop.kind() == ScanPosition.Kind.KEY
            ? KeyRange.closedOpen(0, stop.value())
            : KeyRange.all();
    List<KeyRange> wanted = new ArrayList<>();
    for (KeyRange range : keyRanges) {
      OptionalLong from = firstKey(range);
      OptionalLong to = smaller(lastKey(range), lastKey(last));
      if (from.isPresent() && to.isPresent()) {
        long larger = larger(from.getAsLong(), first);
        if (Long.compareUnsigned(larger, to.getAsLong()) <= 0) {
          wanted.add(KeyRange.closed(larger, to.getAsLong()));
        }
      }
    }
    return wanted;
  }

  private static OptionalLong smaller(OptionalLong a, OptionalLong b) {
    if (a.isEmpty() || b.isEmpty()) {
      return OptionalLong.empty();
    }
    return Long.compareUnsigned(a.getAsLong(), b.getAsLong()) <= 0 ? a : b;
  }

  private static long larger(long a, long b) {
    return Long.compareUnsigned(a, b) >= 0 ? a : b;
  }

  /** Whether a scan starts or stops at a row that is told by its index. */
  public boolean countsRows() {
    return start.kind() == ScanPosition.Kind.ROW || stop.kind() == ScanPosition.Kind.ROW;
  }

  /** Whether a scan goes on behind the rows that it begins with. */
  boolean hasTail() {
    return monitorInterval != null && stop.kind() != ScanPosition.Kind.LATEST;
  }

  /** Whether it does so for ever. */
  boolean isEndless() {
    return stop.kind() == ScanPosition.Kind.NEVER;
  }

  /** These settings, for rows of some keys only. */
  public ScanSettings withKeyRanges(List<KeyRange> newKeyRanges) {
    return with(copy -> copy.keyRanges = newKeyRanges);
  }

  public ScanSettings withLimitRows(long newLimitRows) {
    return with(copy -> copy.limitRows = newLimitRows);
  }

  public ScanSettings withStart(ScanPosition newStart) {
    return with(copy -> copy.start = newStart);
  }

  public ScanSettings withStop(ScanPosition newStop) {
    return with(copy -> copy.stop = newStop);
  }

  /**
   * These settings, for a scan that goes on for new rows.
   *
   * @param newStop where it ends, if it does
   */
  public ScanSettings withMonitorInterval(Duration interval, ScanPosition newStop) {
    return with(
        copy -> {
          copy.monitorInterval = interval;
          copy.stop = newStop;
        });
  }

  public ScanSettings withSplitSizeBytes(long newSplitSizeBytes) {
    return with(copy -> copy.splitSizeBytes = newSplitSizeBytes);
  }

  public ScanSettings withVerifyChecksums(boolean verifies) {
    return with(copy -> copy.verifyChecksums = verifies);
  }

  /** These settings, for a source that emits watermarks itself. */
  public ScanSettings emittingWatermarks() {
    return with(copy -> copy.emitsWatermarks = true);
  }

  /** These settings, for a source whose rows get no watermarks. */
  public ScanSettings askingAhead() {
    return with(copy -> copy.asksAhead = true);
  }

  private ScanSettings with(Consumer<Copy> change) {
    Copy copy = new Copy(this);
    change.accept(copy);
    return copy.settings();
  }

  /** Settings that can be changed. */
  private static final class Copy {
    private List<KeyRange> keyRanges;
    private long limitRows;
    private ScanPosition start;
    private ScanPosition stop;
    private @Nullable Duration monitorInterval;
    private long splitSizeBytes;
    private boolean verifyChecksums;
    private boolean emitsWatermarks;
    private boolean asksAhead;

    Copy(ScanSettings settings) {
      keyRanges = settings.keyRanges;
      limitRows = settings.limitRows;
      start = settings.start;
      stop = settings.stop;
      monitorInterval = settings.monitorInterval;
      splitSizeBytes = settings.splitSizeBytes;
      verifyChecksums = settings.verifyChecksums;
      emitsWatermarks = settings.emitsWatermarks;
      asksAhead = settings.asksAhead;
    }

    ScanSettings settings() {
      return new ScanSettings(
          keyRanges,
          limitRows,
          start,
          stop,
          monitorInterval,
          splitSizeBytes,
          verifyChecksums,
          emitsWatermarks,
          asksAhead);
    }
  }
}
