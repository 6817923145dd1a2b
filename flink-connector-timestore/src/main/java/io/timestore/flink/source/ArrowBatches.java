package io.timestore.flink.source;

import static java.util.Objects.requireNonNull;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowStreamWriter;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;

/**
 * Elements that are made of record batches, one of each: of the rows that a reader reads at once.
 * It needs {@code timestore-arrow} in the job's jar, which the connector does not bring, and the
 * JVM flag that this asks for; Flink's default configuration has it.
 *
 * <p>Each row is in one batch. Which rows share one is not the same in each run: not behind a
 * failure either, from which on all rows of batches that no checkpoint has are read again.
 *
 * <p>Where the key is a time, an element's timestamp is that of its first row, the lowest: a
 * watermark behind it is not ahead of any of its rows.
 */
public final class ArrowBatches {
  private ArrowBatches() {}

  /**
   * Builds a source of what is made of batches.
   *
   * @param type of the elements
   */
  public static <T> TimestoreSourceBuilder<T> builder(
      ArrowDeserializer<T> deserializer, TypeInformation<T> type) {
    requireNonNull(deserializer, "the deserializer is null");
    requireNonNull(type, "the elements' type is null");
    return new TimestoreSourceBuilder<>(
        (layout, fields) -> new BatchReader<>(layout, fields, deserializer), type);
  }

  /** Builds a source of batches as bytes: each is a whole stream of Arrow's IPC. */
  public static TimestoreSourceBuilder<byte[]> ipcBuilder() {
    return builder(ArrowBatches::stream, PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);
  }

  private static byte[] stream(VectorSchemaRoot rows) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ArrowStreamWriter writer = new ArrowStreamWriter(rows, null, bytes)) {
      writer.start();
      writer.writeBatch();
      writer.end();
    }
    return bytes.toByteArray();
  }
}
