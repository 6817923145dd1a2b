package io.timestore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.disk.DiskLock;
import io.timestore.disk.LocalDisk;
import io.timestore.store.Store;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TruncateCommandTest {
  @TempDir Path directory;
  private Store store;

  @BeforeEach
  void create() throws Exception {
    store = Stores.ofRows(directory.resolve("s"), 100);
    Stores.addLateRows(store, 50);
  }

  private long rowCount() throws Exception {
    return store.snapshot().rowCount();
  }

  @Test
  void keepsTheFirstRows() throws Exception {
    Run run = Run.of("truncate", store.directory(), "--to-row", 120, "--yes");
    assertThat(run.errors()).isEmpty();
    assertThat(run.output())
        .isEqualTo("30 rows are hidden, 120 are left. 'timestore compact' frees their space.\n");
    assertThat(run.status()).isZero();
    assertThat(rowCount()).isEqualTo(120);
    assertThat(store.verify(fault -> {}).faultCount()).isZero();
  }

  @Test
  void keepsTheRowsBelowAKeyGivenAsATimeOrANumber() throws Exception {
    Run run =
        Run.of(
            "truncate", store.directory(), "--to-key", "2026-01-01T00:00:10Z", "--yes", "--json");
    assertThat(run.json())
        .containsEntry("rows", 20)
        .containsEntry("removedRows", 130)
        .containsEntry("fromTime", "2026-01-01T00:00:10Z")
        .containsEntry("lanes", List.of(0, 1));
    assertThat(rowCount()).isEqualTo(20);

    Run more =
        Run.of("truncate", store.directory(), "--to-key", Stores.FIRST_MILLIS + 1000, "--yes");
    assertThat(more.status()).isZero();
    assertThat(rowCount()).isEqualTo(2);
  }

  @Test
  void withoutATerminalItWantsYes() throws Exception {
    Run run = Run.of("truncate", store.directory(), "--to-row", 1);
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.errors())
        .startsWith("timestore truncate: there is no terminal to ask on; --yes does it")
        .hasLineCount(1);
    assertThat(rowCount()).isEqualTo(150);
  }

  @Test
  void onATerminalItSaysWhatGoesAndAsks() throws Exception {
    Run no = Run.onTerminal("n\n", "truncate", store.directory(), "--to-row", 100);
    assertThat(no.output())
        .contains("The last 50 of the 150 rows of " + store.directory() + " are to go")
        .contains("from 2026-01-01T00:00:50Z to 2026-01-01T00:01:39Z, in lane 0.")
        .contains("Hide them for good? [y/N]")
        .contains("Nothing was changed.");
    assertThat(no.status()).isZero();
    assertThat(rowCount()).isEqualTo(150);

    Run yes = Run.onTerminal("y\n", "truncate", store.directory(), "--to-row", 100);
    assertThat(yes.output()).contains("50 rows are hidden, 100 are left.");
    assertThat(rowCount()).isEqualTo(100);
  }

  @Test
  void callsThatMakeNoSenseAreRefused() throws Exception {
    Path root = store.directory();
    assertCallAtFault("--to-row 151, but " + root + " has 150 rows", "--to-row", "151");
    assertCallAtFault("Missing required argument", "--yes");
    assertCallAtFault("mutually exclusive", "--to-row", "1", "--to-key", "1");
    assertCallAtFault("--to-key: 'soon' is no key, expected a time as", "--to-key", "soon");
    assertCallAtFault(
        "--to-key: 2026-01-01T00:00:00.0001Z is finer than the keys, which count ms",
        "--to-key",
        "2026-01-01T00:00:00.0001Z");
    assertThat(rowCount()).isEqualTo(150);
  }

  private void assertCallAtFault(String what, String... arguments) throws Exception {
    Object[] call = new Object[arguments.length + 2];
    call[0] = "truncate";
    call[1] = store.directory();
    System.arraycopy(arguments, 0, call, 2, arguments.length);
    Run run = Run.of(call);
    assertThat(run.status()).as(run.errors()).isEqualTo(2);
    assertThat(run.errors()).contains(what).hasLineCount(1);
  }

  @Test
  void aStoreOfTheRustCrateIsLeftAlone() throws Exception {
    Run run = Run.of("truncate", Golden.rust("rust-ticks"), "--to-row", 1, "--yes");
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.errors()).contains("has no schema.json");
  }

  @Test
  void stoppedWhileItWaitsForTheLockItHasChangedNothing() throws Exception {
    Path lockFile = store.directory().resolve("commit.lock");
    try (DiskLock lock = new LocalDisk().tryLock(lockFile, "a test").orElseThrow()) {
      assertThat(lock.isAt(lockFile)).isTrue();
      Process process =
          Run.startInForeground("truncate", store.directory(), "--to-row", "1", "--yes");
      BufferedReader errors =
          new BufferedReader(
              new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
      assertThat(errors.readLine()).contains("Waiting for ").contains("held by a test");

      Run.interrupt(process);

      assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(130);
      assertThat(errors.readLine()).isEqualTo("timestore truncate: stopped");
    }
    assertThat(rowCount()).isEqualTo(150);
  }
}
