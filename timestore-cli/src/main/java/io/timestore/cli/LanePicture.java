package io.timestore.cli;

import io.timestore.format.Lane;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Lanes as bars over their keys, a line each:
 *
 * <pre>
 *   lane 0  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━        1,200 rows
 *   lane 1                    ████━━━━━━━━━━━━━━     300 rows
 *           ^ 2026-01-01T00:00:00Z       2026-01-02T00:00:00Z ^
 * </pre>
 */
final class LanePicture {
  private static final int BAR_WIDTH_MIN = 16;

  /** What is drawn of a store of many lanes: the first of them. */
  private static final int LANES_MAX = 40;

  private final List<Lane> lanes;
  private final List<LaneOverlap> overlaps;
  private final KeyText keys;
  private final long smallest;
  private final double range;

  /**
   * @param lanes those that have visible rows, in the order of their keys; not empty
   */
  LanePicture(List<Lane> lanes, List<LaneOverlap> overlaps, KeyText keys) {
    this.lanes = lanes;
    this.overlaps = overlaps;
    this.keys = keys;
    this.smallest = lanes.get(0).smallestKey();
    this.range = unsigned(largest() - smallest);
  }

  private long largest() {
    long largest = 0;
    for (Lane lane : lanes) {
      if (Long.compareUnsigned(lane.largestKey(), largest) > 0) {
        largest = lane.largestKey();
      }
    }
    return largest;
  }

  private static double unsigned(long number) {
    return (number >>> 1) * 2.0 + (number & 1);
  }

  /** Lines of that many characters; longer ones where it is too narrow. */
  List<String> lines(int width) {
    List<Lane> drawn = lanes.subList(0, Math.min(LANES_MAX, lanes.size()));
    int nameWidth = 0;
    int rowsWidth = 0;
    for (Lane lane : drawn) {
      nameWidth = Math.max(nameWidth, name(lane).length());
      rowsWidth = Math.max(rowsWidth, rows(lane).length());
    }
    int barWidth = Math.max(BAR_WIDTH_MIN, width - nameWidth - rowsWidth - 4);
    List<String> lines = new ArrayList<>();
    for (Lane lane : drawn) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%-" + nameWidth + "s  %s  %" + rowsWidth + "s",
              name(lane),
              bar(lane, barWidth),
              rows(lane)));
    }
    if (drawn.size() < lanes.size()) {
      lines.add("… and " + (lanes.size() - drawn.size()) + " lanes more");
    }
    String first = keys.text(smallest);
    String last = keys.text(largest());
    int gap = Math.max(1, barWidth - first.length() - last.length());
    lines.add(" ".repeat(nameWidth + 2) + first + " ".repeat(gap) + last);
    return lines;
  }

  private static String name(Lane lane) {
    return "lane " + lane.number();
  }

  private static String rows(Lane lane) {
    return String.format(Locale.ROOT, "%,d rows", lane.visibleRows());
  }

  /** Every lane has one character at least. */
  private String bar(Lane lane, int width) {
    int from = place(lane.smallestKey(), width);
    int to = place(lane.largestKey(), width);
    StringBuilder bar = new StringBuilder(" ".repeat(from));
    for (int i = from; i <= to; i++) {
      bar.append(isOverlap(lane, i, width) ? '█' : '━');
    }
    return bar.append(" ".repeat(width - 1 - to)).toString();
  }

  private boolean isOverlap(Lane lane, int place, int width) {
    for (LaneOverlap overlap : overlaps) {
      if (overlap.lanes().contains(lane.number())
          && place(overlap.from(), width) <= place
          && place <= place(overlap.to(), width)) {
        return true;
      }
    }
    return false;
  }

  private int place(long key, int width) {
    return range == 0 ? 0 : (int) Math.round(unsigned(key - smallest) / range * (width - 1));
  }
}
