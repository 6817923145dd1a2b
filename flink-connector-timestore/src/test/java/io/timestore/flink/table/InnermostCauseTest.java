package io.timestore.flink.table;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.format.Schema;
import io.timestore.store.Store;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Flink's SQL client shows the innermost cause and nothing else: it must be the whole sentence. */
class InnermostCauseTest {
  private final TableEnvironment tables =
      TableEnvironment.create(EnvironmentSettings.inBatchMode());

  @TempDir Path directory;

  private void assertSelectShows(String columns, String path, String... parts) {
    tables.executeSql(
        "CREATE TABLE t ("
            + columns
            + ") WITH ('connector' = 'timestore', 'path' = '"
            + path
            + "')");
    assertThatThrownBy(() -> tables.explainSql("SELECT * FROM t"))
        .rootCause()
        .message()
        .contains(parts);
  }

  @ParameterizedTest
  @CsvSource({"file://tmp/x, is no file: URI", "file:///a b, is no URI", "~/x, means nothing here"})
  void aMistypedPathIsShownWithWhatIsExpected(String path, String fault) {
    assertSelectShows("k BIGINT", path, "option 'path' = '" + path, fault, "expected a plain path");
  }

  @Test
  void aMissingPathIsShownWithWhatWouldMakeOne() {
    String path = directory.resolve("none").toString();
    assertSelectShows("k BIGINT", path, path, "no such directory", "an INSERT would make one");
  }

  @Test
  void aKeyOfAWrongTypeIsShownWithTheOptionThatNamesTheKey() {
    assertSelectShows("k STRING", "/x", "key column k", "'key.field' names the key column");
  }

  @Test
  void aNameThatIsNoTableIsShownWithItsColumnAndTheOption() throws IOException {
    Path store = directory.resolve("store");
    Store.openOrCreate(store, Schema.ofTables(List.of("v")));

    assertSelectShows(
        "k BIGINT, `length` INT", store.toString(), "column length", "with 'fields.length.table'");
  }

  @Test
  void aDamagedSchemaIsShownWithItsFile() throws IOException {
    Path store = directory.resolve("store");
    Store.openOrCreate(store, Schema.ofTables(List.of("v")));
    Files.writeString(store.resolve("schema.json"), "{ \"formatVersion\" : 1, ");

    assertSelectShows(
        "k BIGINT", store.toString(), store.resolve("schema.json") + ": no schema of a store");
  }
}
