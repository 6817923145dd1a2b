package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess;
import io.timestore.disk.SimulatedProcess.Kind;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** The reference syncs no directory; what ours builds on its rows must not outlive them. */
class PowerCutAfterReferenceTest {
  private static final Path PATH = Path.of("/store");
  private static final List<String> TABLES = List.of("a", "b");
  private static final int CUTS = 200;

  @Test
  void itsLengthIsNotMadeDurableWithoutTheFilesThatItWroteInto() throws IOException {
    SimulatedDisk disk = new SimulatedDisk();
    Store.openOrCreate(disk.process(), PATH, Schema.ofTables(List.of("a")));
    Store store = Store.open(disk.process(), PATH).addTables(List.of("b"));
    SimulatedProcess dying = disk.process();
    dying.withFate(
        operation -> {
          if (operation.kind() == Kind.WRITE && operation.path().endsWith("keys")) {
            dying.kill(); // The files of b were made, and their directory is not synced.
          } else {
            operation.run();
          }
        });
    try (StoreWriter writer = Store.open(dying, PATH).writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(Rows.ofKeys(LongStream.range(0, 10))));
      writer.commit();
    } catch (IOException e) {
      assertThat(e).hasStackTraceContaining("KilledException");
    }
    store.publisher().truncate(0); // Ours opens first.
    List<String> rows = Rows.ofKeys(LongStream.range(0, 5));
    new Crate(disk.process(), PATH, TABLES).append(rows);

    store.publisher().truncate(5);

    for (int seed = 0; seed < CUTS; seed++) {
      SimulatedDisk cut = disk.afterPowerCut(new Random(seed));
      assertThat(Rows.read(Store.open(cut.process(), PATH), TABLES))
          .as("cut %d", seed)
          .isEqualTo(rows);
    }
  }
}
