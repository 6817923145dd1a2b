package io.timestore.flink;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * Reads a store from {@code docs/format.md} alone, without a line of the product's code: whole
 * files, everything checked. What it says of a store is what the tests believe.
 */
public final class StoreJudge {
  private final Path store;

  /** A row as it stands on disk. */
  public record StoredRow(long key, int lane, List<byte[]> cells) {
    /** The 8 bytes of a cell as a little-endian int64. */
    public long int64(int cell) {
      return Long.reverseBytes(ByteBuffer.wrap(cells.get(cell)).getLong());
    }

    public String text(int cell) {
      return new String(cells.get(cell), StandardCharsets.UTF_8);
    }
  }

  private record LaneState(int number, long from, long rows) {}

  public StoreJudge(Path store) {
    this.store = store;
  }

  /** All visible rows in key order, with the cells of these tables. */
  public List<StoredRow> rows(String... tables) throws IOException {
    List<StoredRow> rows = new ArrayList<>();
    forEach(rows::add, tables);
    rows.sort(
        Comparator.comparing(StoredRow::key, Long::compareUnsigned)
            .thenComparingInt(StoredRow::lane));
    return rows;
  }

  /** All visible rows, lane by lane, each in key order. */
  public void forEach(Consumer<StoredRow> consumer, String... tables) throws IOException {
    for (LaneState lane : lanes()) {
      readLane(lane, List.of(tables), consumer);
    }
  }

  /** Visible rows. */
  public long rowCount() throws IOException {
    return lanes().stream().mapToLong(lane -> lane.rows - lane.from).sum();
  }

  /** Lanes in the commit record. */
  public int laneCount() throws IOException {
    return lanes().size();
  }

  private List<LaneState> lanes() throws IOException {
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(store.resolve("length")));
    long rowsOfLaneZero = in.getLong();
    if (in.remaining() < 16 || in.getLong(8) != 0x74696d6573746f72L) {
      return List.of(new LaneState(0, 0, rowsOfLaneZero));
    }
    in.getLong();
    check(in.getInt() == 1, "version");
    int bodyBytes = in.getInt();
    int bodyStart = in.position();
    CRC32C crc = new CRC32C();
    crc.update(in.array(), 0, bodyStart + bodyBytes);
    check((int) crc.getValue() == in.getInt(bodyStart + bodyBytes), "CRC of the record");
    UUID unusedStoreId = new UUID(in.getLong(), in.getLong());
    check(unusedStoreId.version() == 4, "store id");
    in.getLong(); // revision
    in.getLong(); // commits
    in.getInt(); // next lane
    int tableCount = in.getInt();
    for (int i = 0; i < tableCount; i++) {
      in.position(in.position() + 2 + Short.toUnsignedInt(in.getShort(in.position())));
    }
    List<LaneState> lanes = new ArrayList<>();
    int laneCount = in.getInt();
    for (int i = 0; i < laneCount; i++) {
      int number = in.getInt();
      in.position(in.position() + 1 + 4 + 1); // state, generation, encoding
      in.position(in.position() + 1 + 16); // owner
      in.getLong(); // base
      lanes.add(new LaneState(number, in.getLong(), in.getLong()));
      in.position(in.position() + 8 + 8 + 4); // keys
      in.position(in.position() + 4 + in.getInt(in.position()) * (4 + 8 + 4 + 4));
    }
    return lanes;
  }

  private void readLane(LaneState lane, List<String> tables, Consumer<StoredRow> consumer)
      throws IOException {
    if (lane.from == lane.rows) {
      return; // Its files may be gone.
    }
    Path directory =
        lane.number == 0 ? store : store.resolve(String.format("lanes/%05d", lane.number));
    ByteBuffer keys = map(directory.resolve("keys"));
    List<ByteBuffer> offsets = new ArrayList<>();
    List<ByteBuffer> data = new ArrayList<>();
    for (String table : tables) {
      offsets.add(map(directory.resolve(table).resolve("offsets")));
      data.add(map(directory.resolve(table).resolve("data")));
    }
    for (int row = (int) lane.from; row < lane.rows; row++) {
      long key = keys.getLong(row * 8);
      check(
          row == lane.from || Long.compareUnsigned(keys.getLong(row * 8 - 8), key) <= 0,
          "key order at row " + row + " of lane " + lane.number);
      List<byte[]> cells = new ArrayList<>();
      for (int table = 0; table < tables.size(); table++) {
        long start = row == 0 ? 0 : offsets.get(table).getLong(row * 8 - 8);
        long end = offsets.get(table).getLong(row * 8);
        check(start <= end, "offset order at row " + row + " of lane " + lane.number);
        byte[] cell = new byte[(int) (end - start)];
        data.get(table).get((int) start, cell);
        cells.add(cell);
      }
      consumer.accept(new StoredRow(key, lane.number, cells));
    }
  }

  private static ByteBuffer map(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
    }
  }

  private void check(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(store + ": " + what + " is wrong");
    }
  }
}
