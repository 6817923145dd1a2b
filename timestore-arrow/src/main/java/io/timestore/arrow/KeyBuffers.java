package io.timestore.arrow;

import io.timestore.format.CorruptStoreException;
import io.timestore.format.Key;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.IntFunction;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;

/** Makes a vector's buffers of keys. Checks that they are values of the key's type. */
final class KeyBuffers {
  private final Key key;
  private final BufferAllocator allocator;

  KeyBuffers(Key key, BufferAllocator allocator) {
    this.key = key;
    this.allocator = allocator;
  }

  /**
   * Makes the buffers; those that it adds are the caller's to release, also when it fails.
   *
   * @param keys in their order, as unsigned numbers; at least one
   * @param buffers gets the vector's buffers
   * @param places where the rows of the batch are, for errors
   */
  ArrowFieldNode make(long[] keys, int rowCount, List<ArrowBuf> buffers, IntFunction<String> places)
      throws CorruptStoreException {
    if (!key.type().equals(Key.WHOLE_RANGE) && keys[rowCount - 1] < 0) {
      int row = rowCount - 1;
      while (row > 0 && keys[row - 1] < 0) {
        row--;
      }
      throw new CorruptStoreException(
          places.apply(row)
              + ": the key "
              + Long.toUnsignedString(keys[row])
              + " is no "
              + key.type()
              + ", as the column "
              + key.name()
              + " is; expected at most "
              + Long.MAX_VALUE);
    }
    int sizeBytes = rowCount * Long.BYTES;
    ArrowBuf values = allocator.buffer(sizeBytes);
    buffers.add(allocator.getEmpty());
    buffers.add(values);
    values
        .nioBuffer(0, sizeBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asLongBuffer()
        .put(keys, 0, rowCount);
    values.writerIndex(sizeBytes);
    return new ArrowFieldNode(rowCount, 0);
  }
}
