package io.timestore.flink.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What is pushed down is not read: counted by the kernel, in bytes that the process reads. */
class BytesReadITCase {
  private static final Path COUNTERS = Path.of("/proc/self/io");
  private static final int ROWS = 400_000;
  private static final int NOTE_BYTES = 100;
  private static final long MIB = 1 << 20;

  @RegisterExtension static final MiniClusterExtension CLUSTER = TestCluster.start();

  @TempDir static Path directory;

  /** What jobs read beside the store: class files, and what they send one another. */
  private static final long NOISE = 2 * MIB;

  @BeforeAll
  static void createStore() throws IOException {
    assumeTrue(Files.isReadable(COUNTERS), "the kernel does not count the bytes of a process");
    Schema schema =
        Schema.create(
            Key.of("k", CellType.parse("BIGINT")),
            List.of(
                new Column("price", "price", CellType.parse("DOUBLE"), false),
                new Column("note", "note", CellType.parse("VARCHAR(2147483647)"), false)));
    byte[] note = "n".repeat(NOTE_BYTES).getBytes(StandardCharsets.UTF_8);
    try (StoreWriter writer =
        Store.openOrCreate(directory.resolve("t"), schema).writer(WriterOptions.defaults())) {
      for (int i = 0; i < ROWS; i++) {
        byte[] price =
            ByteBuffer.allocate(Double.BYTES).order(ByteOrder.LITTLE_ENDIAN).putDouble(i).array();
        writer.append(i, price, note);
      }
      writer.commit();
    }
  }

  /** Bytes that a query reads: of a second run, which loads no classes. */
  private static long bytesRead(String query, int rows) throws IOException {
    SqlSession sql = SqlSession.batch();
    sql.table(
        "k BIGINT NOT NULL, price DOUBLE NOT NULL, note STRING NOT NULL, asked_at AS PROCTIME()",
        "",
        directory.resolve("t"));
    assertThat(sql.rows(query)).hasSize(rows);
    long before = counter();
    sql.rows(query);
    return counter() - before;
  }

  private static long counter() throws IOException {
    return Files.readAllLines(COUNTERS).stream()
        .filter(line -> line.startsWith("rchar: "))
        .mapToLong(line -> Long.parseLong(line.substring("rchar: ".length())))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aScanOfAllReadsAll() throws IOException {
    assertThat(bytesRead("SELECT MAX(note), MAX(price) FROM t", 1))
        .isBetween((long) ROWS * (NOTE_BYTES + 24), (long) ROWS * (NOTE_BYTES + 24) * 3 / 2);
  }

  @Test
  void columnsThatTheQueryDoesNotNameAreNotRead() throws IOException {
    assertThat(bytesRead("SELECT MAX(price) FROM t", 1)).isBetween(ROWS * 16L, ROWS * 16L + NOISE);
  }

  @Test
  void rowsOfOtherKeysAreNotRead() throws IOException {
    assertThat(bytesRead("SELECT MAX(note) FROM t WHERE k >= 200000 AND k < 204000", 1))
        .isLessThan(4000 * (NOTE_BYTES + 16) + 3 * MIB + NOISE);
    assertThat(bytesRead("SELECT note FROM t WHERE k IN (7, 399999)", 2))
        .isLessThan(6 * MIB + NOISE);
  }

  @Test
  void rowsBehindALimitAreNotRead() throws IOException {
    assertThat(bytesRead("SELECT note FROM t LIMIT 5", 5)).isLessThan(6 * MIB + NOISE);
  }

  @Test
  void countsAndEndsOfKeysReadAFewKeys() throws IOException {
    assertThat(bytesRead("SELECT COUNT(*), MIN(k), MAX(k) FROM t", 1)).isLessThan(NOISE);
    assertThat(bytesRead("SELECT COUNT(*), MAX(k) FROM t WHERE k > 77777", 1)).isLessThan(NOISE);
  }

  @Test
  void aLookUpReadsTheRowsOfItsKey() throws IOException {
    assertThat(
            bytesRead(
                "SELECT note FROM (SELECT k + 1 AS nk, asked_at FROM t WHERE k < 10) AS p JOIN t FOR"
                    + " SYSTEM_TIME AS OF p.asked_at ON t.k = p.nk",
                10))
        .isLessThan(3 * MIB + NOISE);
  }
}
