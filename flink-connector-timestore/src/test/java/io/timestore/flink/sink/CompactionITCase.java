package io.timestore.flink.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.flink.StoreJudge;
import io.timestore.store.Store;
import java.nio.file.Path;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A store that is compacted or exported while jobs write it. */
class CompactionITCase {
  private static final int ROWS = 15_000;

  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder().setNumberSlotsPerTaskManager(4).build());

  @TempDir Path directory;
  private Path store;

  @BeforeEach
  void nameStore() {
    store = directory.resolve("store");
  }

  private IndexedJob job() {
    return new IndexedJob("job in " + directory, store, ROWS).parallelism(2);
  }

  @Test
  void aJobWritesOnWhileItsStoreIsCompactedAgainAndAgain() throws Exception {
    RunningJob job = job().submit();
    int compacted = 0;
    for (int rows = 2_000; rows < ROWS; rows += 2_000) {
      job.awaitRows(rows);
      compacted += Store.open(store).compact().laneCount() > 1 ? 1 : 0;
    }
    job.awaitEnd();
    assertThat(compacted).isGreaterThan(3);
    IndexedRows.assertEachOnce(store, ROWS, "compacted");

    Store.open(store).compact();
    IndexedRows.assertEachOnce(store, ROWS, "compacted to one lane");
    assertThat(Store.open(store).compact().laneCount()).isEqualTo(1);
  }

  @Test
  void aJobStoppedWithASavepointGoesOnAfterACompaction() throws Exception {
    RunningJob first = job().submit();
    first.awaitRows(5_000);
    String savepoint = first.stop();
    assertThat(Store.open(store).compact().laneCount()).isEqualTo(2);

    job().from(savepoint).submit().awaitEnd();

    IndexedRows.assertEachOnce(store, ROWS, "compacted in between");
  }

  @Test
  void anExportBesideALiveJobIsAPlainStoreOfACheckpointsRows() throws Exception {
    RunningJob job = job().submit();
    job.awaitRows(5_000);
    Path plain = directory.resolve("plain");
    Store.open(store).export(plain);
    job.awaitEnd();

    int exported = (int) new StoreJudge(plain).rowCount();
    assertThat(RowCounts.taken("job in " + directory).values()).contains((long) exported);
    IndexedRows.assertEachOnce(plain, exported, "exported");
    assertThat(plain.resolve("lanes")).doesNotExist();
    IndexedRows.assertEachOnce(store, ROWS, "exported from");
  }
}
