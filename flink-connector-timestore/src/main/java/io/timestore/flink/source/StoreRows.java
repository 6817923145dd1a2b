package io.timestore.flink.source;

import io.timestore.format.Commit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * Rows of one store, and how far they were read.
 *
 * @param path the store's directory where the source's path stands for several, else {@link
 *     #SOURCE_PATH}
 * @param storeId the store's UUID; {@link Commit#NO_ID} for one of the Rust crate, and while there
 *     is no store yet
 * @param parts ascending; those that were read are left out
 */
public record StoreRows(String path, UUID storeId, List<RowsPart> parts) {
  /** The path of the only store of a source. */
  static final String SOURCE_PATH = "";

  public StoreRows {
    parts = List.copyOf(parts);
  }

  /** Where one lane was read to. */
  record LaneRead(long next, long lastKey) {}

  /**
   * These rows, behind some that were read.
   *
   * @param reads of lanes that had some
   * @param lastKey key of the last row
   */
  StoreRows advanced(Map<Integer, LaneRead> reads, long lastKey) {
    List<RowsPart> newParts = new ArrayList<>(parts.size());
    for (RowsPart part : parts) {
      List<LaneSlice> slices = new ArrayList<>(part.slices().size());
      long rowCount = 0;
      for (LaneSlice slice : part.slices()) {
        LaneRead read = reads.get(slice.lane());
        if (read == null || read.next() <= slice.next()) {
          slices.add(slice);
        } else {
          long next = Math.min(read.next(), slice.end());
          rowCount += next - slice.next();
          slices.add(slice.readTo(next, read.lastKey()));
        }
      }
      RowsPart newPart =
          rowCount == 0
              ? part
              : new RowsPart(
                  part.nextRow() == RowsPart.UNKNOWN_ROW
                      ? RowsPart.UNKNOWN_ROW
                      : part.nextRow() + rowCount,
                  OptionalLong.of(lastKey),
                  slices);
      if (!newPart.isFinished()) {
        newParts.add(newPart);
      }
    }
    return new StoreRows(path, storeId, newParts);
  }

  boolean isFinished() {
    return parts.stream().allMatch(RowsPart::isFinished);
  }

  long rowsLeft() {
    return parts.stream().mapToLong(RowsPart::rowsLeft).sum();
  }
}
