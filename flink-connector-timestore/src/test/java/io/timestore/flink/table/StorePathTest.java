package io.timestore.flink.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.apache.flink.table.api.ValidationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StorePathTest {
  private static final String SUPPORTED =
      "expected a plain path ('/data/ticks', 'data/ticks') or a file: URI ('file:///data/ticks')";

  @ParameterizedTest
  @CsvSource({
    "/data/ticks, /data/ticks",
    "/data/./ticks/, /data/ticks",
    "/link/../ticks, /link/../ticks",
    "/data/a:b, /data/a:b",
    "/data/100%25, /data/100%25",
    "file:/data/ticks, /data/ticks",
    "file:///data/ticks, /data/ticks",
    "FILE:///data/two%20words%25, /data/two words%",
  })
  void plainPathsAndFileUrisAreTaken(String option, String path) {
    assertThat(StorePath.of(option)).isEqualTo(Path.of(path));
  }

  @Test
  void relativePathsStartAtTheWorkingDirectory() {
    assertThat(StorePath.of("data/ticks")).isEqualTo(Path.of("data/ticks").toAbsolutePath());
  }

  @ParameterizedTest
  @CsvSource({"s3://bucket/ticks, s3", "hdfs:/ticks, hdfs", "viewfs+x:y, viewfs+x"})
  void otherSchemesAreRefusedWithWhatIsSupported(String option, String scheme) {
    assertThatThrownBy(() -> StorePath.of(option))
        .isInstanceOf(ValidationException.class)
        .hasMessage(
            "option 'path' = '"
                + option
                + "': the scheme '"
                + scheme
                + "' is not supported, "
                + SUPPORTED
                + "; a store lives on a local or mounted file system");
  }

  @Test
  void anEmptyPathIsRefused() {
    assertThatThrownBy(() -> StorePath.of(" "))
        .isInstanceOf(ValidationException.class)
        .hasMessage("option 'path' is empty, " + SUPPORTED);
  }

  @ParameterizedTest
  @CsvSource({"file:data", "file://host/data", "file:///data?x=1", "file:///data#x"})
  void otherFileUrisAreRefused(String option) {
    assertThatThrownBy(() -> StorePath.of(option))
        .isInstanceOf(ValidationException.class)
        .hasMessageStartingWith("option 'path' = '" + option + "' is no file: URI of a directory: ")
        .hasMessageEndingWith("; " + SUPPORTED);
  }

  @Test
  void anUnescapedUriIsRefused() {
    assertThatThrownBy(() -> StorePath.of("file:///two words"))
        .isInstanceOf(ValidationException.class)
        .hasMessageStartingWith("option 'path' = 'file:///two words' is no URI: Illegal character");
  }
}
