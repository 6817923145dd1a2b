package io.timestore.disk;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.disk.SimulatedProcess.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a power cut leaves of what a program did. */
class SimulatedDiskTest {
  private static final int CUTS = 1000;
  private static final Path FILE = Path.of("/file");
  private static final Path OTHER = Path.of("/other");
  private static final int SECTOR = SimulatedDisk.SECTOR_BYTES;

  private final SimulatedDisk disk = new SimulatedDisk();
  private final SimulatedProcess process = disk.process();

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private interface Look {
    String at(Disk disk) throws IOException;
  }

  /** What may be seen after a power cut. */
  private Set<String> possible(Look look) throws IOException {
    Set<String> seen = new HashSet<>();
    for (int seed = 0; seed < CUTS; seed++) {
      seen.add(look.at(disk.afterPowerCut(new Random(seed)).process()));
    }
    return seen;
  }

  private static String text(Disk disk, Path file) throws IOException {
    return disk.exists(file)
        ? new String(disk.readUpTo(file, 100_000), StandardCharsets.UTF_8)
        : "nothing";
  }

  @Test
  void aFileIsThereAfterItsDirectoryWasSynced() throws IOException {
    process.createDurably(FILE, bytes("one"));
    assertThat(possible(d -> text(d, FILE))).containsExactlyInAnyOrder("nothing", "one");
    process.syncDirectory(Path.of("/"));
    assertThat(possible(d -> text(d, FILE))).containsExactly("one");
  }

  @Test
  void whatWasNotSyncedMayBeLost() throws IOException {
    process.writeVolatile(FILE, bytes("one"));
    process.syncDirectory(Path.of("/"));
    assertThat(possible(d -> text(d, FILE))).containsExactlyInAnyOrder("", "one", "\0\0\0");
  }

  @Test
  void aRenameIsDoneOrNotAndNeverHalf() throws IOException {
    process.createDurably(FILE, bytes("one"));
    process.createDurably(OTHER, bytes("two"));
    process.syncDirectory(Path.of("/"));
    process.rename(OTHER, FILE);
    assertThat(possible(d -> text(d, FILE) + " " + text(d, OTHER)))
        .containsExactlyInAnyOrder("one two", "two nothing");
  }

  @Test
  void namesOfOneFileHaveOneContent() throws IOException {
    process.createDurably(FILE, bytes("one"));
    process.link(FILE, OTHER);
    process.syncDirectory(Path.of("/"));
    process.writeVolatile(FILE, bytes("two"));
    assertThat(possible(d -> text(d, FILE) + " " + text(d, OTHER)))
        .containsExactlyInAnyOrder("one one", "two two");
  }

  @Test
  void sectorsAreLostEachForItselfAndAreOldOrNew() throws IOException {
    process.createDurably(FILE, bytes("a".repeat(3 * SECTOR)));
    process.syncDirectory(Path.of("/"));
    process.writeVolatile(FILE, bytes("b".repeat(3 * SECTOR)));
    Set<String> seen =
        possible(d -> text(d, FILE).replaceAll("(.)\\1{" + (SECTOR - 1) + "}", "$1"));
    assertThat(seen)
        .containsExactlyInAnyOrder("aaa", "aab", "aba", "abb", "baa", "bab", "bba", "bbb");
  }

  @Test
  void aFileMayHaveGrownInPart() throws IOException {
    process.createDurably(FILE, bytes("aaa"));
    process.syncDirectory(Path.of("/"));
    process.writeVolatile(FILE, bytes("a".repeat(3 + 2 * SECTOR)));
    assertThat(possible(d -> "" + d.readUpTo(FILE, 100_000).length))
        .containsExactlyInAnyOrder("3", "" + (3 + SECTOR), "" + (3 + 2 * SECTOR));
  }

  @Test
  void garbageIsInOneSectorThatWasBeingWritten() throws IOException {
    process.createDurably(FILE, bytes("a".repeat(4 * SECTOR)));
    process.syncDirectory(Path.of("/"));
    assertThat(disk.afterPowerCutWithGarbage(new Random(0))).isNull();
    process.writeVolatile(FILE, bytes("b".repeat(2 * SECTOR)));
    for (int seed = 0; seed < CUTS; seed++) {
      byte[] found =
          disk.afterPowerCutWithGarbage(new Random(seed)).process().readUpTo(FILE, 100_000);
      int garbage = 0;
      for (int i = 0; i < 4; i++) {
        byte[] sector = Arrays.copyOfRange(found, i * SECTOR, (i + 1) * SECTOR);
        Set<Byte> values = new HashSet<>();
        for (byte b : sector) {
          values.add(b);
        }
        garbage += values.size() == 1 ? 0 : 1;
        assertThat(i < 2 || values.equals(Set.of((byte) 'a'))).isTrue();
      }
      assertThat(garbage).isEqualTo(1);
    }
  }

  @Test
  void whatIsReadIsWhatWasWrittenAndSurvivesAKill() throws IOException {
    DiskFile file = process.openForAppending(FILE, new AppendMode(false, SECTOR, "buffered"));
    file.write(bytes("x".repeat(1000)), 100);
    process.kill();
    assertThat(text(disk.process(), FILE)).isEqualTo("\0".repeat(100) + "x".repeat(1000));
    assertThat(text(disk.copy().process(), FILE)).hasSize(1100);
  }

  @Test
  void aLockIsFreeOnceItsProcessIsKilled() throws IOException {
    SimulatedProcess other = disk.process();
    assertThat(process.tryLock(FILE, "first")).isPresent();
    assertThat(other.tryLock(FILE, "second")).isEmpty();
    assertThat(other.holder(FILE)).isEqualTo("first");
    process.kill();
    assertThat(other.tryLock(FILE, "second")).isPresent();
  }

  @Test
  void everyOperationIsAnnouncedInOrder() throws IOException {
    StringBuilder kinds = new StringBuilder();
    process.withFate(
        operation -> {
          if (operation.kind() != Kind.READ) {
            kinds.append(operation.kind()).append(' ');
          }
          operation.run();
        });
    process.createDurably(FILE, bytes("one"));
    process.link(FILE, OTHER);
    process.syncDirectory(Path.of("/"));
    assertThat(kinds.toString().trim().split(" "))
        .isEqualTo(
            List.of("CREATE", "WRITE", "SYNC", "LINK", "RENAME", "SYNC_DIRECTORY").toArray());
  }
}
