package io.timestore.flink.source;

import java.io.IOException;
import org.apache.flink.core.memory.DataInputDeserializer;

/** What all state of the source has in common: known versions only, and nothing behind the end. */
final class StateBytes {

  interface Fields<T> {
    T read(DataInputDeserializer in) throws IOException;
  }

  private StateBytes() {}

  static <T> T read(String what, byte[] bytes, Fields<T> fields) throws IOException {
    DataInputDeserializer in = new DataInputDeserializer(bytes);
    T value;
    try {
      value = fields.read(in);
    } catch (IOException | IllegalArgumentException e) {
      throw new IOException(
          "state of a timestore source: "
              + what
              + " of "
              + bytes.length
              + " bytes is damaged before byte "
              + in.getPosition()
              + ": "
              + e,
          e);
    }
    if (in.available() != 0) {
      throw new IOException(
          "state of a timestore source: "
              + in.available()
              + " bytes follow the last field of "
              + what);
    }
    return value;
  }

  static IOException unknownVersion(String what, int found, int newestKnown) {
    return new IOException(
        "state of a timestore source: "
            + what
            + " was written in version "
            + found
            + ", this connector reads up to version "
            + newestKnown);
  }
}
