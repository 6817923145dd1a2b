package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.disk.LocalDisk;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.format.Owner;
import io.timestore.format.Schema;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Opening and searching a store costs the same however many rows it has. */
class BillionRowsTest {
  private static final long ROWS = 1_000_000_000;
  private static final int LATE_ROWS = 1000;

  @TempDir Path directory;

  /** A sparse file: all keys are 0 but for the last ones, which count up from 1. */
  private Store sparseStore() throws IOException {
    Store store = Store.openOrCreate(directory, Schema.ofTables(List.of()));
    try (RandomAccessFile keys = new RandomAccessFile(directory.resolve("keys").toFile(), "rw")) {
      keys.setLength(ROWS * Long.BYTES);
      keys.seek((ROWS - LATE_ROWS) * Long.BYTES);
      for (long key = 1; key <= LATE_ROWS; key++) {
        keys.writeLong(key);
      }
    }
    List<LaneTable> noTables = List.of();
    Lane lane = new Lane(0, 0, 0, 0, Owner.NONE, 0, 0, ROWS, 0, LATE_ROWS, 0, noTables);
    CommitRecord record = CommitRecord.empty(store.id()).withLane(lane);
    Files.write(directory.resolve("length"), record.toBytes());
    return store;
  }

  @Test
  void aKeyAmongABillionIsFoundWithAFewReads() throws IOException {
    sparseStore();
    CountingDisk disk = new CountingDisk(new LocalDisk());
    try (StoreReader reader = Store.open(disk.disk(), directory).reader()) {
      assertThat(reader.rowCount()).isEqualTo(ROWS);
      assertThat(disk.bytesRead()).isLessThan(10_000);
      assertThat(row(reader, KeyRange.atLeast(0))).isZero();
      assertThat(row(reader, KeyRange.atLeast(1))).isEqualTo(ROWS - LATE_ROWS);
      assertThat(row(reader, KeyRange.atLeast(777))).isEqualTo(ROWS - LATE_ROWS + 776);
      assertThat(row(reader, KeyRange.atLeast(LATE_ROWS + 1))).isEqualTo(ROWS);
      assertThat(reader.key(ROWS - 1)).isEqualTo(LATE_ROWS);
      assertThat(disk.bytesRead()).isLessThan(30_000);
      try (RowIterator rows = reader.iterate(KeyRange.covering(0, 2))) {
        assertThat(rows.next()).isTrue();
        assertThat(rows.row()).isEqualTo(ROWS - LATE_ROWS);
        assertThat(rows.previousKey()).hasValue(0);
      }
    }
  }

  private static long row(StoreReader reader, KeyRange range) throws IOException {
    return reader.snapshot().ranges(range).stream()
        .mapToLong(LaneRange::start)
        .findFirst()
        .orElse(ROWS);
  }

  @Test
  void theLastRowsOfABillionAreReadAtOnce() throws IOException {
    Store store = sparseStore();
    Snapshot snapshot = store.snapshot();

    assertThat(Rows.read(snapshot, snapshot.ranges(ROWS - 2, ROWS), List.of()))
        .containsExactly("999", "1000");
  }
}
