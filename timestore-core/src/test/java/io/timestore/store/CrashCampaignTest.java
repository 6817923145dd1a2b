package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.disk.SimulatedProcess.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random histories, power cuts in them, and what must hold after each: see {@link CrashCampaign}.
 */
class CrashCampaignTest {
  private static final int THREADS = Runtime.getRuntime().availableProcessors();

  /** More than a thread comes to. */
  private static final long SEEDS = 1_000_000_000L;

  @Test
  void noPowerCutLosesWhatWasAcknowledgedOrShowsWhatWasNot() throws Exception {
    assertThat(sum(run(false, 20_000), CrashCampaign::returns)).isPositive();
  }

  @Test
  void aSectorOfGarbageIsFoundOrDoesNotMatter() throws Exception {
    assertThat(sum(run(true, 10_000), CrashCampaign::detections)).isPositive();
  }

  @Test
  @Tag("campaign")
  void noneOfAMillionPowerCutsDoes() throws Exception {
    run(false, 1_000_000);
  }

  @Test
  @Tag("campaign")
  void noGarbageOfManyDoes() throws Exception {
    run(true, 200_000);
  }

  private static List<CrashCampaign> run(boolean garbage, long states) throws Exception {
    long seed = Long.getLong("timestore.seed", System.nanoTime());
    System.out.println("Replay with -Dtimestore.seed=" + seed);
    ExecutorService executor = Executors.newFixedThreadPool(THREADS);
    List<CrashCampaign> ended = new ArrayList<>();
    try {
      List<Future<CrashCampaign>> running = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        long first = seed + i * SEEDS;
        CrashCampaign campaign =
            new CrashCampaign(() -> Operation::run, garbage, 1 + states / THREADS);
        running.add(executor.submit(() -> campaign.run(first)));
      }
      for (Future<CrashCampaign> campaign : running) {
        ended.add(campaign.get());
      }
    } catch (ExecutionException e) {
      throw new AssertionError(e.getCause().getMessage(), e.getCause());
    } finally {
      executor.shutdownNow();
    }
    assertThat(sum(ended, CrashCampaign::states)).isGreaterThanOrEqualTo(states);
    System.out.println(
        sum(ended, CrashCampaign::states)
            + " states, "
            + sum(ended, CrashCampaign::refusals)
            + " refusals, "
            + sum(ended, CrashCampaign::returns)
            + " returns to older checkpoints, garbage found in "
            + sum(ended, CrashCampaign::detections));
    return ended;
  }

  private static long sum(List<CrashCampaign> campaigns, ToLongFunction<CrashCampaign> count) {
    return campaigns.stream().mapToLong(count).sum();
  }
}
