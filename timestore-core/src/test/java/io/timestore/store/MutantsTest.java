package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.format.CommitRecord;
import io.timestore.format.Lineage;
import net.bytebuddy.implementation.FixedValue;
import net.bytebuddy.implementation.Implementation;
import net.bytebuddy.implementation.StubMethod;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The campaign against engines that lack a step or a rule: it finds what that costs. Their seeds
 * are always the same, so that each is found always or never.
 */
class MutantsTest {
  private static final long SEED = 1;
  private static final long STATES_MAX = Long.getLong("timestore.states", 10_000);

  /** Rules of the protocol, and how the engine is kept from them. */
  private enum Rule {
    R3_A_SINKS_LANE_IS_NOT_TAKEN(LaneAllocator.class, "isFree", "kind"),
    R3_THE_OWNER_IS_PUBLISHED_FIRST(LaneAllocator.class, "take", "replace"),
    R4_LENGTH_IS_READ_UNDER_THE_LOCK(RecordFile.class, "holds", FixedValue.value(true)),
    R6A_WHAT_IS_DONE_IS_FOUND_DONE(Publisher.class, "isDone", FixedValue.value(false)),
    R6A_WHAT_IS_NOT_DONE_IS_DONE(Publisher.class, "isDone", FixedValue.value(true)),
    R6A_WHO_FINISHED_IS_KNOWN(CommitRecord.class, "withFinished", FixedValue.self()),
    R6B_LEFTOVERS_ARE_REMOVED(StoreFiles.class, "isLeftover", FixedValue.value(false)),
    R6E_PREPARED_BYTES_ARE_COMPARED(PreparedBytes.class, "match", FixedValue.value(true)),
    R7_CHECKPOINTS_ARE_KNOWN(Lineage.class, "published", FixedValue.self()),
    R7_FENCED_COMMITS_ARE_REFUSED(Succession.class, "checkFence", StubMethod.INSTANCE),
    R7C_OTHERS_ARE_FENCED_WITH_A_SUCCESSOR(Lineage.class, "succeededBy", FixedValue.self()),
    R10_LENGTH_IS_READ_BEFORE_A_BATCH(StoreWriter.class, "lookAtOthers", StubMethod.INSTANCE),
    R10_NEW_LENGTH_STOPS_THE_REFERENCE(LaneAllocator.class, "stopReference", StubMethod.INSTANCE);

    @SuppressWarnings("ImmutableEnumChecker") // nobody changes a class loader that was made
    private final MutantClassLoader mutant;

    Rule(Class<?> type, String method, Implementation instead) {
      mutant = MutantClassLoader.with(type, method, instead);
    }

    Rule(Class<?> type, String method, String call) {
      mutant = MutantClassLoader.without(type, method, call);
    }
  }

  @Test
  void theEngineItselfLosesNothing() {
    assertThat(CrashCampaign.statesToLoss(SEED, STATES_MAX / 4, false)).isNegative();
  }

  @ParameterizedTest
  @EnumSource(SkippedStep.class)
  void aStepThatIsLeftOutIsMissed(SkippedStep step) {
    CrashCampaign campaign = new CrashCampaign(step, false, STATES_MAX);
    assertIsFound(step, CrashCampaign.statesToLoss(campaign, SEED));
  }

  @ParameterizedTest
  @EnumSource(Rule.class)
  void aRuleThatIsLeftOutIsMissed(Rule rule) throws Exception {
    assertIsFound(
        rule,
        (Long) rule.mutant.call(CrashCampaign.class, "statesToLoss", SEED, STATES_MAX, false));
  }

  @Test
  void garbageInTheLastChunkIsServedByScansThatDoNotCheckIt() throws Exception {
    assertGarbageIsServed(MutantClassLoader.with(ChunkReader.class, "check", StubMethod.INSTANCE));
  }

  @Test
  void garbageAmongTheReferencesRowsIsServedWhereTheyWereAdoptedWithoutChecksums()
      throws Exception {
    assertGarbageIsServed(
        MutantClassLoader.with(LaneAllocator.class, "withTailCrcs", FixedValue.argument(0)));
  }

  private static void assertGarbageIsServed(MutantClassLoader mutant) throws Exception {
    assertIsFound(
        "checksums",
        (Long) mutant.call(CrashCampaign.class, "statesToLoss", SEED, STATES_MAX, true));
  }

  private static void assertIsFound(Object what, long states) {
    System.out.println(what + ": found after " + states + " states");
    assertThat(states).as("states until the loss without %s was found", what).isPositive();
  }
}
