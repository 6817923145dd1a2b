package io.timestore.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

/** Takes {@link Turns} with a store until something stops it. */
public final class TurnsUntilThePowerIsCut {
  static final String READY = "ready";

  private TurnsUntilThePowerIsCut() {}

  /** Arguments: the store and a seed. */
  public static void main(String[] arguments) throws IOException {
    Random random = new Random(Long.parseLong(arguments[1]));
    System.out.println(READY);
    Store store = Store.openOrCreate(Path.of(arguments[0]), Appender.TABLES);
    Turns turns = new Turns(store, System.out::println);
    while (true) {
      if (random.nextBoolean()) {
        turns.core(1 + random.nextInt(4));
      } else {
        turns.sink(1 + random.nextInt(3), random.nextBoolean());
      }
    }
  }
}
