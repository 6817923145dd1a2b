package io.timestore.cli;

import io.timestore.cli.Describe.CommitLine;
import io.timestore.cli.Describe.Description;
import io.timestore.disk.AppendMode;
import io.timestore.format.Column;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lane;
import io.timestore.format.Owner;
import io.timestore.store.Snapshot;
import io.timestore.store.StoreLock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A description for people. */
final class DescriptionText {
  private static final int OVERLAPS_MAX = 10;

  private final Description description;
  private final Output output;
  private final Terminal terminal;
  private final KeyText keys;

  DescriptionText(Description description, Output output, Terminal terminal) {
    this.description = description;
    this.output = output;
    this.terminal = terminal;
    this.keys = description.keys();
  }

  void print() {
    output.line(terminal.bold(description.store().directory().toString()));
    printStore();
    printColumns();
    printLanes();
    printCommits();
    printLocks();
  }

  private void fact(String name, String text) {
    output.line(String.format(Locale.ROOT, "  %-10s  %s", name, text));
  }

  private static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private void printStore() {
    Snapshot snapshot = description.snapshot();
    CommitRecord record = snapshot.record();
    String uuid = Describe.uuid(snapshot.storeId());
    fact("UUID", uuid == null ? "none: a store of the Rust crate" : uuid);
    long hidden = description.hiddenRows();
    fact(
        "rows",
        count(snapshot.rowCount())
            + (hidden == 0 ? "" : ", and " + count(hidden) + " hidden ones"));
    fact("key", Describe.keyDescription(description.store().schema()));
    if (snapshot.smallestKey().isPresent()) {
      long smallest = snapshot.smallestKey().getAsLong();
      long largest = snapshot.largestKey().orElseThrow();
      fact("from", keyWithNumber(smallest));
      fact("to", keyWithNumber(largest));
      fact("range", keys.distance(smallest, largest));
    }
    fact(
        "size",
        new Bytes(description.committedBytes())
            + " committed, "
            + new Bytes(description.diskBytes())
            + " in all files");
    AppendMode mode = description.mode().mode();
    fact(
        "writers",
        mode == null
            ? "not known whether direct or buffered: " + description.mode().reason()
            : (mode.direct() ? "direct" : "buffered")
                + ", blocks of "
                + count(mode.blockBytes())
                + " bytes: "
                + description.mode().reason());
    fact("Rust crate", reference(record));
    if (record.commitCount() > 0) {
      fact("commits", count(record.commitCount()));
    }
  }

  private String keyWithNumber(long key) {
    return keys.time(key)
        .map(time -> time + " (" + KeyText.number(key) + ")")
        .orElse(KeyText.number(key));
  }

  private String reference(CommitRecord record) {
    long rows = record.referenceRows();
    long all = description.snapshot().rowCount();
    String sees =
        rows == all
            ? "sees all rows"
            : "sees " + count(rows) + " of " + count(all) + " rows, those of lane 0";
    return sees
        + (description.isReferenceStopped()
            ? ", and can't append: new_length is a directory"
            : ", and may append while nobody else writes");
  }

  private void printColumns() {
    output.line();
    TextTable table =
        new TextTable("column", "type", "table", "encoding", "offsets>", "data>", "bytes a row>");
    long keysBytes =
        description.record().lanes().stream().mapToLong(lane -> lane.rows() * Long.BYTES).sum();
    Optional<String> keyName = description.store().schema().map(schema -> schema.key().name());
    table.row(keyName.orElse("(key)"), "", "keys", "", "", new Bytes(keysBytes).toString(), "8");
    for (String name : description.tables()) {
      Optional<Column> column = description.column(name);
      long offsetsBytes = description.offsetsBytes(name);
      long dataBytes = description.dataBytes(name);
      long rows = offsetsBytes / Long.BYTES;
      table.row(
          column.map(Column::name).orElse("(not known)"),
          column.map(DescriptionText::type).orElse("bytes"),
          name,
          column.map(DescriptionText::encoding).orElse(""),
          new Bytes(offsetsBytes).toString(),
          new Bytes(dataBytes).toString(),
          rows == 0 ? "" : String.format(Locale.ROOT, "%.1f", (double) dataBytes / rows));
    }
    table.print(output, terminal);
  }

