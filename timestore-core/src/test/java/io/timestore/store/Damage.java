package io.timestore.store;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;

/** What may become of a file's bytes; the same random numbers give the same damage. */
final class Damage {
  private static final int CHANGES_MAX = 4;
  private static final int RUN_BYTES_MAX = 64;
  private static final int REPEATS_MAX = 1024;
  private static final int GROWN_BYTES_MAX = 1 << 14;

  /** Numbers at which sizes, counts and sums go wrong. */
  private static final long[] NUMBERS = {
    0,
    1,
    2,
    7,
    8,
    9,
    127,
    128,
    255,
    256,
    4095,
    65_535,
    65_536,
    524_287,
    524_288,
    999_999_999,
    1_000_000_000,
    Integer.MAX_VALUE - 64,
    Integer.MAX_VALUE,
    1L << 31,
    (1L << 32) - 1,
    1L << 32,
    1L << 48,
    (1L << 60) - 1,
    1L << 60,
    1L << 61,
    Long.MAX_VALUE - 8,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    -1,
    -2,
    -8
  };

  private static final List<byte[]> TEXTS =
      List.of(
              "null",
              "{}",
              "[]",
              "[[[[[[[[",
              "\"\"",
              "\"",
              "\\u0000",
              "\\ud800",
              "-1",
              "1.5",
              "1e999999999",
              "99999999999999999999",
              "true",
              ",",
              " A",
              "DECIMAL(38, 39)",
              "VARCHAR(2147483648)",
              "TIMESTAMP(9)",
              "\"unit\" : \"s\",",
              "../",
              ".lock",
              "lanes",
              "\0")
          .stream()
          .map(text -> text.getBytes(StandardCharsets.UTF_8))
          .toList();

  private static final int VERSION_OFFSET = 16;
  private static final int BODY_OFFSET = 24;
  private static final int TABLES_OFFSET = BODY_OFFSET + 16 + 8 + 8 + 4;

  private Damage() {}

  /**
   * Changes a few places.
   *
   * @param other a part of it may take the place of a part of these bytes
   */
  static byte[] of(byte[] sound, byte[] other, Random random) {
    byte[] bytes = sound;
    int changes = 1 + random.nextInt(1 + random.nextInt(CHANGES_MAX));
    for (int i = 0; i < changes; i++) {
      bytes = change(bytes, other, random);
    }
    return bytes;
  }

  private static byte[] change(byte[] bytes, byte[] other, Random random) {
    int at = random.nextInt(bytes.length + 1);
    int run = random.nextInt(Math.min(RUN_BYTES_MAX, bytes.length - at) + 1);
    boolean isText = bytes.length > 0 && bytes[0] == '{';
    return switch (random.nextInt(isText ? 11 : 10)) {
      case 0, 1 -> overwrite(bytes, at, new byte[] {flipped(bytes, at, random)});
      case 2, 3, 4 -> overwrite(bytes, at, number(random));
      case 5 -> overwrite(bytes, at - at % Long.BYTES, number(random));
      case 6 -> overwrite(bytes, at, noise(run, random));
      case 7 ->
          random.nextBoolean()
              ? Arrays.copyOf(bytes, at)
              : replace(bytes, at, run, noise(0, random));
      case 8 -> random.nextBoolean() ? repeat(bytes, at, run, random) : grow(bytes, random);
      case 9 -> splice(bytes, at, other, random);
      default ->
          replace(
              bytes, at, random.nextBoolean() ? run : 0, TEXTS.get(random.nextInt(TEXTS.size())));
    };
  }

  private static byte flipped(byte[] bytes, int at, Random random) {
    return (byte) ((at < bytes.length ? bytes[at] : 0) ^ 1 << random.nextInt(Byte.SIZE));
  }

  private static byte[] number(Random random) {
    long number =
        NUMBERS[random.nextInt(NUMBERS.length)]
            + (random.nextInt(4) == 0 ? random.nextInt(5) - 2 : 0);
    byte[] bytes = ByteBuffer.allocate(Long.BYTES).putLong(number).array();
    int width = 1 << random.nextInt(4);
    return Arrays.copyOfRange(bytes, Long.BYTES - width, Long.BYTES);
  }

