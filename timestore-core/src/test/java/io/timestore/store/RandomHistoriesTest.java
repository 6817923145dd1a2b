package io.timestore.store;

import io.timestore.store.StoreHistory.Kind;
import io.timestore.store.StoreHistory.Step;
import java.io.IOException;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tuple;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import net.jqwik.api.lifecycle.AroundPropertyHook;
import net.jqwik.api.lifecycle.PropertyExecutionResult;
import net.jqwik.api.lifecycle.PropertyExecutor;
import net.jqwik.api.lifecycle.PropertyLifecycleContext;

/** Whatever is done to a store, by whoever and in whatever order, it is what the model says. */
class RandomHistoriesTest {
  private static final int STEPS_MAX = 60;

  /**
   * More tries, or those of another run: {@code -Dtimestore.tries} and {@code -Dtimestore.seed}.
   */
  static final class Campaign implements AroundPropertyHook {
    @Override
    public PropertyExecutionResult aroundProperty(
        PropertyLifecycleContext context, PropertyExecutor property) {
      String seed = System.getProperty("timestore.seed", Long.toString(System.nanoTime()));
      System.out.println("Replay with -Dtimestore.seed=" + seed);
      context.attributes().setSeed(seed);
      context.attributes().setTries(Integer.getInteger("timestore.tries", 1000));
      return property.execute();
    }
  }

  @Provide
  Arbitrary<List<Step>> histories() {
    Arbitrary<Kind> kinds =
        Arbitraries.frequency(
            Tuple.of(4, Kind.OPEN_DIRECT),
            Tuple.of(5, Kind.OPEN_PREPARING),
            Tuple.of(5, Kind.OPEN_KEEPING),
            Tuple.of(16, Kind.APPEND),
            Tuple.of(14, Kind.COMMIT),
            Tuple.of(3, Kind.CLOSE),
            Tuple.of(10, Kind.PUBLISH),
            Tuple.of(4, Kind.PUBLISH_RESTORED),
            Tuple.of(5, Kind.TRUNCATE),
            Tuple.of(2, Kind.PREPARE_OVERWRITE),
            Tuple.of(2, Kind.COMPACT),
            Tuple.of(2, Kind.ADD_TABLE),
            Tuple.of(3, Kind.APPEND_AS_THE_CRATE),
            Tuple.of(4, Kind.KEEP_SNAPSHOT),
            Tuple.of(3, Kind.READ),
            Tuple.of(1, Kind.REOPEN),
            Tuple.of(1, Kind.KILL),
            Tuple.of(1, Kind.CUT_POWER),
            Tuple.of(2, Kind.KILL_SOON),
            Tuple.of(2, Kind.CUT_POWER_SOON));
    Arbitrary<Integer> numbers = Arbitraries.integers().between(0, 60);
    return Combinators.combine(kinds, numbers, numbers)
        .as(Step::new)
        .list()
        .ofMinSize(1)
        .withSizeDistribution(RandomDistribution.uniform())
        .ofMaxSize(STEPS_MAX);
  }

  @Property(shrinking = ShrinkingMode.BOUNDED, edgeCases = EdgeCasesMode.NONE)
  @AddLifecycleHook(Campaign.class)
  void theStoreHoldsTheRowsOfTheModelAfterEachStep(@ForAll("histories") List<Step> history)
      throws IOException {
    new StoreHistory().run(history);
  }
}
