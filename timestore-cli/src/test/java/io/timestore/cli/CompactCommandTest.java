package io.timestore.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CompactCommandTest {
  @TempDir Path directory;

  private Store lanes(long rowCount) throws Exception {
    Store store = Stores.ofRows(directory.resolve("s"), rowCount);
    Stores.addLateRows(store, rowCount / 2);
    return store;
  }

  @Test
  void makesOneLaneOfAllAndRemovesTheOldFiles() throws Exception {
    Store store = lanes(1000);
    Run run = Run.of("compact", store.directory(), "--yes");
    assertThat(run.errors()).isEmpty();
    assertThat(run.output())
        .matches("1,500 rows of 2 lanes are one lane now; \\d+(\\.\\d+)? KiB were removed.\n");
    assertThat(run.status()).isZero();
    assertThat(store.snapshot().ranges()).hasSize(1);
    assertThat(store.snapshot().rowCount()).isEqualTo(1500);
    assertThat(store.verify(fault -> {}).faultCount()).isZero();

    Run again = Run.of("compact", store.directory(), "--json");
    assertThat(again.json())
        .containsEntry("rows", 1500)
        .containsEntry("lanesBefore", 1)
        .containsEntry("removedBytes", 0);
  }

  @Test
  void saysWhatItWillDoAndAsks() throws Exception {
    Store store = lanes(1000);
    Run refused = Run.of("compact", store.directory());
    assertThat(refused.status()).isEqualTo(2);
    assertThat(refused.errors()).contains("--yes does it without asking");

    Run no = Run.onTerminal("\n", "compact", store.directory());
    assertThat(no.output())
        .contains("The 1,500 rows of 2 lanes of " + store.directory() + " are to be written anew")
        .containsPattern("\\S+ KiB of the old files go, 0 hidden rows with them")
        .contains("Go on? [y/N]")
        .contains("Nothing was changed.");
    assertThat(store.snapshot().ranges()).hasSize(2);
  }

  @Test
  void lanesThatNoRecordNamesGoOnRequestOnly() throws Exception {
    Store store = lanes(100);
    try (StoreWriter writer =
        store.writer(WriterOptions.preparing().withLateRows(WriterOptions.LateRows.KEEP))) {
      writer.append(1, new byte[8], new byte[0], new byte[0]);
      assertThat(writer.prepare("never published", true)).isPresent();
      assertThat(Run.of("compact", store.directory(), "--yes").status()).isZero();
      assertThat(store.unnamedLanes()).hasSize(1);
      // Its writer is alive.
      Run alive = Run.of("compact", store.directory(), "--yes", "--remove-abandoned", "--json");
      assertThat(alive.json()).containsEntry("removedAbandonedLanes", 0);
    }
    assertThat(store.unnamedLanes()).hasSize(1);

    Run run = Run.onTerminal("y\n", "compact", store.directory(), "--remove-abandoned");

    assertThat(run.output())
        .containsPattern("lanes/0000\\d \\(.*\\) goes: no record names it, and its writer is gone")
        .contains("1 abandoned lane was removed.");
    assertThat(store.unnamedLanes()).isEmpty();
    assertThat(store.snapshot().rowCount()).isEqualTo(150);
  }

  /** Stopped when so many of the new lane's keys are on disk. */
  @ParameterizedTest
  @ValueSource(ints = {0, 30, 60, 90})
  void stoppedByCtrlCItLeavesTheRowsAndNothingHalfDone(int percent) throws Exception {
    long rowCount = 600_000;
    Store store = lanes(rowCount);
    long keysBytes = rowCount * 3 / 2 * Long.BYTES;
    Path keys = store.directory().resolve("lanes/00002/keys");

    Process process = Run.startInForeground("compact", store.directory(), "--yes");
    await()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .until(() -> Files.exists(keys) && Files.size(keys) * 100 >= keysBytes * percent);
    Run.interrupt(process);
    Run run = Run.of(process);

    assertThat(run.status()).as(run.errors()).isEqualTo(130);
    assertThat(run.errors()).isEqualTo("timestore compact: stopped\n");
    assertThat(store.snapshot().rowCount()).isEqualTo(rowCount * 3 / 2);
    assertThat(store.snapshot().ranges()).hasSize(2);
    assertThat(store.unnamedLanes()).isEmpty();
    assertThat(store.verify(fault -> {}).faultCount()).isZero();
    try (Stream<Path> files = Files.list(store.directory())) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .noneMatch(name -> name.startsWith("."));
    }
    assertThat(Run.of("compact", store.directory(), "--yes").status()).isZero();
    assertThat(store.snapshot().ranges()).hasSize(1);
  }
}
