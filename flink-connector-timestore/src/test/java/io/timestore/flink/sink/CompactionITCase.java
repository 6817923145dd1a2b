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
  private static final int MORE = 2_000;

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
    return new IndexedJob("job in " + directory, store, IndexedJob.ENDLESS).parallelism(2);
  }

  @Test
  void aJobWritesOnWhileItsStoreIsCompactedAgainAndAgain() throws Exception {
    RunningJob job = job().submit();
    for (int time = 0; time < 6; time++) {
      job.awaitRows((time == 0 ? 0 : new StoreJudge(store).rowCount()) + MORE);
      assertThat(Store.open(store).compact().laneCount()).isGreaterThan(1);
    }
    job.goOnAndHaveEachRowOnce(MORE);

    Store.open(store).compact();
    IndexedRows.assertEachOnce(
        store, (int) new StoreJudge(store).rowCount(), "compacted to one lane");
    assertThat(Store.open(store).compact().laneCount()).isEqualTo(1);
  }

  @Test
  void aJobStoppedWithASavepointGoesOnAfterACompaction() throws Exception {
    RunningJob first = job().submit();
    first.awaitRows(5_000);
    String savepoint = first.stop();
    assertThat(Store.open(store).compact().laneCount()).isEqualTo(2);

    job().from(savepoint).submit().goOnAndHaveEachRowOnce(MORE);
  }

  @Test
  void anExportBesideALiveJobIsAPlainStoreOfACheckpointsRows() throws Exception {
    RunningJob job = job().submit();
    job.awaitRows(5_000);
    Path plain = directory.resolve("plain");
    Store.open(store).export(plain);
    job.goOnAndHaveEachRowOnce(MORE);

    int exported = (int) new StoreJudge(plain).rowCount();
    assertThat(RowCounts.taken("job in " + directory).values()).contains((long) exported);
    IndexedRows.assertEachOnce(plain, exported, "exported");
    assertThat(plain.resolve("lanes")).doesNotExist();
  }
}
