package io.timestore.cli;

import io.timestore.disk.AppendMode;
import io.timestore.disk.DirectIo;
import io.timestore.disk.LocalDisk;
import io.timestore.format.Column;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.JournalEntry;
import io.timestore.format.Key;
import io.timestore.format.Lane;
import io.timestore.format.Schema;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import io.timestore.store.StoreLock;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code timestore describe}: what is in a store, and who is at work in it. */
@Command(
    name = "describe",
    description = "Shows what is in a store, how it came there, and who is at work in it.",
    footer = {"", "Example: timestore describe /data/ticks --commits 20"})
final class Describe extends StoreCommand {

  @Option(
      names = "--commits",
      paramLabel = "N",
      defaultValue = "10",
      description = "Show the last N commits, of those in the record (default: ${DEFAULT-VALUE}).")
  private int commitCountMax;

  @Override
  public Integer call() throws IOException {
    if (commitCountMax < 0) {
      throw misuse("--commits " + commitCountMax + " is no number of commits");
    }
    Store store = open();
    Description description = Description.of(store, commitCountMax);
    if (isJson()) {
      output().json(description.toJson());
    } else {
      new DescriptionText(description, output(), terminal()).print();
    }
    return Timestore.OK;
  }

  /** All that is known of a store without reading its rows. */
  record Description(
      Store store,
      Snapshot snapshot,
      List<String> tables,
      AppendModeFound mode,
      boolean isReferenceStopped,
      long diskBytes,
      List<StoreLock> locks,
      List<Path> unnamedLanes,
      int commitCountMax) {

    static Description of(Store store, int commitCountMax) throws IOException {
      Snapshot snapshot = store.snapshot();
      return new Description(
          store,
          snapshot,
          store.tables(),
          AppendModeFound.in(store.directory()),
          Files.isDirectory(store.directory().resolve("new_length")),
          DiskUsage.of(store.directory()),
          store.locks(),
          store.unnamedLanes(),
          commitCountMax);
    }

    KeyText keys() {
      return KeyText.of(store.schema());
    }

    CommitRecord record() {
      return snapshot.record();
    }

    /** Those with visible rows, in the order of their keys. */
    List<Lane> visibleLanes() {
      return record().lanes().stream()
          .filter(lane -> lane.visibleRows() > 0)
          .sorted(
              Comparator.comparing(Lane::smallestKey, Long::compareUnsigned)
                  .thenComparingInt(Lane::number))
          .toList();
    }

    long committedBytes() {
      return record().lanes().stream().mapToLong(Lane::sizeBytes).sum();
    }

    long hiddenRows() {
      return record().lanes().stream()
          .filter(lane -> !lane.isEmptied())
          .mapToLong(Lane::from)
          .sum();
    }

    /** Of a table's files in all lanes. */
    long offsetsBytes(String table) {
      return record().lanes().stream()
          .filter(lane -> lane.table(table).isPresent())
          .mapToLong(lane -> lane.rows() * Long.BYTES)
          .sum();
    }

    long dataBytes(String table) {
      return record().lanes().stream()
          .flatMap(lane -> lane.table(table).stream())
          .mapToLong(Lane.LaneTable::dataBytes)
          .sum();
    }

    Optional<Column> column(String table) {
      return store
          .schema()
          .flatMap(
              schema -> schema.columns().stream().filter(c -> c.table().equals(table)).findFirst());
    }

    /** The last commits of those that the record has, each with the one before it. */
    List<CommitLine> commits() {
      List<JournalEntry> journal = record().journal();
      List<CommitLine> lines = new ArrayList<>();
      for (int i = Math.max(0, journal.size() - commitCountMax); i < journal.size(); i++) {
        lines.add(new CommitLine(journal.get(i), i == 0 ? null : journal.get(i - 1)));
      }
      return lines;
    }

    Map<String, @Nullable Object> toJson() {
      Map<String, @Nullable Object> json = new LinkedHashMap<>();
      json.put("store", store.directory().toString());
      json.put("uuid", uuid(snapshot.storeId()));
      json.put("rows", snapshot.rowCount());
      json.put("hiddenRows", hiddenRows());
      json.put("key", keyJson());
      json.put("committedBytes", committedBytes());
      json.put("diskBytes", diskBytes);
      json.put("columns", tables.stream().map(this::columnJson).toList());
      json.put("writers", mode.toJson());
      json.put("reference", referenceJson());
      json.put("locks", locks.stream().map(this::lockJson).toList());
      json.put("lanes", record().lanes().stream().map(this::laneJson).toList());
      json.put("overlaps", LaneOverlap.of(visibleLanes()).stream().map(this::overlapJson).toList());
      json.put(
          "unnamedLanes",
          unnamedLanes.stream()
              .map(lane -> store.directory().relativize(lane).toString())
              .toList());
      json.put("commitCount", record().commitCount());
      json.put("commits", commits().stream().map(CommitLine::toJson).toList());
      return json;
    }

    private Map<String, @Nullable Object> keyJson() {
      Map<String, @Nullable Object> json = new LinkedHashMap<>();
      Key key = keys().key();
      json.put("name", key == null ? null : key.name());
      json.put("type", key == null ? null : key.type().toString());
      json.put("unit", key == null || key.unit() == null ? null : key.unit().symbol());
      putKey(json, "smallest", snapshot.smallestKey());
      putKey(json, "largest", snapshot.largestKey());
      return json;
    }

    /** As a number, which JSON's are too small for, and as a time if it is one. */
    private void putKey(Map<String, @Nullable Object> json, String name, OptionalLong key) {
      json.put(name, key.isPresent() ? KeyText.number(key.getAsLong()) : null);
      json.put(name + "Time", key.isPresent() ? keys().time(key.getAsLong()).orElse(null) : null);
    }

    private Map<String, @Nullable Object> columnJson(String table) {
      Map<String, @Nullable Object> json = new LinkedHashMap<>();
      Optional<Column> column = column(table);
      json.put("name", column.map(Column::name).orElse(null));
      json.put("table", table);
      json.put("type", column.map(Column::typeText).orElse(null));
      json.put("nullable", column.map(Column::nullable).orElse(null));
      json.put("encoding", column.map(Column::encoding).orElse(null));
      json.put("endianness", column.map(c -> c.endianness().toString()).orElse(null));
      json.put("offsetsBytes", offsetsBytes(table));
      json.put("dataBytes", dataBytes(table));
      return json;
    }

    private Map<String, @Nullable Object> referenceJson() {
      Map<String, @Nullable Object> json = new LinkedHashMap<>();
      json.put("rows", record().referenceRows());
      json.put("appends", !isReferenceStopped);
      return json;
    }

    private Map<String, @Nullable Object> lockJson(StoreLock lock) {
      Map<String, @Nullable Object> json = new LinkedHashMap<>();
      json.put("file", store.directory().relativize(lock.file()).toString());
      json.put("held", lock.isHeld());
      json.put("holder", lock.holder());
      return json;
    }

    private Map<String, @Nullable Object> laneJson(Lane lane) {
      Map<String, @Nullable Object> json = new LinkedHashMap<>();
      boolean isVisible = lane.visibleRows() > 0;
      json.put("number", lane.number());
      json.put("state", state(lane));
      json.put("owner", lane.owner().kind().name().toLowerCase(Locale.ROOT));
      json.put("run", uuid(lane.owner().run()));
      json.put("from", lane.from());
      json.put("rows", lane.rows());
      putKey(
          json, "smallest", isVisible ? OptionalLong.of(lane.smallestKey()) : OptionalLong.empty());
      putKey(
          json, "largest", isVisible ? OptionalLong.of(lane.largestKey()) : OptionalLong.empty());
      json.put("bytes", lane.sizeBytes());
      return json;
    }

    private Map<String, @Nullable Object> overlapJson(LaneOverlap overlap) {
      Map<String, @Nullable Object> json = new LinkedHashMap<>();
      json.put("lanes", overlap.lanes());
      putKey(json, "from", OptionalLong.of(overlap.from()));
      putKey(json, "to", OptionalLong.of(overlap.to()));
      return json;
    }
  }

