package io.timestore.store;

import static io.timestore.store.MutantClassLoader.with;
import static io.timestore.store.MutantClassLoader.without;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.timestore.disk.DiskLock;
import io.timestore.disk.Schedule;
import io.timestore.format.Lane;
import io.timestore.store.Interleaving.Explored;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import net.bytebuddy.implementation.FixedValue;
import net.bytebuddy.implementation.MethodCall;
import net.bytebuddy.implementation.StubMethod;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A few actors run in every order of their steps up to a bound, with kills and power cuts between
 * any two steps; and the same without one rule of the protocol, which must be found.
 */
class InterleavingsTest {
  private static final int RANDOM_ORDERS = 20;
  private static final int RANDOM_ORDERS_OF_A_CAMPAIGN = 5_000;

  @ParameterizedTest
  @EnumSource
  void everyOrderUpToABoundKeepsEveryPromise(Scenario scenario) {
    report(scenario, Interleaving.explore(scenario, scenario.preemptions(), 0, 0));
  }

  @ParameterizedTest
  @EnumSource
  void whoeverIsKilledBetweenTwoSteps(Scenario scenario) {
    report(scenario, Interleaving.explore(scenario, 0, 1, 0));
  }

  @ParameterizedTest
  @EnumSource
  void whereverThePowerIsCut(Scenario scenario) {
    report(scenario, Interleaving.explore(scenario, 0, 0, 2));
  }

  @ParameterizedTest
  @EnumSource
  void ordersAtRandom(Scenario scenario) {
    playAtRandom(scenario, RANDOM_ORDERS);
  }

  @Tag("campaign")
  @ParameterizedTest
  @EnumSource
  void everyOrderUpToAHigherBoundWithKillsAndPowerCuts(Scenario scenario) {
    report(scenario, Interleaving.explore(scenario, 1, 1, 2));
    report(scenario, Interleaving.explore(scenario, scenario.preemptions() + 1, 0, 0));
    playAtRandom(scenario, RANDOM_ORDERS_OF_A_CAMPAIGN);
  }

  /** {@code -Dtimestore.schedule=SCENARIO:…}, as a failure names it. */
  @Test
  @EnabledIfSystemProperty(named = "timestore.schedule", matches = ".+")
  void theOrderThatIsAskedFor() {
    String[] asked = System.getProperty("timestore.schedule").split(":", 2);
    Interleaving.run(Scenario.valueOf(asked[0]), Schedule.replay(asked[1]), 1);
  }

  private static void playAtRandom(Scenario scenario, int count) {
    long seed = Long.getLong("timestore.seed", System.nanoTime());
    System.out.println("Replay with -Dtimestore.seed=" + seed);
    Random random = new Random(seed);
    for (int i = 0; i < count; i++) {
      Interleaving.run(scenario, Schedule.random(random.nextLong()), 0);
    }
  }

  private static void report(Scenario scenario, Explored explored) {
    System.out.printf(
        "%s: %d orders, %d states%n", scenario, explored.schedules(), explored.states());
    assertThat(explored.schedules()).isGreaterThan(1);
  }

  /** A lock that everybody has. */
  static DiskLock nobodysLock() {
    return new DiskLock() {
      @Override
      public boolean isAt(Path path) {
        return true;
      }

      @Override
      public void close() {}
    };
  }

