package io.timestore.flink.sink;

import io.timestore.format.Batch;
import io.timestore.format.ColumnData;
import io.timestore.format.Commit;
import io.timestore.format.Lineage;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * What a writer keeps in a checkpoint. No positions: bytes that were written are never written
 * over, so that there is nothing to go back to. A writer that holds many rows keeps several such
 * parts, each with some of them, so that a rescale can deal them out.
 *
 * @param sink who made this state
 * @param store the id of the store beside which it was made; {@link Commit#NO_ID}: not known
 * @param preparedCheckpointId the last checkpoint for which the writer prepared rows; −1: none, or
 *     not known
 * @param newest the largest key that the writer has written
 * @param tables of the rows that are held
 * @param held rows that wait for the watermark, with a column for each of the tables
 */
record SinkState(
    SinkIdentity sink,
    UUID store,
    long preparedCheckpointId,
    OptionalLong newest,
    List<String> tables,
    Batch held) {

  SinkState {
    tables = List.copyOf(tables);
  }

  /** The state of a writer that holds no rows. */
  static SinkState withoutRows(
      SinkIdentity sink, UUID store, long preparedCheckpointId, OptionalLong newest) {
    return new SinkState(sink, store, preparedCheckpointId, newest, List.of(), new Batch(0));
  }

  /** The state of a writer that holds these rows. */
  SinkState holding(List<String> tablesOfRows, Batch rows) {
    return new SinkState(sink, store, preparedCheckpointId, newest, tablesOfRows, rows);
  }

  /**
   * All integers are big-endian. Version 1: the lineage and the submission, 16 bytes each. Version
   * 3 goes on with what follows, version 2 without the first two.
   *
   * <pre>
   * 16 bytes      the store
   * i64           the last checkpoint for which rows were prepared, or −1
   * u8            1 if a key was written, else 0
   * u64           the newest key, or 0
   * u32           number of tables; for each: u16 bytes of its name, the name in UTF-8
   * u32           number of rows; for each: u64 key
   * for each table: for each row: u32 end of its cell; then the cells' bytes
   * u32           CRC32C of all that is before
   * </pre>
   */
  static final class Serializer implements SimpleVersionedSerializer<SinkState> {
    private static final int VERSION = 3;
    private static final int VERSION_1_BYTES = 4 * Long.BYTES;

    @Override
    public int getVersion() {
      return VERSION;
    }

    @Override
    public byte[] serialize(SinkState state) throws IOException {
      List<byte[]> names =
          state.tables.stream().map(table -> table.getBytes(StandardCharsets.UTF_8)).toList();
      ByteBuffer out = ByteBuffer.allocate(sizeBytes(state, names));
      put(out, state.sink.lineage());
      put(out, state.sink.submission());
      put(out, state.store);
      out.putLong(state.preparedCheckpointId);
      out.put((byte) (state.newest.isPresent() ? 1 : 0)).putLong(state.newest.orElse(0));
      out.putInt(names.size());
      for (byte[] name : names) {
        out.putShort((short) name.length).put(name);
      }
      putRows(out, state.held);
      out.putInt(crc(out.array(), out.position()));
      return out.array();
    }

    private static int sizeBytes(SinkState state, List<byte[]> names) throws IOException {
      Batch held = state.held;
      long sizeBytes = VERSION_1_BYTES + 3 * Long.BYTES + 1 + Long.BYTES;
      sizeBytes += 3 * Integer.BYTES + held.sizeBytes();
      sizeBytes += names.stream().mapToLong(name -> Short.BYTES + name.length).sum();
      if (sizeBytes > Integer.MAX_VALUE - 64) {
        throw new IOException(
            "a row of "
                + held.sizeBytes()
                + " bytes can't be held in state until the watermark passes it, at most 2 GiB: use"
                + " the ordering 'checkpoint'");
      }
      return (int) sizeBytes;
    }

    private static void put(ByteBuffer out, UUID id) {
      out.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
    }

    private static void putRows(ByteBuffer out, Batch rows) {
      out.putInt(rows.rowCount());
      for (int row = 0; row < rows.rowCount(); row++) {
        out.putLong(rows.key(row));
      }
      for (int i = 0; i < rows.columnCount(); i++) {
        ColumnData cells = rows.column(i);
        for (int row = 0; row < rows.rowCount(); row++) {
          out.putInt(cells.end(row));
        }
        out.put(cells.data(), 0, cells.sizeBytes());
      }
    }

    private static int crc(byte[] bytes, int length) {
      CRC32C crc = new CRC32C();
      crc.update(bytes, 0, length);
      return (int) crc.getValue();
    }

    @Override
    public SinkState deserialize(int version, byte[] bytes) throws IOException {
      try {
        return switch (version) {
          case 1 -> version1(bytes);
          case 2, 3 -> sinceVersion2(version, bytes);
          default ->
              throw new IOException(
                  "sink state of version "
                      + version
                      + ", this software reads versions 1 to "
                      + VERSION);
        };
      } catch (BufferUnderflowException | IllegalArgumentException e) {
        throw new IOException("sink state of " + bytes.length + " bytes ends too early", e);
      }
    }

    private static SinkState version1(byte[] bytes) throws IOException {
      checkSize(bytes, VERSION_1_BYTES);
      SinkIdentity sink = identity(ByteBuffer.wrap(bytes));
      return withoutRows(sink, Commit.NO_ID, Lineage.NO_CHECKPOINT, OptionalLong.empty());
    }

    private static SinkState sinceVersion2(int version, byte[] bytes) throws IOException {
      int crcAt = bytes.length - Integer.BYTES;
      if (crcAt < 0 || ByteBuffer.wrap(bytes).getInt(crcAt) != crc(bytes, crcAt)) {
        throw new IOException(
            "sink state of " + bytes.length + " bytes has another CRC32C than when it was written");
      }
      ByteBuffer in = ByteBuffer.wrap(bytes, 0, crcAt);
      SinkIdentity sink = identity(in);
      UUID store = version == 2 ? Commit.NO_ID : new UUID(in.getLong(), in.getLong());
      long prepared = version == 2 ? Lineage.NO_CHECKPOINT : in.getLong();
      boolean hasNewest = in.get() != 0;
      long newest = in.getLong();
      List<String> tables = new ArrayList<>();
      for (int left = in.getInt(); left > 0; left--) {
        byte[] name = new byte[Short.toUnsignedInt(in.getShort())];
        in.get(name);
        tables.add(new String(name, StandardCharsets.UTF_8));
      }
      Batch rows = rows(in, bytes, tables.size());
      checkSize(bytes, in.position() + Integer.BYTES);
      return new SinkState(
          sink,
          store,
          prepared,
          hasNewest ? OptionalLong.of(newest) : OptionalLong.empty(),
          tables,
          rows);
    }

    private static void checkSize(byte[] bytes, int expected) throws IOException {
      if (bytes.length != expected) {
        throw new IOException("sink state of " + bytes.length + " bytes, expected " + expected);
      }
    }

    private static SinkIdentity identity(ByteBuffer in) {
      return new SinkIdentity(
          new UUID(in.getLong(), in.getLong()), new UUID(in.getLong(), in.getLong()));
    }

    private static Batch rows(ByteBuffer in, byte[] bytes, int columnCount) {
      int rowCount = in.getInt();
      Batch rows = new Batch(columnCount);
      for (int row = 0; row < rowCount; row++) {
        rows.appendKey(in.getLong());
      }
      for (int i = 0; i < columnCount; i++) {
        ColumnData cells = rows.column(i);
        int ends = in.position();
        int data = ends + rowCount * Integer.BYTES;
        int start = 0;
        for (int row = 0; row < rowCount; row++) {
          int end = in.getInt(ends + row * Integer.BYTES);
          cells.appendBytes(bytes, data + start, end - start);
          start = end;
        }
        in.position(data + start);
      }
      return rows;
    }
  }
}
