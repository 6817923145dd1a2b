package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.timestore.disk.LocalDisk;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Symbolic links: on the way to a store, inside of it, and out of it. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LinksTest {
  private static final List<String> TABLES = List.of("a", "b");

  @TempDir Path temporary;

  /** Of the store; a link of that name leads here from elsewhere. */
  private Path directory;

  private Path outside;
  private Path path;

  @BeforeEach
  void nameTheStore() throws IOException {
    directory = Files.createDirectory(temporary.resolve("real"));
    outside = Files.createDirectory(temporary.resolve("outside"));
    path = directory.resolve("store");
  }

  private Store create() throws IOException {
    return Store.openOrCreate(path, Schema.ofTables(TABLES));
  }

  private static void append(StoreWriter writer, long from, long to) throws IOException {
    writer.append(Rows.batch(Rows.ofKeys(LongStream.range(from, to))));
    writer.commit();
  }

  private static void append(Store store, long from, long to) throws IOException {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      append(writer, from, to);
    }
  }

  /** Rows in lane 0 and newer ones in lane 1. */
  private void createWithTwoLanes() throws IOException {
    Store store = create();
    try (StoreWriter first = store.writer(WriterOptions.defaults());
        StoreWriter second = store.writer(WriterOptions.defaults())) {
      append(first, 0, 100);
      append(second, 100, 200);
    }
    assertThat(path.resolve("lanes/00001/keys")).isNotEmptyFile();
  }

  private static List<String> rows(long to) {
    return Rows.ofKeys(LongStream.range(0, to));
  }

  /** Moves something of the store to elsewhere, and leaves a link in its place. */
  private Path moveAndLink(String name, Path target) throws IOException {
    Files.move(path.resolve(name), target);
    return Files.createSymbolicLink(path.resolve(name), target);
  }

  /** Every file below a directory with its bytes. */
  private static List<String> content(Path directory) throws IOException {
    List<String> content = new ArrayList<>();
    try (var paths = Files.walk(directory)) {
      for (Path file : paths.filter(Files::isRegularFile).sorted().toList()) {
        content.add(file + " " + HexFormat.of().formatHex(Files.readAllBytes(file)));
      }
    }
    return content;
  }

  private void assertLeadsOut(IOException failure, Path link, Path target) throws IOException {
    assertThat(failure)
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining(link + "")
        .hasMessageContaining(" leads out of the store, to " + target.toRealPath())
        .hasMessageContaining("; expected a place in " + path.toRealPath());
  }

  @Test
  void aLanesOwnLengthIsNotWrittenThroughALink() throws IOException {
    Path target = Files.writeString(outside.resolve("notes"), "of somebody else");
    Store store = create();
    try (StoreWriter first = store.writer(WriterOptions.defaults());
        StoreWriter second = store.writer(WriterOptions.defaults())) {
      append(first, 0, 100);
      append(second, 100, 200);
      Files.createSymbolicLink(path.resolve("lanes/00001/.length"), target);

      append(second, 200, 300);
    }
    assertThat(target).hasContent("of somebody else");
    assertThat(Rows.read(store, TABLES)).isEqualTo(rows(300));
  }

  private interface Work {
    void run() throws IOException;
  }

  private static IOException failureOf(Work work) {
    return catchThrowableOfType(IOException.class, work::run);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "keys",
        "a",
        "a/offsets",
        "a/data",
        "b/data",
        "schema.json",
        "length",
        "lanes",
        "lanes/00001",
        "lanes/00001/keys",
        "lanes/00001/b",
        "lanes/00001/a/offsets",
        "lanes/00001/a/data"
      })
  void aFileBehindALinkOutOfTheStoreIsNotRead(String name) throws IOException {
    createWithTwoLanes();
    Path target = outside.resolve("target");
    Path link = moveAndLink(name, target);

    IOException failure = failureOf(() -> Rows.read(Store.open(path), TABLES));

    assertLeadsOut(failure, link, target);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "keys",
        "a",
        "a/offsets",
        "a/data",
        "b/data",
        "schema.json",
        "length",
        "commit.lock",
        "writer.lock"
      })
  void aFileBehindALinkOutOfTheStoreIsNotAppendedTo(String name) throws IOException {
    append(create(), 0, 100);
    assertNotAppendedThrough(name, 100);
  }

  private void assertNotAppendedThrough(String name, int firstKey) throws IOException {
    Path target = outside.resolve("target");
    Path link = moveAndLink(name, target);
    List<String> before = content(outside);

    IOException failure = failureOf(() -> append(create(), firstKey, firstKey + 100));

    assertLeadsOut(failure, link, target);
    assertThat(content(outside)).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"lanes", "lanes/00001/keys", "lanes/00001/a", "lanes/00001/b/offsets"})
  void aLaneBehindALinkOutOfTheStoreIsNotAppendedTo(String name) throws IOException {
    createWithTwoLanes();
    assertNotAppendedThrough(name, 200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"keys", "a/offsets", "b/data"})
  void aLinkToNothingOutsideMakesNothingThere(String name) throws IOException {
    create();
    Path link = path.resolve(name);
    Files.delete(link);
    Files.createSymbolicLink(link, Path.of("../".repeat(name.split("/").length) + "../outside/x"));

    assertThatThrownBy(() -> append(create(), 0, 10))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining(link + " leads out of the store, to " + outside.toRealPath());
    assertThat(outside).isEmptyDirectory();
  }

  @Test
  void aHolderFileThatIsALinkIsNotFollowed() throws IOException {
    append(create(), 0, 10);
    Path target = Files.writeString(outside.resolve("target"), "precious");
    Files.delete(path.resolve("commit.holder"));
    Files.createSymbolicLink(path.resolve("commit.holder"), target);

    assertThatThrownBy(() -> append(create(), 10, 20))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(path.resolve("commit.holder").toString());
    assertThat(target).hasContent("precious");
  }

  @Test
  void aLinkToAPlaceInTheStoreIsFine() throws IOException {
    append(create(), 0, 100);
    Path place = Files.createDirectory(path.resolve("place"));
    moveAndLink("keys", place.resolve("keys"));
    Files.move(path.resolve("b"), place.resolve("b"));
    Files.createSymbolicLink(path.resolve("b"), Path.of("place/b"));

    append(create(), 100, 200);

    assertThat(Rows.read(Store.open(path), TABLES)).isEqualTo(rows(200));
    assertThat(path.resolve("keys")).isSymbolicLink();
  }

  @ParameterizedTest
  @ValueSource(strings = {"link/store", "link-to-store", "link/./store", "other/../real/store"})
  void aStoreIsReachedThroughLinks(String way) throws IOException {
    append(create(), 0, 100);
    Files.createSymbolicLink(temporary.resolve("link"), directory);
    Files.createSymbolicLink(temporary.resolve("link-to-store"), path);
    Files.createDirectory(temporary.resolve("other"));

    Store store = Store.open(temporary.resolve(way));
    append(store, 100, 200);

    assertThat(Rows.read(store, TABLES)).isEqualTo(rows(200));
    assertThat(store.snapshot().record().lanes()).hasSize(1);
    assertThat(outside).isEmptyDirectory();
  }

  @Test
  void dotsBehindALinkMeanTheParentOfItsTarget() throws IOException {
    append(create(), 0, 100);
    Path inner = Files.createDirectory(directory.resolve("inner"));
    Files.createSymbolicLink(temporary.resolve("link"), inner);
    Path way = temporary.resolve("link/../store");

    assertThat(Store.exists(way)).isTrue();
    assertThat(Store.open(way).directory()).isEqualTo(path.toRealPath());
    Store.openOrCreate(temporary.resolve("link/../new"), Schema.ofTables(TABLES));

    assertThat(directory.resolve("new/schema.json")).exists();
    assertThat(temporary.resolve("new")).doesNotExist();
  }

  @Test
  void dotsBehindWhatIsNotThereMeanItsParent() throws IOException {
    Store.openOrCreate(directory.resolve("missing/../store"), Schema.ofTables(TABLES));

    assertThat(path.resolve("schema.json")).exists();
    assertThat(directory.resolve("missing")).doesNotExist();
  }

  @Test
  void linksInACircleAreAnError() throws IOException {
    create();
    Files.delete(path.resolve("keys"));
    Files.createSymbolicLink(path.resolve("keys"), path.resolve("keys2"));
    Files.createSymbolicLink(path.resolve("keys2"), path.resolve("keys"));

    assertThatThrownBy(() -> append(create(), 0, 10))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("keys");
  }

  @Test
  void writersThatComeByDifferentPathsMeetTheSameLocks() throws IOException {
    Path link = Files.createSymbolicLink(temporary.resolve("link"), path);
    Store byPath = create();
    Store byLink = Store.open(link);
    try (StoreWriter first = byPath.writer(WriterOptions.defaults());
        StoreWriter second = byLink.writer(WriterOptions.defaults())) {
      append(first, 0, 100);
      LocalDisk disk = new LocalDisk();
      assertThat(disk.tryLock(link.resolve("writer.lock"), "third")).isEmpty();

      append(second, 100, 200);
      try (var commitLock = disk.tryLock(link.resolve("commit.lock"), "third").orElseThrow()) {
        assertThat(disk.tryLock(path.resolve("commit.lock"), "fourth")).isEmpty();
        assertThat(commitLock).isNotNull();
      }
    }
    assertThat(byPath.snapshot().record().lanes()).hasSize(2);
    assertThat(Rows.read(byPath, TABLES)).isEqualTo(rows(200));
    assertThat(byLink.publisher().startWithoutState(UUID.randomUUID())).isFalse();
  }
}
