package io.timestore.flink.source;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * The bytes of an enumerator's state, big-endian. Version 2, which is written:
 *
 * <pre>
 * u8 1 if the snapshot was taken, else 0 | u8 1 while there is a backlog, else 0
 * i32 version of the splits | i32 count of splits
 * each split: i32 length | bytes of {@link TimestoreSplitSerializer}
 * </pre>
 *
 * Version 1 has no byte for the backlog: scans ended with it.
 */
final class ScanStateSerializer implements SimpleVersionedSerializer<ScanState> {
  private static final int VERSION = 2;
  private final TimestoreSplitSerializer splitSerializer = new TimestoreSplitSerializer();

  @Override
  public int getVersion() {
    return VERSION;
  }

  @Override
  public byte[] serialize(ScanState state) throws IOException {
    DataOutputSerializer out = new DataOutputSerializer(256);
    out.writeBoolean(state.isSnapshotTaken());
    out.writeBoolean(state.isBacklog());
    out.writeInt(splitSerializer.getVersion());
    out.writeInt(state.unassigned().size());
    for (TimestoreSplit split : state.unassigned()) {
      byte[] bytes = splitSerializer.serialize(split);
      out.writeInt(bytes.length);
      out.write(bytes);
    }
    return out.getCopyOfBuffer();
  }

  @Override
  public ScanState deserialize(int version, byte[] bytes) throws IOException {
    return StateBytes.read(
        "an enumerator's state",
        bytes,
        switch (version) {
          case 1 -> in -> read(in, in.readBoolean(), false);
          case 2 -> in -> read(in, in.readBoolean(), in.readBoolean());
          default -> throw StateBytes.unknownVersion("an enumerator's state", version, VERSION);
        });
  }

  private ScanState read(DataInputDeserializer in, boolean isSnapshotTaken, boolean isBacklog)
      throws IOException {
    int splitVersion = in.readInt();
    int splitCount = in.readInt();
    List<TimestoreSplit> splits = new ArrayList<>();
    for (int i = 0; i < splitCount; i++) {
      int length = in.readInt();
      if (length < 0 || length > in.available()) {
        throw new IllegalArgumentException(
            "split " + i + " is " + length + " bytes long, " + in.available() + " are left");
      }
      byte[] splitBytes = new byte[length];
      in.readFully(splitBytes);
      splits.add(splitSerializer.deserialize(splitVersion, splitBytes));
    }
    return new ScanState(isSnapshotTaken, isBacklog, splits);
  }
}
