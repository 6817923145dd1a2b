package io.timestore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code docs/cli.md} shows is what happens. */
class CliDocumentationTest {
  private static final Path DOCUMENT = Path.of("../docs/cli.md");

  /** A call, and the block below it. */
  private static final Pattern EXAMPLE =
      Pattern.compile("(?ms)^```sh\\n([^\\n]*?timestore .*?)\\n```\\n\\n^```(json)?\\n(.*?)^```$");

  private static final String EMPTY = "empty list";

  @TempDir Path directory;

  private Path ticks() throws Exception {
    Schema schema =
        Schema.create(
            Key.of("ts", CellType.parse("TIMESTAMP_LTZ(3)")),
            List.of(
                new Column("price", "price", CellType.parse("DOUBLE"), false),
                new Column("sym", "sym", CellType.string(), true)));
    Store store = Store.openOrCreate(directory.resolve("ticks"), schema);
    WriterOptions options = WriterOptions.defaults().withLateRows(WriterOptions.LateRows.KEEP);
    try (StoreWriter writer = store.writer(options)) {
      for (int hour = 0; hour < 72; hour++) {
        append(writer, hour * 3_600_000L);
      }
      writer.commit();
      for (int hour = 24; hour < 48; hour++) {
        append(writer, hour * 3_600_000L + 1_800_000);
      }
      writer.commit("backfill of January 2");
    }
    return store.directory();
  }

  private static void append(StoreWriter writer, long millis) throws IOException {
    ByteBuffer price = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putDouble(0, 1.5);
    byte[] sym = "BTC".getBytes(StandardCharsets.UTF_8);
    writer.append(Stores.FIRST_MILLIS + millis, price.array(), sym);
  }

  @Test
  void theExamplesPrintWhatStandsBelowThem() throws Exception {
    String store = ticks().toString();
    Matcher example = EXAMPLE.matcher(Files.readString(DOCUMENT));
    List<String> calls = new ArrayList<>();
    while (example.find()) {
      String call = example.group(1);
      calls.add(call);
      Run run = Run.ofShell(call.replace("/tmp/ticks", store));
      assertThat(run.errors()).as(call).isEmpty();
      assertThat(run.status()).as(call).isZero();
      String printed = run.output().replace(store, "/tmp/ticks");
      if (example.group(2) == null) {
        assertThat(printed).as(call).matches(pattern(example.group(3)));
      } else {
        assertSameShape(call, JSON.std.mapFrom(printed), JSON.std.mapFrom(example.group(3)));
      }
    }
    assertThat(calls).hasSizeGreaterThanOrEqualTo(15);
  }

  @Test
  void theCommandsOfTheReadmeWork() throws Exception {
    String store = ticks().toString();
    List<String> calls =
        Files.readString(Path.of("../README.md"))
            .lines()
            .filter(line -> line.startsWith("java -jar timestore-cli/target/timestore.jar "))
            .toList();
    assertThat(calls).hasSize(4);
    for (String call : calls) {
      String words = call.substring(call.indexOf(".jar ") + 5);
      Run run =
          Run.ofShell("cd " + directory + " && timestore " + words.replace("/tmp/ticks", store));
      assertThat(run.errors()).as(call).isEmpty();
      assertThat(run.status()).as(call).isZero();
    }
    assertThat(directory.resolve("ticks.html")).exists();
  }

  /** An ellipsis stands for anything in one line. */
  private static Pattern pattern(String expected) {
    StringBuilder pattern = new StringBuilder();
    for (String part : expected.split("…", -1)) {
      pattern.append(pattern.isEmpty() ? "" : ".*").append(Pattern.quote(part));
    }
    return Pattern.compile(pattern.toString());
  }

  /** All fields are there, and no others, with values of the same kinds; a list may be empty. */
  private static void assertSameShape(
      String call, Map<String, Object> printed, Map<String, Object> documented) {
    Map<String, String> found = new TreeMap<>();
    Map<String, String> expected = new TreeMap<>();
    addShape("", printed, found);
    addShape("", documented, expected);
    Map<String, String> missing = new TreeMap<>(expected);
    missing.keySet().removeAll(found.keySet());
    missing.keySet().removeIf(path -> EMPTY.equals(found.get(path.replaceFirst("\\[].*", "[]"))));
    assertThat(missing).as(call + ": documented, and not printed").isEmpty();
    Map<String, String> added = new TreeMap<>(found);
    added.keySet().removeAll(expected.keySet());
    assertThat(added).as(call + ": printed, and not documented").isEmpty();
    found.forEach(
        (path, kind) -> {
          String other = expected.get(path);
          if (!List.of(kind, other).contains("null") && !List.of(kind, other).contains(EMPTY)) {
            assertThat(kind).as(call + ": " + path).isEqualTo(other);
          }
        });
  }

  private static void addShape(String path, Object value, Map<String, String> shape) {
    if (value instanceof Map<?, ?> fields) {
      fields.forEach((name, field) -> addShape(path + "." + name, field, shape));
    } else if (value instanceof List<?> elements) {
      shape.put(path + "[]", elements.isEmpty() ? EMPTY : "list");
      elements.forEach(element -> addShape(path + "[]", element, shape));
    } else {
      String kind =
          value == null ? "null" : value instanceof Number ? "number" : value.getClass().getName();
      shape.merge(path, kind, (one, other) -> one.equals("null") ? other : one);
    }
  }
}