  private static byte[] noise(int length, Random random) {
    byte[] noise = new byte[length];
    if (random.nextInt(4) == 0) {
      Arrays.fill(noise, (byte) random.nextInt());
    } else {
      random.nextBytes(noise);
    }
    return noise;
  }

  /** What reaches behind the end is lost. */
  private static byte[] overwrite(byte[] bytes, int at, byte[] with) {
    byte[] changed = bytes.clone();
    System.arraycopy(with, 0, changed, at, Math.min(with.length, bytes.length - at));
    return changed;
  }

  private static byte[] replace(byte[] bytes, int at, int length, byte[] with) {
    ByteBuffer changed = ByteBuffer.allocate(bytes.length - length + with.length);
    changed.put(bytes, 0, at).put(with).put(bytes, at + length, bytes.length - at - length);
    return changed.array();
  }

  private static byte[] repeat(byte[] bytes, int at, int run, Random random) {
    int times = 1 + random.nextInt(1 + random.nextInt(REPEATS_MAX));
    byte[] repeated = new byte[Math.min(GROWN_BYTES_MAX, run * times)];
    for (int i = 0; i < repeated.length; i++) {
      repeated[i] = bytes[at + i % run];
    }
    return replace(bytes, at, 0, repeated);
  }

  private static byte[] grow(byte[] bytes, Random random) {
    return replace(bytes, bytes.length, 0, noise(1 + random.nextInt(8192), random));
  }

  private static byte[] splice(byte[] bytes, int at, byte[] other, Random random) {
    int from = random.nextInt(other.length + 1);
    int to = from + random.nextInt(Math.min(other.length - from, GROWN_BYTES_MAX) + 1);
    int removed = random.nextBoolean() ? 0 : Math.min(to - from, bytes.length - at);
    return replace(bytes, at, removed, Arrays.copyOfRange(other, from, to));
  }

  /**
   * Makes a damaged commit record one that its size and its CRC speak for, and mostly its version
   * and its row count too, so that the damage is met by what comes behind them.
   */
  static byte[] signRecord(byte[] record, Random random) {
    if (record.length < BODY_OFFSET + Integer.BYTES) {
      return record;
    }
    ByteBuffer bytes = ByteBuffer.wrap(record.clone());
    int crcOffset = record.length - Integer.BYTES;
    if (random.nextInt(8) > 0) {
      bytes.putLong(Long.BYTES, 0x74696d6573746f72L).putInt(VERSION_OFFSET, 1);
    }
    bytes.putInt(VERSION_OFFSET + Integer.BYTES, crcOffset - BODY_OFFSET);
    if (random.nextInt(8) > 0) {
      signRowCount(bytes);
    }
    return bytes.putInt(crcOffset, crc(bytes.array(), crcOffset)).array();
  }

  /** The reference's row count is that of the first lane, wherever that stands now. */
  private static void signRowCount(ByteBuffer bytes) {
    int at = TABLES_OFFSET + Integer.BYTES;
    for (int left = i32(bytes, TABLES_OFFSET);
        left > 0 && at + Short.BYTES <= bytes.limit();
        left--) {
      at += Short.BYTES + Short.toUnsignedInt(bytes.getShort(at));
    }
    int from = at + Integer.BYTES + 4 + 1 + 4 + 1 + 1 + 16 + Long.BYTES;
    if (from + 2 * Long.BYTES <= bytes.limit()) {
      bytes.putLong(0, bytes.getLong(from) == 0 ? bytes.getLong(from + Long.BYTES) : 0);
    }
  }

  private static int i32(ByteBuffer bytes, int at) {
    return at + Integer.BYTES <= bytes.limit() ? bytes.getInt(at) : 0;
  }

  /** A commit's bytes, with a CRC that speaks for the others. */
  static byte[] signCommit(byte[] commit) {
    int crcOffset = commit.length - Integer.BYTES;
    return crcOffset < 0
        ? commit
        : ByteBuffer.wrap(commit.clone()).putInt(crcOffset, crc(commit, crcOffset)).array();
  }

  private static int crc(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }
}
