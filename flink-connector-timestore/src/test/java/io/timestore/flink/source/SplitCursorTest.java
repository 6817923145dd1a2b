package io.timestore.flink.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.IoThreads;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.flink.table.data.RowData;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is there already when the task asks for it: batches of 800,000 bytes. */
class SplitCursorTest {
  @TempDir private Path directory;
  private BigRows store;

  @BeforeEach
  void createStore() throws IOException {
    store = BigRows.create(directory.resolve("store"));
  }

  /** In its first batch, and closed once all was read ahead that is to be. */
  private SplitCursor<RowData> cursorThatReadAhead() throws IOException {
    try (IoThreads io = new IoThreads("test", 1)) {
      SplitCursor<RowData> cursor =
          store.setup(ScanSettings.DEFAULT).cursor(store.wholeSplit(), io);
      cursor.readAhead();
      io.call(() -> null);
      assertThat(cursor.nextBatch()).isTrue();
      cursor.readAhead();
      io.call(() -> null);
      IoThreads.awaitEnd(cursor.close());
      return cursor;
    }
  }

  @Test
  void asManyBatchesAreReadAheadAsFitIntoFourMegabytes() throws IOException {
    store.append(20);
    SplitCursor<RowData> cursor = cursorThatReadAhead();

    for (int batch = 1; batch <= 5; batch++) {
      assertThat(cursor.nextBatch()).as("batch %s", batch).isTrue();
    }
    assertThatThrownBy(cursor::nextBatch).hasMessage("the reader was closed");
  }

  @Test
  void nothingIsReadBehindTheLastBatch() throws IOException {
    store.append(5);
    SplitCursor<RowData> cursor = cursorThatReadAhead();

    assertThat(cursor.nextBatch()).isTrue();
    assertThat(cursor.nextBatch()).isTrue();
    assertThat(cursor.nextBatch()).isFalse();
    assertThat(cursor.rowsLeft()).isEqualTo(1);
  }
}
