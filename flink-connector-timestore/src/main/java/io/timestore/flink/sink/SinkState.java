package io.timestore.flink.sink;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * What a writer keeps in a checkpoint. No positions: bytes that were written are never written
 * over, so that there is nothing to go back to.
 *
 * @param lineage the family of sinks
 * @param submission the sink that made this state
 */
record SinkState(UUID lineage, UUID submission) implements Serializable {

  /** Two UUIDs, 16 bytes each, big-endian. */
  static final class Serializer implements SimpleVersionedSerializer<SinkState> {
    private static final int VERSION = 1;
    private static final int SIZE_BYTES = 4 * Long.BYTES;

    @Override
    public int getVersion() {
      return VERSION;
    }

    @Override
    public byte[] serialize(SinkState state) {
      return ByteBuffer.allocate(SIZE_BYTES)
          .putLong(state.lineage.getMostSignificantBits())
          .putLong(state.lineage.getLeastSignificantBits())
          .putLong(state.submission.getMostSignificantBits())
          .putLong(state.submission.getLeastSignificantBits())
          .array();
    }

    @Override
    public SinkState deserialize(int version, byte[] bytes) throws IOException {
      if (version != VERSION || bytes.length != SIZE_BYTES) {
        throw new IOException(
            "sink state of version "
                + version
                + " and "
                + bytes.length
                + " bytes, this software reads version "
                + VERSION
                + " of "
                + SIZE_BYTES
                + " bytes");
      }
      ByteBuffer in = ByteBuffer.wrap(bytes);
      return new SinkState(
          new UUID(in.getLong(), in.getLong()), new UUID(in.getLong(), in.getLong()));
    }
  }
}
