package io.timestore.store;

import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess.Fate;
import io.timestore.disk.SimulatedProcess.Operation;
import java.io.IOException;
import java.util.Random;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Power cuts at random moments of random histories, and in the middle of what follows them. What a
 * cut left is one state; each is opened, checked, appended to, and checked again.
 */
final class CrashCampaign {
  private static final Logger LOG = LoggerFactory.getLogger(CrashCampaign.class);
  private static final int DEPTH_MAX = 3;

  /** Of so many operations one is followed by power cuts: in a history, and in a recovery. */
  private static final int OPERATIONS = 8;

  private static final int OPERATIONS_OF_RECOVERY = 300;
  private static final int CUTS = 3;

  private final Supplier<Fate> fates;
  private final boolean garbage;
  private final long statesMax;
  private final Random random = new Random(0);
  private long states;
  private long detected;
  private long refused;
  private long wentBack;
  private boolean lost;

  /**
   * @param fates what becomes of the operations of each process
   * @param garbage whether a sector that is being written becomes garbage
   */
  CrashCampaign(Supplier<Fate> fates, boolean garbage, long statesMax) {
    this.fates = fates;
    this.garbage = garbage;
    this.statesMax = statesMax;
  }

  /** How many states it took to find a loss in the engine as it is; −1 if none was found. */
  static long statesToLoss(long seed, long statesMax, boolean garbage) {
    return statesToLoss(new CrashCampaign(() -> Operation::run, garbage, statesMax), seed);
  }

  static long statesToLoss(CrashCampaign campaign, long seed) {
    try {
      campaign.run(seed);
      return -1;
    } catch (AssertionError e) {
      LOG.debug("Found", e);
      return campaign.states;
    }
  }

  /** Histories from a seed on, each with the next seed, until there were enough states. */
  CrashCampaign run(long seed) {
    for (long i = 0; goesOn(); i++) {
      random.setSeed(seed + i);
      try {
        new CrashHistory(this, new Random(seed + i), new SimulatedDisk(), new Ledger(), 0).live();
      } catch (IOException | RuntimeException | AssertionError e) {
        throw new AssertionError(
            "Replay with -Dtimestore.seed=" + (seed + i) + " (state " + states + ")", e);
      }
    }
    return this;
  }

  boolean goesOn() {
    return states < statesMax && !lost;
  }

  boolean garbage() {
    return garbage;
  }

  Fate newFate() {
    return fates.get();
  }

  /** Cuts the power if it is time to. */
  void mayCut(CrashHistory history) throws IOException {
    int period = history.depth() == 0 ? OPERATIONS : OPERATIONS_OF_RECOVERY;
    if (history.depth() == DEPTH_MAX || random.nextInt(period) > 0) {
      return;
    }
    int cuts = history.depth() == 0 ? CUTS : 1;
    for (int i = 0; i < cuts && goesOn(); i++) {
      try {
        history.cut();
      } catch (IOException | RuntimeException | AssertionError e) {
        lost = true;
        throw new AssertionError("after a power cut at depth " + history.depth(), e);
      }
    }
  }

  void count() {
    states++;
  }

  void detected() {
    detected++;
  }

  void refused() {
    refused++;
  }

  void wentBack() {
    wentBack++;
  }

  long states() {
    return states;
  }

  /** States in which garbage was found. */
  long detections() {
    return detected;
  }

  /** Sinks that went back to an older checkpoint. */
  long returns() {
    return wentBack;
  }

  /** Publications that were refused, as they must be. */
  long refusals() {
    return refused;
  }
}
