package io.timestore.flink;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What README and docs show is what happens. */
class DocumentationITCase {
  private static final Path ROOT = Path.of("..");
  private static final Pattern FENCED = Pattern.compile("(?ms)^```(\\w*)\\n(.*?)^```$");

  @RegisterExtension
  static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder().setNumberSlotsPerTaskManager(2).build());

  @TempDir Path directory;
  private final TableEnvironment tables =
      TableEnvironment.create(EnvironmentSettings.inStreamingMode());
  private final Sql sql = new Sql(tables);

  private static List<String> blocks(String file, String language) throws IOException {
    Matcher matcher = FENCED.matcher(Files.readString(ROOT.resolve(file)));
    List<String> blocks = new ArrayList<>();
    while (matcher.find()) {
      if (matcher.group(1).equals(language)) {
        blocks.add(matcher.group(2));
      }
    }
    return blocks;
  }

  @Test
  void theFirstStatementsOfTheReadmeRun() throws Exception {
    String script = blocks("README.md", "sql").get(0);
    assertThat(script).contains("'/tmp/ticks'");
    String[] statements =
        script.replace("/tmp/ticks", directory.resolve("ticks").toString()).split(";", -1);

    Matcher setting = Pattern.compile("SET '(.+)' = '(.+)'").matcher(statements[0]);
    assertThat(setting.matches()).isTrue();
    tables.getConfig().set(setting.group(1), setting.group(2)); // as the SQL client does
    tables.executeSql(statements[1]);
    tables.executeSql(statements[2]);

    assertThat(sql.query(statements[3]))
        .containsExactly(Row.of(Instant.ofEpochMilli(1767261600250L), "ETH", 2975.1, 14L));
    assertThat(sql.query("SELECT sym FROM ticks")).containsExactly(Row.of("BTC"), Row.of("ETH"));
  }

  @Test
  void theStatementsOfTheSqlPageRun() throws Exception {
    String script = String.join("", blocks("docs/sql.md", "sql"));
    assertThat(script).contains("'/tmp/orders'");
    String[] statements =
        script.replace("/tmp/orders", directory.resolve("orders").toString()).split(";", -1);
    int query = statements.length - 2;
    for (int i = 0; i < query; i++) {
      sql.run(statements[i]);
    }

    assertThat(sql.query(statements[query]))
        .containsExactly(
            Row.of(1L, "Ada", "b", null),
            Row.of(2L, null, null, null),
            Row.of(3L, null, null, "late"));
    assertThat(directory.resolve("orders/tags/data"))
        .content(UTF_8)
        .startsWith("{\"tags\":[\"a\",\"b\"]}");
    assertThat(Files.readAllBytes(directory.resolve("orders/id/data")))
        .startsWith(0, 0, 0, 0, 0, 0, 0, 1);
  }

  @Test
  void theStatementsOfThePageOnReadingRun() throws Exception {
    String script = String.join("", blocks("docs/reading.md", "sql"));
    assertThat(script).contains("'/tmp/trades'", "'/tmp/rates'", "'/tmp/trade*'");
    List<List<Row>> answers = new ArrayList<>();
    for (String statement : script.replace("/tmp/", directory + "/").split(";\\s", -1)) {
      if (statement.contains("monitor-interval")) {
        answers.add(sql.first(statement, 2));
      } else if (statement.strip().startsWith("SELECT")) {
        answers.add(sql.query(statement));
      } else if (!statement.isBlank()) {
        sql.run(statement);
      }
    }

    assertThat(answers).hasSize(5);
    assertThat(answers.get(0))
        .extracting(row -> row.getField("sym"))
        .containsExactlyInAnyOrder("ETH", "BTC");
    assertThat(answers.get(1)).containsExactly(Row.of("ETH", 2975.1));
    assertThat(answers.get(2))
        .extracting(row -> row.getField("since"))
        .containsExactlyInAnyOrder(
            null,
            LocalDateTime.parse("2026-01-01T10:00:00"),
            LocalDateTime.parse("2026-01-01T10:00:01"));
    assertThat(answers.get(3)).containsExactlyInAnyOrder(Row.of("pen", 0.7), Row.of("ink", 0.5));
    assertThat(answers.get(4).get(answers.get(4).size() - 1).getField(0)).isEqualTo(3L);
  }

  @Test
  void everySqlBlockOfTheReadmeIsTested() throws IOException {
    assertThat(blocks("README.md", "sql")).hasSize(1);
  }

  @Test
  void theExampleOfTheFormatIsWhatIsOnDisk() throws Exception {
    Path store = directory.resolve("t");
    sql.run(
        "CREATE TABLE t (k BIGINT NOT NULL, s STRING) WITH ('connector' = 'timestore', 'path' = '"
            + store
            + "')");
    sql.run("INSERT INTO t VALUES (1, 'a'), (2, CAST(NULL AS STRING)), (2, '')");

    String example =
        blocks("docs/format.md", "").stream()
            .filter(b -> b.contains("s/data"))
            .findAny()
            .orElseThrow();
    for (String line : example.lines().toList()) {
      String[] fileAndBytes = line.split(" ", 2);
      String hex = fileAndBytes[1].replaceAll("[ …]", "");
      byte[] expected = HexFormat.of().parseHex(hex);
      byte[] found = Files.readAllBytes(store.resolve(fileAndBytes[0]));
      assertThat(Arrays.copyOf(found, expected.length)).as(line).isEqualTo(expected);
      if (!fileAndBytes[0].equals("length")) {
        assertThat(Arrays.copyOfRange(found, expected.length, found.length)).containsOnly(0);
      }
    }
  }

  @Test
  void theSchemaOfTheFormatIsOneThatIsRead() throws IOException {
    String json = blocks("docs/format.md", "json").get(0);

    Schema schema = Schema.fromJson(json.getBytes(UTF_8), "docs/format.md");

    assertThat(schema.tables()).containsExactly("price");
  }

  @Test
  void whatARefusedJobIsToldIsWhatTheCodeSays() throws IOException {
    String code = sentences("timestore-core") + sentences("flink-connector-timestore");
    List<String> told =
        Files.readString(ROOT.resolve("docs/operating.md"))
            .lines()
            .filter(line -> line.startsWith("| `"))
            .map(line -> line.substring(2, line.indexOf(" | ")))
            .flatMap(cell -> Pattern.compile("`([^`]+)`").matcher(cell).results())
            .map(part -> part.group(1))
            .toList();
    assertThat(told).hasSizeGreaterThan(12).allSatisfy(part -> assertThat(code).contains(part));
  }

  /** Java code in which strings that are added up stand as one. */
  private static String sentences(String module) throws IOException {
    StringBuilder code = new StringBuilder();
    try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/main/java"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        code.append(Files.readString(file).replaceAll("\"\\s*\\+ \"", ""));
      }
    }
    return code.toString();
  }

  @Test
  void theCommandsOfTheReadmeAreThoseOfTheCheck() throws IOException {
    String check = Files.readString(ROOT.resolve(".ci/run"));

    assertThat(blocks("README.md", "").stream().map(String::strip))
        .containsExactly("mvn -q -P quickstart", "mvn -B -ntp verify")
        .allMatch(check::contains);
  }
}
