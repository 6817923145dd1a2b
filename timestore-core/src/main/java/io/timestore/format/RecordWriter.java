package io.timestore.format;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

/** Lays the fields of a commit record one behind another, big-endian. */
final class RecordWriter {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final DataOutputStream out = new DataOutputStream(bytes);

  private interface Field {
    void write() throws IOException;
  }

  private RecordWriter put(Field field) {
    try {
      field.write();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  RecordWriter u8(int value) {
    return put(() -> out.writeByte(value));
  }

  RecordWriter u16(int value) {
    if (value >>> 16 != 0) {
      throw new IllegalArgumentException(value + " does not fit into 16 bits");
    }
    return put(() -> out.writeShort(value));
  }

  RecordWriter i32(int value) {
    return put(() -> out.writeInt(value));
  }

  RecordWriter i64(long value) {
    return put(() -> out.writeLong(value));
  }

  RecordWriter bool(boolean value) {
    return u8(value ? 1 : 0);
  }

  RecordWriter uuid(UUID value) {
    return i64(value.getMostSignificantBits()).i64(value.getLeastSignificantBits());
  }

  RecordWriter text(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    return u16(utf8.length).put(() -> out.write(utf8));
  }

  <T> RecordWriter list(List<T> elements, Consumer<T> element) {
    i32(elements.size());
    elements.forEach(element);
    return this;
  }

  byte[] toByteArray() {
    return bytes.toByteArray();
  }
}
