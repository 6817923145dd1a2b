package io.timestore.disk;

import java.nio.ByteBuffer;

/**
 * How files in one directory are written.
 *
 * @param direct past the page cache; else through it
 * @param blockBytes position and size of every write are multiples of this
 * @param reason why it is so, for the log
 */
public record AppendMode(boolean direct, int blockBytes, String reason) {

  /** A buffer of this many bytes, a multiple of the block, whose address suits the mode. */
  public ByteBuffer allocate(int sizeBytes) {
    return ByteBuffer.allocateDirect(sizeBytes + blockBytes)
        .alignedSlice(blockBytes)
        .slice(0, sizeBytes);
  }

  /** The block boundary at or below a position. */
  public long floor(long position) {
    return position - position % blockBytes;
  }

  /** The block boundary at or above a position. */
  public long ceiling(long position) {
    return floor(position + blockBytes - 1);
  }
}
