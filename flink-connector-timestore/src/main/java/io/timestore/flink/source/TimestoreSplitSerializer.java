package io.timestore.flink.source;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * A split's bytes, big-endian. Version 2, which is written:
 *
 * <pre>
 * i32 number | modified UTF-8 host | i32 count of stores
 * each store: modified UTF-8 path | i64 i64 store UUID | i32 count of parts
 * each part: i64 next row | u8 1 if there is a previous key, else 0 | i64 that key, or 0
 *     | i32 count of slices
 * each slice: i32 lane | i64 start | i64 next | i64 end | i64 last key
 * </pre>
 *
 * Version 1:
 *
 * <pre>
 * i32 number | i64 i64 store UUID | modified UTF-8 host | i32 count of slices
 * each slice: as in version 2
 * </pre>
 */
final class TimestoreSplitSerializer implements SimpleVersionedSerializer<TimestoreSplit> {
  private static final int VERSION = 2;

  @Override
  public int getVersion() {
    return VERSION;
  }

  @Override
  public byte[] serialize(TimestoreSplit split) throws IOException {
    DataOutputSerializer out = new DataOutputSerializer(128);
    out.writeInt(split.number());
    out.writeUTF(split.host());
    out.writeInt(split.stores().size());
    for (StoreRows store : split.stores()) {
      out.writeUTF(store.path());
      out.writeLong(store.storeId().getMostSignificantBits());
      out.writeLong(store.storeId().getLeastSignificantBits());
      out.writeInt(store.parts().size());
      for (RowsPart part : store.parts()) {
        out.writeLong(part.nextRow());
        out.writeBoolean(part.previousKey().isPresent());
        out.writeLong(part.previousKey().orElse(0));
        out.writeInt(part.slices().size());
        for (LaneSlice slice : part.slices()) {
          out.writeInt(slice.lane());
          out.writeLong(slice.start());
          out.writeLong(slice.next());
          out.writeLong(slice.end());
          out.writeLong(slice.lastKey());
        }
      }
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
          case 2 -> TimestoreSplitSerializer::readVersion2;
          default -> throw StateBytes.unknownVersion("a split", version, VERSION);
        });
  }

  private static TimestoreSplit readVersion2(DataInputDeserializer in) throws IOException {
    int number = in.readInt();
    String host = in.readUTF();
    List<StoreRows> stores = new ArrayList<>();
    int storeCount = in.readInt();
    for (int i = 0; i < storeCount; i++) {
      String path = in.readUTF();
      UUID storeId = new UUID(in.readLong(), in.readLong());
      List<RowsPart> parts = new ArrayList<>();
      int partCount = in.readInt();
      for (int j = 0; j < partCount; j++) {
        parts.add(readPart(in));
      }
      stores.add(new StoreRows(path, storeId, parts));
    }
    return new TimestoreSplit(number, host, stores);
  }

  private static RowsPart readPart(DataInputDeserializer in) throws IOException {
    long nextRow = in.readLong();
    boolean hasPrevious = in.readBoolean();
    long previousKey = in.readLong();
    return new RowsPart(
        nextRow, hasPrevious ? OptionalLong.of(previousKey) : OptionalLong.empty(), readSlices(in));
  }

  private static List<LaneSlice> readSlices(DataInputDeserializer in) throws IOException {
    List<LaneSlice> slices = new ArrayList<>();
    int sliceCount = in.readInt();
    for (int i = 0; i < sliceCount; i++) {
      slices.add(
          new LaneSlice(in.readInt(), in.readLong(), in.readLong(), in.readLong(), in.readLong()));
    }
    return slices;
  }

  private static TimestoreSplit readVersion1(DataInputDeserializer in) throws IOException {
    int number = in.readInt();
    UUID storeId = new UUID(in.readLong(), in.readLong());
    String host = in.readUTF();
    RowsPart rows = new RowsPart(RowsPart.UNKNOWN_ROW, OptionalLong.empty(), readSlices(in));
    return new TimestoreSplit(
        number, host, List.of(new StoreRows(StoreRows.SOURCE_PATH, storeId, List.of(rows))));
  }
}
