package io.timestore.store;

import io.timestore.format.Lane;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Finds rows by their keys, and by their place in the merged sequence: binary searches on disk,
 * which keep no key in memory.
 *
 * <p>A <i>cut</i> divides the sequence: for each of its lanes, in order, the lane's first row
 * behind the cut. Where a lane overlaps with no other, cuts by row need no I/O.
 */
final class KeySearch {
  private static final int BLOCK_BYTES = 4096;
  private static final int BLOCK_ROWS = BLOCK_BYTES / Long.BYTES;

  private final StoreFiles files;
  private final List<Lane> sequence;
  private final List<List<Lane>> groups;
  private final OpenFiles open;

  /**
   * Where a row is in the sequence.
   *
   * @param row its index
   * @param previousKey key of the row before it; empty at the first one
   */
  record Place(long row, OptionalLong previousKey) {}

  KeySearch(StoreFiles files, List<Lane> sequence, List<List<Lane>> groups, OpenFiles open) {
    this.files = files;
    this.sequence = sequence;
    this.groups = groups;
    this.open = open;
  }

  SequencePart rows(KeyRange range) throws IOException {
    long[] start =
        switch (range.start()) {
          case AT -> cutBefore(range.from());
          case AFTER -> cutBehind(range.from());
        };
    long[] end =
        switch (range.end()) {
          case NONE -> cutAtEnd();
          case BEFORE -> cutBefore(range.to());
          case AT -> cutBehind(range.to());
          case COVERING -> range.to() == 0 ? start : cutBehindFirstKeyFrom(range.to());
        };
    for (int i = 0; i < end.length; i++) {
      end[i] = Math.max(start[i], end[i]);
    }
    return rows(start, end);
  }

  SequencePart rows(long fromRow, long toRow) throws IOException {
    long[] start = cutAt(fromRow);
    return rows(start, cutAt(toRow, start));
  }

  /** These rows, in parts of so many; the last one may have fewer. */
  List<SequencePart> parts(long fromRow, long toRow, long rowCountMax) throws IOException {
    List<SequencePart> parts = new ArrayList<>();
    long[] start = cutAt(fromRow);
    long row = fromRow;
    while (row < toRow) {
      row += Math.min(rowCountMax, toRow - row);
      long[] end = cutAt(row, start);
      parts.add(rows(start, end));
      start = end;
    }
    return parts;
  }

  private SequencePart rows(long[] start, long[] end) throws IOException {
    List<LaneRange> ranges = new ArrayList<>();
    for (int i = 0; i < start.length; i++) {
      if (start[i] < end[i]) {
        ranges.add(new LaneRange(sequence.get(i).number(), start[i], end[i]));
      }
    }
    return new SequencePart(index(start), index(end), previousKey(start), ranges);
  }

  /** The first row of a key; empty if no row has it. */
  Optional<LaneRange> first(long key) throws IOException {
    for (Lane lane : lanesAround(key)) {
      long row = firstFrom(lane, key);
      if (row < lane.rows() && readKey(lane, row) == key) {
        return Optional.of(new LaneRange(lane.number(), row, row + 1));
      }
    }
    return Optional.empty();
  }

  /** The rows of a key, in order. */
  List<LaneRange> all(long key) throws IOException {
    List<LaneRange> ranges = new ArrayList<>();
    for (Lane lane : lanesAround(key)) {
      long start = firstFrom(lane, key);
      long end = key == -1 ? lane.rows() : firstFrom(lane, key + 1);
      ranges.add(new LaneRange(lane.number(), start, Math.max(start, end)));
    }
    return ranges;
  }

  /** Those that may have rows of a key, in the order in which these come. */
  private List<Lane> lanesAround(long key) {
    return sequence.stream()
        .filter(
            lane ->
                Long.compareUnsigned(lane.smallestKey(), key) <= 0
                    && Long.compareUnsigned(key, lane.largestKey()) <= 0)
        .sorted(Comparator.comparingInt(Lane::number))
        .toList();
  }

