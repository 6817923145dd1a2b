package io.timestore.flink.source;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * A split's bytes, big-endian. Version 1:
 *
 * <pre>
 * i32 number | i64 i64 store UUID | modified UTF-8 host | i32 count of slices
 * each slice: i32 lane | i64 start | i64 next | i64 end | i64 last key
 * </pre>
 */
final class TimestoreSplitSerializer implements SimpleVersionedSerializer<TimestoreSplit> {
  private static final int VERSION = 1;

  @Override
  public int getVersion() {
    return VERSION;
  }

  @Override
  public byte[] serialize(TimestoreSplit split) throws IOException {
    DataOutputSerializer out = new DataOutputSerializer(64);
    out.writeInt(split.number());
    out.writeLong(split.storeId().getMostSignificantBits());
    out.writeLong(split.storeId().getLeastSignificantBits());
    out.writeUTF(split.host());
    out.writeInt(split.slices().size());
    for (LaneSlice slice : split.slices()) {
      out.writeInt(slice.lane());
      out.writeLong(slice.start());
      out.writeLong(slice.next());
      out.writeLong(slice.end());
      out.writeLong(slice.lastKey());
    }
    return out.getCopyOfBuffer();
  }

  @Override
  public TimestoreSplit deserialize(int version, byte[] bytes) throws IOException {
    return StateBytes.read(
        "a split",
        bytes,
        switch (version) {
          case 1 -> TimestoreSplitSerializer::readVersion1;
          default -> throw StateBytes.unknownVersion("a split", version, VERSION);
        });
  }

  private static TimestoreSplit readVersion1(DataInputDeserializer in) throws IOException {
    int number = in.readInt();
    UUID storeId = new UUID(in.readLong(), in.readLong());
    String host = in.readUTF();
    int sliceCount = in.readInt();
    List<LaneSlice> slices = new ArrayList<>();
    for (int i = 0; i < sliceCount; i++) {
      slices.add(
          new LaneSlice(in.readInt(), in.readLong(), in.readLong(), in.readLong(), in.readLong()));
    }
    return new TimestoreSplit(number, storeId, host, slices);
  }
}
