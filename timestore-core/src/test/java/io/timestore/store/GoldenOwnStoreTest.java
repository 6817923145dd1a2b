package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.JournalEntry;
import io.timestore.format.Lane;
import io.timestore.format.Lineage;
import io.timestore.format.Owner;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Stores of format version 1, kept as they were written: read, written again, and gone on with. */
class GoldenOwnStoreTest {
  private static final String WRITE_PROPERTY = "golden.write";

  /** What the journal has of a core writer's commits. */
  private static final String NO_CHECKPOINT =
      "lineage 0, submission 0, checkpoint -1, watermark -9223372036854775808";

  @TempDir Path directory;

  private static Path golden(GoldenStore store) {
    return GoldenStore.V1.resolve(store.directoryName());
  }

  private static List<String> goldenRows(GoldenStore store) throws IOException {
    return Files.readAllLines(GoldenStore.V1.resolve(store.directoryName() + ".rows"));
  }

  private static List<String> tables(Store store) {
    return store.schema().orElseThrow().tables();
  }

  /** Every file below a directory: its path there, and its bytes. */
  private static Map<String, byte[]> files(Path directory) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path file : paths.filter(Files::isRegularFile).toList()) {
        files.put(directory.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
    return files;
  }

  private static void assertSame(Map<String, byte[]> actual, Map<String, byte[]> expected) {
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    expected.forEach(
        (file, bytes) -> {
          byte[] found = actual.get(file);
          int at = Arrays.mismatch(found, bytes);
          assertThat(at)
              .as(
                  () ->
                      "%s of %d bytes, expected %d: byte %d is %s, expected %s"
                          .formatted(
                              file,
                              found.length,
                              bytes.length,
                              at,
                              byteAt(found, at),
                              byteAt(bytes, at)))
              .isEqualTo(-1);
        });
  }

  private static String byteAt(byte[] bytes, int index) {
    return index < bytes.length ? "0x%02x".formatted(bytes[index]) : "the end";
  }

  /** A copy of a golden store, without the empty directories that git does not keep. */
  private Path copy(GoldenStore store) throws IOException {
    Path copy = directory.resolve(store.directoryName());
    for (Map.Entry<String, byte[]> file : files(golden(store)).entrySet()) {
      Path target = copy.resolve(file.getKey());
      Files.createDirectories(target.getParent());
      Files.write(target, file.getValue());
    }
    return copy;
  }

  @ParameterizedTest
  @EnumSource
  void givesItsRowsAndStaysAsItIs(GoldenStore golden) throws IOException {
    Map<String, byte[]> before = files(golden(golden));

    Store store = Store.open(golden(golden));

    assertThat(Rows.read(store, tables(store))).isEqualTo(goldenRows(golden));
    assertSame(files(golden(golden)), before);
  }

  @ParameterizedTest
  @EnumSource
  void everyKeyIsFoundBySearch(GoldenStore golden) throws IOException {
    Store store = Store.open(golden(golden));
    try (StoreReader reader = store.reader()) {
      List<String> rows = goldenRows(golden);
      String previousKey = "";
      for (int row = 0; row < rows.size(); row++) {
        String key = rows.get(row).substring(0, rows.get(row).indexOf(' '));
        if (!key.equals(previousKey)) {
          KeyRange range = KeyRange.atLeast(Long.parseUnsignedLong(key));
          try (RowIterator found = reader.iterate(range)) {
            assertThat(found.next()).as("key %s", key).isTrue();
            assertThat(found.row()).as("key %s", key).isEqualTo(row);
          }
        }
        previousKey = key;
      }
      assertThat(reader.rowCount()).isEqualTo(rows.size());
    }
  }

  @ParameterizedTest
  @EnumSource
  void theSameCallsMakeTheSameBytes(GoldenStore golden) throws IOException {
    golden.write(directory);

    Map<String, byte[]> expected = files(GoldenStore.V1);
    String name = golden.directoryName();
    expected
        .keySet()
        .removeIf(file -> !file.startsWith(name + "/") && !file.equals(name + ".rows"));
    assertSame(files(directory), expected);
  }

  @ParameterizedTest
  @EnumSource
  void canBeGoneOnWith(GoldenStore golden) throws IOException {
    Path path = copy(golden);
    List<String> rows = goldenRows(golden);
    Store store = Store.openOrCreate(path, Schema.ofTables(List.of("not", "these")));
    String row =
        rows.isEmpty() ? "7" + " 61".repeat(tables(store).size()) : rows.get(rows.size() - 1);
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(List.of(row)));
      writer.commit();
    }
    rows.add(row);

    assertThat(Rows.read(Store.open(path), tables(store))).isEqualTo(rows);
    assertThat(path.toFile().list((parent, name) -> name.startsWith(".length"))).isEmpty();
    assertThat(path.resolve("record")).hasSameBinaryContentAs(path.resolve("length"));
  }

  @Test
  void theCrashedProcessLeftWhatTheNextPublisherMends() throws IOException {
    Path path = golden(GoldenStore.CRASH);
    String leftover =
        ".length." + Store.open(path).snapshot().record().lanes().get(0).owner().run();

    assertThat(path.resolve(leftover)).hasSameBinaryContentAs(path.resolve("record"));
    CommitRecord newer =
        CommitRecord.fromBytes(Files.readAllBytes(path.resolve("record")), "record").orElseThrow();
    assertThat(newer.lanes().get(0).rows()).isEqualTo(600);
    assertThat(Files.size(path.resolve("keys"))).isEqualTo(8192);
  }

  @Test
  void aStoreOfANewerFormatIsRefusedWithBothVersionsNamed() throws IOException {
    Path path = copy(GoldenStore.NULLS);
    Path length = path.resolve("length");
    byte[] newer = Files.readAllBytes(length);
    newer[19] = 2;
    Files.write(length, newer);
    assertThatThrownBy(() -> Store.open(path).snapshot())
        .isInstanceOf(CorruptStoreException.class)
        .hasMessage(
            length + ": the commit record has version 2, this software reads up to version 1");

    Path schema = path.resolve("schema.json");
    Files.writeString(schema, Files.readString(schema).replace("Version\" : 1", "Version\" : 2"));
    assertThatThrownBy(() -> Store.open(path))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessage(schema + ": written in format version 2, this software reads version 1");
  }

  @Test
  void everyDirectoryHereIsReadByTheseTests() throws IOException {
    Set<String> expected =
        Stream.of(GoldenStore.values())
            .flatMap(store -> Stream.of(store.directoryName(), store.directoryName() + ".rows"))
            .collect(Collectors.toSet());
    expected.add("README.md");
    try (Stream<Path> paths = Files.list(GoldenStore.V1)) {
      assertThat(paths.map(path -> path.getFileName().toString())).hasSameElementsAs(expected);
    }
  }

  /** Git keeps no empty directories, so that the golden stores lack them. */
  @Test
  void aStoreWithLanesStopsTheCrateByADirectory() throws IOException {
    GoldenStore.LANES.write(directory);

    Path store = directory.resolve(GoldenStore.LANES.directoryName());
    for (String blocked : List.of("", "lanes/00001", "lanes/00002", "lanes/00003")) {
      assertThat(store.resolve(blocked).resolve("new_length")).isEmptyDirectory();
    }
    assertThatThrownBy(() -> Crate.append(store, List.of("a", "b"), List.of("300 - -")))
        .isInstanceOf(FileAlreadyExistsException.class);
  }

  @Test
  @EnabledIfSystemProperty(named = WRITE_PROPERTY, matches = ".+")
  void writesThemWhereItIsAskedTo() throws IOException {
    Path target = Files.createDirectories(Path.of(System.getProperty(WRITE_PROPERTY)));
    for (GoldenStore store : GoldenStore.values()) {
      store.write(target);
    }
  }

  @ParameterizedTest
  @EnumSource
  void theRecordSaysWhatWasCommitted(GoldenStore golden) throws IOException {
    assertThat(describe(Store.open(golden(golden)).snapshot().record())).isEqualTo(facts(golden));
  }

  private static String facts(GoldenStore golden) {
    return switch (golden) {
      case EMPTY ->
          """
          revision 1, 0 commits, next lane 1
          lane 0 of nobody: base 0, rows 0 to 0, keys 0 to 0, 0 tables, 0 bytes
          """;
      case TYPES ->
          """
          revision 5, 2 commits, next lane 1
          lane 0 of nobody: base 0, rows 0 to 6, keys 0 to 253402300799999, 52 tables, 1769 bytes
          commit 0 at 2013-11-25T00:00:00Z: rows [0: 0 to 2]
          commit 1 at 2013-11-25T00:00:01Z: rows [0: 0 to 6]
          """;
      case NULLS ->
          """
          revision 4, 1 commits, next lane 1
          lane 0 of nobody: base 0, rows 0 to 9, keys 0 to 8, 5 tables, 171 bytes
          commit 0 at 2013-11-25T00:00:00Z: rows [0: 0 to 9]
          """;
      case KEYS_UNSIGNED ->
          """
          revision 10, 3 commits, next lane 1
          lane 0 of nobody: base 10, rows 0 to 11, keys 0 to 18446744073709551615, 1 tables, 140 bytes
          commit 0 at 2013-11-25T00:00:01Z: rows [0: 0 to 5]
          commit 1 at 2013-11-25T00:00:03Z: rows [0: 0 to 10]
          commit 2 at 2013-11-25T00:00:05Z: rows [0: 0 to 11]
          """;
      case BIG_VALUES ->
          """
          revision 7, 2 commits, next lane 1
          lane 0 of nobody: base 4, rows 0 to 5, keys 1 to 5, 1 tables, 524393 bytes
          commit 0 at 2013-11-25T00:00:01Z: rows [0: 0 to 4]
          commit 1 at 2013-11-25T00:00:03Z: rows [0: 0 to 5]
          """;
      case MANY_ROWS ->
          """
          revision 10, 3 commits, next lane 1
          lane 0 of nobody: base 65568, rows 0 to 65600, keys 0 to 8, 1 tables, 8 bytes
          commit 0 at 2013-11-25T00:00:01Z: rows [0: 0 to 65535]
          commit 1 at 2013-11-25T00:00:03Z: rows [0: 0 to 65568]
          commit 2 at 2013-11-25T00:00:05Z: rows [0: 0 to 65600]
          """;
      case MANY_COMMITS ->
          """
          revision 103, 96 commits, next lane 1
          lane 0 of nobody: base 64, rows 0 to 96, keys 1385337600000000000 to 1385337600000000095, 1 tables, 278 bytes
          32 journal entries
          commit 64 at 2013-11-25T00:01:05Z: rows [0: 0 to 65]
          commit 95 at 2013-11-25T00:01:20Z: rows [0: 0 to 96]
          """;
      case LANES ->
          """
          revision 6, 3 commits, next lane 3
          lane 0 of run 1: base 0, rows 0 to 10, keys 100 to 109, 2 tables, 40 bytes
          lane 1 of run 2: base 0, rows 0 to 10, keys 0 to 9, 2 tables, 20 bytes
          lane 2 of nobody: base 10, rows 0 to 15, keys 200 to 214, 2 tables, 60 bytes
          lineage 1: submission 1, checkpoint 3, fences [1: -]
          commit 0 at 2013-11-25T00:00:01Z: rows [0: 0 to 10, 1: 0 to 10]
            lineage 1, submission 1, checkpoint 1, watermark -9223372036854775808
          commit 1 at 2013-11-25T00:00:02Z: rows [0: 0 to 10, 1: 0 to 10, 2: 0 to 10]
            lineage 1, submission 1, checkpoint 2, watermark -9223372036854775808
          commit 2 at 2013-11-25T00:00:03Z: rows [0: 0 to 10, 1: 0 to 10, 2: 0 to 15]
            lineage 1, submission 1, checkpoint 3, watermark -9223372036854775808
          """;
      case LANES_OVERLAPPING ->
          """
          revision 3, 1 commits, next lane 3
          lane 0 of nobody: base 0, rows 0 to 40, keys 0 to 39, 1 tables, 115 bytes
          lane 1 of nobody: base 0, rows 0 to 20, keys 10 to 29, 1 tables, 100 bytes
          lane 2 of nobody: base 0, rows 0 to 7, keys 5 to 11, 1 tables, 35 bytes
          lineage 1: submission 1, checkpoint 1, fences [1: -]
          commit 0 at 2013-11-25T00:00:01Z: rows [0: 0 to 40, 1: 0 to 20, 2: 0 to 7]
            lineage 1, submission 1, checkpoint 1, watermark -9223372036854775808
          """;
      case LINEAGE ->
          """
          revision 13, 5 commits, next lane 3
          lane 0 of run 1: base 0, rows 0 to 5, keys 1 to 5, 1 tables, 10 bytes
          lane 1 of run 2: base 0, rows 0 to 10, keys 6 to 15, 1 tables, 26 bytes
          lane 2 of nobody: base 5, rows 0 to 10, keys 16 to 30, 1 tables, 30 bytes
          lineage 1: submission 3, checkpoint 3, fences [1: 1, 2: 3, 3: -]
          lineage 2: submission 4, checkpoint -1, fences [4: -]
          finished 5
          finished 6
          commit 0 at 2013-11-25T00:00:01Z: rows [0: 0 to 5]
            lineage 1, submission 1, checkpoint 1, watermark 4
          commit 1 at 2013-11-25T00:00:02Z: rows [0: 0 to 5, 1: 0 to 5]
            lineage 1, submission 2, checkpoint 2, watermark 9
          commit 2 at 2013-11-25T00:00:03Z: rows [0: 0 to 5, 1: 0 to 10]
            lineage 1, submission 2, checkpoint 3, watermark 14
          commit 3 at 2013-11-25T00:00:04Z: rows [0: 0 to 5, 1: 0 to 10, 2: 0 to 5]
            lineage 3, submission 5, checkpoint 9223372036854775807, watermark 9223372036854775807
          commit 4 at 2013-11-25T00:00:06Z: rows [0: 0 to 5, 1: 0 to 10, 2: 0 to 10]
            lineage 3, submission 6, checkpoint 9223372036854775807, watermark 9223372036854775807
          """;
      case TRUNCATED ->
          """
          revision 15, 5 commits, next lane 3
          lane 0 of nobody: base 20, rows 10 to 27, keys 10 to 26, 2 tables, 81 bytes, cut
          lane 1 of run 4: base 0, rows 10 to 10, keys 0 to 0, 2 tables, 30 bytes
          lane 2 of nobody: base 0, rows 0 to 2, keys 28 to 29, 2 tables, 6 bytes, cut
          lineage 1: submission 1, checkpoint 1, fences [1: -]
          commit 0 at 2013-11-25T00:00:01Z: rows [0: 0 to 10]
          commit 1 at 2013-11-25T00:00:03Z: rows [0: 10 to 20]
          commit 2 at 2013-11-25T00:00:05Z: rows [0: 10 to 30]
            lineage 1, submission 1, checkpoint 1, watermark -9223372036854775808
          commit 3 at 2013-11-25T00:00:06Z: rows [0: 10 to 30, 1: 0 to 10]
            lineage 1, submission 1, checkpoint 1, watermark -9223372036854775808
          commit 4 at 2013-11-25T00:00:07Z: rows [0: 10 to 27, 1: 10 to 10, 2: 0 to 3]
          """;
      case OVERWRITTEN ->
          """
          revision 8, 4 commits, next lane 3
          lane 0 of run 2: base 10, rows 20 to 25, keys 30 to 34, 1 tables, 65 bytes
          lane 1 of run 2: base 0, rows 3 to 3, keys 0 to 0, 1 tables, 6 bytes
          lane 2 of nobody: base 0, rows 0 to 5, keys 20 to 24, 1 tables, 15 bytes
          lineage 1: submission 1, checkpoint 2, fences [1: -]
          finished 2
          commit 0 at 2013-11-25T00:00:01Z: rows [0: 0 to 10]
          commit 1 at 2013-11-25T00:00:03Z: rows [0: 0 to 20, 1: 0 to 3]
            lineage 1, submission 1, checkpoint 1, watermark -9223372036854775808
          commit 2 at 2013-11-25T00:00:04Z: rows [0: 20 to 20, 1: 3 to 3, 2: 0 to 5]
            lineage 2, submission 2, checkpoint 1, watermark -9223372036854775808
          commit 3 at 2013-11-25T00:00:05Z: rows [0: 20 to 25, 1: 3 to 3, 2: 0 to 5]
            lineage 1, submission 1, checkpoint 2, watermark -9223372036854775808
          """;
      case COMPACTED ->
          """
          revision 5, 2 commits, next lane 4
          lane 0 of nobody: base 0, rows 40 to 40, keys 0 to 0, 0 tables, 0 bytes, emptied
          lane 3 of nobody: base 0, rows 0 to 67, keys 0 to 39, 1 tables, 250 bytes
          tombstone 1
          tombstone 2
          lineage 1: submission 1, checkpoint 1, fences [1: -]
          commit 0 at 2013-11-25T00:00:01Z: rows [0: 0 to 40, 1: 0 to 20, 2: 0 to 7]
            lineage 1, submission 1, checkpoint 1, watermark -9223372036854775808
          commit 1 at 2013-11-25T00:00:02Z: rows [0: 40 to 40, 1: 20 to 20, 2: 7 to 7, 3: 0 to 67]
          """;
      case COLUMNS_ADDED ->
          """
          revision 8, 3 commits, next lane 2
          lane 0 of nobody: base 3, rows 0 to 5, keys 1 to 5, 1 tables, 10 bytes
          lane 1 of nobody: base 0, rows 0 to 3, keys 6 to 8, 3 tables, 17 bytes
          lineage 1: submission 1, checkpoint 1, fences [1: -]
          commit 0 at 2013-11-25T00:00:01Z: rows [0: 0 to 3]
          commit 1 at 2013-11-25T00:00:03Z: rows [0: 0 to 5]
            lineage 1, submission 1, checkpoint 1, watermark -9223372036854775808
          commit 2 at 2013-11-25T00:00:04Z: rows [0: 0 to 5, 1: 0 to 3]
          """;
      case CRASH ->
          """
          revision 6, 2 commits, next lane 1
          lane 0 of direct 2: base 5, rows 0 to 8, keys 1 to 8, 2 tables, 20 bytes
          commit 0 at 2013-11-25T00:00:01Z: rows [0: 0 to 5]
          commit 1 at 2013-11-25T00:00:03Z: rows [0: 0 to 8]
          """;
      case CRASH_CREATING ->
          """
          revision 0, 0 commits, next lane 1
          lane 0 of nobody: base 0, rows 0 to 0, keys 0 to 0, 0 tables, 0 bytes
          """;
      case REFERENCE_THEN_OURS ->
          """
          revision 3, 2 commits, next lane 1
          lane 0 of nobody: base 3, rows 0 to 6, keys 10 to 15, 2 tables, 21 bytes
          commit 0 at 2013-11-25T00:00:01Z: rows [0: 0 to 3]
            lineage 0, submission 0, checkpoint -2, watermark -9223372036854775808
          commit 1 at 2013-11-25T00:00:01Z: rows [0: 0 to 6]
          """;
      case OURS_THEN_REFERENCE ->
          """
          revision 4, 1 commits, next lane 1
          lane 0 of nobody: base 0, rows 0 to 6, keys 10 to 15, 2 tables, 21 bytes
          commit 0 at 2013-11-25T00:00:01Z: rows [0: 0 to 3]
          """;
    };
  }

  private static String describe(CommitRecord record) {
    StringBuilder text = new StringBuilder();
    text.append(
        "revision %d, %d commits, next lane %d\n"
            .formatted(record.revision(), record.commitCount(), record.nextLane()));
    record.lanes().forEach(lane -> text.append(describe(lane)).append('\n'));
    record.tombstones().forEach(number -> text.append("tombstone ").append(number).append('\n'));
    record.lineages().forEach(lineage -> text.append(describe(lineage)).append('\n'));
    record.finished().forEach(id -> text.append("finished ").append(number(id)).append('\n'));
    List<JournalEntry> journal = record.journal();
    if (journal.size() > 5) {
      text.append("%d journal entries\n".formatted(journal.size()));
      text.append(describe(journal.get(0))).append('\n');
      text.append(describe(journal.get(journal.size() - 1))).append('\n');
    } else {
      journal.forEach(entry -> text.append(describe(entry)).append('\n'));
    }
    return text.toString();
  }

  private static String describe(Lane lane) {
    Owner owner = lane.owner();
    return "lane %d of %s: base %d, rows %d to %d, keys %s to %s, %d tables, %d bytes%s"
        .formatted(
            lane.number(),
            owner.kind() == Owner.Kind.NONE
                ? "nobody"
                : owner.kind().name().toLowerCase(Locale.ROOT) + " " + number(owner.run()),
            lane.base(),
            lane.from(),
            lane.rows(),
            Long.toUnsignedString(lane.smallestKey()),
            Long.toUnsignedString(lane.largestKey()),
            lane.tables().size(),
            lane.tables().stream().mapToLong(Lane.LaneTable::dataBytes).sum(),
            switch (lane.state()) {
              case Lane.OPEN -> "";
              case Lane.CUT -> ", cut";
              default -> ", emptied";
            });
  }

  private static String describe(Lineage lineage) {
    return "lineage %d: submission %d, checkpoint %d, fences %s"
        .formatted(
            number(lineage.id()),
            number(lineage.current()),
            lineage.publishedCheckpointId(),
            lineage.submissions().stream()
                .map(
                    submission ->
                        number(submission.id())
                            + ": "
                            + (submission.fence() == Lineage.NO_FENCE ? "-" : submission.fence()))
                .toList());
  }

  private static String describe(JournalEntry entry) {
    String commit =
        "commit %d at %s: rows %s"
            .formatted(
                entry.sequence(),
                Instant.ofEpochMilli(entry.wallTimeMillis()),
                entry.lanes().stream()
                    .map(lane -> lane.number() + ": " + lane.from() + " to " + lane.rows())
                    .toList());
    String checkpoint =
        "lineage %d, submission %d, checkpoint %d, watermark %d"
            .formatted(
                number(entry.lineage()),
                number(entry.submission()),
                entry.checkpointId(),
                entry.watermark());
    return checkpoint.equals(NO_CHECKPOINT) ? commit : commit + "\n  " + checkpoint;
  }

  /** The number in an id of these stores; 0 in those of a core writer. */
  private static long number(UUID id) {
    return id.getLeastSignificantBits();
  }
}
