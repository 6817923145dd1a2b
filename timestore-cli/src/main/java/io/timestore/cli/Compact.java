package io.timestore.cli;

import io.timestore.format.Lane;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import io.timestore.store.Store.Compacted;
import io.timestore.store.StoreLock;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code timestore compact}: one lane of many, and no hidden rows. */
@Command(
    name = "compact",
    description = {
      "Writes the rows of several lanes anew as one, beside those who read and write the store,"
          + " and removes the files of rows that are hidden.",
      "Stopped at any moment, the store has its rows, in the old lanes or in the new one."
    },
    footer = {"", "Example: timestore compact /data/ticks --yes"})
final class Compact extends StoreCommand {

  @Option(
      names = "--remove-abandoned",
      description = {
        "Remove directories of lanes that no record names and whose writer is gone, too. A job that"
            + " is to go on from a checkpoint with rows there has lost them."
      })
  private boolean removesAbandoned;

  @Mixin private Confirmation confirmation;

  /**
   * What there is to do.
   *
   * @param hiddenRows of which the files may go
   * @param goingBytes of lanes that are replaced, or hidden already
   */
  private record Plan(
      int laneCount, long rowCount, long hiddenRows, long goingBytes, List<Path> abandoned) {

    static Plan of(Store store, boolean removesAbandoned) throws IOException {
      Snapshot snapshot = store.snapshot();
      List<Lane> lanes = snapshot.record().lanes();
      int visibleCount = (int) lanes.stream().filter(lane -> lane.visibleRows() > 0).count();
      long hiddenRows = 0;
      long goingBytes = 0;
      for (Lane lane : lanes) {
        boolean goes = visibleCount > 1 || lane.visibleRows() == 0;
        if (goes && lane.hasFiles()) {
          hiddenRows += lane.from();
          goingBytes += lane.sizeBytes();
        }
      }
      return new Plan(
          visibleCount,
          snapshot.rowCount(),
          hiddenRows,
          goingBytes,
          removesAbandoned ? abandoned(store) : List.of());
    }

    private static List<Path> abandoned(Store store) throws IOException {
      List<Path> abandoned = new ArrayList<>(store.unnamedLanes());
      for (StoreLock lock : store.locks()) {
        if (lock.isHeld()) {
          abandoned.remove(lock.file().getParent());
        }
      }
      return abandoned;
    }

    boolean isEmpty() {
      return laneCount <= 1 && goingBytes == 0 && abandoned.isEmpty();
    }
  }

  @Override
  public Integer call() throws IOException {
    Store store = openToChange();
    Plan plan = Plan.of(store, removesAbandoned);
    if (!plan.isEmpty() && !confirmation.asks(this, describe(store, plan) + "Go on?")) {
      return Timestore.OK;
    }
    Compacted compacted;
    try (Bar bar = bar("compact")) {
      compacted = store.compact(bar);
    }
    int removedLanes = plan.abandoned().isEmpty() ? 0 : store.removeAbandonedLanes();
    tellResult(store, compacted, removedLanes);
    return Timestore.OK;
  }

  private static String describe(Store store, Plan plan) throws IOException {
    StringBuilder text = new StringBuilder();
    if (plan.laneCount() > 1) {
      text.append(
          String.format(
              Locale.ROOT,
              "The %,d rows of %d lanes of %s are to be written anew, as one lane.\n",
              plan.rowCount(),
              plan.laneCount(),
              store.directory()));
    }
    if (plan.goingBytes() > 0) {
      text.append(
          String.format(
              Locale.ROOT,
              "%s of %s go, %,d hidden rows with them. Where a writer is at work, they stay.\n",
              new Bytes(plan.goingBytes()),
              plan.laneCount() > 1 ? "the old files" : "files",
              plan.hiddenRows()));
    }
    for (Path lane : plan.abandoned()) {
      text.append(
          String.format(
              "%s (%s) goes: no record names it, and its writer is gone.\n",
              store.directory().relativize(lane), new Bytes(DiskUsage.of(lane))));
    }
    return text.toString();
  }

  private void tellResult(Store store, Compacted compacted, int removedLanes) {
    if (isJson()) {
      Map<String, @Nullable Object> json = new LinkedHashMap<>();
      json.put("store", store.directory().toString());
      json.put("rows", compacted.rowCount());
      json.put("lanesBefore", compacted.laneCount());
      json.put("removedBytes", compacted.removedBytes());
      json.put("removedAbandonedLanes", removedLanes);
      output().json(json);
      return;
    }
    output()
        .line(
            String.format(
                Locale.ROOT,
                compacted.laneCount() > 1
                    ? "%,d rows of %d lanes are one lane now; %s were removed."
                    : "%,d rows are in %d lane, as they were; %s were removed.",
                compacted.rowCount(),
                compacted.laneCount(),
                new Bytes(compacted.removedBytes())));
    if (removedLanes > 0) {
      output()
          .line(
              removedLanes == 1
                  ? "1 abandoned lane was removed."
                  : removedLanes + " abandoned lanes were removed.");
    }
  }
}
