package io.timestore.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Cells are what was appended, whether they all have one size or not. */
class ColumnDataTest {
  private static final long SEED = Long.getLong("timestore.seed", System.nanoTime());

  private final Random random = new Random(SEED);

  private static List<byte[]> cells(ColumnData column) {
    List<byte[]> cells = new ArrayList<>();
    for (int row = 0; row < column.rowCount(); row++) {
      cells.add(column.bytesAt(row));
    }
    return cells;
  }

  private static void assertCells(ColumnData column, List<byte[]> expected) {
    assertThat(cells(column).toArray(byte[][]::new))
        .as("Replay with -Dtimestore.seed=" + SEED)
        .isDeepEqualTo(expected.toArray(byte[][]::new));
    assertThat(column.sizeBytes()).isEqualTo(expected.stream().mapToInt(b -> b.length).sum());
    if (column.cellBytes() > 0) {
      assertThat(expected).allMatch(cell -> cell.length == column.cellBytes());
    }
  }

  private byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private void append(ColumnData column, List<byte[]> expected, int kind) {
    switch (kind) {
      case 0 -> {
        column.appendEmpty();
        expected.add(new byte[0]);
      }
      case 1 -> {
        byte value = (byte) random.nextInt();
        column.appendByte(value);
        expected.add(new byte[] {value});
      }
      case 2 -> {
        int value = random.nextInt();
        column.appendInt(value);
        expected.add(ByteBuffer.allocate(4).putInt(Integer.reverseBytes(value)).array());
      }
      case 3 -> {
        byte[] value = bytes(random.nextInt(12));
        column.appendBytes(value, 0, value.length);
        expected.add(value);
      }
      default -> {
        long value = random.nextLong();
        column.appendLong(value);
        expected.add(ByteBuffer.allocate(8).putLong(Long.reverseBytes(value)).array());
      }
    }
  }

  @Test
  void cellsOfOneSizeAndOfOthersAreKept() {
    for (int run = 0; run < 300; run++) {
      ColumnData column = new ColumnData();
      List<byte[]> expected = new ArrayList<>();
      ColumnData other = new ColumnData();
      List<byte[]> otherExpected = new ArrayList<>();
      int kinds = random.nextInt(4) == 0 ? 5 : 100;
      for (int step = 0; step < 100; step++) {
        append(other, otherExpected, random.nextInt(kinds));
        int from = random.nextInt(otherExpected.size());
        switch (random.nextInt(20)) {
          case 0 -> {
            int to = from + random.nextInt(otherExpected.size() - from);
            column.appendCells(other, from, to);
            expected.addAll(otherExpected.subList(from, to));
          }
          case 1 -> {
            int[] order = random.ints(5, 0, otherExpected.size()).toArray();
            column.appendCells(other, order, 4);
            for (int i = 0; i < 4; i++) {
              expected.add(otherExpected.get(order[i]));
            }
          }
          case 2 -> {
            column.appendCell(other, from);
            expected.add(otherExpected.get(from));
          }
          case 3 -> {
            int rowCount = expected.isEmpty() ? 0 : random.nextInt(expected.size());
            column.truncate(rowCount);
            expected = new ArrayList<>(expected.subList(0, rowCount));
          }
          case 4 -> {
            column.swap(other);
            List<byte[]> swapped = expected;
            expected = otherExpected;
            otherExpected = swapped;
            if (otherExpected.isEmpty()) {
              append(other, otherExpected, 4);
            }
          }
          case 5 -> {
            if (random.nextInt(4) == 0) {
              column.clear();
              expected.clear();
            }
          }
          default -> append(column, expected, random.nextInt(kinds));
        }
        assertCells(column, expected);
      }
      assertCells(other, otherExpected);
    }
  }

  @Test
  void cellsOfAReaderMayHaveOneSize() {
    ColumnData column = new ColumnData();
    byte[] data = bytes(24);
    column.resize(3, data, 8);
    assertThat(column.cellBytes()).isEqualTo(8);
    assertThat(column.start(2)).isEqualTo(16);
    assertThat(column.end(2)).isEqualTo(24);
    assertThat(column.isEmpty(1)).isFalse();
    assertThat(column.longAt(1))
        .isEqualTo(Long.reverseBytes(ByteBuffer.wrap(data).getLong(Long.BYTES)));

    column.resize(2, new byte[3]);
    column.setEnd(0, 0);
    column.setEnd(1, 3);
    assertThat(column.cellBytes()).isZero();
    assertThat(column.isEmpty(0)).isTrue();
    assertThat(column.end(1)).isEqualTo(3);
  }

  @Test
  void cellsOfOneSizeNeedNoEnds() {
    ColumnData column = new ColumnData();
    for (int i = 0; i < 1000; i++) {
      column.appendDouble(i);
    }
    assertThat(column.cellBytes()).isEqualTo(8);
    assertThat(column.memoryBytes()).isLessThan(9000);
    column.appendEmpty();
    assertThat(column.cellBytes()).isZero();
    assertThat(column.doubleAt(999)).isEqualTo(999);
    assertThat(column.isEmpty(1000)).isTrue();
    column.clear();
    column.appendInt(7);
    assertThat(column.cellBytes()).isEqualTo(4);
  }
}
