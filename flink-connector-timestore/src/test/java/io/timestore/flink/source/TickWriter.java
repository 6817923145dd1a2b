package io.timestore.flink.source;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

/**
 * A process that writes ticks, commit by commit, some of them late.
 *
 * <p>Arguments: the store, a seed, commits, ms between them.
 */
final class TickWriter {
  static final int ROWS_OF_COMMIT = 50;

  private TickWriter() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    TickStore store = TickStore.create(Path.of(arguments[0]));
    Random random = new Random(Long.parseLong(arguments[1]));
    int commits = Integer.parseInt(arguments[2]);
    for (int commit = 0; commit < commits; commit++) {
      store.append(keys(random, commit));
      Thread.sleep(Long.parseLong(arguments[3])); // the pace of a writer, which nobody waits for
    }
  }

  private static long[] keys(Random random, int commit) {
    long[] keys = new long[ROWS_OF_COMMIT];
    for (int i = 0; i < ROWS_OF_COMMIT; i++) {
      int lateBy = random.nextInt(10) == 0 ? random.nextInt(1000) : 0;
      keys[i] = Math.max(0, 100L * commit + 2L * i - lateBy);
    }
    return keys;
  }
}
