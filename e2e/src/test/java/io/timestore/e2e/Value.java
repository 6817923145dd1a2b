package io.timestore.e2e;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.SplittableRandom;

/** A cell's bytes, which both sides make from a seed, so that megabytes need not travel. */
final class Value {
  private final String name;
  private final byte[] bytes;
  private final String digest;

  private Value(String name, byte[] bytes) {
    this.name = name;
    this.bytes = bytes;
    this.digest = digest(bytes);
  }

  /** SplittableRandom is SplitMix64, as the Rust program has it. */
  static Value of(long seed, int length) {
    SplittableRandom random = new SplittableRandom(seed);
    ByteBuffer bytes =
        ByteBuffer.allocate((length + 7) / Long.BYTES * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      bytes.putLong(random.nextLong());
    }
    byte[] value = new byte[length];
    bytes.get(0, value);
    return new Value(Long.toUnsignedString(seed) + ":" + length, value);
  }

  /** Any bytes; the Rust program can't make them, but it may find them in a store. */
  static Value of(byte[] bytes) {
    return new Value("", bytes);
  }

  /** {@code SEED:LENGTH}, of which the Rust program makes the same bytes. */
  String name() {
    return name;
  }

  byte[] bytes() {
    return bytes;
  }

  /** What the Rust program tells of bytes that it read: length and 64-bit FNV-1a. */
  String digest() {
    return digest;
  }

  static String digest(byte[] bytes) {
    long hash = 0xcbf29ce484222325L;
    for (byte b : bytes) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    return bytes.length + ":" + HexFormat.of().toHexDigits(hash);
  }
}