  static String state(Lane lane) {
    if (lane.isEmptied()) {
      return "emptied";
    }
    return lane.isCut() ? "cut" : "open";
  }

  static @Nullable String uuid(UUID id) {
    return id.equals(Commit.NO_ID) ? null : id.toString();
  }

  /**
   * A commit, beside the one before.
   *
   * @param before null where it is not known
   */
  record CommitLine(JournalEntry entry, @Nullable JournalEntry before) {

    long rowCount() {
      return rowCount(entry);
    }

    private static long rowCount(JournalEntry entry) {
      return entry.lanes().stream().mapToLong(lane -> lane.rows() - lane.from()).sum();
    }

    /** Rows more than before; less than nothing where rows were replaced or truncated. */
    OptionalLong addedRows() {
      if (before != null) {
        return OptionalLong.of(rowCount() - rowCount(before));
      }
      return entry.sequence() == 0 ? OptionalLong.of(rowCount()) : OptionalLong.empty();
    }

    Instant time() {
      return Instant.ofEpochMilli(entry.wallTimeMillis());
    }

    Optional<Instant> watermark() {
      return entry.watermark() == Long.MIN_VALUE || entry.watermark() == Long.MAX_VALUE
          ? Optional.empty()
          : Optional.of(Instant.ofEpochMilli(entry.watermark()));
    }

