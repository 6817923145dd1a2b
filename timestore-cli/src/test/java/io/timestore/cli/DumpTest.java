package io.timestore.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DumpTest {
  private static final long FIRST = 1_767_225_600_000L; // 2026-01-01T00:00:00Z

  @TempDir Path directory;
  private Store store;

  @BeforeEach
  void write() throws Exception {
    Schema schema =
        Schema.create(
            Key.of("ts", CellType.parse("TIMESTAMP_LTZ(3)")),
            List.of(
                new Column("price", "price", CellType.parse("DOUBLE"), false),
                new Column("sym", "sym", CellType.string(), true)));
    store = Store.openOrCreate(directory.resolve("ticks"), schema);
    append(0, 10);
  }

  /** A row a second; each third has no symbol. */
  private void append(int from, int to) throws Exception {
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      for (int i = from; i < to; i++) {
        ByteBuffer price =
            ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putDouble(0, i / 2.0);
        byte[] sym = i % 3 == 0 ? new byte[0] : ("S" + i).getBytes(StandardCharsets.UTF_8);
        writer.append(FIRST + i * 1000L, price.array(), sym);
      }
      writer.commit();
    }
  }

  private String dump(Object... options) throws Exception {
    Object[] arguments = new Object[options.length + 2];
    arguments[0] = "dump";
    arguments[1] = store.directory();
    System.arraycopy(options, 0, arguments, 2, options.length);
    Run run = Run.of(arguments);
    assertThat(run.errors()).isEmpty();
    assertThat(run.status()).isZero();
    return run.output();
  }

  @Test
  void rowsStandBelowOneAnother() throws Exception {
    assertThat(dump("--head", 3))
        .isEqualTo(
            """
            ts                    price  sym
            2026-01-01T00:00:00Z    0.0  NULL
            2026-01-01T00:00:01Z    0.5  S1
            2026-01-01T00:00:02Z    1.0  S2
            """);
  }

  @Test
  void rangesHeadTailAndColumnsChooseWhatIsPrinted() throws Exception {
    assertThat(
            dump(
                "--format=csv",
                "--from=2026-01-01T00:00:02Z",
                "--to",
                FIRST + 9000,
                "--tail=2",
                "--columns=sym,ts"))
        .isEqualTo("sym,ts\nS7,2026-01-01T00:00:07Z\nS8,2026-01-01T00:00:08Z\n");
    assertThat(dump("--json", "--from=2026-01-01T00:00:08.5Z", "--columns=price"))
        .isEqualTo("{\"price\":4.5}\n");
    assertThat(dump("--format=jsonl", "--head=1"))
        .isEqualTo("{\"ts\":\"2026-01-01T00:00:00Z\",\"price\":0.0,\"sym\":null}\n");
  }

  @Test
  void arrowIsAStream() throws Exception {
    Process process =
        Run.start("dump", store.directory(), "--format=arrow", "--columns=ts,price", "--head=2");
    byte[] bytes = process.getInputStream().readAllBytes();
    assertThat(process.waitFor()).isZero();
    try (BufferAllocator allocator = new RootAllocator();
        ArrowStreamReader reader =
            new ArrowStreamReader(new ByteArrayInputStream(bytes), allocator)) {
      assertThat(reader.loadNextBatch()).isTrue();
      assertThat(reader.getVectorSchemaRoot().contentToTSVString())
          .isEqualTo("ts\tprice\n1767225600000\t0.0\n1767225601000\t0.5\n");
    }
  }

  @Test
  void whereAKeyIsAndWhereItWouldBe() throws Exception {
    assertThat(dump("--where-is", "2026-01-01T00:00:04Z"))
        .isEqualTo(
            """
            2026-01-01T00:00:04Z (1767225604000): row 4 of 10
              lane 0: row 4
              before it: 2026-01-01T00:00:03Z
              behind it: 2026-01-01T00:00:05Z
            """);
    assertThat(dump("--where-is", FIRST + 500)).contains("no row; it would be row 1 of 10");
    Run run = Run.of("dump", store.directory(), "--where-is", FIRST + 9000, "--json");
    assertThat(run.json())
        .containsEntry("rows", 1)
        .containsEntry("row", 9)
        .containsEntry("previousKey", Long.toString(FIRST + 8000))
        .containsEntry("nextKey", null)
        .containsEntry("ranges", List.of(Map.of("lane", 0, "from", 9, "to", 10)));
  }

  @Test
  void followingPrintsRowsAsTheyAreCommittedAndEndsWithASignal() throws Exception {
    Process process = Run.start("dump", store.directory(), "--follow", "--tail=1", "--format=csv");
    try (BufferedReader lines = process.inputReader()) {
      assertThat(lines.readLine()).isEqualTo("ts,price,sym");
      assertThat(lines.readLine()).isEqualTo("2026-01-01T00:00:09Z,4.5,");
      append(10, 11);
      assertThat(lines.readLine()).isEqualTo("2026-01-01T00:00:10Z,5.0,S10");
      append(11, 12);
      assertThat(lines.readLine()).isEqualTo("2026-01-01T00:00:11Z,5.5,S11");
      process.toHandle().destroy(); // SIGTERM; Process.destroy would close the streams, too
      assertThat(lines.readLine()).isNull();
      assertThat(process.getErrorStream().readAllBytes()).isEmpty();
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void aStoreWithoutASchemaIsShownAsHexAndTextOrByTheTypesGiven() throws Exception {
    Path ticks = Golden.rust("rust-ticks");
    Run plain = Run.of("dump", ticks, "--head=1", "--json");
    assertThat(plain.errors()).isEmpty();
    List<String> tables = Store.open(ticks).tables();
    assertThat(plain.json().keySet()).containsAll(tables);
    Run typed = Run.of("dump", ticks, "--head=1", "--json", "--types", tables.get(0) + "=BYTES");
    assertThat(typed.json().get(tables.get(0)).toString()).matches("[0-9a-f]*");
    Run unknown = Run.of("dump", ticks, "--types", "none=INT");
    assertThat(unknown.errors()).contains("has no table 'none', found " + tables);
    assertThat(unknown.status()).isEqualTo(2);
    assertThat(Run.of("dump", store.directory(), "--types", "price=INT").errors())
        .contains("has a schema");
  }

  static List<Path> goldenStores() throws Exception {
    return Golden.all().filter(path -> Files.exists(path.resolve("length"))).toList();
  }

  @ParameterizedTest
  @MethodSource("goldenStores")
  void goldenStoresAreDumpedWhole(Path golden) throws Exception {
    Run run = Run.of("dump", golden, "--format=csv");
    assertThat(run.errors()).isEmpty();
    assertThat(run.status()).isZero();
    assertThat(run.lines().count())
        .isGreaterThanOrEqualTo(1 + Store.open(golden).snapshot().rowCount());
  }

  @Test
  void aBrokenStoreIsToldOfBehindTheRowsBeforeIt() throws Exception {
    Path price = store.directory().resolve("price/data");
    byte[] bytes = Files.readAllBytes(price);
    bytes[5] ^= 1;
    Files.write(price, bytes);
    Run run = Run.of("dump", store.directory(), "--format=csv");
    assertThat(run.errors()).startsWith("timestore dump: " + price + ":").hasLineCount(1);
    assertThat(run.status()).isEqualTo(1);
  }

  @Test
  void badCallsAreTheCallsFault() throws Exception {
    for (List<String> options :
        List.of(
            List.of("--columns=none"),
            List.of("--from=yesterday"),
            List.of("--from=2", "--to=1"),
            List.of("--head=1", "--tail=1"),
            List.of("--head=-1"),
            List.of("--json", "--format=csv"),
            List.of("--format=xml"))) {
      Object[] arguments = new Object[options.size() + 2];
      arguments[0] = "dump";
      arguments[1] = store.directory();
      System.arraycopy(options.toArray(), 0, arguments, 2, options.size());
      Run run = Run.of(arguments);
      assertThat(run.status()).as(options.toString()).isEqualTo(2);
      assertThat(run.errors()).as(options.toString()).hasLineCount(1);
      assertThat(run.output()).isEmpty();
    }
  }

  @Test
  void aReaderWhoLeavesEndsItQuietly() throws Exception {
    append(10, 20_000);
    Run run =
        Run.ofShell(
            "timestore dump "
                + store.directory()
                + " --format csv | head -2; echo ${PIPESTATUS[0]}");
    assertThat(run.errors()).isEmpty();
    assertThat(run.output()).isEqualTo("ts,price,sym\n2026-01-01T00:00:00Z,0.0,\n0\n");
  }
}
