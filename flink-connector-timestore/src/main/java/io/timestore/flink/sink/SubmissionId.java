package io.timestore.flink.sink;

import java.util.UUID;

/** Names a sink as it was built once in a client. */
final class SubmissionId {
  private static final long VERSION_7 = 0x7000L;

  private SubmissionId() {}

  /** A UUIDv7 (RFC 9562): its first 48 bits are the time in ms, so that newer ones are larger. */
  static UUID create() {
    UUID random = UUID.randomUUID();
    long time = System.currentTimeMillis() << 16;
    return new UUID(
        time | VERSION_7 | (random.getMostSignificantBits() & 0xFFF),
        random.getLeastSignificantBits());
  }
}
