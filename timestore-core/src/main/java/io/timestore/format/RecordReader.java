package io.timestore.format;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;

/** Takes the fields of a commit record from its bytes; running out of them is corruption. */
final class RecordReader {
  private final ByteBuffer bytes;
  private final String source;

  RecordReader(ByteBuffer bytes, String source) {
    this.bytes = bytes;
    this.source = source;
  }

  <T> T read(Supplier<T> fields) throws CorruptStoreException {
    T value;
    try {
      value = fields.get();
    } catch (BufferUnderflowException e) {
      throw new CorruptStoreException(
          source + ": the bytes end in the middle of a field, at byte " + bytes.limit(), e);
    } catch (IllegalArgumentException e) {
      throw new CorruptStoreException(
          source + ": a field before byte " + bytes.position() + " is damaged: " + e, e);
    }
    if (bytes.hasRemaining()) {
      throw new CorruptStoreException(
          source + ": " + bytes.remaining() + " bytes follow the last field");
    }
    return value;
  }

  byte u8() {
    return bytes.get();
  }

  int u16() {
    return Short.toUnsignedInt(bytes.getShort());
  }

  int i32() {
    return bytes.getInt();
  }

  long i64() {
    return bytes.getLong();
  }

  boolean bool() {
    byte value = bytes.get();
    if (value != 0 && value != 1) {
      throw new IllegalArgumentException("flag " + value + ", expected 0 or 1");
    }
    return value == 1;
  }

  UUID uuid() {
    return new UUID(bytes.getLong(), bytes.getLong());
  }

  String text() {
    byte[] utf8 = new byte[Math.min(u16(), bytes.remaining() + 1)];
    bytes.get(utf8);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("a text that is not UTF-8", e);
    }
  }

  <T> List<T> list(Supplier<T> element) {
    int count = i32();
    List<T> elements = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      elements.add(element.get());
    }
    if (count < 0) {
      throw new IllegalArgumentException("a list of " + count + " elements");
    }
    return List.copyOf(elements);
  }
}
