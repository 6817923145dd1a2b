package io.timestore.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.CommitRecord;
import io.timestore.format.Endianness;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Cells that are no values of their column's type, in files whose checksums are right. */
class CellVerificationTest {
  private static final Path PATH = Path.of("/store");

  private final SimulatedProcess process = new SimulatedDisk().process();

  private List<Fault> faults(Column column, List<byte[]> cells) throws IOException {
    Schema schema = Schema.create(Key.of("k", CellType.parse("BIGINT")), List.of(column));
    Store store = Store.openOrCreate(process, PATH, schema);
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      for (byte[] cell : cells) {
        writer.append(1, cell);
      }
      writer.commit();
    }
    List<Fault> faults = new ArrayList<>();
    Verified verified = store.verify(faults::add);
    assertThat(verified.faultCount()).isEqualTo(faults.size());
    return faults;
  }

  private static Column column(String type, boolean nullable) {
    return new Column("c", "c", CellType.parse(type), nullable);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "BOOLEAN | 02 | is the byte 2",
        "TIME(3) | 005C2605 | is 86400000 ms of a day",
        "TIME(3) | FFFFFFFF | is -1 ms of a day",
        "DECIMAL(2, 1) | 64000000000000000000000000000000 | is the unscaled value 100, at most 99",
        "DECIMAL(2, 0) | 9CFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF | is the unscaled value -100, at most 99",
        "VARCHAR(2) | 616263 | has 3 characters, at most 2",
        "CHAR(1) | C3A4C3B6 | has 2 characters, at most 1",
        "VARCHAR(2147483647) | C0AF | is no UTF-8",
        "VARCHAR(2147483647) | EDA080 | is no UTF-8",
        "VARCHAR(2147483647) | F4908080 | is no UTF-8",
        "VARCHAR(2147483647) | E282 | is no UTF-8",
        "VARCHAR(2147483647) | 80 | is no UTF-8",
        "VARCHAR(2147483647) | FFFF | is no UTF-8",
        "VARBINARY(2) | 010203 | has 3 bytes, at most 2",
        "BINARY(1) | FFFFFF | has 2 bytes, at most 1",
      })
  void whatIsNoValueIsFoundWithItsRowAndBytes(String type, String hex, String what)
      throws IOException {
    byte[] bad = HexFormat.of().parseHex(hex);
    Column column = column(type, true);

    List<Fault> faults = faults(column, List.of(new byte[0], bad, new byte[0], bad));

    String message =
        "/store/c/data: the cell of row %d, bytes %d to %d, " + what + ", which is no " + type;
    int size = bad.length;
    Path file = PATH.resolve("c/data");
    assertThat(faults)
        .containsExactly(
            new Fault(file, 0, size, 1, 2, message.formatted(1, 0, size)),
            new Fault(file, size, 2L * size, 3, 4, message.formatted(3, size, 2L * size)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "BOOLEAN | 00 01",
        "TIME(3) | 00000000 FF5B2605",
        "DECIMAL(2, 1) | 63000000000000000000000000000000 9DFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
        "VARCHAR(2) | 6162 C3A4C3B6 F09F9880F09F9880 FF 61",
        "VARCHAR(2147483647) | ED9FBF EE8080 F48FBFBF E0A080 F0908080 C280",
        "VARBINARY(2) | 0102 FFFFFF FF",
      })
  void whatIsAValueIsNoFault(String type, String cells) throws IOException {
    List<byte[]> values = new ArrayList<>(List.of(new byte[0]));
    for (String hex : cells.split(" ", -1)) {
      values.add(HexFormat.of().parseHex(hex));
    }
    assertThat(faults(column(type, true), values)).isEmpty();
  }

  @Test
  void theOrderOfACellsBytesIsTheColumns() throws IOException {
    Column column = column("TIME(3)", false).withEndianness(Endianness.BIG);
    assertThat(faults(column, List.of(new byte[] {5, 0x26, 0x5B, (byte) 0xFF}))).isEmpty();
    assertThat(faults(column, List.of(new byte[] {5, 0x26, 0x5C, 0}))).hasSize(1);
  }

  /** Texts of all sizes, some over several chunks; of each bad one the last byte is missing. */
  @Test
  void cellsThatReachOverChunksAreSeenWhole() throws IOException {
    SplittableRandom random = new SplittableRandom(7);
    List<byte[]> cells = new ArrayList<>();
    List<Long> bad = new ArrayList<>();
    for (long row = 0; row < 400; row++) {
      int characters = row % 50 == 0 ? 400_000 : random.nextInt(3000);
      byte[] text = "\u00e4\u20ac\ud83d\ude00".repeat(characters / 3).getBytes(UTF_8);
      if (text.length > 0 && random.nextInt(10) == 0) {
        text = Arrays.copyOf(text, text.length - 1);
        bad.add(row);
      }
      cells.add(text);
    }
    assertThat(bad).hasSizeGreaterThan(10);
    assertThat(faults(column("VARCHAR(2147483647)", false), cells))
        .extracting(Fault::firstRow)
        .isEqualTo(bad);
  }

  @Test
  void cellsInAChunkThatIsNotTrustedAreNotJudgedAndThoseBehindItAre() throws IOException {
    byte[] text = "x".repeat(1000).getBytes(UTF_8);
    List<byte[]> cells = new ArrayList<>(Collections.nCopies(2000, text));
    cells.set(1500, new byte[] {(byte) 0x80});
    Column column = column("VARCHAR(1000)", false);
    assertThat(faults(column, cells)).extracting(Fault::firstRow).containsExactly(1500L);

    Path file = PATH.resolve("c/data");
    byte[] data = process.readUpTo(file, Integer.MAX_VALUE);
    data[CommitRecord.CHUNK_BYTES + 5] = (byte) 0x80;
    process.delete(file);
    process.writeVolatile(file, ByteBuffer.wrap(data));
    List<Fault> faults = new ArrayList<>();
    Store.open(process, PATH).verify(faults::add);
    assertThat(faults).hasSize(2);
    assertThat(faults.get(0).message())
        .contains("chunk 1, bytes 524288 to 1048576, has the CRC32C");
    assertThat(faults.get(1).firstRow()).isEqualTo(1500);
  }
}
