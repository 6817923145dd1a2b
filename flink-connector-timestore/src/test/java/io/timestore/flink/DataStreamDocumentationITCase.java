package io.timestore.flink;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.flink.StoreJudge.StoredRow;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The programs of {@code docs/datastream.md} compile, run, and read and write what they say. */
class DataStreamDocumentationITCase {
  private static final Path DOCUMENT = Path.of("../docs/datastream.md");
  private static final Pattern PROGRAM =
      Pattern.compile("(?ms)^```java\\n(.*?^public class (\\w+).*?)^```$");

  @TempDir Path directory;

  /** Each program by its name. */
  private Map<String, String> programs() throws IOException {
    Map<String, String> programs = new LinkedHashMap<>();
    Matcher matcher = PROGRAM.matcher(Files.readString(DOCUMENT));
    while (matcher.find()) {
      programs.put(matcher.group(2), matcher.group(1).replace("/tmp/", directory + "/"));
    }
    return programs;
  }

  private void compile(String name, String source) throws IOException {
    Path file = Files.writeString(directory.resolve(name + ".java"), source);
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter complaints = new StringWriter();
    boolean compiled =
        compiler
            .getTask(
                complaints,
                null,
                null,
                List.of("-d", directory.toString(), "-cp", classPath()),
                null,
                compiler
                    .getStandardFileManager(null, null, UTF_8)
                    .getJavaFileObjects(file.toFile()))
            .call();
    assertThat(compiled).as(complaints.toString()).isTrue();
  }

  private static String classPath() {
    return System.getProperty("java.class.path");
  }

  /**
   * Runs a program in a JVM of its own, as on a desk: with the flag that the page names, if any.
   */
  private void run(String name) throws IOException, InterruptedException {
    Path log = directory.resolve(name + ".log");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx512m");
    if (name.equals("ReadBatches")) {
      command.add("--add-opens=java.base/java.nio=ALL-UNNAMED");
    }
    command.addAll(List.of("-cp", directory + ":" + classPath(), name));
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.exitValue()).as(Files.readString(log)).isZero();
  }

  @Test
  void theProgramsWriteTheirRows() throws Exception {
    Map<String, String> programs = programs();
    assertThat(programs)
        .containsOnlyKeys("AnyElements", "Records", "ReadCells", "ReadRecords", "ReadBatches");
    for (Map.Entry<String, String> program : programs.entrySet()) {
      compile(program.getKey(), program.getValue());
      run(program.getKey());
    }

    List<StoredRow> ticks = new StoreJudge(directory.resolve("ticks")).rows("symbol", "price");
    assertThat(ticks)
        .extracting(StoredRow::key)
        .containsExactly(1_700_000_000_000L, 1_700_000_001_000L, 1_700_000_002_000L);
    assertThat(ticks).extracting(row -> row.text(0)).containsExactly("BTC", "BTC", "ETH");
    assertThat(Double.longBitsToDouble(ticks.get(0).int64(1))).isEqualTo(37_000.5);
    assertThat(ticks.get(2).cells().get(1)).as("NULL").isEmpty();

    List<StoredRow> trades =
        new StoreJudge(directory.resolve("trades")).rows("symbol", "price", "size");
    assertThat(trades)
        .extracting(StoredRow::key)
        .containsExactly(1_700_000_000_000_000_000L, 1_700_000_001_000_000_000L);
    assertThat(trades).extracting(row -> row.text(0)).containsExactly("BTC", "ETH");
    assertThat(unscaled(trades.get(0).cells().get(1))).isEqualTo(370_005_000);
    assertThat(trades.get(0).cells().get(2)).containsExactly(3, 0, 0, 0);
    assertThat(trades.get(1).cells().get(2)).as("NULL").isEmpty();
    assertThatWhatWasReadIsThere();
  }

  private void assertThatWhatWasReadIsThere() throws IOException {
    assertThat(new StoreJudge(directory.resolve("prices")).rows())
        .extracting(StoredRow::key)
        .containsExactly(37_001L);
    assertThat(new StoreJudge(directory.resolve("highest")).rows())
        .extracting(StoredRow::key)
        .as("of each batch")
        .endsWith(37_001L);
    List<StoredRow> trades = new StoreJudge(directory.resolve("sizeless")).rows("symbol", "price");
    assertThat(trades).extracting(row -> row.text(0)).containsExactly("ETH");
    assertThat(unscaled(trades.get(0).cells().get(1))).isEqualTo(20_500_000);
  }

  /** A DECIMAL's cell: 16 bytes, little-endian. */
  private static long unscaled(byte[] cell) {
    byte[] turned = new byte[cell.length];
    for (int i = 0; i < cell.length; i++) {
      turned[i] = cell[cell.length - 1 - i];
    }
    return new BigInteger(turned).longValueExact();
  }
}
