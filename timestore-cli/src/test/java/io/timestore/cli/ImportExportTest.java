package io.timestore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.store.Store;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImportExportTest {
  private static final String SCHEMA = "--schema=k BIGINT, v INT NOT NULL, s STRING";

  @TempDir Path directory;

  private static Run done(Object... arguments) throws Exception {
    Run run = Run.of(arguments);
    assertThat(run.errors()).isEmpty();
    assertThat(run.status()).isZero();
    return run;
  }

  private Path file(String name, String content) throws IOException {
    return Files.writeString(directory.resolve(name), content);
  }

  private List<String> names() throws IOException {
    try (Stream<Path> children = Files.list(directory)) {
      return children.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"rows.csv", "rows.jsonl", "rows.arrow"})
  void everyValueOfEveryTypeGoesThroughAFileAndComesBack(String name) throws Exception {
    Store store = AllTypes.write(directory.resolve("from"));
    Path file = directory.resolve(name);
    assertThat(done("export", store.directory(), file).output())
        .isEqualTo("103 rows in " + file + "\n");

    Store to = Store.openOrCreate(directory.resolve("to"), AllTypes.schema());
    assertThat(done("import", to.directory(), file).output())
        .isEqualTo("103 rows more in " + to.directory() + "\n");

    assertThat(AllTypes.rows(to)).isEqualTo(AllTypes.rows(store));
  }

  @Test
  void aRangeAndSomeColumnsBecomeAStore() throws Exception {
    Store store = AllTypes.write(directory.resolve("from"));
    Path copy = directory.resolve("copy");
    Run run =
        done(
            "export",
            store.directory(),
            copy,
            "--from=2026-01-01T00:00:10Z",
            "--columns=c3,ts,doc",
            "--json");
    assertThat(run.json()).containsEntry("format", "store").containsEntry("rows", 83);
    Store made = Store.open(copy);
    assertThat(made.snapshot().rowCount()).isEqualTo(83);
    assertThat(made.schema().orElseThrow().tables()).containsExactly("c3", "doc");
    assertThat(names()).containsExactly("copy", "from");
  }

  @Test
  void anArrowFileMakesANewStoreOfTheSameTypes() throws Exception {
    Store store = AllTypes.write(directory.resolve("from"));
    Path file = directory.resolve("rows.arrow");
    done("export", store.directory(), file);
    Path made = directory.resolve("made");
    assertThat(done("import", made, file).output())
        .isEqualTo("103 rows in the new store " + made + "\n");
    assertThat(AllTypes.rows(Store.open(made)).size()).isEqualTo(103);
    assertThat(Store.open(made).schema().orElseThrow().key()).isEqualTo(AllTypes.schema().key());
    assertThat(done("dump", made, "--json").output())
        .isEqualTo(done("dump", store.directory(), "--json").output());
  }

  @Test
  void rowsInNoOrderOfSeveralFilesAreSorted() throws Exception {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      lines.add(i + "," + i % 7 + ",text " + i);
    }
    List<String> shuffled = new ArrayList<>(lines);
    Collections.shuffle(shuffled, new Random(1));
    Path first = file("1.csv", "k,v,s\n" + String.join("\n", shuffled.subList(0, 60_000)));
    Path second = file("2.csv", "k,v,s\n" + String.join("\n", shuffled.subList(60_000, 100_000)));
    Path store = directory.resolve("store");
    Run run = done("import", store, first, second, SCHEMA, "--json");
    assertThat(run.json())
        .containsEntry("created", true)
        .containsEntry("rows", 100_000)
        .containsEntry("badRows", 0);
    assertThat(done("dump", store, "--format=csv").lines().skip(1).toList()).isEqualTo(lines);
  }

  @Test
  void olderRowsGoToAnotherLane() throws Exception {
    Path store = directory.resolve("store");
    done("import", store, file("1.csv", "k,v,s\n10,1,a\n20,2,\n"), SCHEMA);
    done("import", store, file("2.jsonl", "{\"k\":15,\"v\":3,\"s\":\"\"}\n\n{\"v\":4,\"k\":5}\n"));
    assertThat(done("dump", store, "--format=csv").output())
        .isEqualTo("k,v,s\n5,4,\n10,1,a\n15,3,\"\"\n20,2,\n");
  }

  @Test
  void aBadLineEndsTheImportAndNothingIsKept() throws Exception {
    Path store = directory.resolve("store");
    Path good = file("good.csv", "k,v,s\n1,1,a\n");
    Path bad = file("bad.csv", "k,v,s\n2,1,\"two\nlines\"\n3,x,a\n");
    Run run = Run.of("import", store, good, bad, SCHEMA);
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.errors())
        .isEqualTo(
            "timestore import: "
                + bad
                + ":4: column v, INT NOT NULL: 'x' is no value of it (--bad-rows collects such"
                + " rows)\n");
    assertThat(names()).containsExactly("bad.csv", "good.csv");

    done("import", store, good, SCHEMA);
    assertThat(Run.of("import", store, bad).status()).isEqualTo(2);
    assertThat(Store.open(store).snapshot().rowCount()).isEqualTo(1);
    assertThat(Store.open(store).snapshot().record().commitCount()).isEqualTo(1);
  }

  @Test
  void badLinesAreCollectedOnRequest() throws Exception {
    Path csv = file("a.csv", "k,v,s\n1,1,a\n-2,1,a\n3,,\n4,1\n5,5,\n");
    Path json = file("b.jsonl", "{\"k\":6,\"v\":6}\n{\"k\":7,\n{\"k\":8,\"w\":1}\n[9]\n");
    Path bad = directory.resolve("bad.jsonl");
    Path store = directory.resolve("store");
    assertThat(done("import", store, csv, json, SCHEMA, "--bad-rows", bad).output())
        .isEqualTo("3 rows in the new store " + store + ", 6 bad ones in " + bad + "\n");
    List<String> lines = Files.readAllLines(bad);
    assertThat(lines).hasSize(6);
    assertThat(lines.get(0))
        .contains("a.csv\",\"line\":3,")
        .contains("\"row\":[\"-2\",\"1\",\"a\"]");
    assertThat(lines.get(1)).contains("column v, INT NOT NULL: no value");
    assertThat(lines.get(2)).contains("\"line\":5,").contains("2 fields, expected 3");
    assertThat(lines.get(3)).contains("b.jsonl\",\"line\":2,").contains("no JSON");
    assertThat(lines.get(4)).contains("'w' is no column");
    assertThat(lines.get(5)).contains("no JSON object");
    assertThat(done("dump", store, "--format=csv", "--columns=k").output())
        .isEqualTo("k\n1\n5\n6\n");
  }

  @Test
  void ofABadLineNoValueIsKept() throws Exception {
    Path csv = file("a.csv", "k,a,b\n1,1,x\n2,2,3\n");
    Path store = directory.resolve("store");
    String schema = "--schema=k BIGINT, a INT, b INT";
    done("import", store, csv, schema, "--bad-rows", directory.resolve("bad"));
    assertThat(done("dump", store, "--format=csv").output()).isEqualTo("k,a,b\n2,2,3\n");
  }

  @Test
  void keysAreTimesInTheFormatThatIsGiven() throws Exception {
    String schema = "--schema=v INT, ts TIMESTAMP_LTZ(3)";
    Path local = file("local.csv", "v,ts\n1,31.01.2026 13:00\n");
    Path store = directory.resolve("store");
    done(
        "import",
        store,
        local,
        schema,
        "--key=ts",
        "--key-format=dd.MM.yyyy HH:mm",
        "--zone=Europe/Berlin");
    done("import", store, file("s.csv", "ts,v\n1769860801.5,2\n"), "--key-format=s");
    assertThat(done("dump", store, "--format=csv").output())
        .isEqualTo("ts,v\n2026-01-31T12:00:00Z,1\n2026-01-31T12:00:01.500Z,2\n");
    assertThat(Run.of("import", store, local, "--key-format=dd.MM.yyyy HH:mm").errors())
        .contains("local.csv:2:")
        .contains("has no zone, and the keys are instants: give the zone with --zone");
    assertThat(
            Run.of("import", store, file("f.csv", "ts,v\n1.0001,2\n"), "--key-format=s").errors())
        .contains("finer than the keys, which count ms");
  }

  @Test
  void separatorsAndHeadersMayBeOthers() throws Exception {
    Path file = file("a.txt", "1;7;a,b\n2;;\n");
    Path store = directory.resolve("store");
    done(
        "import",
        store,
        file,
        "--format=csv",
        "--separator=;",
        "--no-header",
        "--schema=v INT, k BIGINT, s STRING",
        "--key=k",
        "--bad-rows",
        directory.resolve("bad"));
    assertThat(done("dump", store, "--format=csv").output()).isEqualTo("k,v,s\n7,1,\"a,b\"\n");
    assertThat(Files.readAllLines(directory.resolve("bad"))).hasSize(1);
    Run run = Run.ofShell("printf 'k,v\\n8,2\\n' | timestore import " + store + " - --format csv");
    assertThat(run.status()).isZero();
    assertThat(run.errors()).contains("standard input has no column 's', it will be NULL");
  }

  @Test
  void aStoreOfTheCrateGetsTheSchemaThatIsGiven() throws Exception {
    Path store = Golden.copy(Golden.rust("rust-ticks"), directory);
    List<String> tables = Store.open(store).tables();
    long rowCount = Store.open(store).snapshot().rowCount();
    String header = String.join(",", tables);
    Path file =
        file(
            "a.csv", "k," + header + "\n18446744073709551615" + ",00".repeat(tables.size()) + "\n");
    assertThat(Run.of("import", store, file).errors())
        .contains("declare its columns with --schema");
    String columns = String.join(" BYTES NOT NULL, ", tables) + " BYTES NOT NULL";
    done("import", store, file, "--schema", "k DECIMAL(20,0), " + columns);
    assertThat(Store.open(store).snapshot().rowCount()).isEqualTo(rowCount + 1);
  }

  @Test
  void badCallsAreTheCallsFaultAndLeaveNothing() throws Exception {
    Path csv = file("a.csv", "k,v,s\n1,1,a\n");
    Path other = file("b.csv", "k,price\n1,1\n");
    Path broken = file("c.arrow", "ARROW1 and no more");
    Path latin = Files.write(directory.resolve("d.csv"), new byte[] {'k', ',', (byte) 0xE4, '\n'});
    Path store = directory.resolve("store");
    List<String> before = names();
    List<List<Object>> calls =
        List.of(
            List.of("import", store, csv),
            List.of("import", store, directory.resolve("missing.csv"), SCHEMA),
            List.of("import", store, csv, "--schema=k STRANGE"),
            List.of("import", store, csv, SCHEMA, "--key=none"),
            List.of("import", store, other, SCHEMA),
            List.of("import", store, latin, SCHEMA),
            List.of("import", store, broken, SCHEMA),
            List.of("import", store, broken, SCHEMA, "--bad-rows", directory.resolve("bad")),
            List.of("import", store, csv, SCHEMA, "--key-format=s"),
            List.of("export", store, directory.resolve("x.csv")));
    for (List<Object> call : calls) {
      Run run = Run.of(call.toArray());
      assertThat(run.status()).as(call + ": " + run.errors()).isEqualTo(2);
      assertThat(run.errors()).as(call.toString()).hasLineCount(1);
    }
    assertThat(names()).isEqualTo(before);
  }

  @Test
  void anExportReplacesNothing() throws Exception {
    Path store = directory.resolve("store");
    Path csv = file("a.csv", "k,v,s\n1,1,a\n");
    done("import", store, csv, SCHEMA);
    for (Path there : List.of(csv, store)) {
      Run run = Run.of("export", store, there);
      assertThat(run.status()).isEqualTo(2);
      assertThat(run.errors()).contains(there + " is there already");
    }
    assertThat(Files.readString(csv)).isEqualTo("k,v,s\n1,1,a\n");
  }

  @Test
  void ctrlCLeavesNothingHalfDone() throws Exception {
    Path store = directory.resolve("store");
    Process process = Run.start("import", store, "-", "--format=csv", SCHEMA);
    byte[] rows = "k,v,s\n".concat("1,1,a\n".repeat(200_000)).getBytes(StandardCharsets.UTF_8);
    process.getOutputStream().write(rows);
    process.getOutputStream().flush();
    // It reads on, until it is stopped: all but the last rows are in the files by now.
    assertThat(names().stream().filter(name -> name.startsWith(".store."))).hasSize(1);
    process.toHandle().destroy(); // SIGTERM; Process.destroy would close the streams, too
    try (OutputStream input = process.getOutputStream()) {
      input.write("1,1,a\n".repeat(50_000).getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // It has stopped reading already.
    }
    process.waitFor();
    assertThat(names()).isEmpty();
    assertThat(new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEqualTo("timestore import: stopped\n");
  }

  @Test
  void filesOfOtherProgramsInTheirOwnOrderAreTaken() throws Exception {
    Path csv = file("a.csv", "\uFEFFs,k,v\r\n\"a \"\"b\"\"\",1,2\r\n");
    Path store = directory.resolve("store");
    done("import", store, csv, SCHEMA);
    assertThat(done("dump", store, "--format=csv").output())
        .isEqualTo("k,v,s\n1,2,\"a \"\"b\"\"\"\n");
    assertThat(names()).containsExactly("a.csv", "store");
  }
}