  /** As people write it. */
  private static String type(Column column) {
    return column
        .sqlType()
        .replace("VARCHAR(2147483647)", "STRING")
        .replace("VARBINARY(2147483647)", "BYTES");
  }

  private static String encoding(Column column) {
    return column.encoding()
        + (column.endianness() == io.timestore.format.Endianness.BIG ? ", big-endian" : "");
  }

  private void printLanes() {
    List<Lane> visible = description.visibleLanes();
    if (description.record().lanes().size() == 1 && description.unnamedLanes().isEmpty()) {
      return;
    }
    output.line();
    if (!visible.isEmpty()) {
      List<LaneOverlap> overlaps = LaneOverlap.of(visible);
      new LanePicture(visible, overlaps, keys)
          .lines(terminal.width() - 2)
          .forEach(line -> output.line("  " + line));
      printOverlaps(overlaps);
      output.line();
    }
    TextTable table =
        new TextTable("lane>", "rows>", "hidden>", "size>", "from", "to", "state", "owner");
    for (Lane lane : description.record().lanes()) {
      boolean isVisible = lane.visibleRows() > 0;
      table.row(
          Integer.toString(lane.number()),
          count(lane.visibleRows()),
          count(lane.from()),
          new Bytes(lane.sizeBytes()).toString(),
          isVisible ? keys.text(lane.smallestKey()) : "",
          isVisible ? keys.text(lane.largestKey()) : "",
          Describe.state(lane),
          owner(lane.owner()));
    }
    table.print(output, terminal);
    for (java.nio.file.Path lane : description.unnamedLanes()) {
      output.line(
          "  "
              + description.store().directory().relativize(lane)
              + " is in no record: a commit to come, or one that never will be");
    }
  }

  private void printOverlaps(List<LaneOverlap> overlaps) {
    if (overlaps.isEmpty()) {
      output.line("  No lanes overlap.");
      return;
    }
    for (LaneOverlap overlap : overlaps.subList(0, Math.min(OVERLAPS_MAX, overlaps.size()))) {
      List<String> numbers = overlap.lanes().stream().map(String::valueOf).toList();
      output.line(
          "  █ lanes "
              + String.join(", ", numbers)
              + " overlap from "
              + keys.text(overlap.from())
              + " to "
              + keys.text(overlap.to()));
    }
    if (overlaps.size() > OVERLAPS_MAX) {
      output.line("  █ and " + (overlaps.size() - OVERLAPS_MAX) + " overlaps more");
    }
  }

  private static String owner(Owner owner) {
    return switch (owner.kind()) {
      case NONE -> "released";
      case RUN -> "sink run " + owner.run();
      case DIRECT -> "writer " + owner.run();
    };
  }

  private void printCommits() {
    List<CommitLine> commits = description.commits();
    if (commits.isEmpty()) {
      return;
    }
    output.line();
    TextTable table =
        new TextTable("commit>", "at", "rows>", "change>", "checkpoint>", "behind>", "insert id");
    for (CommitLine commit : commits) {
      table.row(
          count(commit.entry().sequence()),
          commit.time().toString(),
          count(commit.rowCount()),
          commit.addedRows().isPresent()
              ? String.format(Locale.ROOT, "%+,d", commit.addedRows().getAsLong())
              : "",
          commit.entry().checkpointId() < 0 ? "" : count(commit.entry().checkpointId()),
          commit.lag().map(KeyText::text).orElse(""),
          commit.entry().isOfReference() ? "(the Rust crate)" : commit.entry().insertId());
    }
    table.print(output, terminal);
    Duration since = Duration.between(commits.get(commits.size() - 1).time(), Instant.now());
    output.line(
        "  The last one was " + KeyText.text(Duration.ofSeconds(since.toSeconds())) + " ago.");
  }

  private void printLocks() {
    output.line();
    if (description.locks().isEmpty()) {
      output.line("  Nobody ever locked anything here.");
      return;
    }
    TextTable table = new TextTable("lock", "", "by");
    for (StoreLock lock : description.locks()) {
      table.row(
          description.store().directory().relativize(lock.file()).toString(),
          lock.isHeld() ? "HELD" : "free",
          (lock.isHeld() ? "" : "last: ") + lock.holder());
    }
    table.print(output, terminal);
  }
}
