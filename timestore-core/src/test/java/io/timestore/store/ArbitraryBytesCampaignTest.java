package io.timestore.store;

import java.io.IOException;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Arbitrary bytes, for an hour or more: see {@link ArbitraryBytes} for what they must not do. */
@Tag("campaign")
class ArbitraryBytesCampaignTest {
  private static final long ROUND_CASES = 10_000;

  @Test
  void tenMillionCasesOfArbitraryBytes() throws IOException {
    long roundsMax = Long.getLong("timestore.cases", 10_000_000) / ROUND_CASES;
    long seed = Long.getLong("timestore.seed", ThreadLocalRandom.current().nextInt());
    ArbitraryBytes arbitrary = new ArbitraryBytes();
    for (long round = 0; round < roundsMax; round++) {
      arbitrary.parse(seed, ROUND_CASES / 10 * 5);
      arbitrary.read(seed, ROUND_CASES / 10 * 4);
      arbitrary.write(seed, ROUND_CASES / 10);
      seed += ROUND_CASES;
    }
  }
}