  /** The row of that index in the sequence. */
  LaneRange at(long row) throws IOException {
    long rowCount = LaneOrder.rowCount(sequence);
    if (row < 0 || row >= rowCount) {
      throw new IllegalArgumentException("row " + row + " of " + rowCount + " in " + files.root());
    }
    long[] cut = cutAt(row);
    int i = 0;
    for (List<Lane> group : groups) {
      int found = -1;
      long foundKey = 0;
      for (Lane lane : group) {
        // Keys are compared, and so read, in larger groups only.
        if (cut[i] < lane.rows()) {
          long key = group.size() == 1 ? 0 : key(lane, cut[i]);
          if (found < 0
              || LaneOrder.compare(key, lane.number(), foundKey, sequence.get(found).number())
                  < 0) {
            found = i;
            foundKey = key;
          }
        }
        i++;
      }
      if (found >= 0) {
        return new LaneRange(sequence.get(found).number(), cut[found], cut[found] + 1);
      }
    }
    throw new IllegalStateException("no row is behind index " + row);
  }

  /** The key of a row of the sequence. */
  long key(long row) throws IOException {
    LaneRange at = at(row);
    Lane lane = sequence.stream().filter(l -> l.number() == at.lane()).findFirst().orElseThrow();
    return readKey(lane, at.start());
  }

  /** Where a lane's row is in the sequence. */
  Place place(int laneNumber, long laneRow) throws IOException {
    long[] cut = cutBefore(laneNumber, laneRow);
    return new Place(index(cut), previousKey(cut));
  }

  /** The key of the last row before a cut: one read for each lane that overlaps there. */
  private OptionalLong previousKey(long[] cut) throws IOException {
    OptionalLong previousKey = OptionalLong.empty();
    int i = 0;
    for (List<Lane> group : groups) {
      OptionalLong largest = OptionalLong.empty();
      for (Lane lane : group) {
        if (cut[i] > lane.from()) {
          long key = key(lane, cut[i] - 1);
          if (largest.isEmpty() || Long.compareUnsigned(key, largest.getAsLong()) > 0) {
            largest = OptionalLong.of(key);
          }
        }
        i++;
      }
      previousKey = largest.isPresent() ? largest : previousKey;
    }
    return previousKey;
  }

  long index(long[] cut) {
    long index = 0;
    for (int i = 0; i < cut.length; i++) {
      index += cut[i] - sequence.get(i).from();
    }
    return index;
  }

  private long[] cutAtStart() {
    return sequence.stream().mapToLong(Lane::from).toArray();
  }

  private long[] cutAtEnd() {
    return sequence.stream().mapToLong(Lane::rows).toArray();
  }

  private long[] cutBefore(long key) throws IOException {
    long[] cut = new long[sequence.size()];
    for (int i = 0; i < cut.length; i++) {
      cut[i] = firstFrom(sequence.get(i), key);
    }
    return cut;
  }

  private long[] cutBehind(long key) throws IOException {
    return key == -1 ? cutAtEnd() : cutBefore(key + 1);
  }

  private long[] cutBehindFirstKeyFrom(long key) throws IOException {
    long[] cut = cutBefore(key);
    long index = index(cut);
    return index == LaneOrder.rowCount(sequence) ? cut : cutBehind(smallestKeyBehind(cut));
  }

  private long smallestKeyBehind(long[] cut) throws IOException {
    long smallest = -1;
    for (int i = 0; i < cut.length; i++) {
      Lane lane = sequence.get(i);
      if (cut[i] < lane.rows()) {
        long key = key(lane, cut[i]);
        smallest = Long.compareUnsigned(key, smallest) < 0 ? key : smallest;
      }
    }
    return smallest;
  }

  /** The cut before a lane's row. */
  private long[] cutBefore(int laneNumber, long laneRow) throws IOException {
    long[] cut = cutAtStart();
    int i = 0;
    for (List<Lane> group : groups) {
      Optional<Lane> found = group.stream().filter(l -> l.number() == laneNumber).findFirst();
      long key = found.isPresent() && group.size() > 1 ? key(found.get(), laneRow) : 0;
      for (Lane lane : group) {
        if (found.isEmpty()) {
          cut[i] = lane.rows();
        } else {
          cut[i] = lane.number() == laneNumber ? laneRow : firstNotBefore(lane, key, laneNumber);
        }
        i++;
      }
      if (found.isPresent()) {
        return cut;
      }
    }
    throw new IllegalArgumentException(
        "lane " + laneNumber + " has no visible rows in " + files.root());
  }

  /** The cut before the row of an index. */
  long[] cutAt(long row) throws IOException {
    return cutAt(row, cutAtStart());
  }

