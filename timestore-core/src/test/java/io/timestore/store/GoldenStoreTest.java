package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Stores that the Rust crate wrote. */
class GoldenStoreTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"rust-edge | first,second table", "rust-ticks | sym,price,size"})
  void givesTheRowsThatTheCrateWrote(String name, String tables) throws IOException {
    Store store = Store.open(GOLDEN.resolve(name));

    assertThat(Rows.read(store, List.of(tables.split(",", -1))))
        .isEqualTo(Files.readAllLines(GOLDEN.resolve(name + ".rows")));
    assertThat(store.schema()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"rust-empty"})
  void anEmptyStoreWithAPaddedLengthHasNoRows(String name) throws IOException {
    assertThat(Rows.read(Store.open(GOLDEN.resolve(name)), List.of("a", "b"))).isEmpty();
  }
}
