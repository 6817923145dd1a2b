package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.timestore.disk.ChildJvm;
import io.timestore.format.Schema;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A store of root's, and a process of another user. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PermissionsTest {
  private static final String NOBODY = "65534";

  @TempDir static Path readable;
  private static String classPath = "";

  @TempDir Path directory;
  private Path path;
  private Store store;

  /** What the build downloaded may lie where root alone can read. */
  @BeforeAll
  static void copyTheClassPath() throws IOException {
    assumeTrue(System.getProperty("user.name").equals("root"), "only root can become another user");
    assumeTrue(hasSetpriv(), "there is no setpriv");
    allow(readable, "rwxr-xr-x");
    List<String> copies = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path from = Path.of(entry);
      Path to = readable.resolve(Integer.toString(copies.size()));
      copies.add(to.toString());
      try (Stream<Path> files = Files.walk(from)) {
        for (Path file : files.toList()) {
          Path copy = to.resolve(from.relativize(file).toString());
          Files.copy(file, Files.isDirectory(from) ? copy : to);
        }
      }
    }
    classPath = String.join(File.pathSeparator, copies);
  }

  private static boolean hasSetpriv() {
    return Stream.of("/usr/bin/setpriv", "/bin/setpriv").anyMatch(f -> new File(f).canExecute());
  }

  private static void allow(Path file, String permissions) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
  }

  @BeforeEach
  void createStore() throws IOException {
    allow(directory, "rwxr-xr-x");
    path = directory.resolve("store");
    store = Store.openOrCreate(path, Schema.ofTables(List.of("a", "b")));
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(Rows.ofKeys(LongStream.range(0, 100))));
      writer.commit();
    }
  }

  private String strangerTries(String work, Path target) throws Exception {
    return strangerTries(NOBODY, work, target);
  }

  private String strangerTries(String user, String work, Path target) throws Exception {
    List<String> launcher =
        List.of("setpriv", "--reuid=" + user, "--regid=" + user, "--clear-groups");
    ProcessBuilder builder = new ProcessBuilder();
    try (ChildJvm child =
        ChildJvm.start(builder, launcher, classPath, Stranger.class, work, target)) {
      child.end();
      List<String> lines = child.remainingLines();
      return lines.get(lines.size() - 1);
    }
  }

  /** Names, owners, permissions and bytes of all that is in the directory. */
  private Map<String, String> content() throws IOException {
    Map<String, String> content = new TreeMap<>();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.toList()) {
        byte[] bytes = Files.isRegularFile(file) ? Files.readAllBytes(file) : new byte[0];
        content.put(
            file.toString(),
            Files.getOwner(file)
                + PosixFilePermissions.toString(Files.getPosixFilePermissions(file))
                + HexFormat.of().formatHex(bytes));
      }
    }
    return content;
  }

  private static String denied(Path file, String verb, String owner) {
    return "java.nio.file.AccessDeniedException: "
        + file
        + ": user 'nobody' may not "
        + verb
        + " it: "
        + owner;
  }

  @Test
  void aStoreOfSomebodyElsesIsRead() throws Exception {
    Map<String, String> before = content();

    assertThat(strangerTries("read", path)).isEqualTo("100 rows");
    assertThat(content()).isEqualTo(before);
  }

  @ParameterizedTest
  @CsvSource({"open, .probe.", "write, .probe.", "publish, commit.lock"})
  void whoMayNotWriteChangesNothingAndIsToldWhoMay(String work, String file) throws Exception {
    Map<String, String> before = content();

    assertThat(strangerTries(work, path))
        .startsWith("java.nio.file.AccessDeniedException: " + path.resolve(file))
        .contains(": user 'nobody' may not write it: ")
        .contains(" belongs to user 'root' with rw")
        .doesNotContain("cause");
    assertThat(content()).isEqualTo(before);
  }

  @Test
  void whoMayWriteTheDirectoryAloneIsToldWhoseTheLockIs() throws Exception {
    allow(path, "rwxrwxrwx");
    Map<String, String> before = content();

    assertThat(strangerTries("write", path))
        .isEqualTo(
            denied(
                path.resolve("commit.lock"), "write", "it belongs to user 'root' with rw-r--r--"));
    assertThat(content()).isEqualTo(before);
  }

  @Test
  void aStoreIsNotCreatedWhereOneMayNotWrite() throws Exception {
    Map<String, String> before = content();

    assertThat(strangerTries("create", directory.resolve("new")))
        .isEqualTo(
            denied(
                directory.resolve("new"),
                "create",
                directory + " belongs to user 'root' with rwxr-xr-x"));
    assertThat(content()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"read", "write", "create"})
  void aDirectoryThatMayNotBeEnteredIsNamed(String work) throws Exception {
    allow(path, "rwx------");

    assertThat(strangerTries(work, path))
        .isEqualTo(
            denied(
                path.resolve("schema.json"),
                "look at",
                path + " belongs to user 'root' with rwx------"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"keys", "a/offsets", "a/data", "length", "schema.json"})
  void aFileThatMayNotBeReadIsNamed(String name) throws Exception {
    Path file = path.resolve(name);
    allow(file, "rw-------");

    assertThat(strangerTries("read", path))
        .isEqualTo(denied(file, "read", "it belongs to user 'root' with rw-------"));
  }

  @Test
  void aTableThatMayNotBeEnteredIsNamed() throws Exception {
    Path table = path.resolve("b");
    allow(table, "rwx------");

    assertThat(strangerTries("read", path))
        .isEqualTo(
            denied(
                table.resolve("offsets"),
                "look at",
                table + " belongs to user 'root' with rwx------"));
  }

  /** As in containers that are started with any number. */
  @Test
  void aUserWithoutANameIsGivenByNumber() throws Exception {
    assertThat(strangerTries("1234567", "publish", path))
        .contains(": user '1234567' may not write it: ");
  }

  @Test
  void aStoreThatOneOwnsIsWritten() throws Exception {
    Path own = Files.createDirectory(directory.resolve("own"));
    allow(own, "rwxrwxrwx");
    Path ownStore = own.resolve("store");

    assertThat(strangerTries("create", ownStore)).isEqualTo(ownStore.toString());
    assertThat(strangerTries("write", ownStore)).isEqualTo("100 rows");
    assertThat(strangerTries("read", ownStore)).isEqualTo("100 rows");
  }
}
