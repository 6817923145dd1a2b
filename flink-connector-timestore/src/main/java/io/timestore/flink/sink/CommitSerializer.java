package io.timestore.flink.sink;

import io.timestore.format.Commit;
import java.io.IOException;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** Commits as committables of a checkpoint. */
final class CommitSerializer implements SimpleVersionedSerializer<Commit> {
  @Override
  public int getVersion() {
    return Commit.VERSION;
  }

  @Override
  public byte[] serialize(Commit commit) {
    return commit.toBytes();
  }

  @Override
  public Commit deserialize(int version, byte[] bytes) throws IOException {
    return Commit.fromBytes(version, bytes);
  }
}
