package io.timestore.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.store.Store;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * The life of one store that this project and the crate append to in turns. After each turn, the
 * other side opens the store and reads all of it. The seed alone decides what happens.
 */
final class History implements Closeable {
  private final RustProgram program;
  private final ExecutorService appending;
  private final Path path;
  private final Coverage coverage;
  private final Random random;
  private final RandomRows randomRows;
  private final ExpectedRows expected;

  /** Open over turns of the same side: the sides never write at once. */
  private @Nullable JavaWriting javaWriting;

  private @Nullable RustStore rustWriting;

  /** A reader of the crate that stays open over turns of both sides, and the rows it began with. */
  private @Nullable RustStore earlyReader;

  private @Nullable ExpectedRows earlyRows;

  History(RustProgram program, ExecutorService appending, Path path, long seed, Coverage coverage) {
    this.program = program;
    this.appending = appending;
    this.path = path;
    this.coverage = coverage;
    // Random alone would begin alike for seeds that follow each other.
    this.random = new Random(new SplittableRandom(seed).nextLong());
    this.randomRows = new RandomRows(random);
    this.expected = new ExpectedRows(randomRows.tables());
  }

  void run() throws IOException {
    create();
    int turns = 2 + random.nextInt(7);
    for (int turn = 0; turn < turns; turn++) {
      boolean isJava = random.nextBoolean();
      try {
        takeTurn(isJava);
      } catch (AssertionError | IOException | RuntimeException e) {
        throw new AssertionError(
            "turn %d, of %s: %s".formatted(turn, isJava ? "Java" : "Rust", e.getMessage()), e);
      }
    }
    closeEarlyReader();
  }

  private void create() throws IOException {
    if (random.nextBoolean()) {
      JavaWriting.create(path, expected, random);
      checkWithRust();
    } else {
      program.create(path, expected.tables(), segmentLength()).close();
      assertThat(Store.open(path).schema()).isEmpty();
      JavaReading.check(path, expected, random);
    }
  }

  private void takeTurn(boolean isJava) throws IOException {
    if (isJava) {
      closeRustWriting();
      takeTurnOfJava();
      checkWithRust();
    } else {
      closeJavaWriting();
      takeTurnOfRust();
      JavaReading.check(path, expected, random);
    }
    checkEarlyReader();
    if (random.nextInt(4) == 0) {
      openEarlyReader();
    }
  }

  private void takeTurnOfJava() throws IOException {
    List<Row> rows = randomRows.after(expected, rowCount(random.nextInt(10) == 0 ? 1000 : 60));
    Random ownRandom = new Random(random.nextLong());
    boolean recordWasGone = hasLostRecord();
    Future<?> appended =
        appending.submit(
            () -> {
              if (javaWriting == null) {
                javaWriting = JavaWriting.open(path, expected, ownRandom);
              }
              javaWriting.append(rows, ownRandom);
              return null;
            });
    try {
      while (earlyReader != null && !appended.isDone()) {
        checkEarlyReader();
        coverage.count(Coverage.Event.READ_WHILE_APPENDING);
      }
    } finally {
      await(appended);
    }
    expected.addAll(rows);
    assertThat(path.resolve("schema.json")).exists();
    if (!rows.isEmpty()) {
      assertThat(path.resolve("length").toFile().length()).as("bytes of length").isGreaterThan(8);
      coverage.count(recordWasGone ? Coverage.Event.RECORD_CAME_BACK : Coverage.Event.JAVA_TURN);
    }
    if (random.nextInt(4) == 0) {
      List<Row> inVain = randomRows.after(expected, 1 + random.nextInt(20));
      javaWriting().appendInVain(inVain, random);
      closeJavaWriting();
      coverage.count(Coverage.Event.UNCOMMITTED_ROWS);
    } else if (random.nextBoolean()) {
      closeJavaWriting();
    }
  }

  private void takeTurnOfRust() throws IOException {
    List<Row> rows = randomRows.after(expected, random.nextInt(9));
    boolean recordWasThere = hasRecord();
    if (rustWriting == null) {
      List<String> tables = RandomRows.shuffled(expected.tables(), random);
      rustWriting = program.open(path, tables, segmentLength());
    }
    for (Row row : rows) {
      rustWriting.append(
          row.key(),
          rustWriting.tables().stream()
              .map(table -> row.values().get(expected.tables().indexOf(table)))
              .toList());
    }
    expected.addAll(rows);
    if (!rows.isEmpty()) {
      assertThat(path.resolve("length").toFile().length()).as("bytes of length").isEqualTo(8);
      coverage.count(recordWasThere ? Coverage.Event.RECORD_WENT : Coverage.Event.RUST_TURN);
    }
    RustReading.checkParts(rustWriting, expected, random);
    if (random.nextBoolean()) {
      closeRustWriting();
    }
  }

  private void checkWithRust() throws IOException {
    List<String> tables = RandomRows.shuffled(expected.tables(), random);
    try (RustStore store = program.open(path, tables, segmentLength())) {
      RustReading.checkAll(store, expected);
      RustReading.checkParts(store, expected, random);
    }
  }

  private void openEarlyReader() throws IOException {
    closeEarlyReader();
    earlyReader =
        program.open(path, RandomRows.shuffled(expected.tables(), random), segmentLength());
    earlyRows = expected.copy();
  }

  private void checkEarlyReader() throws IOException {
    if (earlyReader != null && earlyRows != null) {
      RustReading.checkAll(earlyReader, earlyRows);
    }
  }

  private boolean hasRecord() {
    return path.resolve("length").toFile().length() > 8 && Files.exists(path.resolve("record"));
  }

  private boolean hasLostRecord() {
    return !hasRecord() && Files.exists(path.resolve("record"));
  }

  private int rowCount(int bound) {
    // Rows of many tables take the crate long.
    return random.nextInt(Math.max(2, bound / expected.tables().size()));
  }

  /** Keys of a segment, the crate's unit of memory. */
  private int segmentLength() {
    return 1 + random.nextInt(random.nextBoolean() ? 8 : 4096);
  }

  private JavaWriting javaWriting() {
    if (javaWriting == null) {
      throw new IllegalStateException("no writer is open");
    }
    return javaWriting;
  }

  private static void await(Future<?> future) throws IOException {
    try {
      future.get();
    } catch (ExecutionException e) {
      throw new IOException("appending failed: " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while appending", e);
    }
  }

  private void closeJavaWriting() throws IOException {
    if (javaWriting != null) {
      javaWriting.close();
      javaWriting = null;
    }
  }

  private void closeRustWriting() throws IOException {
    if (rustWriting != null) {
      rustWriting.close();
      rustWriting = null;
    }
  }

  private void closeEarlyReader() throws IOException {
    if (earlyReader != null) {
      earlyReader.close();
      earlyReader = null;
    }
  }

  @Override
  public void close() throws IOException {
    closeJavaWriting();
    closeRustWriting();
    closeEarlyReader();
  }
}