  static Stream<Arguments> rules() throws NoSuchMethodException {
    return Stream.of(
        arguments(
            "one publisher at a time",
            with(
                CommitLock.class,
                "acquire",
                MethodCall.invoke(InterleavingsTest.class.getDeclaredMethod("nobodysLock"))),
            Scenario.A_DIRECT_WRITER_AND_A_JOB,
            1,
            0,
            0),
        arguments(
            "what was published before is done",
            with(Publisher.class, "isDone", FixedValue.value(false)),
            Scenario.TWO_PUBLISHERS_OF_ONE_COMMIT,
            0,
            0,
            0),
        arguments(
            "a rename is durable before anyone builds on it",
            without(Publisher.class, "underLock", "syncDirectory"),
            Scenario.TWO_PUBLISHERS_OF_ONE_COMMIT,
            0,
            1,
            4),
        arguments(
            "a commit is durable before it is reported",
            without(RecordFile.class, "replace", "syncDirectory"),
            Scenario.TWO_PUBLISHERS_OF_ONE_COMMIT,
            0,
            0,
            4),
        arguments(
            "a publisher looks whether somebody came after it",
            with(RecordFile.class, "holds", FixedValue.value(true)),
            Scenario.A_DIRECT_WRITER_AND_A_JOB,
            1,
            0,
            0),
        arguments(
            "a run looks at length before it writes",
            with(StoreWriter.class, "lookAtLanes", StubMethod.INSTANCE),
            Scenario.THE_CRATE_TAKES_ITS_TURN,
            1,
            0,
            0),
        arguments(
            "nobody takes the lane of a run",
            without(LaneAllocator.class, "isFree", "kind"),
            Scenario.A_DIRECT_WRITER_AND_A_JOB,
            0,
            1,
            0),
        arguments(
            "fences",
            with(Succession.class, "checkFence", StubMethod.INSTANCE),
            Scenario.AN_OLDER_CHECKPOINT_IS_RESTORED,
            1,
            0,
            0),
        arguments(
            "whoever restores registers",
            with(
                Succession.class, "register", MethodCall.invoke(Optional.class.getMethod("empty"))),
            Scenario.AN_OLDER_CHECKPOINT_IS_RESTORED,
            0,
            0,
            0),
        arguments(
            "older state is refused",
            with(Succession.class, "withoutNewer", FixedValue.argument(0)),
            Scenario.TWO_FORKS_OF_ONE_SAVEPOINT,
            0,
            0,
            0),
        arguments(
            "rows of newer checkpoints go",
            with(Rollback.class, "hideAfter", FixedValue.argument(0)),
            Scenario.A_JOB_GOES_BACK_TO_AN_OLDER_CHECKPOINT,
            0,
            0,
            0),
        arguments(
            "what was committed since it was read is not hidden by a compaction",
            with(
                Publisher.class,
                "hiddenUpTo",
                MethodCall.invoke(Lane.class.getMethod("hidden")).onArgument(1)),
            Scenario.A_COMPACTION_AND_A_COMMITTER,
            1,
            0,
            0),
        arguments(
            "lanes with what may still be published stay",
            with(HiddenLanes.class, "hasPrepared", FixedValue.value(false)),
            Scenario.A_COMPACTION_AND_A_COMMITTER,
            0,
            0,
            0),
        arguments(
            "the first of two creators wins",
            with(ConfinedDisk.class, "linkIfAbsent", StubMethod.INSTANCE),
            Scenario.TWO_CREATORS,
            1,
            0,
            0),
        arguments(
            "a record that is newer than length is mended",
            with(RecordFile.class, "repairSecondLink", StubMethod.INSTANCE),
            Scenario.THE_CRATE_TAKES_ITS_TURN,
            0,
            1,
            0),
        arguments(
            "readers read the record once more where it may belong to a later length",
            with(RecordFile.class, "isReplaced", FixedValue.value(false)),
            Scenario.A_STORE_OF_THE_CRATE_IS_ADOPTED,
            1,
            0,
            0));
  }

  /** Explores a scenario, in whichever class loader this is. */
  static void explore(String scenario, int preemptions, int kills, int powerCuts) {
    Interleaving.explore(Scenario.valueOf(scenario), preemptions, kills, powerCuts);
  }

  @ParameterizedTest
  @MethodSource("rules")
  void aRuleThatIsTakenOutIsMissed(
      String rule,
      MutantClassLoader withoutRule,
      Scenario scenario,
      int preemptions,
      int kills,
      int powerCuts) {
    assertThatThrownBy(
            () ->
                withoutRule.call(
                    InterleavingsTest.class,
                    "explore",
                    scenario.name(),
                    preemptions,
                    kills,
                    powerCuts))
        .as(rule)
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("Replay with");
  }
}
