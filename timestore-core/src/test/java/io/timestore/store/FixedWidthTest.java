package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess;
import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where all cells have the same width, their offsets follow from the rows. */
class FixedWidthTest {
  private static final Path PATH = Path.of("/store");
  private static final int CHUNK = CommitRecord.CHUNK_BYTES;
  private static final int ROWS = 5 * CHUNK / Long.BYTES / 2;
  private static final long NUMBERS_BYTES = (long) ROWS * Long.BYTES;

  private final SimulatedDisk disk = new SimulatedDisk();
  private final SimulatedProcess process = disk.process();

  /** Row {@code i} has the value {@code i}, or NULL. */
  private void write(boolean nullable, int nullRow) throws IOException {
    Column column = new Column("size", "size", CellType.parse("BIGINT"), nullable);
    Schema schema = Schema.create(Key.of("k", CellType.parse("BIGINT")), List.of(column));
    try (StoreWriter writer =
        Store.openOrCreate(process, PATH, schema).writer(WriterOptions.defaults())) {
      Batch batch = new Batch(1);
      for (int row = 0; row < ROWS; row++) {
        batch.appendKey(row);
        if (row == nullRow) {
          batch.column(0).appendEmpty();
        } else {
          batch.column(0).appendLong(row);
        }
      }
      writer.append(batch);
      writer.commit();
    }
  }

  /** Values of rows from one on; NULL is −1. */
  private static List<Long> values(Snapshot snapshot, long fromRow) throws IOException {
    List<Long> values = new ArrayList<>();
    try (Scan scan = snapshot.scan(snapshot.ranges(fromRow, ROWS), List.of("size"))) {
      Batch batch = new Batch(1);
      while (scan.next(batch)) {
        for (int row = 0; row < batch.rowCount(); row++) {
          values.add(batch.column(0).isEmpty(row) ? -1 : batch.column(0).longAt(row));
        }
      }
    }
    return values;
  }

  private void checkValues(int fromRow, int nullRow) throws IOException {
    List<Long> values = values(Store.open(process, PATH).snapshot(), fromRow);
    assertThat(values).hasSize(ROWS - fromRow);
    for (int i = 0; i < values.size(); i++) {
      int row = fromRow + i;
      assertThat(values.get(i)).isEqualTo(row == nullRow ? -1 : row);
    }
  }

  private long bytesRead() throws IOException {
    CountingDisk counting = new CountingDisk(process);
    Snapshot snapshot = Store.open(counting.disk(), PATH).snapshot();
    long before = counting.bytesRead();
    values(snapshot, 0);
    return counting.bytesRead() - before;
  }

  private void putOffset(int row, long offset) throws IOException {
    Path path = PATH.resolve("size/offsets");
    byte[] bytes = process.readUpTo(path, Integer.MAX_VALUE);
    process.delete(path);
    process.writeVolatile(path, ByteBuffer.wrap(bytes).putLong(row * Long.BYTES, offset).rewind());
  }

  /** The rows stay, and what is known of their checksums goes. */
  private void forgetChecksums() throws IOException {
    process.delete(PATH.resolve("record"));
    process.delete(PATH.resolve("length"));
    ByteBuffer rows = ByteBuffer.allocate(Long.BYTES).putLong(ROWS).flip();
    process.writeVolatile(PATH.resolve("length"), rows);
    process.delete(PATH.resolve("size/offsets.crc"));
  }

  @Test
  void onlyTheChunkOfTheLastOffsetIsRead() throws IOException {
    for (boolean nullable : new boolean[] {false, true}) {
      process.createDirectory(PATH);
      write(nullable, -1);
      checkValues(0, -1);
      checkValues(CHUNK / Long.BYTES - 1, -1);
      long lastChunkBytes = NUMBERS_BYTES % CHUNK;
      long checksumBytes = 2 * NUMBERS_BYTES / CHUNK * Integer.BYTES + 100;
      assertThat(bytesRead())
          .isBetween(
              2 * NUMBERS_BYTES + lastChunkBytes,
              2 * NUMBERS_BYTES + lastChunkBytes + checksumBytes);
      process.rename(PATH, Path.of("/store-" + nullable));
    }
  }

  @Test
  void aNullAmongThemMakesTheOffsetsNeeded() throws IOException {
    int nullRow = ROWS / 2;
    write(true, nullRow);
    checkValues(0, nullRow);
    checkValues(nullRow, nullRow);
    assertThat(bytesRead()).isGreaterThan(3 * NUMBERS_BYTES - 100);
  }

  @Test
  void aDamagedOffsetInTheMiddleIsFoundByVerifyAndDoesNoHarm() throws IOException {
    write(false, -1);
    putOffset(5, 7);
    checkValues(0, -1);
    List<String> faults = new ArrayList<>();
    Store.open(process, PATH).verify(fault -> faults.add(fault.message()));
    assertThat(faults)
        .singleElement()
        .asString()
        .startsWith("/store/size/offsets: chunk 0, bytes 0 to 524288, has the CRC32C");
  }

  @Test
  void aDamagedLastChunkOfOffsetsIsFoundBehindTheRowsBeforeIt() throws IOException {
    write(false, -1);
    putOffset(ROWS - 2, 7);
    Snapshot snapshot = Store.open(process, PATH).snapshot();
    Batch batch = new Batch(1);
    int rows = 0;
    try (Scan scan = snapshot.scan(snapshot.ranges(), List.of("size"))) {
      while (rows < 2 * CHUNK / Long.BYTES) {
        assertThat(scan.next(batch)).isTrue();
        rows += batch.rowCount();
      }
      assertThatThrownBy(() -> scan.next(batch))
          .isInstanceOf(CorruptStoreException.class)
          .hasMessageStartingWith("/store/size/offsets: chunk 2, bytes 1048576 to 1310720, has");
    }
  }

  @Test
  void cellsOfOtherWidthsAreReadAsTheyAre() throws IOException {
    // Only the reference writes such a store: to ours they are refused.
    write(true, ROWS - 1);
    forgetChecksums();
    putOffset(10, 11 * Long.BYTES + 1);
    Snapshot snapshot = Store.open(process, PATH).snapshot();
    try (Scan scan = snapshot.scan(snapshot.ranges(10, 12), List.of("size"))) {
      Batch batch = new Batch(1);
      assertThat(scan.next(batch)).isTrue();
      assertThat(batch.column(0).end(0)).isEqualTo(Long.BYTES + 1);
      assertThat(batch.column(0).end(1)).isEqualTo(2 * Long.BYTES);
    }
  }
}
