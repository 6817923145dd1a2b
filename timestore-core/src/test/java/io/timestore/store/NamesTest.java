package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.ChildJvm;
import io.timestore.format.Batch;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What stores and their tables may be called. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class NamesTest {
  static final String NOT_ASCII = "größe";

  /** 255 bytes in UTF-8. */
  private static final String LONGEST = "é".repeat(127) + "x";

  @TempDir Path directory;

  static List<String> goodNames() {
    return List.of(
        "two words",
        " ",
        "größe",
        "価格",
        "📈",
        "a\tb\nc",
        "100%25",
        "-rf",
        "a..b",
        "C:\\price",
        "keys2",
        LONGEST);
  }

  static List<String> badNames() {
    return List.of(
        "",
        ".",
        "..",
        ".hidden",
        "../a",
        "a/b",
        "/a",
        "/",
        "a\0b",
        "a\ud800",
        "keys",
        "length",
        "new_length",
        "schema.json",
        "record",
        "commits",
        "lanes",
        "commit.lock",
        "keys.crc",
        "a.holder",
        LONGEST + "x");
  }

  @ParameterizedTest
  @MethodSource("goodNames")
  void storesAndTablesOfAnyNameAreWrittenAndRead(String name) throws IOException {
    Path path = directory.resolve(name);
    List<String> tables = List.of(name, "b");
    for (long run = 0; run < 3; run++) {
      Store store = Store.openOrCreate(path, Schema.ofTables(tables));
      try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
        writer.append(Rows.batch(Rows.ofKeys(LongStream.range(run * 100, run * 100 + 100))));
        writer.commit();
      }
    }
    Store store = Store.open(path);
    assertThat(store.tables()).containsExactlyInAnyOrder(name, "b");
    assertThat(Rows.read(store, tables)).isEqualTo(Rows.ofKeys(LongStream.range(0, 300)));
    try (StoreReader reader = store.reader()) {
      assertThat(reader.read(name, 7)).hasValue("v7".getBytes(StandardCharsets.UTF_8));
    }
  }

  @ParameterizedTest
  @MethodSource("badNames")
  void otherNamesAreRefusedBeforeAnythingIsWritten(String name) throws IOException {
    assertThatThrownBy(() -> Schema.ofTables(List.of("a", name)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("table name '" + name + "': ");
    Store store = Store.openOrCreate(directory.resolve("store"), Schema.ofTables(List.of("a")));
    for (int rows = 0; rows < 2; rows++) {
      Snapshot snapshot = store.snapshot();
      assertThatThrownBy(() -> snapshot.scan(snapshot.ranges(), List.of(name)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("table name '" + name + "': ");
      try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
        Batch batch = new Batch(1);
        batch.appendKey(1);
        batch.column(0).appendBytes(new byte[1], 0, 1);
        writer.append(batch);
        writer.commit();
      }
    }
    try (StoreReader reader = store.reader()) {
      assertThatThrownBy(() -> reader.read(name, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("table name '" + name + "': ");
    }
  }

  @Test
  void aNameThatIsTooLongIsShownWithItsLength() {
    assertThatThrownBy(() -> Schema.ofTables(List.of(LONGEST + "x")))
        .hasMessageEndingWith("has 256 bytes in UTF-8, a file name has at most 255");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../a", "/etc", "..", "lanes", "a/b", ""})
  void aSchemaFileWithAnotherNameIsCorrupt(String name) throws IOException {
    Path path = directory.resolve("store");
    Store.openOrCreate(path, Schema.ofTables(List.of("price")));
    Path schema = path.resolve("schema.json");
    String json = Files.readString(schema);
    Files.writeString(
        schema, json.replace("\"table\" : \"price\"", "\"table\" : \"" + name + "\""));

    assertThatThrownBy(() -> Store.open(path))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining(schema.toString())
        .hasMessageContaining("table name '" + name + "': ");
  }

  /** The Rust crate takes any name. */
  @Test
  void aTableOfTheCrateThatHasOneOfOurNamesIsNotLeftOutInSilence() throws IOException {
    Path path = directory.resolve("store");
    Store store = Store.openOrCreate(path, Schema.ofTables(List.of("a")));
    Path table = Files.createDirectory(path.resolve("price.lock"));
    Files.createFile(table.resolve("offsets"));

    assertThatThrownBy(store::tables)
        .isInstanceOf(UnsupportedStoreException.class)
        .hasMessageContaining(table + " is a table");
  }

  @Test
  void aJvmWhoseLocaleLacksALetterSaysWhatToSet() throws Exception {
    Path path = directory.resolve("store");
    Store store = Store.openOrCreate(path, Schema.ofTables(List.of(NOT_ASCII)));
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      Batch batch = new Batch(1);
      batch.appendKey(1);
      batch.column(0).appendBytes(new byte[1], 0, 1);
      writer.append(batch);
      writer.commit();
    }
    for (String work : NamedReader.WORKS) {
      List<String> lines = new ArrayList<>();
      ProcessBuilder builder = new ProcessBuilder();
      builder.environment().put("LC_ALL", "C");
      try (ChildJvm child =
          ChildJvm.start(
              builder,
              List.of(),
              System.getProperty("java.class.path"),
              NamedReader.class,
              path,
              work)) {
        child.end();
        lines.addAll(child.remainingLines());
      }
      assertThat(lines)
          .as(work)
          .anySatisfy(
              line ->
                  assertThat(line)
                      .startsWith("java.nio.file.InvalidPathException: the locale of this JVM")
                      .contains("ANSI_X3.4-1968")
                      .contains("start the JVM with LC_ALL=C.UTF-8"));
    }
    try (StoreReader reader = store.reader()) {
      assertThat(reader.read(NOT_ASCII, 1)).hasValue(new byte[1]);
    }
  }
}
