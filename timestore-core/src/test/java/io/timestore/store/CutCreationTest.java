package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess;
import io.timestore.disk.SimulatedProcess.KilledException;
import io.timestore.disk.SimulatedProcess.Kind;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Power cuts while a store is created. */
class CutCreationTest {
  private static final List<String> TABLES = List.of("a", "b");
  private static final Path STORE = Path.of("/store");
  private static final int CUTS = 20;

  @Test
  void aCreatorThatDiedBeforeTheSchemaWasDurableStopsNobody() throws IOException {
    SimulatedDisk disk = new SimulatedDisk();
    SimulatedProcess first = disk.process();
    first.withFate(
        operation -> {
          operation.run();
          if (operation.kind() == Kind.LINK && operation.path().endsWith("schema.json")) {
            first.kill();
          }
        });
    assertThatThrownBy(() -> Store.openOrCreate(first, STORE, Schema.ofTables(TABLES)))
        .isInstanceOf(KilledException.class);
    SimulatedProcess second = disk.process();
    second.withFate(
        operation -> {
          operation.run();
          for (int seed = 0; seed < CUTS; seed++) {
            SimulatedProcess third = disk.afterPowerCut(new Random(seed)).process();
            Store store = Store.openOrCreate(third, STORE, Schema.ofTables(TABLES));
            assertThat(Rows.read(store, TABLES)).isEmpty();
          }
        });
    Store.openOrCreate(second, STORE, Schema.ofTables(TABLES));
  }
}