  /**
   * As above.
   *
   * @param low a cut that is not behind it
   */
  private long[] cutAt(long row, long[] low) throws IOException {
    long[] cut = low.clone();
    long left = row;
    int i = 0;
    for (List<Lane> group : groups) {
      long rowCount = LaneOrder.rowCount(group);
      if (left >= rowCount) {
        for (int j = 0; j < group.size(); j++) {
          cut[i + j] = group.get(j).rows();
        }
      } else if (group.size() == 1) {
        cut[i] = group.get(0).from() + left;
      } else if (left > 0) {
        select(left, group, cut, i);
      }
      left -= Math.min(left, rowCount);
      i += group.size();
    }
    return cut;
  }

  /**
   * Moves a group's part of a cut up until so many rows lie before it: the middle row of the lane
   * with the most rows in question is looked for in all lanes, which halves at least that lane's.
   */
  private void select(long rowCount, List<Lane> group, long[] cut, int offset) throws IOException {
    int size = group.size();
    long[] low = new long[size]; // rows below are before the cut
    long[] high = new long[size]; // row high and those above are not
    long left = rowCount;
    for (int i = 0; i < size; i++) {
      low[i] = cut[offset + i];
      left -= low[i] - group.get(i).from();
    }
    for (int i = 0; i < size; i++) {
      high[i] = low[i] + Math.min(left, group.get(i).rows() - low[i]);
    }
    while (left > 0) {
      int widest = 0;
      for (int i = 1; i < size; i++) {
        widest = high[i] - low[i] > high[widest] - low[widest] ? i : widest;
      }
      Lane lane = group.get(widest);
      long middle = (low[widest] + high[widest]) >>> 1;
      long key = key(lane, middle);
      long[] pivot = new long[size];
      long before = 0;
      for (int i = 0; i < size; i++) {
        pivot[i] =
            i == widest
                ? middle
                : firstNotBefore(group.get(i), key, lane.number(), low[i], high[i]);
        before += pivot[i] - low[i];
      }
      if (before > left) {
        high = pivot;
      } else {
        low = pivot;
        left -= before;
        if (left > 0) {
          low[widest]++;
          left--;
        }
      }
    }
    System.arraycopy(low, 0, cut, offset, size);
  }

  /** The first row of a lane that does not come before one of another lane with this key. */
  private long firstNotBefore(Lane lane, long key, int otherLane) throws IOException {
    return firstNotBefore(lane, key, otherLane, lane.from(), lane.rows());
  }

  private long firstNotBefore(Lane lane, long key, int otherLane, long low, long high)
      throws IOException {
    boolean isBefore = lane.number() < otherLane;
    if (isBefore && key == -1) {
      return high;
    }
    return firstFrom(lane, isBefore ? key + 1 : key, low, high);
  }

  private long firstFrom(Lane lane, long key) throws IOException {
    return firstFrom(lane, key, lane.from(), lane.rows());
  }

  /**
   * The first of some rows of a lane whose key is not below; {@code lastRow} if there is none.
   *
   * @param firstRow where to look
   * @param lastRow up to where
   */
  private long firstFrom(Lane lane, long key, long firstRow, long lastRow) throws IOException {
    if (Long.compareUnsigned(key, lane.smallestKey()) <= 0) {
      return firstRow;
    }
    if (Long.compareUnsigned(key, lane.largestKey()) > 0) {
      return lastRow;
    }
    long low = firstRow; // all rows below have smaller keys
    long high = lastRow; // row high and those above do not
    while (high - low > BLOCK_ROWS) {
      long middle = (low + high) >>> 1;
      if (Long.compareUnsigned(readKey(lane, middle), key) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    ByteBuffer block = ByteBuffer.allocate((int) (high - low) * Long.BYTES);
    open.read(keys(lane), lane.rows() * Long.BYTES, block, low * Long.BYTES);
    for (long row = low; row < high; row++) {
      if (Long.compareUnsigned(block.getLong((int) (row - low) * Long.BYTES), key) >= 0) {
        return row;
      }
    }
    return high;
  }

  /** A lane's key: the first and the last one are in the record. */
  private long key(Lane lane, long row) throws IOException {
    if (row == lane.from()) {
      return lane.smallestKey();
    }
    return row == lane.rows() - 1 ? lane.largestKey() : readKey(lane, row);
  }

  private long readKey(Lane lane, long row) throws IOException {
    return open.u64(keys(lane), lane.rows() * Long.BYTES, row);
  }

  private Path keys(Lane lane) {
    return files.lane(lane.number()).keys();
  }
}
