package io.timestore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.store.Store;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class VerifyTest {
  private static final int CHUNK_BYTES = 524_288;

  @TempDir Path directory;

  private static void flip(Path file, long position) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(position);
      int old = bytes.read();
      bytes.seek(position);
      bytes.write(old ^ 1);
    }
  }

  static List<Path> goldenStores() throws Exception {
    return Golden.all().toList();
  }

  @ParameterizedTest
  @MethodSource("goldenStores")
  void everyGoldenStoreIsSound(Path golden) throws Exception {
    Run run = Run.of("verify", golden, "--json");
    assertThat(run.errors()).isEmpty();
    assertThat(run.json()).containsEntry("faults", List.of()).containsEntry("repaired", false);
    assertThat(run.status()).isZero();
  }

  @Test
  void allFaultsAreToldWithFileRowsAndBytes() throws Exception {
    Store store = Stores.ofRows(directory.resolve("s"), 200_000);
    Path root = store.directory();
    flip(root.resolve("keys"), 5);
    flip(root.resolve("price/data"), 2L * CHUNK_BYTES + 100);
    Files.delete(root.resolve("sym/data"));

    Run run = Run.of("verify", root);

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.errors()).isEmpty();
    assertThat(run.lines().toList())
        .hasSize(4)
        .satisfies(
            lines -> {
              assertThat(lines.get(0))
                  .startsWith(
                      "FAULT  " + root + "/keys: chunk 0, bytes 0 to 524288, has the CRC32C")
                  .endsWith("; rows 0 to 65535 are in it");
              assertThat(lines.get(1))
                  .startsWith("FAULT  " + root + "/price/data: chunk 2, bytes 1048576 to 1572864")
                  .endsWith("; rows 131072 to 196607 are in it");
              assertThat(lines.get(2))
                  .isEqualTo(
                      "FAULT  "
                          + root
                          + "/sym/data: is missing, expected 600000 committed bytes in it");
              assertThat(lines.get(3)).startsWith("3 faults in 200,000 rows: ");
            });

    Run json = Run.of("verify", root, "--json");
    assertThat(json.status()).isEqualTo(1);
    assertThat(json.json())
        .extractingByKey("faults")
        .asInstanceOf(InstanceOfAssertFactories.LIST)
        .hasSize(3)
        .element(1)
        .asInstanceOf(InstanceOfAssertFactories.MAP)
        .containsEntry("file", root + "/price/data")
        .containsEntry("startByte", 2 * CHUNK_BYTES)
        .containsEntry("endByte", 3 * CHUNK_BYTES)
        .containsEntry("firstRow", 131072)
        .containsEntry("endRow", 196608);
  }

  @Test
  void aRecordThatIsDamagedIsAFaultLikeOthers() throws Exception {
    Path store = Golden.copy(Golden.own("lineage"), directory);
    flip(store.resolve("length"), 60);

    Run run = Run.of("verify", store);
    assertThat(run.output())
        .startsWith("FAULT  " + store.resolve("length") + ": the commit record's CRC32C is ")
        .endsWith("Nobody knows what is committed, so that nothing else could be verified.\n");
    assertThat(run.status()).isEqualTo(1);

    Run json = Run.of("verify", store, "--json");
    assertThat(json.json()).containsEntry("rows", null);
    assertThat(json.status()).isEqualTo(1);
  }

  @Test
  void aStaleLengthAndLostChecksumsArePutRightOnRequestAndNothingElse() throws Exception {
    Store store = Stores.ofRows(directory.resolve("s"), 100_000);
    Stores.addLateRows(store, 10);
    Path root = store.directory();
    Files.write(root.resolve("lanes/00001/length"), new byte[] {0, 0, 0, 0, 0, 0, 0, 1});
    Files.delete(root.resolve("keys.crc"));
    Map<String, ?> before = Golden.files(root);

    Run found = Run.of("verify", root);
    assertThat(found.status()).isZero();
    assertThat(found.output())
        .contains(
            "can be put right  " + root + "/lanes/00001/length says 1 rows, the commit record 10")
        .contains("can be put right  " + root + "/keys.crc lacks the checksums of 1 of 1 chunks")
        .contains("--repair puts it right")
        .contains("No fault in 100,010 rows")
        .contains("chunks, 1 without checksum.");
    assertThat(Golden.files(root)).isEqualTo(before);

    Run repaired = Run.of("verify", root, "--repair", "--json");
    assertThat(repaired.status()).isZero();
    assertThat(repaired.json()).containsEntry("repaired", true).containsEntry("rows", 100_010);
    assertThat(repaired.json().get("repairable").toString())
        .contains("kind=lane-length")
        .contains("kind=checksums");

    Run after = Run.of("verify", root);
    assertThat(after.output())
        .isEqualTo(after.lines().toList().get(0) + "\n")
        .startsWith("No fault in 100,010 rows")
        .contains("each with its checksum");
  }

  @Test
  void nothingIsPutRightInAStoreWithAFault() throws Exception {
    Store store = Stores.ofRows(directory.resolve("s"), 100_000);
    Path root = store.directory();
    Files.delete(root.resolve("keys.crc"));
    flip(root.resolve("sym/data"), 0);

    Run run = Run.of("verify", root, "--repair");

    assertThat(run.status()).isEqualTo(1);
    assertThat(run.output()).contains("Nothing was put right").contains("1 fault in ");
    assertThat(root.resolve("keys.crc")).doesNotExist();
  }

  @Test
  void theStatusTellsOfAFaultAlsoWhereNobodyReadsOn() throws Exception {
    Store store = Stores.ofRows(directory.resolve("s"), 1000);
    flip(store.directory().resolve("keys"), 0);
    Run run =
        Run.ofShell("timestore verify " + store.directory() + " | true; echo ${PIPESTATUS[0]}");
    assertThat(run.errors()).isEmpty();
    assertThat(run.output()).isEqualTo("1\n");
  }

  @Test
  void aBarIsDrawnOnATerminalOnly() throws Exception {
    Store store = Stores.ofRows(directory.resolve("s"), 300_000);
    assertThat(Run.of("verify", store.directory()).errors()).isEmpty();

    Run run = Run.onTerminal("", "verify", store.directory());

    assertThat(run.output())
        .containsPattern("verify +100% *.█+. *14/14 MiB \\(\\d+:\\d+:\\d+ / \\S+\\) \\S+ MiB/s")
        .contains("No fault in 300,000 rows");
    assertThat(run.status()).isZero();
  }
}
