package io.timestore.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The reader in {@code python/}, which was made from {@code docs/format.md} alone. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PythonReaderTest {
  private static final Path PYTHON = Path.of("..", "python").toAbsolutePath().normalize();
  private static final int BATCH_ROWS = 100; // as in follow.py
  private static final int SNAPSHOTS = 30;

  @TempDir Path directory;

  @BeforeAll
  static void pythonIsThere() throws InterruptedException {
    String version =
        "import os, sys; sys.exit(sys.version_info < (3, 9) or not hasattr(os, 'pread'))";
    boolean found;
    try {
      found = new ProcessBuilder("python3", "-c", version).start().waitFor() == 0;
    } catch (IOException e) {
      found = false;
    }
    assumeTrue(found, "there is no python3 of version 3.9 or newer with os.pread");
  }

  /** Starts Python in its directory; what it prints goes to a file. */
  private static Process python(Path output, String... arguments) throws IOException {
    ProcessBuilder builder = new ProcessBuilder("python3", "-m");
    builder.command().addAll(List.of(arguments));
    builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
    builder.environment().put("PYTHONIOENCODING", "utf-8");
    return builder
        .directory(PYTHON.toFile())
        .redirectErrorStream(true)
        .redirectOutput(output.toFile())
        .start();
  }

  @Test
  void testsOfThePythonReaderPass() throws Exception {
    Path output = directory.resolve("output");
    Process process = python(output, "unittest", "discover", "-v");
    try {
      assertThat(process.waitFor(100, TimeUnit.SECONDS)).as("it ended").isTrue();
      String text = Files.readString(output, UTF_8);
      System.out.println(text);
      assertThat(process.exitValue()).as(text).isZero();
      assertThat(text).containsPattern("Ran [1-9]\\d+ tests"); // it found them
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void everySnapshotBesideALiveWriterIsWhole() throws Exception {
    Path path = directory.resolve("store");
    Path output = directory.resolve("output");
    Process process = python(output, "tests.follow", path.toString());
    int batch = 0;
    try {
      Store store =
          Store.openOrCreate(
              path,
              Schema.create(
                  Key.of("k", CellType.of(CellType.Kind.BIGINT)),
                  List.of(
                      new Column("price", "price", CellType.of(CellType.Kind.BIGINT), false),
                      new Column("note", "note", CellType.of(CellType.Kind.VARCHAR, 20), true))));
      while (process.isAlive()) {
        // Each run comes upon the blocks that the one before left half full.
        try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
          for (int i = 0; i < 10 && process.isAlive(); i++) {
            writer.append(batch(batch));
            writer.commit();
            batch++;
          }
        }
      }
    } finally {
      process.destroyForcibly();
    }

    String text = Files.readString(output, UTF_8);
    assertThat(process.exitValue()).as(text).isZero();
    List<Long> rows = text.lines().map(Long::valueOf).toList();
    assertThat(rows).hasSize(SNAPSHOTS).doesNotHaveDuplicates().isSorted();
    assertThat(rows.get(SNAPSHOTS - 1)).isBetween(1L, (long) batch * BATCH_ROWS);
  }

  /** Rows whose values can be told from their number; pairs of them share a key. */
  private static Batch batch(int number) {
    Batch batch = new Batch(2);
    for (long row = (long) number * BATCH_ROWS; row < (number + 1L) * BATCH_ROWS; row++) {
      batch.appendKey(row / 2);
      batch.column(0).appendLong(31 * row + 7);
      if (row % 3 == 0) {
        batch.column(1).appendEmpty();
      } else {
        byte[] note = (row % 3 == 1 ? "" : "n" + row).getBytes(UTF_8);
        batch.column(1).appendNullableBytes(note, 0, note.length);
      }
    }
    return batch;
  }
}
