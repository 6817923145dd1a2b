package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.SimulatedDisk;
import io.timestore.format.Batch;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Cells that are read into memory of the caller's. */
class LaneCellsTest {
  private static final Path PATH = Path.of("/store");
  private static final int CHUNK = CommitRecord.CHUNK_BYTES;
  private static final int ROWS = 150_000;

  private final SimulatedDisk disk = new SimulatedDisk();
  private final byte[] bytes = new byte[2 * CHUNK + 1234];
  private final long[] ends = new long[ROWS];

  /** Cells of 0 to 15 bytes, one after another in three chunks. */
  @BeforeEach
  void write() throws IOException {
    Random random = new Random(7);
    random.nextBytes(bytes);
    Batch batch = new Batch(1);
    int start = 0;
    for (int row = 0; row < ROWS; row++) {
      int end = row == ROWS - 1 ? bytes.length : Math.min(bytes.length, start + random.nextInt(16));
      batch.column(0).appendBytes(bytes, start, end - start);
      batch.appendKey(row);
      ends[row] = end;
      start = end;
    }
    try (StoreWriter writer =
        Store.openOrCreate(disk.process(), PATH, Schema.ofTables(List.of("t")))
            .writer(WriterOptions.defaults())) {
      writer.append(batch);
      writer.commit();
    }
  }

  private LaneCells open(int openTables) throws IOException {
    Snapshot snapshot = Store.open(disk.process(), PATH).snapshot();
    return snapshot.cells(0, "t", true, openTables).orElseThrow();
  }

  @Test
  void endsAreThoseThatWereWritten() throws IOException {
    for (int openTables : new int[] {1, 1000}) {
      try (LaneCells cells = open(openTables)) {
        long[] found = new long[ROWS + 3];
        assertThat(cells.ends(0, 70_000, Long.MAX_VALUE, found, 3)).isEqualTo(70_000);
        assertThat(cells.start(70_000)).isEqualTo(ends[69_999]);
        assertThat(cells.ends(70_000, ROWS - 70_000, Long.MAX_VALUE, found, 70_003))
            .isEqualTo(ROWS - 70_000);
        assertThat(found).endsWith(ends);
        assertThat(cells.start(5)).isEqualTo(ends[4]);
      }
    }
  }

  @Test
  void endsStopBeforeACellThatDoesNotFit() throws IOException {
    try (LaneCells cells = open(1)) {
      long[] found = new long[ROWS];
      int count = cells.ends(1000, ROWS - 1000, 4000, found, 0);
      assertThat(ends[1000 + count - 1] - ends[999]).isLessThanOrEqualTo(4000);
      assertThat(ends[1000 + count] - ends[999]).isGreaterThan(4000);
      assertThat(cells.start(1000 + count)).isEqualTo(ends[1000 + count - 1]);
      int row = 1000;
      while (ends[row] == ends[row - 1]) {
        row++;
      }
      assertThat(cells.ends(row, 1, 0, found, 0)).isZero();
      assertThat(found[0]).isEqualTo(ends[row]);
    }
  }

  @Test
  void bytesGoIntoBuffersByTheWindowAndChunksByThemselves() throws IOException {
    for (int openTables : new int[] {1, 1000}) {
      try (LaneCells cells = open(openTables)) {
        ByteBuffer some = ByteBuffer.allocateDirect(CHUNK + 100);
        cells.read(CHUNK - 50, some);
        assertThat(some.flip()).isEqualTo(ByteBuffer.wrap(bytes, CHUNK - 50, CHUNK + 100));
        ByteBuffer chunks = ByteBuffer.allocateDirect(CHUNK + 1234 + 8).position(8);
        cells.readChunks(CHUNK, chunks);
        assertThat(chunks.hasRemaining()).isFalse();
        assertThat(chunks.position(8)).isEqualTo(ByteBuffer.wrap(bytes, CHUNK, CHUNK + 1234));
        assertThatThrownBy(() -> cells.readChunks(8, ByteBuffer.allocate(CHUNK)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("bytes 8 to " + (CHUNK + 8) + " of " + bytes.length);
        assertThatThrownBy(() -> cells.readChunks(CHUNK, ByteBuffer.allocate(CHUNK + 1235)))
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  @Test
  void aDamagedChunkIsRefusedInEitherWay() throws IOException {
    byte[] data = bytes.clone();
    data[CHUNK + 77] ^= 4;
    disk.process().writeVolatile(PATH.resolve("t/data"), ByteBuffer.wrap(data));
    try (LaneCells cells = open(1)) {
      cells.readChunks(0, ByteBuffer.allocate(CHUNK));
      cells.readChunks(2L * CHUNK, ByteBuffer.allocate(1234));
      assertThatThrownBy(() -> cells.readChunks(CHUNK, ByteBuffer.allocate(CHUNK)))
          .isInstanceOf(CorruptStoreException.class)
          .hasMessageContaining("t/data");
      assertThatThrownBy(() -> cells.readChunks(0, ByteBuffer.allocate(bytes.length)))
          .isInstanceOf(CorruptStoreException.class);
      assertThatThrownBy(() -> cells.read(CHUNK + 10, ByteBuffer.allocate(5)))
          .isInstanceOf(CorruptStoreException.class);
    }
  }

  @Test
  void aTableThatALaneLacksHasNoCells() throws IOException {
    Store wider = Store.open(disk.process(), PATH).addTables(List.of("later"));
    assertThat(wider.snapshot().cells(0, "later", true, 1)).isEmpty();
    assertThatThrownBy(() -> wider.snapshot().cells(0, "none", true, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no table 'none'");
  }
}
