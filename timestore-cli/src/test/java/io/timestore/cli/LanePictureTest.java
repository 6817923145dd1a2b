package io.timestore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.format.Lane;
import io.timestore.format.Owner;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Lanes, and where they overlap, by their smallest and largest keys. */
class LanePictureTest {

  private static Lane lane(int number, long smallest, long largest) {
    return new Lane(number, 0, 0, 0, Owner.NONE, 0, 0, 10, smallest, largest, 0, List.of());
  }

  private static List<String> lines(Lane... lanes) {
    List<LaneOverlap> overlaps = LaneOverlap.of(List.of(lanes));
    return new LanePicture(List.of(lanes), overlaps, new KeyText(null)).lines(38);
  }

  @Test
  void lanesStandWhereTheirKeysAre() {
    assertThat(lines(lane(0, 0, 50), lane(1, 51, 100)))
        .containsExactly(
            "lane 0  ━━━━━━━━━━━            10 rows",
            "lane 1            ━━━━━━━━━━━  10 rows",
            "        0                 100");
  }

  @Test
  void whereTheyOverlapTheyAreThick() {
    assertThat(lines(lane(0, 0, 100), lane(1, 40, 60)))
        .containsExactly(
            "lane 0  ━━━━━━━━█████━━━━━━━━  10 rows",
            "lane 1          █████          10 rows",
            "        0                 100");
  }

  @Test
  void theWholeRangeOfKeysIsDrawn() {
    assertThat(lines(lane(0, 0, Long.MAX_VALUE), lane(1, Long.MIN_VALUE, -1L)).get(1))
        .endsWith("━━━━━━━━━━━  10 rows");
    assertThat(lines(lane(0, 7, 7)).get(0)).isEqualTo("lane 0  ━                      10 rows");
  }

  @Test
  void ofManyLanesTheFirstOnesAreDrawn() {
    Lane[] lanes = IntStream.range(0, 45).mapToObj(i -> lane(i, i, i)).toArray(Lane[]::new);
    assertThat(lines(lanes)).hasSize(42).contains("… and 5 lanes more");
  }

  @Test
  void lanesThatTouchDoNotOverlap() {
    assertThat(LaneOverlap.of(List.of(lane(0, 0, 5), lane(1, 5, 9)))).isEmpty();
    assertThat(LaneOverlap.of(List.of(lane(0, 5, 5), lane(1, 5, 5)))).isEmpty();
  }

  @Test
  void overlapsThatMeetAreOne() {
    assertThat(
            LaneOverlap.of(
                List.of(
                    lane(0, 0, 9),
                    lane(3, 2, 4),
                    lane(2, 4, 6),
                    lane(1, 20, -1L),
                    lane(4, 30, 30))))
        .containsExactly(
            new LaneOverlap(2, 6, List.of(0, 2, 3)), new LaneOverlap(30, 30, List.of(1, 4)));
  }
}
