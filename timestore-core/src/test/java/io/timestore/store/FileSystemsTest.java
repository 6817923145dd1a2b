package io.timestore.store;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.DSYNC;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.AppendMode;
import io.timestore.disk.DirectIo;
import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.disk.LocalDisk;
import io.timestore.disk.Mount;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lane;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The same histories on file systems of every kind that this machine has. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FileSystemsTest {
  private static final long SEED = Long.getLong("timestore.seed", System.nanoTime());

  @TempDir Path directory;
  private final LocalDisk disk = new LocalDisk();
  private final History history = new History(SEED);
  private Path mountPoint;

  @BeforeEach
  void makeTheMountPoint() throws IOException {
    System.out.println("Replay with -Dtimestore.seed=" + SEED);
    mountPoint = Files.createDirectory(directory.resolve("mounted here, größe"));
  }

  /** A disk that says how files are to be written, and takes no access that is not aligned. */
  private Disk with(AppendMode mode) {
    AppendMode plain = new AppendMode(false, mode.blockBytes(), mode.reason());
    return Around.calls(
        Disk.class,
        disk,
        (method, arguments, original) ->
            switch (method.getName()) {
              case "probe" -> mode;
              case "openForAppending" ->
                  aligned(mode, disk.openForAppending((Path) arguments[0], plain));
              default -> original.call();
            });
  }

  private static DiskFile aligned(AppendMode mode, DiskFile file) {
    return Around.calls(
        DiskFile.class,
        file,
        (method, arguments, original) -> {
          if (method.getName().matches("read|write")) {
            checkAligned(mode, (ByteBuffer) arguments[0], (long) arguments[1]);
          }
          return original.call();
        });
  }

  private static void checkAligned(AppendMode mode, ByteBuffer bytes, long position)
      throws IOException {
    int blockBytes = mode.blockBytes();
    if (position % blockBytes != 0
        || bytes.remaining() % blockBytes != 0
        || bytes.alignmentOffset(bytes.position(), blockBytes) != 0) {
      throw new IOException(bytes + " at byte " + position + " is not aligned to " + blockBytes);
    }
  }

  /** The committed bytes of every file. */
  private static Map<String, String> committed(Path path) throws IOException {
    CommitRecord record = Store.open(path).snapshot().record();
    assertThat(record.lanes()).hasSize(1);
    Lane lane = record.lanes().get(0);
    Map<String, String> bytes = new LinkedHashMap<>();
    bytes.put("keys", hash(path.resolve("keys"), lane.rows() * Long.BYTES));
    for (Lane.LaneTable table : lane.tables()) {
      Path files = path.resolve(table.name());
      bytes.put(table + " offsets", hash(files.resolve("offsets"), lane.rows() * Long.BYTES));
      bytes.put(table + " data", hash(files.resolve("data"), table.dataBytes()));
    }
    return bytes;
  }

  private static String hash(Path file, long sizeBytes) throws IOException {
    byte[] bytes = Arrays.copyOf(Files.readAllBytes(file), (int) sizeBytes);
    return sizeBytes + " bytes " + Arrays.hashCode(bytes);
  }

  /** Names and bytes of all that is in a directory. */
  private static Map<String, Integer> content(Path directory) throws IOException {
    Map<String, Integer> content = new TreeMap<>();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.toList()) {
        byte[] bytes = Files.isRegularFile(file) ? Files.readAllBytes(file) : new byte[0];
        content.put(directory.relativize(file).toString(), Arrays.hashCode(bytes));
      }
    }
    return content;
  }

  /**
   * Java refuses direct I/O in blocks smaller than the file system's, so that none is done here.
   */
  @ParameterizedTest
  @CsvSource({"true, 512", "true, 1024", "true, 4096", "false, 512", "false, 1024", "false, 4096"})
  void blocksOfAnySizeHoldTheSameBytes(boolean direct, int blockBytes) throws IOException {
    AppendMode mode = new AppendMode(direct, blockBytes, "the test says so");
    Path path = directory.resolve("store");
    Path plain = directory.resolve("plain");
    history.write(disk, plain, DirectIo.OFF);

    assertThat(history.write(with(mode), path, DirectIo.AUTO)).isEqualTo(mode);

    assertThat(committed(path)).isEqualTo(committed(plain));
    for (String file : List.of("keys", "a/offsets", "a/data", "b/offsets", "b/data")) {
      assertThat(Files.size(path.resolve(file)) % blockBytes).as(file).isZero();
    }
  }

  /** Runs the history where it was mounted, and says how it was written. */
  private AppendMode writeThere() throws IOException {
    Path path = mountPoint.resolve("store");
    AppendMode probed = disk.probe(mountPoint, DirectIo.AUTO);
    System.out.println(Files.getFileStore(mountPoint).type() + ": " + probed);

    assertThat(history.write(disk, path, DirectIo.AUTO)).isEqualTo(probed);

    AppendMode buffered = history.write(disk, mountPoint.resolve("buffered"), DirectIo.OFF);
    assertThat(buffered.direct()).isFalse();
    assertThat(committed(path)).isEqualTo(committed(mountPoint.resolve("buffered")));
    return probed;
  }

  @Test
  void theFileSystemOfThisMachineIsWrittenAsItsProbeSays() throws IOException {
    writeThere();
  }

  @ParameterizedTest
  @CsvSource({
    "ext4, 1024, 64, mkfs.ext4 -q -F -b 1024",
    "ext4, 4096, 64, mkfs.ext4 -q -F -b 4096",
    "xfs, 512, 320, mkfs.xfs -q -m crc=0 -b size=512",
    "xfs, 1024, 320, mkfs.xfs -q -b size=1024",
  })
  void aLoopFileSystemIsWrittenInItsOwnBlocks(
      String type, int blockBytes, int megabytes, String mkfs) throws IOException {
    Path image =
        Mount.image(
            directory.resolve("image"), megabytes * 1024L * 1024, (Object[]) mkfs.split(" ", -1));
    try (Mount mount = Mount.of(mountPoint, type, "loop", image)) {
      AppendMode mode = writeThere();

      assertThat(mount).isNotNull();
      assertThat(mode.direct()).isTrue();
      assertThat(mode.blockBytes()).isEqualTo(blockBytes);
    }
  }

  /** Which of them take direct I/O depends on the kernel. */
  @Test
  void tmpfsIsWrittenAsItsProbeSays() throws IOException {
    try (Mount mount = Mount.of(mountPoint, "tmpfs", "size=64m", "none")) {
      assertThat(mount).isNotNull();
      writeThere();
    }
  }

  /** Mounts a small file system. */
  private Mount small(String type) throws IOException {
    if (type.equals("tmpfs")) {
      return Mount.of(mountPoint, type, "size=2m", "none");
    }
    Path image =
        Mount.image(directory.resolve("image"), 4L << 20, "mkfs.ext4", "-q", "-F", "-m", "0");
    return Mount.of(mountPoint, type, "loop", image);
  }

  /** Takes all the space that is left. */
  private Path fill() throws IOException {
    Path filler = mountPoint.resolve("filler");
    try (OutputStream out = Files.newOutputStream(filler, APPEND, CREATE, DSYNC)) {
      while (true) {
        out.write(new byte[1024]);
      }
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("No space left");
      return filler;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tmpfs", "ext4"})
  void aFullFileSystemCostsTheBatchThatDidNotFitAndNoOther(String type) throws IOException {
    try (Mount mount = small(type)) {
      assertThat(mount).isNotNull();
      Path path = mountPoint.resolve("store");
      Store store = Store.openOrCreate(path, List.of("a"));
      Path filler = Files.write(mountPoint.resolve("filler"), new byte[384 * 1024]);
      long committed = 0;
      for (int round = 0; round < 3; round++) {
        long before = committed;
        try (FileChannel channel = FileChannel.open(filler, WRITE)) {
          channel.truncate((2L - round) * 128 * 1024); // frees some space
        }
        try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
          while (true) {
            writer.append(committed, new byte[20_000]);
            writer.commit();
            committed++;
          }
        } catch (IOException e) {
          assertThat(e).hasMessageContaining("No space left").hasMessageContaining(path.toString());
        }
        assertThat(committed).isGreaterThan(before);
        try (StoreReader reader = store.reader()) {
          assertThat(reader.rowCount()).isEqualTo(committed);
          assertThat(reader.read("a", committed - 1)).hasValue(new byte[20_000]);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tmpfs", "ext4"})
  void aRecordThatFindsNoSpaceLeavesTheOldOne(String type) throws IOException {
    try (Mount mount = small(type)) {
      assertThat(mount).isNotNull();
      Path path = mountPoint.resolve("store");
      Store store = Store.openOrCreate(path, List.of("a"));
      Path filler;
      try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
        writer.append(1, new byte[10]);
        writer.commit();
        filler = fill();
        byte[] length = Files.readAllBytes(path.resolve("length"));
        // Into blocks that the first row has taken.
        writer.append(2, new byte[10]);
        assertThatThrownBy(writer::commit)
            .isInstanceOf(IOException.class)
            .hasMessageContaining("No space left")
            .hasMessageContaining(path.resolve(".length.").toString());
        assertThat(path.resolve("length")).hasBinaryContent(length);
        assertThatThrownBy(() -> writer.append(3, new byte[10]))
            .hasMessageContaining("failed before");
      }
      assertThat(Rows.read(store, List.of("a"))).hasSize(1);
      Files.delete(filler);
      try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
        writer.append(3, new byte[10]);
        writer.commit();
      }
      String value = " " + "00".repeat(10);
      assertThat(Rows.read(store, List.of("a"))).containsExactly("1" + value, "3" + value);
    }
  }

  @Test
  void aFileSystemThatRefusesDirectIoIsWrittenBuffered() throws IOException {
    try (Mount mount = Mount.of(mountPoint, "ramfs", "mode=755", "none")) {
      assertThat(mount).isNotNull();
      AppendMode mode = writeThere();

      assertThat(mode.direct()).isFalse();
      assertThat(mode.reason()).contains("the file system refused direct I/O");
      assertThatThrownBy(() -> disk.probe(mountPoint, DirectIo.REQUIRED))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("direct I/O is required and can't be had");
      assertThat(mountPoint).isDirectoryNotContaining("glob:**.probe*");
    }
  }

  /** As in a container, whose image may bring a store along. */
  @Test
  void aStoreInTheLowerLayerOfAnOverlayIsReadAndGoneOnWithAboveIt() throws IOException {
    Path lower = Files.createDirectory(directory.resolve("lower"));
    Path upperMount = Files.createDirectory(directory.resolve("upper"));
    history.write(disk, lower.resolve("store"), DirectIo.AUTO);
    Map<String, Integer> before = content(lower);
    try (Mount tmpfs = Mount.of(upperMount, "tmpfs", "size=64m", "none")) {
      Path upper = Files.createDirectory(tmpfs.directory().resolve("upper"));
      Path work = Files.createDirectory(tmpfs.directory().resolve("work"));
      String layers = "lowerdir=" + lower + ",upperdir=" + upper + ",workdir=" + work;
      try (Mount overlay = Mount.of(mountPoint, "overlay", layers, "none")) {
        Path path = overlay.directory().resolve("store");
        assertThat(Rows.read(Store.open(path), History.TABLES)).isEqualTo(history.rows());

        long newest = history.rows().size();
        for (long run = 0; run < 3; run++) {
          try (StoreWriter writer = Store.open(path).writer(WriterOptions.defaults())) {
            writer.append(
                Rows.batch(
                    Rows.ofKeys(LongStream.range(newest + run * 50, newest + run * 50 + 50))));
            writer.commit();
          }
        }
        List<String> rows = Rows.read(Store.open(path), History.TABLES);
        assertThat(rows.subList(0, (int) newest)).isEqualTo(history.rows());
        assertThat(rows.subList((int) newest, rows.size()))
            .isEqualTo(Rows.ofKeys(LongStream.range(newest, newest + 150)));
        assertThat(Store.open(path).snapshot().record().lanes()).hasSize(1);

        history.write(disk, overlay.directory().resolve("another"), DirectIo.AUTO);
      }
    }
    assertThat(content(lower)).isEqualTo(before);
  }

  @Test
  void aReadOnlyMountIsReadAndNotWritten() throws IOException {
    Path image =
        Mount.image(
            directory.resolve("image"), 64L * 1024 * 1024, "mkfs.ext4", "-q", "-F", "-b", "4096");
    try (Mount mount = Mount.of(mountPoint, "ext4", "loop", image)) {
      Path path = mountPoint.resolve("store");
      history.write(disk, path, DirectIo.AUTO);
      Map<String, Integer> before = content(mountPoint);
      mount.remount("ro");
      Store store = Store.open(path);

      assertThat(Rows.read(store, History.TABLES)).isEqualTo(history.rows());
      assertThat(store.snapshot().ranges(KeyRange.closedOpen(17, 18)))
          .containsExactly(new LaneRange(0, 17, 18));
      for (DirectIo directIo : DirectIo.values()) {
        assertReadOnly(
            () -> {
              try (StoreWriter writer =
                  store.writer(
                      WriterOptions.ofSink(directIo, 1 << 20, new UUID(1, 1), new UUID(1, 2)))) {
                writer.append(Rows.batch(List.of("99999999 61 62")));
              }
            });
      }
      assertReadOnly(() -> store.publisher().startWithoutState(new UUID(1, 1)));
      assertReadOnly(
          () -> Store.openOrCreate(mountPoint.resolve("new"), store.schema().orElseThrow()));
      assertThat(Store.openOrCreate(path, store.schema().orElseThrow()).id()).isEqualTo(store.id());
      assertThat(content(mountPoint)).isEqualTo(before);

      mount.remount("rw");
      try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
        writer.append(Rows.batch(List.of("99999999 61 62")));
        assertThat(writer.commit()).isEqualTo(1);
      }
    }
  }

  private interface Work {
    void run() throws IOException;
  }

  private void assertReadOnly(Work work) {
    assertThatThrownBy(work::run)
        .isInstanceOf(AccessDeniedException.class)
        .hasMessageStartingWith(mountPoint.toString())
        .hasMessageContaining(": user 'root' may not ")
        .hasMessageEndingWith(" it: its file system is mounted read-only");
  }
}
