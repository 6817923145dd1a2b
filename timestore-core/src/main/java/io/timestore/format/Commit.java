package io.timestore.format;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * A prepared batch: its bytes are durable in the lanes' files, and whoever holds this may publish
 * it.
 *
 * @param storeId the store that was written
 * @param host where it was written, for errors
 * @param lineage the family of sinks whose state led here; {@link #NO_ID} for a core writer
 * @param submission the sink as built in a client; {@link #NO_ID} for a core writer
 * @param run the run whose lanes these are
 * @param direct whether the run publishes its own commits
 * @param checkpointId the checkpoint that brought the rows; −1 for a core writer
 * @param last whether the run ends here: publishing releases its lanes
 * @param stateless whether the submission keeps no state (batch, or a bounded job without
 *     checkpoints), so that its last commit counts once for all its attempts
 * @param watermark the writer's watermark; {@code Long.MIN_VALUE} where it has none
 * @param insertId the user's name of the insert; empty: none
 * @param overwrite whether the rows replace all that the store has when they are published
 * @param lanes the batch, lane by lane
 */
public record Commit(
    UUID storeId,
    String host,
    UUID lineage,
    UUID submission,
    UUID run,
    boolean direct,
    long checkpointId,
    boolean last,
    boolean stateless,
    long watermark,
    String insertId,
    boolean overwrite,
    List<LaneBatch> lanes) {

  /**
   * Version of {@link #toBytes}. The first had no insert id, and neither its version nor a CRC in
   * its bytes; the second had no CRCs of full chunks, the third nothing that overwrites.
   */
  public static final int VERSION = 4;

  /** Bytes of UTF-8 that an insert id may have. */
  public static final int INSERT_ID_BYTES_MAX = 255;

  /** In place of a lineage or submission where there is none. */
  public static final UUID NO_ID = new UUID(0, 0);

  /**
   * The rows that a batch adds to a lane.
   *
   * @param number the lane
   * @param rowsBefore rows of the lane before the batch
   * @param rowsAfter and with it
   * @param firstKey key of row {@code rowsBefore}
   * @param lastKey key of row {@code rowsAfter − 1}
   * @param keys the batch in {@code keys}
   * @param tables the batch in the tables' files
   */
  public record LaneBatch(
      int number,
      long rowsBefore,
      long rowsAfter,
      long firstKey,
      long lastKey,
      FileBatch keys,
      List<TableBatch> tables) {
    public LaneBatch {
      tables = List.copyOf(tables);
      if (rowsBefore < 0 || rowsAfter <= rowsBefore || rowsAfter > Lane.ROWS_MAX) {
        throw new IllegalArgumentException(
            "lane " + number + ": a batch of rows " + rowsBefore + " to " + rowsAfter);
      }
      keys.check("keys", rowsBefore * Long.BYTES, rowsAfter * Long.BYTES);
      for (TableBatch table : tables) {
        table.offsets.check(
            table.name + "/offsets", rowsBefore * Long.BYTES, rowsAfter * Long.BYTES);
        table.data.check(table.name + "/data", table.dataBytesBefore, table.dataBytesAfter);
      }
    }
  }

  /**
   * The batch in one file.
   *
   * @param tailCrc CRC32C of the file's last, partial chunk with the batch in it
   * @param batchCrc CRC32C of the batch's bytes alone
   * @param chunkCrcs CRC32C of each chunk that the batch completes, in their order; empty where
   *     they are not known
   */
  public record FileBatch(int tailCrc, int batchCrc, List<Integer> chunkCrcs) {
    public FileBatch {
      chunkCrcs = List.copyOf(chunkCrcs);
    }

    private void check(String file, long bytesBefore, long bytesAfter) {
      long completed =
          bytesAfter / CommitRecord.CHUNK_BYTES - bytesBefore / CommitRecord.CHUNK_BYTES;
      if (!chunkCrcs.isEmpty() && chunkCrcs.size() != completed) {
        throw new IllegalArgumentException(
            file
                + ": CRCs of "
                + chunkCrcs.size()
                + " chunks in a batch of bytes "
                + bytesBefore
                + " to "
                + bytesAfter);
      }
    }
  }

  /** The batch in a table's two files. */
  public record TableBatch(
      String name, long dataBytesBefore, long dataBytesAfter, FileBatch offsets, FileBatch data) {
    public TableBatch {
      TableNames.check(name);
      if (dataBytesBefore < 0 || dataBytesAfter < dataBytesBefore) {
        throw new IllegalArgumentException(
            "table " + name + ": a batch of bytes " + dataBytesBefore + " to " + dataBytesAfter);
      }
    }
  }

  public Commit {
    checkInsertId(insertId);
    lanes = List.copyOf(lanes);
  }

  /**
   * Refuses an insert id that the journal can't keep.
   *
   * @throws IllegalArgumentException if it is too long
   */
  public static void checkInsertId(String insertId) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(insertId)) {
      throw new IllegalArgumentException("an insert id with half a character: " + insertId);
    }
    int sizeBytes = insertId.getBytes(StandardCharsets.UTF_8).length;
    if (sizeBytes > INSERT_ID_BYTES_MAX) {
      throw new IllegalArgumentException(
          "an insert id of "
              + sizeBytes
              + " bytes, expected up to "
              + INSERT_ID_BYTES_MAX
              + ": "
              + insertId);
    }
  }

  /** This commit, once it is known which checkpoint it belongs to. */
  public Commit ofCheckpoint(long newCheckpointId, boolean newStateless) {
    return new Commit(
        storeId,
        host,
        lineage,
        submission,
        run,
        direct,
        newCheckpointId,
        last,
        newStateless,
        watermark,
        insertId,
        overwrite,
        lanes);
  }

  /** This commit, once it is known which family of sinks it belongs to. */
  public Commit ofLineage(UUID newLineage) {
    return new Commit(
        storeId,
        host,
        newLineage,
        submission,
        run,
        direct,
        checkpointId,
        last,
        stateless,
        watermark,
        insertId,
        overwrite,
        lanes);
  }

  /** Rows that the commit brings, over all lanes. */
  public long rowCount() {
    return lanes.stream().mapToLong(lane -> lane.rowsAfter() - lane.rowsBefore()).sum();
  }

  /** The bytes that {@link #fromBytes(byte[])} reads: version, fields, and their CRC32C. */
  public byte[] toBytes() {
    RecordWriter out = new RecordWriter();
    out.i32(VERSION).uuid(storeId).text(host).uuid(lineage).uuid(submission).uuid(run).bool(direct);
    out.i64(checkpointId).bool(last).bool(stateless).i64(watermark).text(insertId);
    out.bool(overwrite);
    out.list(
        lanes,
        lane -> {
          out.i32(lane.number).i64(lane.rowsBefore).i64(lane.rowsAfter);
          out.i64(lane.firstKey).i64(lane.lastKey);
          writeFile(out, lane.keys);
          out.list(
              lane.tables,
              table -> {
                out.text(table.name).i64(table.dataBytesBefore).i64(table.dataBytesAfter);
                writeFile(out, table.offsets);
                writeFile(out, table.data);
              });
        });
    return out.i32(crc(out.toByteArray())).toByteArray();
  }

  private static int crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  private static void writeFile(RecordWriter out, FileBatch file) {
    out.i32(file.tailCrc).i32(file.batchCrc).list(file.chunkCrcs, out::i32);
  }

  /**
   * What {@link #toBytes} wrote.
   *
   * @throws CorruptStoreException for anything else, or a version that is not known here
   */
  public static Commit fromBytes(byte[] bytes) throws CorruptStoreException {
    int fieldsEnd = bytes.length - Integer.BYTES;
    if (fieldsEnd < Integer.BYTES) {
      throw new CorruptStoreException("commit: " + bytes.length + " bytes are too few");
    }
    ByteBuffer in = ByteBuffer.wrap(bytes);
    if (in.getInt(fieldsEnd) != crc(Arrays.copyOf(bytes, fieldsEnd))) {
      throw new CorruptStoreException(
          "commit: the CRC32C of its " + bytes.length + " bytes is wrong, they were changed");
    }
    int version = in.getInt(0);
    if (version < 2 || version > VERSION) {
      throw unknown(version);
    }
    return readFields(version, in.limit(fieldsEnd).position(Integer.BYTES));
  }

  /**
   * What {@link #toBytes} of some version wrote, where the version was kept beside the bytes.
   *
   * @throws CorruptStoreException for anything else, or a version that is not known here
   */
  public static Commit fromBytes(int version, byte[] bytes) throws CorruptStoreException {
    return switch (version) {
      case 1 -> readFields(version, ByteBuffer.wrap(bytes));
      case 2, 3, VERSION -> fromBytes(bytes);
      default -> throw unknown(version);
    };
  }

  private static CorruptStoreException unknown(int version) {
    return new CorruptStoreException(
        "commit of version " + version + ", this software reads versions 1 to " + VERSION);
  }

  private static Commit readFields(int version, ByteBuffer fields) throws CorruptStoreException {
    RecordReader in = new RecordReader(fields, "commit");
    return in.read(
        () ->
            new Commit(
                in.uuid(),
                in.text(),
                in.uuid(),
                in.uuid(),
                in.uuid(),
                in.bool(),
                in.i64(),
                in.bool(),
                in.bool(),
                in.i64(),
                version == 1 ? "" : in.text(),
                version >= 4 && in.bool(),
                in.list(() -> readLane(in, version))));
  }

  private static LaneBatch readLane(RecordReader in, int version) {
    return new LaneBatch(
        in.i32(),
        in.i64(),
        in.i64(),
        in.i64(),
        in.i64(),
        readFile(in, version),
        in.list(
            () ->
                new TableBatch(
                    in.text(), in.i64(), in.i64(), readFile(in, version), readFile(in, version))));
  }

  private static FileBatch readFile(RecordReader in, int version) {
    return new FileBatch(in.i32(), in.i32(), version < 3 ? List.of() : in.list(in::i32));
  }
}