    /** How far the watermark was behind the wall clock. */
    Optional<Duration> lag() {
      return watermark().map(watermark -> Duration.between(watermark, time()));
    }

    Map<String, @Nullable Object> toJson() {
      Map<String, @Nullable Object> json = new LinkedHashMap<>();
      json.put("sequence", entry.sequence());
      json.put("time", time().toString());
      json.put("rows", rowCount());
      json.put("addedRows", addedRows().isPresent() ? addedRows().getAsLong() : null);
      json.put("checkpoint", entry.checkpointId() < 0 ? null : entry.checkpointId());
      json.put("watermark", watermark().map(Instant::toString).orElse(null));
      json.put("lineage", uuid(entry.lineage()));
      json.put("submission", uuid(entry.submission()));
      json.put("insertId", entry.insertId().isEmpty() ? null : entry.insertId());
      json.put("byCrate", entry.isOfReference());
      return json;
    }
  }

  /**
   * How a writer on this machine would write here.
   *
   * @param mode null where it can't be found out
   * @param reason why it is so
   */
  record AppendModeFound(@Nullable AppendMode mode, String reason) {

    static AppendModeFound in(Path directory) throws IOException {
      try {
        AppendMode mode = new LocalDisk().probe(directory, DirectIo.AUTO);
        return new AppendModeFound(mode, mode.reason());
      } catch (AccessDeniedException e) {
        return new AppendModeFound(null, String.valueOf(e.getMessage()));
      }
    }

    Map<String, @Nullable Object> toJson() {
      Map<String, @Nullable Object> json = new LinkedHashMap<>();
      json.put("direct", mode == null ? null : mode.direct());
      json.put("blockBytes", mode == null ? null : mode.blockBytes());
      json.put("reason", reason);
      return json;
    }
  }

  /** What SQL would call the key. */
  static String keyDescription(Optional<Schema> schema) {
    if (schema.isEmpty()) {
      return "unsigned numbers: there is no schema.json, the Rust crate wrote the store";
    }
    Key key = schema.get().key();
    return key.name()
        + " "
        + key.type()
        + (key.unit() == null ? "" : ", in " + key.unit().symbol() + " since 1970");
  }
}
