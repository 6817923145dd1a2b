package io.timestore.store;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A look at what {@link ArbitraryBytesCampaignTest} does at length. */
class ArbitraryBytesTest {

  /** Where cases begin: always the same ones, and some of today. */
  static List<Long> seeds() {
    Long given = Long.getLong("timestore.seed");
    return given == null ? List.of(1L, System.nanoTime()) : List.of(given);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void areARecordACommitASchemaOrAnErrorThatNamesThem(long seed) throws IOException {
    new ArbitraryBytes().parse(seed, 10_000);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void giveTheRowsOfAStoreOrAnErrorThatNamesTheFile(long seed) throws IOException {
    new ArbitraryBytes().read(seed, 2_000);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void areNotMadeWorseByAWriter(long seed) throws IOException {
    new ArbitraryBytes().write(seed, 600);
  }
}
